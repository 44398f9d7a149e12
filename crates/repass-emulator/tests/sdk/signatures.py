"""The signer of Huawei's own SDK, the client's signer and the emulator agree on random requests.

Each request is signed by `huaweicloudsdkcore` and by `repass_client::sign`, which have to make the
same header, and then sent to `repass emulate` as the SDK signed it, which has to accept it.
`.ci/sdk` runs this.
"""

import hashlib
import http.client
import json
import os
import random
import subprocess
import unittest
from types import SimpleNamespace
from urllib.parse import quote, unquote, urlsplit

from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

SEED = 20241101
REQUESTS = 800
PAYLOAD = "X-Sdk-Content-Sha256"
CONTENT_TYPES = [
    "application/json",
    "application/json;charset=utf8",
    "application/bson",
    "Application/JSON",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "multipart/form-data; boundary=x",
]
# Letters whose order differs when they are encoded, and all that has a meaning in a URL.
CHARACTERS = "azAZ09-._~ !\"#$%&'()*+,/:;<=>?@[\\]^`{|}éüßzж漢字😀\u00a0"


class Requests:
    """Random requests, the same ones each time."""

    def __init__(self, host, project_id):
        self.random = random.Random(SEED)
        self.host, self.project_id = host, project_id

    def text(self, least=0, most=12):
        return "".join(self.random.choices(CHARACTERS, k=self.random.randint(least, most)))

    def path(self, method):
        """Of an operation, as the SDK encodes it, or spelt in another way."""
        piece = quote(self.text(1), safe=self.random.choice(["", "!*'()", "~:@"]))
        user = quote(self.text(1), safe="")
        if self.random.random() < 0.2:
            user = "".join(f"%{byte:02x}" for byte in self.text(1).encode())
        end = f"users/{user}/password" if method == "POST" else "password"
        return f"/v2/{self.project_id}/instances/{piece}/{end}"

    def query(self):
        names = {self.text(1, 3) for _ in range(self.random.choice([0, 0, 1, 2, 3, 5, 8]))}
        kinds = [
            lambda: self.text(),
            lambda: self.random.randint(-20, 2000),
            lambda: self.random.random(),
            lambda: self.random.choice([True, False]),
            lambda: [self.text() for _ in range(self.random.randint(1, 4))],
        ]
        query = [(name, self.random.choice(kinds)()) for name in sorted(names)]
        # A name with several values, each a parameter of its own.
        if query and self.random.random() < 0.3:
            query += [("twice", kind()) for kind in [self.random.choice(kinds[:1])] * 3]
        if self.random.random() < 0.1:
            query += [("numbers", number) for number in [100, 9, 20]]
        self.random.shuffle(query)
        return query

    def body(self):
        if self.random.random() < 0.25:
            return self.random.choice([None, "", b""])
        if self.random.random() < 0.5:
            return json.dumps({"password": self.text()})
        return self.random.randbytes(self.random.randint(1, 300))

    def headers(self, body):
        headers = {"User-Agent": "huaweicloud-usdk-python/3.0"}
        if self.random.random() < 0.8:
            headers["Content-Type"] = self.random.choice(CONTENT_TYPES)
        if self.random.random() < 0.5:
            headers["X-Project-Id"] = self.project_id
        for name in ["X-Note", "x-lower", "X-UPPER", "With_Underscore"]:
            if self.random.random() < 0.3:
                # Nothing that is no text in a header; spaces around it are not signed.
                space = self.random.choice(["", " ", "  "])
                headers[name] = space + self.text() + space
        if self.random.random() < 0.1 and "Content-Type" not in headers:
            data = body.encode() if isinstance(body, str) else body or b""
            declared = ["UNSIGNED-PAYLOAD", hashlib.sha256(data).hexdigest()]
            headers[PAYLOAD] = self.random.choice(declared)
        return headers

    def next(self):
        body = self.body()
        method = self.random.choice(["POST", "POST", "PUT"])
        return SdkRequest(
            method=method,
            schema="http",
            host=self.host,
            resource_path=self.path(method),
            query_params=self.query(),
            header_params=self.headers(body),
            body=body,
        )


