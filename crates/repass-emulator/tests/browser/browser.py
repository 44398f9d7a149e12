"""A person's browser opens the page of `repass emulate`, and tries a password change out on it.

`.ci/browser` runs this in a headless Chromium. The screenshots are for people to look at.
"""

import json
import os
import subprocess
import unittest
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import expect, sync_playwright

SCREENSHOTS = Path(os.environ["SCREENSHOTS"])
SIZES = {"narrow": (390, 844), "wide": (1280, 900)}


class Page(unittest.TestCase):
    """Each test has an emulator of its own, and a page of it that must not misbehave."""

    def setUp(self):
        command = [os.environ["REPASS"], "emulate", "--listen", "127.0.0.1:0", "--output", "json"]
        self.emulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.stop)
        self.started = json.loads(self.emulator.stdout.readline())
        self.url = self.started["url"]

        playwright = sync_playwright().start()
        self.addCleanup(playwright.stop)
        # A name that is looked up is one request too many, whoever makes it.
        nowhere = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        self.browser = playwright.chromium.launch(
            executable_path=os.environ["CHROMIUM"], args=[nowhere]
        )
        self.addCleanup(self.browser.close)
        self.requests, self.complaints = [], []

    def stop(self):
        self.emulator.terminate()
        self.emulator.wait()
        self.emulator.stdout.close()

    def open(self, size="wide", scheme="light"):
        width, height = SIZES[size]
        page = self.browser.new_page(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self.note)
        page.goto(self.url)
        expect(page.locator("#status")).to_have_text("Live")
        return page

    def note(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def assert_well_behaved(self):
        self.assertEqual(self.complaints, [])
        self.assertTrue(self.requests)
        elsewhere = [
            url
            for url in self.requests
            if urlsplit(url).scheme != "data" and not url.startswith(f"{self.url}/")
        ]
        self.assertEqual(elsewhere, [])

    def operation(self, page, contract, operation):
        """An operation of the console, opened."""
        page.locator("#contracts").get_by_text(contract, exact=True).click()
        block = page.locator(f"#swagger .opblock[id$='-{operation}']")
        block.locator(".opblock-summary-control").click()
        return block

    def execute(self, block, status):
        """What the emulator answers to the operation's own example."""
        block.get_by_role("button", name="Execute").click()
        answer = block.locator(".live-responses-table .response")
        expect(answer.locator(".response-col_status")).to_contain_text(str(status))
        return answer

    def passwords(self):
        for instance in self.started["instances"]:
            for one in [instance, *instance.get("accounts", [])]:
                if one.get("password"):
                    yield one["password"]
        yield self.started["user"]["password"]
        yield "Redis-Example-2024"

    def test_a_change_made_in_the_console_shows_in_the_fleet(self):
        page = self.open()
        rows = page.locator("#instances tr")
        expect(rows).to_have_count(len(self.started["instances"]))
        redis = rows.filter(has_text="DCS")
        expect(redis).to_contain_text("never")
        expect(redis.locator("[data-label='Tries left']")).to_have_text("5")

        answer = self.execute(self.operation(page, "DCS", "updatePassword"), 200)
        expect(answer.locator(".response-col_description")).to_contain_text('"result": "success"')

        expect(redis).not_to_contain_text("never")
        expect(redis.locator("time")).to_have_attribute("datetime", self.changed_at())
        request = page.locator("#received tr")
        expect(request).to_have_count(1)
        expect(request).to_contain_text("PUT")
        expect(request.locator(".badge")).to_have_text("200")
        request_id = request.locator("[data-label='Request id']").inner_text().split()[-1]
        expect(answer.locator(".response-col_description")).to_contain_text(
            f"x-request-id: {request_id}"
        )
        # The example's old password is the wrong one now, which costs a try.
        answer = self.execute(page.locator("#swagger .opblock.is-open"), 200)
        expect(redis.locator("[data-label='Tries left']")).to_have_text("4")

        for part in ["#fleet", "#requests", ".top"]:
            text = page.locator(part).inner_text()
            for password in self.passwords():
                self.assertNotIn(password, text)
            self.assertNotIn(self.started["token"], text)
        self.assert_well_behaved()

    def changed_at(self):
        """When the password of the Redis instance was changed, as the control says."""
        [redis] = [one for one in self.started["instances"] if one["service"] == "dcs"]
        context = self.browser.contexts[0]
        return context.request.get(f"{self.url}/_emulator/instances/{redis['id']}").json()[
            "changed_at"
        ]

    def test_every_contract_can_be_tried_out_at_once(self):
        page = self.open()
        for contract, operation, status in [
            ("DDM", "resetUserPassword", 200),
            ("DDM", "resetAdministrator", 200),
            ("DCS", "resetPassword", 200),
            ("DMS", "resetPassword", 204),
            ("IAM", "keystoneCreateUserTokenByPassword", 201),
            ("IAM", "keystoneListProjects", 200),
            ("Emulator", "showClock", 200),
        ]:
            with self.subTest(contract=contract, operation=operation):
                self.execute(self.operation(page, contract, operation), status)
        # A fault made there shows.
        self.assertTrue(page.locator("#faults").is_hidden())
        self.execute(self.operation(page, "Emulator", "addFault"), 201)
        expect(page.locator("#faults")).to_contain_text("updatePassword")
        self.assert_well_behaved()

    def test_the_token_is_filled_in(self):
        page = self.open()
        page.get_by_role("button", name="Authorize").click()
        dialog = page.locator("#swagger .modal-ux")
        expect(dialog).to_contain_text("X-Auth-Token")
        expect(dialog).to_contain_text("Authorized")
        dialog.get_by_role("button", name="Close").last.click()
        expect(dialog).to_be_hidden()
        self.assert_well_behaved()

    def test_the_console_is_reached_and_used_by_keyboard(self):
        page = self.open()
        page.keyboard.press("Tab")
        expect(page.get_by_text("Skip to the console")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.get_by_label("DDM", exact=True)).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(page.locator("#swagger .info .title")).to_contain_text("DCS passwords")
        self.assert_well_behaved()

    def test_it_says_when_the_emulator_has_ended(self):
        page = self.open()
        self.stop()
        expect(page.locator("#status")).to_have_text("The emulator does not answer")

    def test_instances_are_found_by_how_their_ids_begin(self):
        page = self.open()
        page.get_by_role("searchbox").fill("7a")
        rows = page.locator("#instances tr")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("SSL off")
        page.get_by_role("searchbox").fill("7b")
        expect(page.get_by_text("There is no such instance.")).to_be_visible()
        self.assert_well_behaved()

    def test_the_page_fits_narrow_and_wide_windows_light_and_dark(self):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for size in SIZES:
            for scheme in ["light", "dark"]:
                page = self.open(size, scheme)
                block = self.operation(page, "DCS", "updatePassword")
                self.execute(block, 200)
                expect(page.locator("#instances time")).to_be_visible()
                for part, shown in [
                    ("fleet", page.locator("#fleet")),
                    ("console", page.locator("#console")),
                    ("operation", block),
                    ("body", block.locator(".opblock-section-request-body")),
                    ("answer", block.locator(".live-responses-table")),
                ]:
                    # Below the head of the page, which stays where it is.
                    shown.evaluate("node => node.scrollIntoView()")
                    page.screenshot(path=SCREENSHOTS / f"{size}-{scheme}-{part}.png")
                # Nothing but what scrolls by itself is wider than the window.
                width = page.evaluate("document.documentElement.scrollWidth")
                self.assertEqual(width, SIZES[size][0], f"{size}, {scheme}")
                page.close()
        self.assert_well_behaved()


if __name__ == "__main__":
    unittest.main()
