"""Write outcome-vectors.json: test vectors for what an answer proves, for every language.

The rules are the extensions `x-outcome`, `x-error-codes` and `x-retry` in the YAML files beside
this script, and the general rule in README.md. This script states them a second time, by hand,
from the vendor's pages: it reads neither the YAML nor the code under test. Each case states what is
expected, and the function `decide` below has to agree, so a slip in either one is found here.
When a rule changes in the YAML, change it here too, and review both.

    python3 outcome-vectors.py            write outcome-vectors.json
    python3 outcome-vectors.py --check    compare only; exit 1 if the file is not up to date
"""
import argparse
import base64
import json
import math
import pathlib
import re
import sys

TARGET = pathlib.Path(__file__).with_suffix(".json")

# Codes of the error tables, by their kind. A code of the gateway means the same for every service.
GATEWAY = {
    "not-found": "APIGW.0101", "other": "APIGW.0201", "unauthenticated": "APIGW.0301 APIGW.0303",
    "forbidden": "APIGW.0302 APIGW.0305", "expired-credentials": "APIGW.0307",
    "throttled": "APIGW.0308",
}
CODES = {
    "ddm": {
        "other": "DBS.280001 DBS.300305 DBS.300328 DBS.300360", "weak-password": "DBS.300306",
        "not-running": "DBS.300323", "not-found": "DBS.300327 DBS.200002",
        "busy": "DBS.200019 DBS.212033", "server-error": "DBS.200412",
    },
    "dcs": {
        "unauthenticated": "DCS.1001 DCS.1003 DCS.1004", "expired-credentials": "DCS.1002",
        "forbidden": "DCS.2003 DCS.2007 DCS.3002 DCS.3003",
        "not-found": "DCS.3022 DCS.4001 DCS.4061",
        "other": "DCS.4002 DCS.4004 DCS.4005 DCS.4839 DCS.4843 DCS.4849 DCS.5001",
        "weak-password": "DCS.4019 DCS.4845", "not-running": "DCS.4026 DCS.4049",
        "wrong-old-password": "DCS.4080", "password-free": "DCS.4850",
        "busy": """DCS.4096 DCS.4097 DCS.4111 DCS.4113 DCS.4114 DCS.4115 DCS.4116 DCS.4117 DCS.4118
            DCS.4120 DCS.4121""",
        "server-error": "DCS.5000 DCS.5006 DCS.5017",
    },
    "dms": {
        "other": "DMS.00400002 DMS.00400004 DMS.00400005 DMS.00400062 DMS.00405001",
        "weak-password": "DMS.00400012 DMS.00400019", "busy": "DMS.00400017",
        "not-running": "DMS.00400026", "ssl-disabled": "DMS.00400971",
        "not-found": "DMS.00400030 DMS.00400061 DMS.00404001 DMS.00404022",
        "unauthenticated": "DMS.10240101 DMS.10240103 DMS.10240104",
        "expired-credentials": "DMS.10240102", "forbidden": "DMS.00403002 DMS.00403003",
        "throttled": "DMS.10240407", "server-error": "DMS.00500000 DMS.10250002",
    },
    "iam": {},
}
KINDS = {service: {code: kind for table in (kinds, GATEWAY) for kind, codes in table.items()
                   for code in codes.split()} for service, kinds in CODES.items()}
KIND_OF_STATUS = {401: "unauthenticated", 403: "forbidden", 404: "not-found", 409: "busy",
                  429: "throttled"}


def done(**more):
    return {"certainty": "done", **more}


def accepted(**more):
    return {"certainty": "accepted", **more}


def refused(kind="other", **more):
    return {"certainty": "refused", "kind": kind, **more}


def unknown(kind):
    return {"certainty": "unknown", "kind": kind}


UNREADABLE, UNCONFIRMED = unknown("unreadable"), unknown("not-confirmed")
UNEXPECTED, SERVER_ERROR = unknown("unexpected-status"), unknown("server-error")

ACCOUNT, ADMIN = ("ddm", "resetUserPassword"), ("ddm", "resetAdministrator")
CHANGE, RESET = ("dcs", "updatePassword"), ("dcs", "resetPassword")
KAFKA = ("dms", "resetPassword")
LOGIN, PROJECTS = ("iam", "keystoneCreateUserTokenByPassword"), ("iam", "keystoneListProjects")
VERSIONS, VERSION = ("iam", "keystoneListVersions"), ("iam", "keystoneShowVersion")

