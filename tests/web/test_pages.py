#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages in a real browser: a server with the sample fleet, and a report as a file.

PLIMSOLL_BUILD names the build. Screenshots are left in its folder tests/web."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from glob import glob

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import browser  # noqa: E402
from plimsoll_server import Server, run  # noqa: E402

BUILD = os.environ.get("PLIMSOLL_BUILD", os.path.join(ROOT, "build", "release"))
PROGRAM = os.path.join(BUILD, "plimsoll")
PICTURES = os.path.join(BUILD, "tests", "web")
FLEET = sorted(glob(os.path.join(ROOT, "deploy", "sample-fleet", "*.json")))
SKIP = 77

HOSTILE = (
    '<script>window.__xss = 1</script>',
    '"><img src=x onerror="window.__xss = 2">',
    "'onmouseover='window.__xss=3",
    'javascript:window.__xss=4',
    '</title></style></textarea><svg onload=window.__xss=5>',
    '{{7*7}}${7*7}<%= 7*7 %>',
    '\u202egnp.exe\u2066\u200b',
    'x' * 400,
    '\u0000\u0007\u001b[31m',
)


def axe():
    """The text of axe-core, fetched once into the build's folder at the version that package-lock.json pins."""
    folder = os.path.join(PICTURES, "npm")
    script = os.path.join(folder, "node_modules", "axe-core", "axe.min.js")
    if not os.path.exists(script):
        if shutil.which("npm") is None:
            raise unittest.SkipTest("axe-core: there is no npm")
        os.makedirs(folder, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(HERE, name), folder)
        try:
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1",
                            "--fetch-timeout=30000", "--prefix", folder],
                           capture_output=True, check=True, timeout=120)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise unittest.SkipTest("axe-core: npm cannot fetch it") from error
    with open(script) as file:
        return file.read()


def hostile_facts():
    """A host on which everything that somebody may name is an attack."""
    with open(os.path.join(ROOT, "deploy", "sample-fleet", "build-1.json")) as file:
        document = json.load(file)
    facts = document["facts"]
    document["envelope"]["taken_at"] += 1
    facts["snapshot"].update(host_id="hostile", hostname=HOSTILE[0] + HOSTILE[1])
    facts["engine"].update(version="20.10" + HOSTILE[0], operating_system=HOSTILE[1])
    for i, container in enumerate(facts["container"]):
        container["name"] = HOSTILE[i % len(HOSTILE)].replace("\0", "") + str(i)
        container["image_ref"] = HOSTILE[(i + 1) % len(HOSTILE)].replace("\0", "")
        for mount in container.get("mount", []):
            mount["destination"] = HOSTILE[1]
    for network in facts.get("network", []):
        network["name"] = HOSTILE[4]
    return document


class WithServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="plimsoll-web-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.hostile = os.path.join(cls.folder.name, "hostile.json")
        with open(cls.hostile, "w") as file:
            json.dump(hostile_facts(), file)
        cls.server = Server(PROGRAM)
        cls.addClassCleanup(cls.server.close)
        done = cls.server.command("hosts", "import", *FLEET, cls.hostile)
        assert done.returncode == 0, done.stderr
        cls.hosts = json.loads(cls.server.command("hosts", "list", "--json").stdout)
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)
        cls.base = f"https://localhost:{cls.server.ports['people']}"
        cls.signed_in = cls.browser.page()
        cls.sign_in(cls.signed_in)

    @classmethod
    def link(cls):
        return cls.server.command("signin-link").stdout.strip()

    @classmethod
    def sign_in(cls, page):
        page.open(cls.link())
        page.expect_load(lambda: page.evaluate("document.querySelector('form button').click()"))

    def page(self, path=None, **settings):
        page = self.browser.page(**settings)
        self.addCleanup(page.close)
        page.cookies_of(self.signed_in)
        if path is not None:
            page.open(self.base + path)
        return page

    def host(self, name):
        return "/hosts/" + next(host["id"] for host in self.hosts if name in host["name"])

    def text(self, page):
        return page.evaluate("document.querySelector('main').textContent.replace(/\\s+/g, ' ')")


