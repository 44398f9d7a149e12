"""Decides what an answer proves, by the rule of the contract: take this file as it is."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = {401: "unauthenticated", 403: "forbidden", 404: "not-found", 409: "busy", 429: "throttled"}


@dataclass(frozen=True)
class Outcome:
    certainty: str  # done, accepted, refused or unknown
    kind: str | None = None
    tries: int | None = None
    minutes: int | None = None
    job_id: str | None = None


NOT_CONFIRMED = Outcome("unknown", "not-confirmed")


class Operation:
    """An operation of a file of the contract, by its operationId."""

    def __init__(self, document: dict[str, Any], operation_id: str) -> None:
        self.document = document
        items: list[Any] = [item for path in document["paths"].values() for item in path.values()]
        operations = [item for item in items if "operationId" in item]
        self.rules = next(item for item in operations if item["operationId"] == operation_id)

    def may_resend(self, request: Mapping[str, Any], status: int | None) -> bool:
        """Returns whether to send the same request again. No status: no complete answer came."""
        rule = self.rules["x-retry"]
        rule = {"class": rule} if isinstance(rule, str) else rule
        if (unless := rule.get("unless")) and unless["property"] in request:
            value = request[unless["property"]]
            rule = unless if json.dumps(value) == json.dumps(unless["value"]) else rule
        allowed = {429: True, 503: rule["class"] != "never", None: rule["class"] == "lost-answer"}
        return status in allowed and allowed[status]

    def decide(self, status: int, body: bytes, in_doubt: bool = False) -> Outcome:
        """Decides what an answer proves. In doubt: the outcome of an earlier attempt is unknown."""
        responses = self.rules["responses"]
        if 200 <= status < 300 and str(status) in responses:
            outcome = self._decide_success(responses[str(status)], body)
        elif 400 <= status < 500:
            code = error_code(read(body) or {})
            if code is None and str(status) not in responses:
                return Outcome("unknown", "unexpected-status")
            known = self.document["x-error-codes"].get(re.sub(r"^APIG\.", "APIGW.", code or ""))
            outcome = Outcome("refused", known["kind"] if known else KINDS.get(status, "other"))
        else:
            kind = "server-error" if 500 <= status < 600 else "unexpected-status"
            outcome = Outcome("unknown", kind)
        if in_doubt and outcome.certainty == "refused":
            return Outcome("unknown", "earlier-attempt")
        return outcome

    def _decide_success(self, response: dict[str, Any], body: bytes) -> Outcome:
        rule = response["x-outcome"]
        answer = read(body) if body else {}
        if answer is None:
            return Outcome("unknown", "unreadable")
        if "property" in rule:
            schema = response["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
            properties = self.document["components"]["schemas"][schema]["properties"]
            of_type = bool if properties[rule["property"]]["type"] == "boolean" else str
            value = answer.get(rule["property"])
            if not isinstance(value, of_type):
                return NOT_CONFIRMED
            rule = rule["values"].get(value if isinstance(value, str) else json.dumps(value))
            if rule is None:
                return NOT_CONFIRMED
        if rule["certainty"] == "refused":
            tries = count(answer.get(rule.get("triesLeft")))
            minutes = count(answer.get(rule.get("minutesLeft")))
            return Outcome("refused", rule.get("kind", "other"), tries, minutes)
        proof = rule.get("proof")
        if speaks_of_error(answer) or body and proof and not any(map(text, map(answer.get, proof))):
            return NOT_CONFIRMED
        return Outcome(rule["certainty"], job_id=text(answer.get(rule.get("jobId"))))


def read(body: bytes) -> dict[str, Any] | None:
    """Returns the object that a body is, or None if it is not readable."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a member name twice")
        return dict(pairs)

    def number(digits: str) -> int | float:
        if not math.isfinite(float(digits)):
            raise ValueError("a number that is not finite")
        return int(digits) if digits.lstrip("-").isdigit() else float(digits)

    def depth(value: Any) -> int:
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, inner), default=0) if isinstance(value, dict | list) else 0

    decoder = json.JSONDecoder(
        object_pairs_hook=members, parse_int=number, parse_float=number, parse_constant=number
    )
    try:
        value = decoder.decode(body.decode())
        return value if isinstance(value, dict) and depth(value) <= 100 else None
    except (ValueError, RecursionError):
        return None


def error_code(body: dict[str, Any]) -> str | None:
    inner = body.get("error")
    for holder in (body, inner if isinstance(inner, dict) else {}):
        for value in (holder.get("error_code"), holder.get("errCode")):
            if text(value) or isinstance(value, int) and not isinstance(value, bool):
                return str(value)
    return None


def speaks_of_error(body: dict[str, Any]) -> bool:
    return body.get("success", True) is not True or any(
        (name.startswith("err") or name == "externalMessage") and value is not None
        for name, value in body.items()
    )


def text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def count(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,3}", value) else None
