"""A person's browser opens the site of `cargo xtask dist` from disk, without a network.

`.ci/browser` runs this in a headless Chromium. The screenshots are for people to look at.
"""

import json
import os
import re
import shutil
import tempfile
import unittest
from pathlib import Path
from urllib.parse import unquote, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

DIST = Path(os.environ["DIST"])
SCREENSHOTS = Path(os.environ["SCREENSHOTS"])
SIZES = {"narrow": (360, 780), "middle": (800, 900), "wide": (1280, 900)}
LOOKS = [
    ("narrow", "light"), ("narrow", "dark"), ("middle", "light"),
    ("wide", "light"), ("wide", "dark"),
]  # fmt: skip
INDEX = json.loads((DIST / "index.json").read_text())
VECTORS = json.loads((DIST / "openapi/password-vectors.json").read_text())["cases"]
CONTRACT = {
    entry["name"]: json.loads((DIST / entry["json"]).read_text()) for entry in INDEX["contract"]
}
PAGES = sorted(path.name for path in DIST.glob("*.html"))
CODES = [
    "too_short", "too_long", "too_few_classes", "character_not_allowed", "forbidden_first",
    "matches_username", "same_as_old", "deny_listed",
]  # fmt: skip

# Fills the inputs, lets the page know as a keyboard would, and reads the table for each case.
VERDICTS = """(cases) => cases.map((one) => {
  const fill = (id, value) => { document.getElementById(id).value = value ?? ''; };
  fill('username', one.username);
  fill('old-password', one.old_password);
  fill('password', one.password);
  const input = document.getElementById('password');
  input.dispatchEvent(new Event('input', { bubbles: true }));
  const row = document.getElementById(one.policy);
  const broken = [...row.querySelectorAll('[data-code]')]
    .filter((rule) => rule.querySelector('.badge').textContent.includes('broken'));
  return {
    taken: input.value === one.password,
    codes: broken.map((rule) => rule.dataset.code),
    verdict: row.querySelector('.verdict').textContent,
  };
})"""