class Live(WithServer):
    def paths(self):
        return ["/", "/?show=critical", "/?q=web", "/?q=%22%3E%3Cscript%3E", "/checks/container-privileged", "/nothing",
                *(self.host(host["name"]) for host in self.hosts)]

    def test_the_link_signs_in_and_the_fleet_is_shown(self):
        page = self.browser.page()
        self.addCleanup(page.close)
        page.open(self.base + "/")
        self.assertNotIn("web-1", page.html())
        page.open(self.link())
        self.assertNotIn("web-1", page.html())
        page.expect_load(lambda: page.evaluate("document.querySelector('form button').click()"))
        self.assertEqual(page.evaluate("location.pathname"), "/")
        shown = page.html()
        for path in FLEET:
            self.assertTrue(f"<bdi>{os.path.basename(path)[:-5]}</bdi>" in shown, path)
        self.assertEqual(page.evaluate("document.querySelectorAll('tbody tr').length"), len(self.hosts))
        page.expect_load(lambda: page.evaluate("document.querySelector('header form button').click()"))
        page.open(self.base + "/")
        self.assertNotIn("web-1", page.html())

    def test_each_count_leads_to_the_rows_that_it_counts(self):
        tiles = self.page("/").evaluate(
            "[...document.querySelectorAll('.tiles a')].map(a => [a.getAttribute('href'), "
            "Number(a.querySelector('strong').textContent)])")
        self.assertGreaterEqual(len(tiles), 3)
        for address, number in tiles:
            page = self.page(address)
            self.assertEqual(page.evaluate("document.querySelectorAll('tbody tr').length"), number, address)
        cells = self.page("/").evaluate(
            "[...document.querySelectorAll('tbody td a')].map(a => [a.getAttribute('href'), Number(a.textContent)])")
        self.assertGreaterEqual(len(cells), len(FLEET))
        for address, number in cells[:8]:
            page = self.page(address)
            shown = page.evaluate(f"document.querySelectorAll('{address[address.index('#'):]} > details').length")
            self.assertEqual(shown, number, address)

    def test_no_page_breaks_its_own_policy(self):
        for path in self.paths():
            page = self.page(path)
            refused = [line for line in page.complaints() if "404" not in line]
            self.assertEqual(refused, [], path)
            foreign = [url for url in page.requests() if not url.startswith(self.base)]
            self.assertEqual(foreign, [], path)

    def test_the_policy_would_be_heard(self):
        """The test above can fail: what the policy refuses does show."""
        page = self.page("/")
        page.evaluate("{ const s = document.createElement('style'); s.textContent = 'x{}'; document.head.append(s); } 0")
        self.assertTrue(any("Content Security Policy" in line for line in page.complaints()))

    def test_hostile_names_stay_names(self):
        for path in ("/", self.host("__xss")):
            page = self.page(path)
            self.assertIsNone(page.evaluate("window.__xss"), path)
            self.assertEqual(page.evaluate("document.querySelectorAll('img, svg, iframe, [onerror], [onload], [onmouseover]').length"), 0)
            self.assertEqual(page.evaluate("[...document.querySelectorAll('a')].filter(a => /^javascript/i.test(a.href)).length"), 0)
            self.assertIn("<script>window.__xss", self.text(page))
            self.assertLessEqual(page.evaluate("document.scripts.length"), 1)

    def test_without_script_nothing_is_missing(self):
        for path in ("/", self.host("build-1"), "/checks/container-privileged"):
            with_script, without = (self.page(path, script=script) for script in (True, False))
            texts = []
            for page in (with_script, without):
                html = re.sub(r"<form id=\"filter\".*?</form>", "", page.html(), flags=re.S)
                texts.append(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html[html.index("<main"):])))
            self.assertEqual(*(re.sub(r"generated .*? UTC|Data as of .*? UTC", "", text) for text in texts), path)

    def test_filters_show_what_they_say(self):
        page = self.page(self.host("build-1"))
        visible = "[...document.querySelectorAll('details.check')].filter(d => !d.hidden)"
        everything = page.evaluate(visible + ".length")
        page.evaluate("{ const f = document.getElementById('filter-verdict'); f.value = 'fail'; "
                      "f.dispatchEvent(new Event('input', { bubbles: true })); } 0")
        failing = page.evaluate(visible + ".length")
        self.assertEqual(failing, page.evaluate("document.querySelectorAll('#failing > details').length"))
        self.assertLess(failing, everything)
        page.evaluate("document.getElementById('filter-open').click()")
        self.assertEqual(page.evaluate(visible + ".filter(d => d.open).length"), failing)

    def test_a_link_to_a_check_opens_it(self):
        page = self.page(self.host("build-1") + "#container-privileged")
        self.assertTrue(page.evaluate("document.getElementById('container-privileged').open"))

    def test_paper_shows_what_is_folded(self):
        pdf = self.page(self.host("build-1")).pdf()
        self.assertTrue(pdf.startswith(b"%PDF"))
        self.assertGreater(len(re.findall(rb"/Type\s*/Page\b", pdf)), 10)

    def test_axe_finds_nothing(self):
        script = axe()
        for path in ("/", "/?show=critical", self.host("build-1"), self.host("spare-1"), "/checks/container-privileged",
                     "/nothing"):
            for dark in (False, True):
                page = self.page(path, dark=dark)
                page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
                page.evaluate(script + "; 0")
                found = page.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] })"
                                      ".then(r => r.violations.map(v => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200)]))")
                self.assertEqual(found, [], f"{path}, dark: {dark}")

    def test_every_width_fits_and_looks_right(self):
        os.makedirs(PICTURES, exist_ok=True)
        for name, path in (("fleet", "/"), ("host", self.host("build-1")), ("engine-down", self.host("spare-1")),
                           ("hostile", self.host("__xss")), ("check", "/checks/container-privileged")):
            for width in (1280, 360):
                page = self.page(path, width=width)
                self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width, f"{name} at {width}")
                page.screenshot(os.path.join(PICTURES, f"{name}-{width}.png"))
        page = self.page(self.host("edge-1"), dark=True)
        page.evaluate("document.querySelector('details').open = true")
        page.screenshot(os.path.join(PICTURES, "host-dark.png"))