# The statuses of a refusal that the pages list.
REFUSALS = {
    ACCOUNT: (400, 401, 403, 404, 409, 429), ADMIN: (400, 401, 403, 404, 409, 429),
    CHANGE: (400, 401, 403, 404, 429), RESET: (400, 401, 403, 404, 429),
    KAFKA: (400, 401, 403, 404, 429),
    LOGIN: (400, 401, 403, 404, 429), PROJECTS: (400, 401, 403, 404, 429),
    VERSIONS: (400, 404, 429), VERSION: (400, 404, 429),
}
SUCCESSES = {
    ACCOUNT: (200,), ADMIN: (200, 202), CHANGE: (200,), RESET: (200,), KAFKA: (204,),
    LOGIN: (201,), PROJECTS: (200,), VERSIONS: (), VERSION: (200,),
}
# When a request may be sent again, and the request of a class of its own.
RETRY = {
    ACCOUNT: "lost-answer", ADMIN: "lost-answer", CHANGE: "never", RESET: "lost-answer",
    KAFKA: "lost-answer", LOGIN: "unavailable", PROJECTS: "lost-answer", VERSIONS: "lost-answer",
    VERSION: "lost-answer",
}
PASSWORD_FREE = {"no_password_access": True}

INSTANCE = "e6b99563-0000-4000-8000-1820d4fd2a67"
JOB = "b9e057a0-f0fb-4987-9d21-f3a7550b32e7"
GOOD = {
    ACCOUNT: {"success": True, "instance_id": INSTANCE, "user_name": "ddmtest"},
    ADMIN: {"instance_id": INSTANCE, "job_id": JOB},
    CHANGE: {"lock_time": "0", "result": "success", "lock_time_left": "0",
             "retry_times_left": "5", "message": "Modify DCSInstance password success."},
    RESET: {"lock_time": "0", "lock_time_left": "0", "retry_times_left": "5", "code": "1",
            "message": "success", "ext_message": None},
    LOGIN: {"token": {"expires_at": "2024-01-03T03:04:05.000000Z"}},
    PROJECTS: {"projects": [], "links": {"self": "https://iam.example.com/v3/projects"}},
    VERSIONS: {"versions": {"values": [{"id": "v3.6", "status": "stable"}]}},
    VERSION: {"version": {"id": "v3.6", "status": "stable"}},
}


# ---- The rule, stated once more.

def read(body):
    """The object that a body is, or nothing if it is not readable."""
    def members(pairs):
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a member twice")
        return dict(pairs)

    def number(text):
        try:
            finite = math.isfinite(float(text))
        except OverflowError:
            finite = False
        if not finite:
            raise ValueError("not finite")
        return int(text) if re.fullmatch(r"-?\d+", text) else float(text)

    def constant(text):
        raise ValueError(text)

    def depth(value):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, inner), default=0) if isinstance(value, (dict, list)) else 0

    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=members, parse_int=number,
                           parse_float=number, parse_constant=constant)
    except ValueError:
        return None
    return value if isinstance(value, dict) and depth(value) <= 100 else None


def code_of(body):
    inner = body.get("error")
    for holder in (body, inner if isinstance(inner, dict) else {}):
        for name in ("error_code", "errCode"):
            code = holder.get(name)
            if isinstance(code, int) and not isinstance(code, bool) or \
                    isinstance(code, str) and code:
                return str(code)
    return None


def speaks_of_error(body):
    return any(name == "success" and value is not True
               or value is not None and (name.startswith("err") or name == "externalMessage")
               for name, value in body.items())


def text(body, name):
    value = body.get(name)
    return value if isinstance(value, str) and value else None


def count(body, name):
    value = body.get(name)
    digits = isinstance(value, str) and re.fullmatch("[0-9]{1,3}", value)
    return int(value) if digits else None