class Site(unittest.TestCase):
    """Each test opens the pages in a folder of its own, and none may misbehave."""

    @classmethod
    def setUpClass(cls):
        cls.playwright = sync_playwright().start()
        cls.addClassCleanup(cls.playwright.stop)
        # A name that is looked up is one request too many, whoever makes it.
        cls.browser = cls.playwright.chromium.launch(
            executable_path=os.environ["CHROMIUM"],
            args=["--host-resolver-rules=MAP * ~NOTFOUND"],
        )
        cls.addClassCleanup(cls.browser.close)
        # Any folder will do.
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name) / "to me: 100% näher"
        shutil.copytree(DIST, cls.folder)

    def setUp(self):
        self.requests, self.complaints = [], []
        self.addCleanup(self.assert_well_behaved)

    def open(self, name, size="wide", scheme="light"):
        width, height = SIZES[size]
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
        )
        self.addCleanup(context.close)
        page = context.new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self.note)
        file, _, anchor = name.partition("#")
        page.goto((self.folder / file).as_uri() + (f"#{anchor}" if anchor else ""))
        return page

    def note(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def assert_well_behaved(self):
        self.assertEqual(self.complaints, [])
        self.assertTrue(self.requests)
        folder = self.folder.as_uri()
        elsewhere = [
            url
            for url in self.requests
            if urlsplit(url).scheme != "data" and not url.startswith(f"{folder}/")
        ]
        self.assertEqual(elsewhere, [])

    def test_the_pages_fit_narrow_and_wide_windows_light_and_dark(self):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for name in PAGES:
            for size, scheme in LOOKS:
                with self.subTest(name=name, size=size, scheme=scheme):
                    page = self.open(name, size, scheme)
                    self.use(page, name)
                    expect(page.locator("section > h1")).to_have_count(1)
                    file = SCREENSHOTS / f"{Path(name).stem}-{size}-{scheme}.png"
                    page.screenshot(path=file, full_page=True)
                    # Nothing but what scrolls by itself is wider than the window.
                    width = page.evaluate("document.documentElement.scrollWidth")
                    self.assertEqual(width, SIZES[size][0])
                    self.assert_accessible(page)
                    page.context.close()

    def use(self, page, name):
        """Lets a page show what it has."""
        if name == "passwords.html":
            page.get_by_label("Password", exact=True).fill("admin@1")
            expect(page.get_by_role("status")).to_contain_text("dms breaks 1 rule")
            page.locator("summary").first.click()
        if name == "reference.html":
            operation = page.locator("#swagger .opblock").first
            operation.locator(".opblock-summary-control").click()
            expect(operation.locator(".responses-table").first).to_be_visible()
        # Where a person begins to read.
        page.evaluate("scrollTo(0, 0)")

    def assert_accessible(self, page):
        # The viewer is as its makers released it. Preloading would be a request, which the page
        # forbids.
        options = {"resultTypes": ["violations"], "preload": False}
        found = Axe().run(page, {"exclude": [["#swagger"]]}, options).response["violations"]
        told = [f"{one['id']}: {node['target']}" for one in found for node in one["nodes"]]
        self.assertEqual(told, [])

    def test_every_link_within_the_bundle_leads_somewhere(self):
        anchors, links = {}, []
        for name in PAGES:
            page = self.open(name)
            anchors[name] = set(page.eval_on_selector_all("[id]", "all => all.map(({ id }) => id)"))
            found = page.eval_on_selector_all(
                "a[href]", "all => all.map((one) => one.getAttribute('href'))"
            )
            links += [(name, link) for link in found]
        self.assertIn(("index.html", "openapi/dms.yaml"), links)
        anchors["reference.html"] |= set(CONTRACT)
        for name, link in links:
            parts = urlsplit(link)
            if parts.scheme:
                self.assertEqual(parts.scheme, "https", f"{name}: {link}")
                continue
            target = unquote(parts.path) or name
            self.assertTrue((self.folder / target).is_file(), f"{name}: {link}")
            if parts.fragment:
                self.assertIn(parts.fragment, anchors[target], f"{name}: {link}")

    def test_the_reference_shows_every_operation_and_sends_none(self):
        for name, document in CONTRACT.items():
            with self.subTest(name=name):
                page = self.open(f"reference.html#{name}")
                expect(page.get_by_label(document["info"]["title"], exact=True)).to_be_checked()
                title = page.locator("#swagger .info .title")
                expect(title).to_contain_text(document["info"]["title"])
        for name, document in CONTRACT.items():
            with self.subTest(name=name):
                choices = page.locator("#contracts")
                choices.get_by_text(document["info"]["title"], exact=True).click()
                expect(title).to_contain_text(document["info"]["title"])
                self.assert_shows_operations(page, document)
                expect(page.get_by_role("button", name="Try it out")).to_have_count(0)

    def assert_shows_operations(self, page, document):
        operations = [
            operation["operationId"]
            for item in document["paths"].values()
            for operation in item.values()
            if isinstance(operation, dict)
        ]
        expect(page.locator("#swagger .opblock")).to_have_count(len(operations))
        for operation in operations:
            block = page.locator(f"#swagger .opblock[id$='-{operation}']")
            block.locator(".opblock-summary-control").click()
            expect(block.locator(".responses-table").first).to_be_visible()

    def test_the_table_is_that_of_the_contract(self):
        page = self.open("passwords.html")
        rows = page.locator("#policies tbody tr")
        schemas = {
            name: schema
            for document in CONTRACT.values()
            for name, schema in document["components"]["schemas"].items()
            if "x-password-policy" in schema
        }
        expect(rows).to_have_count(len(schemas))
        for name, schema in schemas.items():
            policy = schema["x-password-policy"]
            row = page.locator(f"#policies [data-schema={name}]")
            cell = lambda code: row.locator(f"[data-code={code}]")  # noqa: E731
            expect(cell("too_short")).to_have_text(str(schema["minLength"]))
            expect(cell("too_long")).to_have_text(str(schema["maxLength"]))
            expect(cell("too_few_classes")).to_have_text(f"{policy['minClasses']} of 4")
            specials = cell("character_not_allowed")
            expect(specials.locator("code")).to_have_text(policy["specials"].replace(" ", ""))
            self.assertEqual("the space" in specials.inner_text(), " " in policy["specials"])
            for code, key in [
                ("forbidden_first", "forbiddenFirst"),
                ("matches_username", "notUsername"),
                ("same_as_old", "notOld"),
                ("deny_listed", "denyList"),
            ]:
                expect(cell(code)).to_have_count(1 if policy.get(key) else 0)
            words = page.locator(f"[id={row.get_attribute('id')}-words] code").all_text_contents()
            self.assertEqual(words, policy.get("denyList", []))

    def test_every_vector_has_its_verdict(self):
        page = self.open("passwords.html")
        shown = page.evaluate(VERDICTS, VECTORS)
        self.assertEqual(len(shown), len(VECTORS))
        outside = []
        for case, one in zip(VECTORS, shown, strict=True):
            with self.subTest(policy=case["policy"], name=case["name"]):
                if one["taken"]:
                    self.assertEqual(one["codes"], case["codes"])
                    self.assertEqual("refused" in one["verdict"], bool(case["codes"]))
                else:
                    outside.append(case)
        # An input has one line, so these cannot be typed: what checks it is asked.
        self.assertTrue(outside)
        for case in outside:
            self.assertIn("\n", case["password"])
        check = """(cases) => cases.map(({ policy, password, username, old_password }) => check(
          policies.find(({ name }) => name === policy).schema, password,
          { username, oldPassword: old_password }))"""
        self.assertEqual(page.evaluate(check, VECTORS), [case["codes"] for case in VECTORS])

    def test_what_is_typed_is_judged_at_once(self):
        page = self.open("passwords.html")
        plain = [
            case
            for case in VECTORS
            if case["password"].isascii() and case["password"].isprintable()
        ]
        for case in plain[::25]:
            with self.subTest(policy=case["policy"], name=case["name"]):
                page.get_by_label("User name").fill(case.get("username", ""))
                page.get_by_label("Old password").fill(case.get("old_password", ""))
                page.get_by_label("Password", exact=True).fill("")
                page.keyboard.type(case["password"])
                row = page.locator(f"[id={case['policy']}]")
                for code in CODES:
                    badge = row.locator(f"[data-code={code}] .badge")
                    if code in case["codes"]:
                        expect(badge).to_have_text("✗ broken")
                    elif badge.count():
                        expect(badge).to_have_text(re.compile("✓ met|[?] not checked"))

    def test_what_is_no_text_is_refused(self):
        page = self.open("passwords.html")
        # Half a surrogate pair, which JSON cannot carry.
        codes = page.evaluate(
            """check(policies[0].schema, '\\ud83d'.repeat(8), { username: '\\ude00\\ud83d' })"""
        )
        self.assertEqual(codes, ["too_few_classes", "character_not_allowed"])

    def test_an_unknown_rule_is_an_error(self):
        page = self.open("passwords.html")
        told = page.evaluate(
            """() => {
              try {
                return check({ 'x-password-policy': { minEntropy: 60 } }, '');
              } catch (error) {
                return error.message;
              }
            }"""
        )
        self.assertIn("minEntropy", told)

    def test_generated_passwords_pass_everywhere(self):
        page = self.open("passwords.html")
        press = """(count) => Array.from({ length: count }, () => {
          document.getElementById('generate').click();
          return {
            password: document.getElementById('password').value,
            verdicts: [...document.querySelectorAll('.verdict')].map((one) => one.textContent),
          };
        })"""
        made = page.evaluate(press, 500)
        for one in made:
            self.assertRegex(one["password"], r"\A[A-Za-z][A-Za-z0-9~-]{31}\Z")
            for kind in ["[a-z]", "[A-Z]", "[0-9]", "[~-]"]:
                self.assertRegex(one["password"], kind)
            for verdict in one["verdicts"]:
                self.assertIn("passes", verdict)
        self.assertEqual(len({one["password"] for one in made}), len(made))
        # Each character comes up, and about as often: 15500 draws of 64, give or take seven sigma.
        rest = "".join(one["password"][1:] for one in made)
        for character in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
            self.assertTrue(130 < rest.count(character) < 370, character)
        expect(page.get_by_role("status")).to_contain_text("dms passes")
        # A byte modulo 200 would be below 56 in 44 of 100 draws, not in 28.
        drawn = page.evaluate("Array.from({ length: 20000 }, () => below(200))")
        self.assertEqual(set(drawn), set(range(200)))
        self.assertTrue(0.25 < sum(one < 56 for one in drawn) / len(drawn) < 0.31)

    def test_a_password_is_checked_and_made_by_keyboard_alone(self):
        page = self.open("passwords.html")
        page.keyboard.press("Tab")
        expect(page.get_by_text("Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        password = page.get_by_label("Password", exact=True)
        expect(password).to_be_focused()
        page.keyboard.type("Root_123")
        expect(page.get_by_role("status")).to_have_text(
            "dcs passes so far, ddm-account breaks 1 rule, ddm-admin breaks 1 rule, dms passes."
        )
        expect(password).to_have_attribute("type", "password")
        page.keyboard.press("Tab")
        page.keyboard.type("321_tooR")
        page.keyboard.press("Tab")
        page.keyboard.type("Root_123")
        expect(page.get_by_role("status")).to_contain_text("dcs breaks 1 rule")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(password).to_have_attribute("type", "text")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button")).to_be_focused()
        page.keyboard.press("Enter")
        expect(password).to_be_focused()
        expect(page.get_by_role("status")).to_have_text(
            "dcs passes, ddm-account passes, ddm-admin passes, dms passes."
        )

    def test_nothing_that_is_typed_is_kept(self):
        page = self.open("passwords.html")
        page.get_by_role("button").click()
        password = page.get_by_label("Password", exact=True)
        made = password.input_value()
        page.get_by_label("User name").fill("ddmtest")
        expect(page.get_by_role("status")).to_contain_text("passes")
        self.assertNotIn(made, page.content())
        page.get_by_role("link", name="Clients").click()
        page.go_back()
        expect(password).to_have_value("")
        page.reload()
        expect(password).to_have_value("")
        expect(page.get_by_label("User name")).to_have_value("")
        stored = "[localStorage.length, sessionStorage.length, document.cookie]"
        self.assertEqual(page.evaluate(stored), [0, 0, ""])

    def test_the_page_may_not_send_anything(self):
        page = self.open("passwords.html")
        self.assertEqual(self.complaints, [])
        for send in [
            "fetch('https://example.com').catch(() => null)",
            "void navigator.sendBeacon('https://example.com', 'x')",
            "void (new Image().src = 'https://example.com')",
        ]:
            with self.subTest(send=send):
                page.evaluate(send)
                page.wait_for_timeout(100)
                self.assertIn("violates the following Content Security Policy", self.complaints[0])
                self.complaints.clear()
        # An image is asked for before it is refused.
        self.requests.remove("https://example.com/")


if __name__ == "__main__":
    unittest.main()