class File(unittest.TestCase):
    def test_a_report_from_disk_is_complete_and_asks_for_nothing(self):
        one = browser.Browser()
        self.addCleanup(one.close)
        with tempfile.TemporaryDirectory(prefix="plimsoll-web-") as folder:
            source, report = os.path.join(folder, "hostile.json"), os.path.join(folder, "report.html")
            with open(source, "w") as file:
                json.dump(hostile_facts(), file)
            done = run([PROGRAM, "audit", "--facts", source, "-q", "-o", "html=" + report])
            self.assertEqual(done.returncode, 0, done.stderr)
            for script in (True, False):
                page = one.page(script=script)
                page.open("file://" + report)
                self.assertEqual(page.requests(), ["file://" + report])
                self.assertEqual(page.complaints(), [])
                self.assertIsNone(page.evaluate("window.__xss"))
                self.assertEqual(page.evaluate("document.querySelectorAll('a:not([href^=\"#\"])').length"), 0)
                page.close()


if __name__ == "__main__":
    if browser.find() is None:
        print("SKIP: no Chromium")
        sys.exit(SKIP)
    result = unittest.main(exit=False, verbosity=2).result
    for test, reason in result.skipped:
        print(f"SKIP: {test}: {reason}")
    sys.exit(not result.wasSuccessful())