def proven(operation, status, body):
    """What a readable body of a success proves."""
    sure = UNCONFIRMED if speaks_of_error(body) else done()
    if operation == ACCOUNT:
        success = body.get("success")
        return sure if success is True else refused() if success is False else UNCONFIRMED
    if operation == CHANGE:
        tries, minutes = count(body, "retry_times_left"), count(body, "lock_time_left")
        return {
            "success": sure,
            "passwordFailed": refused("wrong-old-password",
                                      **({} if tries is None else {"tries": tries})),
            "locked": refused("locked", **({} if minutes is None else {"minutes": minutes})),
            "failed": refused(),
        }.get(text(body, "result"), UNCONFIRMED)
    if operation == RESET:
        return {"1": sure, "3": refused("locked")}.get(text(body, "code"), UNCONFIRMED)
    if operation == ADMIN:
        job = text(body, "job_id")
        if speaks_of_error(body) or not (job or text(body, "instance_id")):
            return UNCONFIRMED
        return (accepted if status == 202 else done)(**({"job_id": job} if job else {}))
    return sure


def decide(operation, status, body):
    service, _ = operation
    value = read(body)
    if status in SUCCESSES[operation]:
        if not body:
            value = {}
            if operation == ADMIN:
                return accepted() if status == 202 else done()
        return UNREADABLE if value is None else proven(operation, status, value)
    if 400 <= status < 500:
        code = code_of(value) if value is not None else None
        if status in REFUSALS[operation] or code is not None:
            spelling = re.sub(r"^APIG\.", "APIGW.", code or "")
            kind = KINDS[service].get(spelling) or KIND_OF_STATUS.get(status, "other")
            return refused(kind)
        return UNEXPECTED
    return SERVER_ERROR if 500 <= status < 600 else UNEXPECTED


# ---- The cases: (operation, name, status, body, expected).

HTML = "<html>\r\n<head><title>error</title></head>\r\n<body>a proxy</body>\r\n</html>\r\n"
ERRORS = {
    "error-code": {"error_code": "X.1"}, "err-code": {"errCode": "X.1"},
    "error-msg": {"error_msg": "failed"}, "external-message": {"externalMessage": "failed"},
    "error": {"error": {"code": 500, "message": "failed"}},
    "error-code-camel": {"errorCode": "X.1"},
    "errors-empty": {"errors": []}, "error-false": {"error": False}, "err-zero": {"err": 0},
    "error-ext-msg": {"error_ext_msg": "more"}, "error-empty": {"error_code": ""},
}
NO_ERRORS = {
    "error-null": {"error_code": None, "error_msg": None, "externalMessage": None},
    "error-capital": {"Error": "failed"}, "error-inside": {"inner": {"error_code": "X.1"}},
    "error-later": {"last_error": "failed"}, "request-id": {"request_id": "5d0c2b8e"},
}


def deep(levels):
    """Members whose arrays make an object of this many levels."""
    return '"deep":' + "[" * (levels - 1) + "]" * (levels - 1)


