"""OpenStack's own clients log in at `repass emulate`: openstackclient and keystoneauth, unchanged.

`.ci/openstack` runs this.
"""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

from keystoneauth1 import exceptions, session
from keystoneauth1.identity import generic, v3

OPENSTACK = Path(sys.executable).with_name("openstack")
SERVICES = {"iam": "identity", "ddm": "ddm", "dcs": "dcs", "dms": "dms"}


class OpenStack(unittest.TestCase):
    """Each test has an emulator of its own."""

    def setUp(self):
        command = [os.environ["REPASS"], "emulate", "--listen", "127.0.0.1:0", "--output", "json"]
        self.emulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.stop)
        started = json.loads(self.emulator.stdout.readline())
        self.url, self.token, self.user = started["url"], started["token"], started["user"]
        self.project_id, self.project = started["project_id"], started["project_name"]

    def stop(self):
        self.emulator.terminate()
        self.emulator.communicate()

    def auth_urls(self):
        """As people write them: of the version, and of all of them."""
        for path in ["", "/", "/v3", "/v3/"]:
            with self.subTest(path=path):
                yield self.url + path

    def openstack(self, auth_url, *command, **more):
        """What the command line prints as JSON."""
        variables = {
            "OS_AUTH_URL": auth_url,
            "OS_USERNAME": self.user["name"],
            "OS_PASSWORD": self.user["password"],
            "OS_USER_DOMAIN_NAME": self.user["domain"],
            "OS_PROJECT_NAME": self.project,
            "OS_PROJECT_DOMAIN_NAME": self.user["domain"],
            "OS_IDENTITY_API_VERSION": "3",
            **more,
        }
        own = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
        run = subprocess.run(
            [OPENSTACK, *command, "--format", "json"],
            env=own | variables,
            capture_output=True,
            text=True,
        )
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return json.loads(run.stdout)

    def domain_id(self):
        auth = v3.Password(
            auth_url=f"{self.url}/v3",
            username=self.user["name"],
            password=self.user["password"],
            user_domain_name=self.user["domain"],
            project_name=self.project,
            project_domain_name=self.user["domain"],
        )
        return auth.get_access(session.Session()).user_domain_id

    def assert_opens(self, auth):
        """The token that this gives is a token for the project, and opens it."""
        client = session.Session(auth=auth)
        access = auth.get_access(client)
        self.assertEqual(access.project_id, self.project_id)
        self.assertEqual(access.project_name, self.project)
        self.assertEqual(access.username, self.user["name"])
        self.assertEqual(access.user_domain_name, self.user["domain"])
        self.assertTrue(access.role_names)
        self.assertTrue(access.issued < access.expires)
        self.assertFalse(access.will_expire_soon())
        answer = client.get("/projects", endpoint_filter={"service_type": "identity"})
        self.assertEqual([one["id"] for one in answer.json()["projects"]], [self.project_id])
        for service in ["ddm", "dcs", "dms"]:
            endpoint = client.get_endpoint(service_type=service)
            self.assertEqual(endpoint, f"{self.url}/v2/{self.project_id}")

    def test_token_issue(self):
        for auth_url in self.auth_urls():
            issued = self.openstack(auth_url, "token", "issue")
            self.assertEqual(issued["project_id"], self.project_id)
            self.assertEqual(len(issued["user_id"]), 32)
            # The token opens the project, and other tokens.
            self.assert_opens(
                generic.Token(auth_url=auth_url, token=issued["id"], project_id=self.project_id)
            )

    def test_project_list(self):
        for auth_url in self.auth_urls():
            projects = self.openstack(auth_url, "project", "list", "--long")
            self.assertEqual(
                projects,
                [
                    {
                        "ID": self.project_id,
                        "Name": self.project,
                        "Domain ID": self.domain_id(),
                        "Description": "",
                        "Enabled": True,
                    }
                ],
            )

    def test_catalog_list(self):
        for auth_url in self.auth_urls():
            catalog = self.openstack(auth_url, "catalog", "list")
            self.assertEqual({one["Name"]: one["Type"] for one in catalog}, SERVICES)
            for service in catalog:
                [endpoint] = service["Endpoints"]
                self.assertEqual(endpoint["interface"], "public")
                self.assertTrue(endpoint["url"].startswith(self.url))

    def test_token_of_the_fleet(self):
        """The token that the emulator prints, with no user at all."""
        token = {"OS_AUTH_TYPE": "token", "OS_TOKEN": self.token, "OS_PROJECT_ID": self.project_id}
        none = dict.fromkeys(
            ["OS_USERNAME", "OS_PASSWORD", "OS_USER_DOMAIN_NAME", "OS_PROJECT_NAME",
             "OS_PROJECT_DOMAIN_NAME"],
            "",
        )
        issued = self.openstack(self.url, "token", "issue", **(none | token))
        self.assertEqual(issued["project_id"], self.project_id)

    def test_every_way_to_name_a_user_and_a_project(self):
        domain_id, domain = self.domain_id(), self.user["domain"]
        by_name = {"username": self.user["name"]}
        [user_id] = {self.openstack(self.url, "token", "issue")["user_id"]}
        for user in [
            by_name | {"user_domain_id": domain_id},
            by_name | {"user_domain_name": domain},
            {"user_id": user_id},
        ]:
            for project in [
                {"project_id": self.project_id},
                {"project_name": self.project, "project_domain_id": domain_id},
                {"project_name": self.project, "project_domain_name": domain},
            ]:
                for auth_url in self.auth_urls():
                    for kind in [generic.Password, v3.Password]:
                        # Only a generic plugin looks for the version.
                        if kind is v3.Password and not auth_url.rstrip("/").endswith("/v3"):
                            continue
                        named = user | project | {"password": self.user["password"]}
                        with self.subTest(user=user, project=project, kind=kind):
                            self.assert_opens(kind(auth_url=auth_url, **named))

    def test_what_is_wrong_is_unauthorized(self):
        domain_id = self.domain_id()
        good = {
            "auth_url": self.url,
            "username": self.user["name"],
            "password": self.user["password"],
            "user_domain_id": domain_id,
            "project_id": self.project_id,
        }
        self.assert_opens(generic.Password(**good))
        for wrong in [
            {"password": "another"},
            {"username": "another"},
            {"user_domain_id": "another"},
        ]:
            with self.subTest(wrong=wrong), self.assertRaises(exceptions.Unauthorized):
                generic.Password(**(good | wrong)).get_access(session.Session())
        with self.assertRaises(exceptions.Unauthorized):
            token = generic.Token(auth_url=self.url, token="another", project_id=self.project_id)
            token.get_access(session.Session())

    def test_the_catalog_is_left_out_on_request(self):
        auth = v3.Password(
            auth_url=f"{self.url}/v3",
            username=self.user["name"],
            password=self.user["password"],
            user_domain_name=self.user["domain"],
            project_id=self.project_id,
            include_catalog=False,
        )
        access = auth.get_access(session.Session())
        self.assertFalse(access.has_service_catalog())


if __name__ == "__main__":
    unittest.main()
