"""Huawei's own Python SDK drives the five endpoints of `repass emulate`, with its own signatures.

The SDK is what others call these services with, so what it sends has to be accepted as it is, and
what it reads has to be what it would read from them. `.ci/sdk` runs this.
"""

import atexit
import json
import os
import signal
import subprocess
import unittest
from unittest import mock

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, SdkException
from huaweicloudsdkcore.http.http_handler import HttpHandler
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkdcs import v2 as dcs
from huaweicloudsdkddm import v1 as ddm
from huaweicloudsdkkafka import v2 as kafka

OTHER_PROJECT = "fedcba9876543210fedcba9876543210"
NO_INSTANCE = "00000000-0000-4000-8000-000000000000"
# Passwords that keep the rules, and one that does not.
ACCOUNT, ADMIN = "Account-Example-2024", "Admin-Example-2024"
REDIS, KAFKA, SIMPLE = "Redis-Example-2024", "Kafka-Example-2024", "simple"


class Emulator:
    """An emulator with what it prints, and the SDK's clients of it."""

    def __init__(self):
        command = [os.environ["REPASS"], "emulate", "--listen", "127.0.0.1:0", "--output", "json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        atexit.register(self.stop)
        fleet = json.loads(self.process.stdout.readline())
        self.url, self.project_id = fleet["url"], fleet["project_id"]
        self.region = fleet["project_name"]
        self.access_key, self.secret_key = fleet["access_key"], fleet["secret_key"]
        services = {}
        for instance in fleet["instances"]:
            services.setdefault(instance["service"], []).append(instance)
        [self.ddm], [self.dcs] = services["ddm"], services["dcs"]
        self.account = self.ddm["accounts"][0]["username"]
        [self.kafka] = [one for one in services["dms"] if one["ssl"]]
        [self.kafka_without_ssl] = [one for one in services["dms"] if not one["ssl"]]
        # The answers as they came, each with the request that it answers.
        self.answers = []

    def stop(self):
        atexit.unregister(self.stop)
        self.process.terminate()
        self.process.communicate()

    def client(self, kind, region=None, **credentials):
        credentials = {
            "ak": self.access_key,
            "sk": self.secret_key,
            "project_id": self.project_id,
            **credentials,
        }
        handler = HttpHandler().add_response_handler(
            lambda response, **_: self.answers.append(response)
        )
        builder = kind.new_builder().with_credentials(BasicCredentials(**credentials))
        builder = builder.with_http_handler(handler)
        if region:
            return builder.with_region(Region(region, self.url)).build()
        return builder.with_endpoint(self.url).build()

    # The five operations. Each of them is right unless the test says otherwise.

    def reset_account(self, password=ACCOUNT, instance_id=None, username=None, **credentials):
        body = ddm.ResetUserPasswordReq(password=password)
        request = ddm.ResetUserPasswordRequest(
            instance_id=instance_id or self.ddm["id"],
            username=username or self.account,
            body=body,
        )
        return self.client(ddm.DdmClient, **credentials).reset_user_password(request)

    def set_admin(self, password=ADMIN, instance_id=None, name="root", **credentials):
        body = ddm.AdminUserInfoReq(name=name, password=password)
        request = ddm.ResetAdministratorRequest(instance_id=instance_id or self.ddm["id"], body=body)
        return self.client(ddm.DdmClient, **credentials).reset_administrator(request)

    def change_redis(self, password=REDIS, instance_id=None, old=None, **credentials):
        body = dcs.ModifyInstancePasswordBody(
            old_password=old or self.dcs["password"], new_password=password
        )
        request = dcs.UpdatePasswordRequest(instance_id=instance_id or self.dcs["id"], body=body)
        return self.client(dcs.DcsClient, **credentials).update_password(request)

    def reset_redis(self, password=REDIS, instance_id=None, free=None, **credentials):
        body = dcs.ResetInstancePasswordBody(new_password=password, no_password_access=free)
        request = dcs.ResetPasswordRequest(instance_id=instance_id or self.dcs["id"], body=body)
        return self.client(dcs.DcsClient, **credentials).reset_password(request)

    def reset_kafka(self, password=KAFKA, instance_id=None, **credentials):
        body = kafka.ResetPasswordReq(new_password=password)
        request = kafka.ResetPasswordRequest(instance_id=instance_id or self.kafka["id"], body=body)
        return self.client(kafka.KafkaClient, **credentials).reset_password(request)


class Case(unittest.TestCase):
    """A test with an emulator of its own: passwords and locks of one test are not in the next."""

    maxDiff = None

    def setUp(self):
        self.emulator = Emulator()
        self.addCleanup(self.emulator.stop)

    def assert_read(self, response, status, **fields):
        """The SDK read the status and these fields, which are all that its model has."""
        self.assertEqual(response.status_code, status)
        self.assertEqual({name: getattr(response, name) for name in response.attribute_map}, fields)

    def assert_sent(self, method, path, body, content_type="application/json;charset=utf-8"):
        """What the SDK sent last, and the emulator took.

        It is: a content type with the character set in lower case, but for Kafka's; JSON with a
        space after each colon and comma; the project in `X-Project-Id` as well as in the path; each
        piece of the path encoded, a slash too; and a signature of all the headers there are.
        """
        sent = self.emulator.answers[-1].request
        path = path.replace("PROJECT", self.emulator.project_id)
        self.assertEqual((sent.method, sent.path_url), (method, path))
        self.assertEqual(sent.headers["Content-Type"], content_type)
        self.assertEqual(sent.body, body.encode())
        self.assertEqual(sent.headers["X-Project-Id"], self.emulator.project_id)
        self.assertRegex(sent.headers["User-Agent"], "^huaweicloud-usdk-python/3.0; ")
        self.assertNotIn("X-Auth-Token", sent.headers)
        signed = "content-type;host;user-agent;x-project-id;x-sdk-date"
        self.assertRegex(
            sent.headers["Authorization"],
            f"^SDK-HMAC-SHA256 Access={self.emulator.access_key}, "
            f"SignedHeaders={signed}, Signature=[0-9a-f]{{64}}$",
        )


class Success(Case):
    def test_ddm_reset_user_password(self):
        instance_id, account = self.emulator.ddm["id"], self.emulator.account
        self.assert_read(
            self.emulator.reset_account(),
            200,
            success=True,
            instance_id=instance_id,
            user_name=account,
        )
        path = f"/v2/PROJECT/instances/{instance_id}/users/{account}/password"
        self.assert_sent("POST", path, f'{{"password": "{ACCOUNT}"}}')

    def test_ddm_reset_administrator(self):
        # The SDK's model of the answer has no fields. The second call finds the administrator.
        for password in [ADMIN, "Admin-Example-2025"]:
            self.assert_read(self.emulator.set_admin(password), 200)
            path = f"/v3/PROJECT/instances/{self.emulator.ddm['id']}/admin-user"
            body = f'{{"name": "root", "password": "{password}"}}'
            self.assert_sent("PUT", path, body)

    def test_dcs_update_password(self):
        self.assert_changed(self.emulator.change_redis())
        old = self.emulator.dcs["password"]
        path = f"/v2/PROJECT/instances/{self.emulator.dcs['id']}/password"
        body = f'{{"old_password": "{old}", "new_password": "{REDIS}"}}'
        self.assert_sent("PUT", path, body)

    def test_dcs_reset_password(self):
        self.assert_reset(self.emulator.reset_redis())
        path = f"/v2/PROJECT/instances/{self.emulator.dcs['id']}/password/reset"
        self.assert_sent("POST", path, f'{{"new_password": "{REDIS}"}}')
        # It is the password now.
        self.assert_changed(self.emulator.change_redis("Redis-Example-2025", old=REDIS))

    def test_dcs_reset_password_to_none(self):
        self.assert_reset(self.emulator.reset_redis(None, free=True))
        path = f"/v2/PROJECT/instances/{self.emulator.dcs['id']}/password/reset"
        self.assert_sent("POST", path, '{"no_password_access": true}')

    def test_kafka_reset_password(self):
        self.assert_read(self.emulator.reset_kafka(), 204)
        self.assertEqual(self.emulator.answers[-1].content, b"")
        path = f"/v2/PROJECT/instances/{self.emulator.kafka['id']}/password"
        self.assert_sent("POST", path, f'{{"new_password": "{KAFKA}"}}', "application/json")

    def assert_changed(self, response):
        self.assert_read(
            response,
            200,
            lock_time="0",
            result="success",
            lock_time_left="0",
            retry_times_left="5",
            message="Modify DCSInstance password success.",
        )

    def assert_reset(self, response):
        self.assert_read(
            response,
            200,
            retry_times_left="5",
            lock_time="0",
            lock_time_left="0",
            code="1",
            message="success",
            ext_message=None,
        )


class Lock(Case):
    """A wrong old password is no error to the SDK: the status is 200, and `result` tells."""

    def test_dcs_update_password_with_a_wrong_old_one_until_it_is_locked(self):
        for left in ["4", "3", "2", "1", "0"]:
            lock = "5" if left == "0" else None
            self.assert_read(
                self.emulator.change_redis(old="Wrong-Example-2023"),
                200,
                lock_time=lock,
                result="passwordFailed",
                lock_time_left=lock,
                retry_times_left=left,
                message="Password verification failed.",
            )
        # Now the right one is of no use.
        self.assert_read(
            self.emulator.change_redis(),
            200,
            lock_time="5",
            result="locked",
            lock_time_left="5",
            retry_times_left="0",
            message="The account is locked.",
        )
        # A reset is not concerned.
        self.assertEqual(self.emulator.reset_redis().code, "1")


class Refusal(Case):
    """What the SDK makes of refusals. Each row of `REFUSALS` becomes a test."""

    def check(self, act, status, code, message):
        with self.assertRaises(ClientRequestException) as raised:
            act(self.emulator)
        answer, error = self.emulator.answers[-1], raised.exception
        if code.startswith("DBS."):
            # The SDK does not know `errCode` and `externalMessage` of DDM: the status becomes the
            # code, and the whole body the message.
            body = {"errCode": code, "externalMessage": message}
            self.assertEqual(json.loads(error.error_msg), body)
            code, message = str(status), answer.text
        self.assertEqual(
            (error.status_code, error.error_code, error.error_msg), (status, code, message)
        )
        self.assertRegex(error.request_id, "^[0-9a-f]{32}$")
        self.assertEqual(error.request_id, answer.headers["X-Request-Id"])


GATEWAY = (401, "APIGW.0301", "Incorrect IAM authentication information")
DCS_PROJECT = (401, "DCS.1004", "Project ID does not match the token.")
DCS_ID = (400, "DCS.4061", "Invalid instance ID format.")
DCS_INSTANCE = (404, "DCS.3022", "This DCS instance does not exist.")
DCS_MISSING = (400, "DCS.4845", "The password parameter is missing or its value is invalid.")
DCS_SIMPLE = (400, "DCS.4019", "The password does not meet complexity requirements.")
DCS_FREE = (
    400,
    "DCS.4850",
    "This operation is not supported when Password-Free Access is enabled for the instance.",
)
DDM_INSTANCE = (404, "DBS.200002", "The DB instance does not exist.")
DDM_NAME = (400, "DBS.300305", "Invalid DDM account name.")
DDM_NO_ACCOUNT = (400, "DBS.300327", "The account does not exist.")
DDM_PARAMETER = (400, "DBS.280001", "Parameter error.")
DDM_PASSWORD = (400, "DBS.300306", "The account password is invalid.")


def password_free(emulator):
    emulator.reset_redis(None, free=True)
    emulator.change_redis()


def second_name(emulator):
    emulator.set_admin()
    emulator.set_admin(name="admin")


# The operation, what is wrong, the call, and what comes of it.
REFUSALS = [
    ("ddm_reset_user_password", "too simple", lambda e: e.reset_account(SIMPLE), DDM_PASSWORD),
    ("ddm_reset_user_password", "no password", lambda e: e.reset_account(None), DDM_PARAMETER),
    (
        "ddm_reset_user_password",
        "no such account",
        lambda e: e.reset_account(username="nobody"),
        DDM_NO_ACCOUNT,
    ),
    # The path has `%20`, `%2F` and UTF-8 in it, and the signature still holds.
    (
        "ddm_reset_user_password",
        "a name to be encoded",
        lambda e: e.reset_account(username="no body/ü"),
        DDM_NO_ACCOUNT,
    ),
    ("ddm_reset_administrator", "too simple", lambda e: e.set_admin(SIMPLE), DDM_PASSWORD),
    ("ddm_reset_administrator", "no password", lambda e: e.set_admin(None), DDM_PARAMETER),
    ("ddm_reset_administrator", "no name", lambda e: e.set_admin(name=None), DDM_PARAMETER),
    ("ddm_reset_administrator", "bad name", lambda e: e.set_admin(name="1root"), DDM_NAME),
    ("ddm_reset_administrator", "second name", second_name, DDM_NAME),
    (
        "ddm_reset_administrator",
        "name of an account",
        lambda e: e.set_admin(name=e.account),
        DDM_NAME,
    ),
    ("dcs_update_password", "too simple", lambda e: e.change_redis(SIMPLE), DCS_SIMPLE),
    ("dcs_update_password", "no password", lambda e: e.change_redis(None), DCS_MISSING),
    (
        "dcs_update_password",
        "same as old",
        lambda e: e.change_redis(e.dcs["password"]),
        DCS_SIMPLE,
    ),
    ("dcs_update_password", "password free", password_free, DCS_FREE),
    ("dcs_reset_password", "too simple", lambda e: e.reset_redis(SIMPLE), DCS_SIMPLE),
    ("dcs_reset_password", "no password", lambda e: e.reset_redis(None), DCS_MISSING),
    (
        "dcs_reset_password",
        "password for password free",
        lambda e: e.reset_redis(free=True),
        (400, "DCS.4849", "The request parameter new_password should not exist."),
    ),
    (
        "dcs_reset_password",
        "password free is a text",
        lambda e: e.reset_redis(free="yes"),
        (400, "DCS.4843", "The no_password_access parameter is missing or its value is invalid."),
    ),
    (
        "kafka_reset_password",
        "too simple",
        lambda e: e.reset_kafka(SIMPLE),
        (400, "DMS.00400012", "The password does not meet the complexity requirements."),
    ),
    (
        "kafka_reset_password",
        "no password",
        lambda e: e.reset_kafka(None),
        (400, "DMS.00400062", "Invalid request parameter."),
    ),
    (
        "kafka_reset_password",
        "ssl off",
        lambda e: e.reset_kafka(instance_id=e.kafka_without_ssl["id"]),
        (400, "DMS.00400971", "The instance ssl is off."),
    ),
]

# What every operation has: how it tells that the instance is missing, that its id is not one, and
# that the project is another.
for name, operation, no_instance, bad_id, other_project in [
    ("ddm_reset_user_password", Emulator.reset_account, DDM_INSTANCE, DDM_INSTANCE, GATEWAY),
    ("ddm_reset_administrator", Emulator.set_admin, DDM_INSTANCE, DDM_INSTANCE, GATEWAY),
    ("dcs_update_password", Emulator.change_redis, DCS_INSTANCE, DCS_ID, DCS_PROJECT),
    ("dcs_reset_password", Emulator.reset_redis, DCS_INSTANCE, DCS_ID, DCS_PROJECT),
    (
        "kafka_reset_password",
        Emulator.reset_kafka,
        (404, "DMS.00404022", "This instance does not exist."),
        (400, "DMS.00400030", "Invalid DMS instance id. The id must be a uuid."),
        (401, "DMS.10240104", "The project ID and token do not match."),
    ),
]:
    for outcome, arguments, refusal in [
        ("no such instance", {"instance_id": NO_INSTANCE}, no_instance),
        ("instance id is not one", {"instance_id": "no-uuid"}, bad_id),
        ("other project", {"project_id": OTHER_PROJECT}, other_project),
        ("wrong secret key", {"sk": "another"}, GATEWAY),
        ("unknown access key", {"ak": "ANOTHER"}, GATEWAY),
    ]:
        call = lambda e, operation=operation, arguments=arguments: operation(e, **arguments)
        REFUSALS.append((name, outcome, call, refusal))

for name, outcome, call, refusal in REFUSALS:
    test = lambda self, call=call, refusal=refusal: self.check(call, *refusal)
    test_name = f"test_{name}_{outcome.replace(' ', '_')}"
    assert not hasattr(Refusal, test_name), test_name
    setattr(Refusal, test_name, test)


class ProjectByRegion(Case):
    """Without a project id the SDK asks IAM for the project that is named after the region."""

    def setUp(self):
        super().setUp()
        # The SDK remembers projects it has found by access key and region; here each test asks.
        BasicCredentials._CACHE.clear()
        iam = {"HUAWEICLOUD_SDK_IAM_ENDPOINT": self.emulator.url}
        patched = mock.patch.dict(os.environ, iam)
        patched.start()
        self.addCleanup(patched.stop)

    def reset(self, region, **credentials):
        return self.emulator.reset_kafka(region=region, project_id=None, **credentials)

    def test_the_project_is_found_and_used(self):
        self.assert_read(self.reset(self.emulator.region), 204)
        lookup, reset = self.emulator.answers
        self.assertEqual(lookup.request.path_url, f"/v3/projects?name={self.emulator.region}")
        # The SDK stops at more than one project; it finds the one there is.
        [project] = lookup.json()["projects"]
        self.assertEqual(project["id"], self.emulator.project_id)
        self.assertIn(f"/v2/{self.emulator.project_id}/", reset.request.path_url)

    def test_no_project_has_the_name(self):
        with self.assertRaises(SdkException) as raised:
            self.reset("eu-nl")
        message = "Failed to get project id of region 'eu-nl', X-IAM-Trace-Id=None."
        self.assertIn(message, raised.exception.error_msg)
        self.assertEqual(self.emulator.answers[-1].status_code, 200)

    def test_wrong_secret_key(self):
        with self.assertRaises(SdkException) as raised:
            self.reset(self.emulator.region, sk="another")
        request_id = self.emulator.answers[-1].headers["X-Request-Id"]
        status, code, message = GATEWAY
        told = (
            f"{{status_code:{status},request_id:{request_id},error_code:{code},error_msg:{message},"
        )
        self.assertIn(told, raised.exception.error_msg)


if __name__ == "__main__":
    # SIGTERM as Ctrl-C: the emulator of the test that runs is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    unittest.main()