def unreadable(good):
    text = json.dumps(good, separators=(",", ":"))
    opened = text[:-1] + ","
    data = text.encode()
    return {
        "html": HTML, "truncated": text[:-1], "half": text[:len(text) // 2],
        "byte-order-mark": b"\xef\xbb\xbf" + data, "utf-16": text.encode("utf-16"),
        "not-utf-8": data[:-1] + b',"x":"\xff"}', "overlong": data[:-1] + b',"x":"\xc0\x80"}',
        "member-twice": opened + '"x":1,"x":1}',
        "member-twice-escaped": opened + '"x":1,"\\u0078":1}',
        "member-twice-inside": opened + '"x":[{"y":1,"y":2}]}',
        "array": f"[{text}]", "string": json.dumps(text), "number": "1", "true": "true",
        "null": "null", "blank": " \r\n", "trailing-comma": opened + "}",
        "comment": text + "// ok", "two-objects": text * 2, "text-after": text + " ok",
        "single-quotes": "{'x':1}", "unquoted": "{x:1}", "nan": opened + '"x":NaN}',
        "infinity": opened + '"x":-Infinity}', "too-large": opened + '"x":1e400}',
        "too-small": opened + '"x":[-1e400]}', "too-many-digits": opened + f'"x":1{"0" * 400}}}',
        "leading-zero": opened + '"x":01}', "plus": opened + '"x":+1}', "hex": opened + '"x":0x1}',
        "control-character": opened + '"x":"\t"}', "bad-escape": opened + '"x":"\\x"}',
        "levels-101": opened + deep(101) + "}",
    }


def readable(good):
    text = json.dumps(good, separators=(",", ":"))
    opened = text[:-1] + ","
    return {
        "spaces": f" \r\n\t{json.dumps(good, indent=1)}\n",
        "other-members": {**good, "x": [1, -0.5, 1e300, True, None, {"y": "\u00e9\U0001f511"}]},
        "not-ascii": (opened + '"x":"\u00e9\U0001f511"}').encode(),
        "levels-100": opened + deep(100) + "}",
        "same-name-inside": opened + '"x":{"y":1},"z":{"y":1}}',
        "underflow": opened + '"x":1e-400}',
    }


def value_cases(operation, name, success, refusals):
    good = GOOD[operation]
    wrong = {"null": None, "number": 1, "number-zero": 0, "array": [success],
             "object": {"x": success}, "empty": "", "space": f"{success} "}
    if isinstance(success, bool):
        wrong |= {"string": "true", "string-false": "false", "capital": "True"}
    else:
        wrong |= {"true": True, "false": False}
        wrong |= {f"capital-{at}": value.capitalize() for at, value in
                  enumerate([success, *refusals]) if value.capitalize() != value}
        wrong |= {f"upper-{at}": value.upper() for at, value in
                  enumerate([success, *refusals]) if value.upper() != value}
    wrong |= {"misspelt": "sucess", "unlisted": "2"}
    for what, value in wrong.items():
        yield operation, f"value-{what}", 200, {**good, name: value}, UNCONFIRMED
    without = {key: value for key, value in good.items() if key != name}
    yield operation, "value-missing", 200, without, UNCONFIRMED
    yield operation, "value-only", 200, {name: success}, done()
    yield operation, "member-capital", 200, {**without, name.capitalize(): success}, UNCONFIRMED
    yield operation, "member-inside", 200, {"data": good}, UNCONFIRMED
    yield operation, "object-empty", 200, {}, UNCONFIRMED
    yield operation, "body-empty", 200, None, UNCONFIRMED
    for value, kind in refusals.items():
        label = str(value).lower()
        yield operation, f"refused-{label}", 200, {name: value}, refused(kind)
        yield (operation, f"refused-{label}-with-error", 200,
               {name: value, "error_code": "X.1", "externalMessage": "failed"}, refused(kind))


def count_cases(result, kind, member, counted):
    good = {"0": 0, "4": 4, "04": 4, "12": 12, "000": 0, "999": 999}
    bad = {"1000": "1000", "minus": "-1", "plus": "+1", "decimal": "4.0", "space": " 4",
           "empty": "", "word": "four", "null": None, "number": 4, "true": True,
           "arabic": "\u0664"}
    for value, expected in good.items():
        body = {"result": result, member: value}
        yield CHANGE, f"{counted}-{value}", 200, body, refused(kind, **{counted: expected})
    for name, value in bad.items():
        yield CHANGE, f"{counted}-{name}", 200, {"result": result, member: value}, refused(kind)


def admin_cases():
    for status, certain in (200, done), (202, accepted):
        def case(name, body, expected):
            return ADMIN, f"{status}-{name}", status, body, expected
        yield case("both-ids", GOOD[ADMIN], certain(job_id=JOB))
        yield case("job", {"job_id": JOB}, certain(job_id=JOB))
        yield case("instance", {"instance_id": INSTANCE}, certain())
        yield case("no-body", None, certain())
        yield case("no-id", {}, UNCONFIRMED)
        yield case("no-id-among-members", {"x": 1}, UNCONFIRMED)
        yield case("job-null", {"job_id": None}, UNCONFIRMED)
        yield case("job-empty", {"job_id": ""}, UNCONFIRMED)
        yield case("job-number", {"job_id": 7}, UNCONFIRMED)
        yield case("job-number-and-instance", {"job_id": 7, "instance_id": INSTANCE}, certain())
        yield case("job-empty-and-instance", {"job_id": "", "instance_id": INSTANCE}, certain())
        yield case("instance-null-and-job", {"job_id": JOB, "instance_id": None},
                   certain(job_id=JOB))
        yield case("job-capital", {"Job_id": JOB}, UNCONFIRMED)
        yield case("job-inside", {"data": {"job_id": JOB}}, UNCONFIRMED)


def success_cases(operation, status):
    """What holds for every success that can have a body."""
    good = GOOD[operation]
    more = {"job_id": JOB} if operation == ADMIN else {}
    sure = (accepted if status == 202 else done)(**more)
    yield operation, f"{status}-as-documented", status, good, sure
    for name, body in unreadable(good).items():
        yield operation, f"{status}-{name}", status, body, UNREADABLE
    for name, body in readable(good).items():
        yield operation, f"{status}-{name}", status, body, sure
    for name, error in ERRORS.items():
        yield operation, f"{status}-with-{name}", status, {**good, **error}, UNCONFIRMED
    for name, error in NO_ERRORS.items():
        yield operation, f"{status}-with-{name}", status, {**good, **error}, sure
    if operation != ACCOUNT:
        for name, value in {"false": False, "null": None, "string": "true", "one": 1}.items():
            body = {**good, "success": value}
            yield operation, f"{status}-with-success-{name}", status, body, UNCONFIRMED
        yield operation, f"{status}-with-success-true", status, {**good, "success": True}, sure


def status_cases(operation):
    """Each status without a body, with a page, and with the body of a success."""
    good, listed = GOOD.get(operation, {}), REFUSALS[operation]
    for status in (200, 201, 202, 203, 204, 205, 206, 207, 226):
        if status not in SUCCESSES[operation]:
            yield operation, f"{status}", status, None, UNEXPECTED
            if status in (204, 205):  # These have no body.
                continue
            yield operation, f"{status}-good", status, good, UNEXPECTED
            yield operation, f"{status}-code", status, {"error_code": "APIGW.0308"}, UNEXPECTED
    for status in (300, 301, 302, 303, 304, 307, 308):
        yield operation, f"{status}", status, None, UNEXPECTED
    yield operation, "302-code", 302, {"error_code": "APIGW.0301"}, UNEXPECTED
    for status in (*range(400, 419), *range(421, 427), 428, 429, 431, 451, 494, 499):
        kind = KIND_OF_STATUS.get(status, "other")
        expected = refused(kind) if status in listed else UNEXPECTED
        yield operation, f"{status}", status, None, expected
        if status in (400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 494, 499):
            yield operation, f"{status}-html", status, HTML, expected
            yield operation, f"{status}-good", status, good, expected
            yield operation, f"{status}-code", status, {"error_code": "X.1"}, refused(kind)
    for status in (500, 501, 502, 503, 504, 505, 511, 520, 599):
        yield operation, f"{status}", status, None, SERVER_ERROR
    yield operation, "500-good", 500, good, SERVER_ERROR
    yield operation, "502-html", 502, HTML, SERVER_ERROR
    yield operation, "503-code", 503, {"error_code": "APIGW.0308"}, SERVER_ERROR
    yield operation, "600", 600, None, UNEXPECTED
    yield operation, "999-code", 999, {"error_code": "APIGW.0301"}, UNEXPECTED


def code_cases(operation):
    """How a code is found. 418 is listed nowhere, so the code alone decides."""
    kinds = KINDS[operation[0]]
    known, kind = "APIGW.0302", "forbidden"
    for name, body, expected in (
        ("gateway", {"error_code": known, "error_msg": "no", "request_id": "5d0c2b8e"}, kind),
        ("gateway-older", {"error_code": "APIG.0302"}, kind),
        ("err-code", {"errCode": known, "externalMessage": "no"}, kind),
        ("error-object", {"error": {"error_code": known, "error_msg": "no"}}, kind),
        ("error-object-err-code", {"error": {"errCode": known}}, kind),
        ("first-of-two", {"errCode": "APIGW.0101", "error_code": known}, kind),
        ("body-before-error-object", {"error": {"error_code": "APIGW.0101"}, "errCode": known},
         kind),
        ("null-and-err-code", {"error_code": None, "errCode": known}, kind),
        ("empty-and-err-code", {"error_code": "", "errCode": known}, kind),
        ("array-and-err-code", {"error_code": [known], "errCode": known}, kind),
        ("unlisted", {"error_code": "X.1"}, "other"),
        ("unlisted-gateway", {"error_code": "APIGW.9999"}, "other"),
        ("other-case", {"error_code": known.lower()}, "other"),
        ("space-after", {"error_code": known + " "}, "other"),
        ("blank", {"error_code": " "}, "other"),
        ("inner-apig", {"error_code": "X.APIG.0302"}, "other"),
        ("number", {"error_code": 111400022}, "other"),
        ("number-zero", {"error_code": 0}, "other"),
        ("number-negative", {"errCode": -1}, "other"),
        ("null", {"error_code": None}, None), ("empty", {"error_code": ""}, None),
        ("fraction", {"error_code": 4.5}, None), ("true", {"error_code": True}, None),
        ("array", {"error_code": [known]}, None), ("object", {"error_code": {"code": known}}, None),
        ("camel", {"errorCode": known}, None), ("code", {"code": known}, None),
        ("capital", {"Error_code": known}, None),
        ("message-only", {"error_msg": "no"}, None),
        ("keystone", {"error": {"code": 418, "message": "no", "title": "Teapot"}}, None),
        ("error-text", {"error": known}, None), ("error-array", {"error": [{"error_code": known}]},
                                                 None),
        ("two-inside", {"error": {"error": {"error_code": known}}}, None),
        ("nothing", {}, None), ("html", HTML, None), ("text", known, None),
        ("array-body", [{"error_code": known}], None),
        ("truncated", f'{{"error_code":"{known}"', None),
        ("twice", f'{{"error_code":"{known}","error_code":"{known}"}}', None),
        ("byte-order-mark", b'\xef\xbb\xbf{"error_code":"APIGW.0302"}', None),
        ("not-utf-8", b'{"error_code":"APIGW.0302","error_msg":"\xff"}', None),
    ):
        outcome = UNEXPECTED if expected is None else refused(expected)
        yield operation, f"418-{name}", 418, body, outcome
    # A listed status is a refusal whatever the body is, and an unreadable code has no meaning.
    yield (operation, "403-keystone", 403, {"error": {"code": 403, "message": "no"}},
           refused("forbidden"))
    yield operation, "400-keystone", 400, {"error": {"code": 400, "message": "no"}}, refused()
    yield operation, "400-twice", 400, f'{{"errCode":"{known}","errCode":"{known}"}}', refused()
    yield operation, "404-code-array", 404, [{"error_code": known}], refused("not-found")
    yield operation, "401-number", 401, {"error_code": 403}, refused("unauthenticated")
    # The code comes before the status, wherever it is documented.
    yield operation, "404-throttled", 404, {"error_code": "APIGW.0308"}, refused("throttled")
    yield operation, "429-forbidden", 429, {"error_code": known}, refused(kind)
    yield operation, "413-bad-request", 413, {"error_code": "APIGW.0201"}, refused()
    yield (operation, "400-expired", 400, {"error_code": "APIGW.0307"},
           refused("expired-credentials"))
    for code, kind in kinds.items():
        for member in ("error_code", "errCode"):
            name = f"code-{code.lower().replace('.', '-')}-{member.lower().replace('_', '-')}"
            if member == "error_code" or operation in (ACCOUNT, CHANGE):
                yield operation, name, 400, {member: code}, refused(kind)


def foreign_cases():
    """The codes of one service mean nothing in the answers of another."""
    for operation, code in ((ACCOUNT, "DCS.4019"), (CHANGE, "DMS.00400012"), (KAFKA, "DBS.300306"),
                            (LOGIN, "DCS.4019")):
        name = f"foreign-{code.lower().replace('.', '-')}"
        yield operation, name, 400, {"error_code": code}, refused()


def cases():
    yield from value_cases(ACCOUNT, "success", True, {False: "other"})
    yield from value_cases(CHANGE, "result", "success", {
        "passwordFailed": "wrong-old-password", "locked": "locked", "failed": "other"})
    yield from value_cases(RESET, "code", "1", {"3": "locked"})
    yield from count_cases("passwordFailed", "wrong-old-password", "retry_times_left", "tries")
    yield from count_cases("locked", "locked", "lock_time_left", "minutes")
    lock = {"lock_time": "5", "lock_time_left": "3", "retry_times_left": "4"}
    yield (CHANGE, "wrong-has-no-minutes", 200, {"result": "passwordFailed", **lock},
           refused("wrong-old-password", tries=4))
    yield (CHANGE, "locked-has-no-tries", 200, {"result": "locked", **lock},
           refused("locked", minutes=3))
    yield CHANGE, "failed-has-neither", 200, {"result": "failed", **lock}, refused()
    yield (RESET, "locked-has-no-minutes", 200,
           {"code": "3", "message": "instance is locked", **lock}, refused("locked"))
    yield from admin_cases()
    # A rule that names no property does not name the empty one.
    yield CHANGE, "failed-empty-name", 200, {"result": "failed", "": "4"}, refused()
    yield CHANGE, "success-empty-name", 200, {"result": "success", "": "4"}, done()
    yield KAFKA, "204-as-documented", 204, None, done()
    yield VERSIONS, "300-good", 300, GOOD[VERSIONS], UNEXPECTED
    for operation in (LOGIN, PROJECTS, VERSION):
        yield operation, "no-body", SUCCESSES[operation][0], None, done()
    for operation in GOOD:
        for status in SUCCESSES[operation]:
            yield from success_cases(operation, status)
    for operation in REFUSALS:
        yield from status_cases(operation)
        if operation not in (VERSIONS, VERSION):
            yield from code_cases(operation)
    yield from foreign_cases()


def retries():
    """(operation, name, request, status, whether it may be sent again). No status: no answer."""
    again = {"never": {429}, "unavailable": {429, 503}, "lost-answer": {429, 503, None}}
    requests = {operation: {"": ({}, retry)} for operation, retry in RETRY.items()}
    requests[RESET] |= {
        "password-free-": (PASSWORD_FREE, "never"),
        "with-password-": ({"no_password_access": False}, "lost-answer"),
        "null-": ({"no_password_access": None}, "lost-answer"),
        "string-": ({"no_password_access": "true"}, "lost-answer"),
        "one-": ({"no_password_access": 1}, "lost-answer"),
        "inside-": ({"body": PASSWORD_FREE}, "lost-answer"),
    }
    requests[CHANGE]["password-free-"] = requests[KAFKA]["password-free-"] = (PASSWORD_FREE, None)
    for operation, bodies in requests.items():
        for name, (body, retry) in bodies.items():
            for status in (None, 200, 302, 400, 401, 404, 408, 409, 425, 429, 500, 502, 503, 504):
                label = f"{name}{'lost' if status is None else status}"
                yield (operation, label, body, status,
                       status in again[retry or RETRY[operation]])


def later_cases():
    """Answers to an attempt after one whose outcome is unknown."""
    earlier = unknown("earlier-attempt")
    for operation in REFUSALS:
        for status in SUCCESSES[operation]:
            good = GOOD.get(operation)
            yield operation, f"{status}-good", status, good, decide(operation, status, encode(good)[0])
        yield operation, "400", 400, None, earlier
        yield operation, "400-code", 400, {"error_code": "APIGW.0201"}, earlier
        yield operation, "418-code", 418, {"error_code": "X.1"}, earlier
        yield operation, "429", 429, None, earlier
        yield operation, "408", 408, None, UNEXPECTED
        yield operation, "503", 503, None, SERVER_ERROR
    yield ACCOUNT, "200-refused", 200, {"success": False}, earlier
    yield CHANGE, "200-refused", 200, {"result": "passwordFailed", "retry_times_left": "4"}, earlier
    yield RESET, "200-refused", 200, {"code": "3"}, earlier
    yield RESET, "200-html", 200, HTML, UNREADABLE
    yield RESET, "200-unlisted", 200, {"code": "2"}, UNCONFIRMED


def encode(body):
    """The body as it is sent, its Content-Type, and how the file states it."""
    if body is None:
        return b"", None, {"body": ""}
    if isinstance(body, bytes):
        try:
            return body, "application/json", {"body": body.decode("utf-8")}
        except UnicodeDecodeError:
            state = {"body_base64": base64.b64encode(body).decode("ascii")}
            return body, "application/json", state
    if not isinstance(body, str):
        body = json.dumps(body, separators=(",", ":"), ensure_ascii=True)
    media = "text/html" if body.startswith("<") else "application/json"
    return body.encode("utf-8"), media, {"body": body}


def build():
    """The text of the file. Exits if the script disagrees with itself."""
    lines, names, inputs, slips = [], set(), set(), []
    for operation, name, status, body, expected in cases():
        sent, media, state = encode(body)
        decided = decide(operation, status, sent)
        place = f"{' '.join(operation)} {name}"
        if decided != expected:
            slips.append(f"{place}: stated {expected}, decided {decided}")
        if (operation, name) in names or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
            slips.append(f"{place}: the name is taken or not kebab-case")
        names.add((operation, name))
        # Two families of cases may meet in the same answer.
        if (operation, status, sent) in inputs:
            continue
        inputs.add((operation, status, sent))
        headers = {} if media is None else {"Content-Type": media}
        service, operation_id = operation
        case = {"service": service, "operation": operation_id, "name": name, "status": status,
                "headers": headers, **state, "outcome": expected}
        lines.append("    " + json.dumps(case, ensure_ascii=True).replace("\x7f", "\\u007f"))
    # The headers of an answer prove nothing.
    for service, operation_id, name, status, headers, body, expected in (
        ("dcs", "updatePassword", "json-called-html", 200, {"Content-Type": "text/html"},
         '{"result": "success"}', done()),
        ("dcs", "updatePassword", "json-called-nothing", 200, {}, '{ "result": "success" }',
         done()),
        ("dcs", "updatePassword", "html-called-json", 200, {"Content-Type": "application/json"},
         HTML + " ", UNREADABLE),
        ("dms", "resetPassword", "retry-after", 429, {"Retry-After": "5"}, "",
         refused("throttled")),
        ("dms", "resetPassword", "request-id", 408, {"X-Request-Id": "5d0c2b8e"}, "", UNEXPECTED),
    ):
        if decide((service, operation_id), status, body.encode()) != expected:
            slips.append(f"{service} {operation_id} {name}: decided otherwise")
        case = {"service": service, "operation": operation_id, "name": name, "status": status,
                "headers": headers, "body": body, "outcome": expected}
        lines.append("    " + json.dumps(case, ensure_ascii=True))
    repeats = []
    for (service, operation_id), name, request, status, again in retries():
        case = {"service": service, "operation": operation_id, "name": name, "request": request,
                "status": status, "again": again}
        repeats.append("    " + json.dumps(case, ensure_ascii=True))
    later = []
    for (service, operation_id), name, status, body, expected in later_cases():
        _, media, state = encode(body)
        headers = {} if media is None else {"Content-Type": media}
        case = {"service": service, "operation": operation_id, "name": f"later-{name}",
                "status": status, "headers": headers, **state, "outcome": expected}
        later.append("    " + json.dumps(case, ensure_ascii=True))
    if slips:
        sys.exit("outcome-vectors.py contradicts itself:\n" + "\n".join(slips))
    description = (
        "Test vectors for x-outcome, x-error-codes and the general rule in README.md. Each case is "
        "a complete answer to an operation: status, headers, and the body as text, or in base64 "
        "where it is not UTF-8. outcome: certainty is done, accepted, refused or unknown; kind is "
        "given for the last two; tries, minutes and job_id are given where the answer states them. "
        "The later cases are answers after an earlier attempt whose outcome is unknown. "
        "Each of the retries is the body of a request and the status of its answer, or null if no "
        "complete answer came; again says whether the same request may be sent again. "
        "Written by outcome-vectors.py, not by hand.")
    text = (f'{{\n  "description": {json.dumps(description)},\n  "cases": [\n'
            + ",\n".join(lines) + '\n  ],\n  "later": [\n' + ",\n".join(later)
            + '\n  ],\n  "retries": [\n' + ",\n".join(repeats) + "\n  ]\n}\n")
    return text, len(lines) + len(later) + len(repeats)


def main():
    parser = argparse.ArgumentParser(description="Write outcome-vectors.json.")
    parser.add_argument("--check", action="store_true", help="compare only, exit 1 if different")
    check = parser.parse_args().check
    text, count = build()
    current = TARGET.read_bytes() if TARGET.exists() else None
    if current == text.encode("ascii"):
        print(f"{TARGET.name} is up to date: {count} cases")
    elif check:
        state = "is missing" if current is None else "is not what the script writes"
        sys.exit(f"{TARGET.name} {state}: run `python3 {pathlib.Path(__file__).name}`")
    else:
        TARGET.write_bytes(text.encode("ascii"))
        print(f"wrote {TARGET.name}: {count} cases")


if __name__ == "__main__":
    main()