class Signatures(unittest.TestCase):
    def setUp(self):
        command = [os.environ["REPASS"], "emulate", "--listen", "127.0.0.1:0", "--output", "json"]
        self.emulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.stop)
        fleet = json.loads(self.emulator.stdout.readline())
        self.host = urlsplit(fleet["url"]).netloc
        self.access_key, self.secret_key = fleet["access_key"], fleet["secret_key"]
        self.requests = Requests(self.host, fleet["project_id"])
        self.signer = Signer(SimpleNamespace(ak=self.access_key, sk=self.secret_key))

    def stop(self):
        self.emulator.terminate()
        self.emulator.communicate()

    def line(self, request, query):
        """A signed request as the client's signer reads it."""
        # The SDK leaves headers as they go over the wire.
        headers = [
            (name, value.encode("latin-1").decode())
            for name, value in request.header_params.items()
            if name != "Authorization"
        ]
        return json.dumps(
            {
                "access_key": self.access_key,
                "secret_key": self.secret_key,
                "method": request.method,
                "path": request.resource_path,
                "query": query,
                "headers": headers,
                "body": list(request.body or b""),
            }
        )

    def sign(self, lines):
        """What the client's signer makes of them."""
        run = subprocess.run(
            [os.environ["SIGN"]], input="\n".join(lines), capture_output=True, text=True, check=True
        )
        return run.stdout.splitlines()

    def send(self, request, **changed):
        """The status of the answer, and the code of a refusal."""
        headers = request.header_params | changed
        connection = http.client.HTTPConnection(self.host)
        connection.putrequest(request.method, request.uri, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        body = request.body or b""
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, json.loads(body) if body else None

    def signed(self):
        requests = [self.requests.next() for _ in range(REQUESTS)]
        return [self.signer.sign(request) for request in requests]

    def respelt(self, query):
        """The same query in another order, and with other characters encoded."""
        pairs = [pair.split("=") for pair in query.split("&")] if query else []
        self.requests.random.shuffle(pairs)
        spell = lambda text: quote(unquote(text), safe="!*'():@,;")
        return "&".join(f"{spell(name)}={spell(value)}" for name, value in pairs)

    def test_the_clients_signer_makes_the_same(self):
        requests = self.signed()
        kinds = [
            any(PAYLOAD in request.header_params for request in requests),
            any(not name.isascii() for request in requests for name, _ in request.query_params),
            any("\u00c3" in str(request.header_params) for request in requests),
        ]
        self.assertEqual(kinds, [True] * 3, "the seed makes every kind of request")
        lines, expected = [], []
        for request in requests:
            _, _, query = request.uri.partition("?")
            # Numbers of one name are sorted as numbers, which a query does not show.
            if "numbers=" in query:
                continue
            for spelling in {query, self.respelt(query)}:
                lines.append(self.line(request, spelling))
                expected.append(request.header_params["Authorization"])
        self.assertGreater(len(lines), REQUESTS)
        for line, made, wanted in zip(lines, self.sign(lines), expected, strict=True):
            self.assertEqual(made, wanted, line)

    def test_the_emulator_accepts_each(self):
        for number, request in enumerate(self.signed()):
            with self.subTest(number=number, uri=request.uri, headers=request.header_params):
                status, answer = self.send(request)
                self.assertNotEqual(status, 401, answer)
                # The project and the path are right, so it is the service that refuses.
                self.assertTrue(answer is None or "APIGW" not in str(answer), answer)

    def test_the_emulator_refuses_what_was_changed(self):
        for request in self.signed()[:100]:
            authorization = request.header_params["Authorization"]
            broken = authorization[:-1] + ("0" if authorization[-1] != "0" else "1")
            status, answer = self.send(request, Authorization=broken)
            self.assertEqual((status, answer["error_code"]), (401, "APIGW.0301"))
            status, _ = self.send(request, **{"User-Agent": "another"})
            self.assertEqual(status, 401)


if __name__ == "__main__":
    unittest.main()
