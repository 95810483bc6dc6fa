#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What scans over SSH are to a running server: hosts of the fleet, merged by operators alone.

Usage: test_scan_store.py PLIMSOLL PUT_SCAN
"""
import base64
import hashlib
import json
import os
import re
import sqlite3
import sys
import tempfile
import time
import unittest

from plimsoll_server import Host, Server, field, report, run

FLEET = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", "deploy", "sample-fleet"))
PROGRAM = PUT_SCAN = None


def fingerprint(name):
    return "SHA256:" + base64.b64encode(hashlib.sha256(name.encode()).digest()).decode().rstrip("=")


def agent_facts(machine, boot, hostname):
    return field(1, field(1, machine) + field(2, boot) + field(3, hostname))


class ScanStore(unittest.TestCase):
    def setUp(self):
        self.server = Server(PROGRAM)
        self.addCleanup(self.server.close)
        self.folder = tempfile.TemporaryDirectory(prefix="plimsoll-e2e-scan-")
        self.addCleanup(self.folder.cleanup)
        self.at = int(time.time())

    def facts(self, sample, age_s=0, privileged=False, **snapshot):
        with open(os.path.join(FLEET, sample + ".json")) as file:
            document = json.load(file)
        document["facts"]["snapshot"].update(snapshot)
        document["facts"]["container"][0]["privileged"] = privileged
        document["envelope"]["taken_at"] = self.at - age_s
        path = os.path.join(self.folder.name, f"{len(os.listdir(self.folder.name))}-{sample}")
        with open(path, "w") as file:
            json.dump(document, file)
        return path, document["facts"]["snapshot"]

    def scan(self, *pairs):
        words = [word for key, path in pairs for word in (fingerprint(key), path)]
        return run([PUT_SCAN, self.server.data, *words])

    def agent(self, snapshot, name="web-1"):
        host = Host(self.server, name)
        self.assertEqual(host.enroll(self.server.join()["token"]).status, 200)
        body = agent_facts(snapshot["host_id"], snapshot["boot_id"], name)
        self.assertTrue(host.report(report(1, body))[1].accepted)
        return host

    def hosts(self, *words):
        done = self.server.command("hosts", *words)
        self.assertEqual((done.returncode, done.stderr if words[0] == "list" else ""), (0, ""), done.stderr)
        return done.stdout

    def list(self):
        return {host["id"]: host for host in json.loads(self.hosts("list", "--json"))}

    def session(self):
        token = self.server.command("signin-link").stdout.split("token=")[1].strip()
        answer = self.server.request("people", "POST", "/sign-in", "token=" + token,
                                     {"Content-Type": "application/x-www-form-urlencoded"})
        return answer.headers["Set-Cookie"].split(";")[0]

    def page(self, path):
        answer = self.server.request("people", "GET", path, headers={"Cookie": self.session()})
        self.assertEqual(answer.status, 200, path)
        return answer.data.decode()

    def tile(self, page, words):
        found = re.search(r"<strong>(\d+)</strong> " + words, page)
        return int(found.group(1)) if found else 0

    def by(self, way):
        return next(host for host in self.list().values() if host["by"].startswith(way))

    def test_two_scans_and_an_agent(self):
        web, snapshot = self.facts("web-1", privileged=True)
        db, _ = self.facts("db-1", age_s=8 * 86400)
        self.assertEqual(self.scan(("web", web), ("db", db)).returncode, 0)
        agent = self.agent(snapshot)
        scanned = next(host for host in self.list().values() if host["name"] == "web-1" and host["id"] != agent.id)
        self.assertEqual((scanned["by"], scanned["state"], scanned["critical"]), ("SSH (OpenSSH)", "scanned", 1))
        self.assertEqual(scanned["looks_like"], agent.id)

        # Listed are three, counted two; the privileged container counts wherever it was seen.
        page = self.page("/")
        self.assertEqual(page.count("<tr>") - 1, 3)
        self.assertEqual(self.tile(page, "hosts"), 2)
        self.assertEqual(self.tile(page, "with a critical failure"), 1)
        self.assertEqual(self.tile(page, "with a stale scan"), 1)
        self.assertTrue("may be the machine of" in page)
        self.assertTrue("1 row below" in page)
        self.assertEqual(self.page("/?q=openssh").count("<tr>") - 1, 2)
        self.assertEqual(self.page("/?show=stale").count("<tr>") - 1, 1)
        self.assertIn(f"plimsoll hosts merge {scanned['id']} {agent.id}", self.hosts("list"))

        self.hosts("merge", scanned["id"], agent.id)
        self.assertEqual(len(self.list()), 2)
        page = self.page("/")
        self.assertEqual(page.count("<tr>") - 1, 2)
        self.assertEqual(self.tile(page, "hosts"), 2)
        self.assertFalse("may be the machine of" in page)
        # The history of both is to be read, and each page leads to the other.
        self.assertTrue("/hosts/" + scanned["id"] in self.page("/hosts/" + agent.id))
        page = self.page("/hosts/" + scanned["id"])
        self.assertTrue("/hosts/" + agent.id in page)
        for words in ("SSH, by the OpenSSH client", "ssh_config names a ProxyJump", "dial-stdio", fingerprint("web"),
                      "Engine and files</dt><dd><bdi>of one machine: both by one SSH connection"):
            self.assertTrue(words in page, words)
        self.assertIn("merged", self.hosts("show", scanned["id"]))
        self.assertIn(scanned["id"], self.hosts("show", agent.id))

        # Neither gets in the other's way.
        later, _ = self.facts("web-1", age_s=-60)
        self.assertEqual(self.scan(("web", later)).returncode, 0)
        self.assertTrue(agent.report(report(2, agent_facts("m", "b", "web-1"), taken_at=self.at))[1].accepted)
        self.assertEqual(len(self.list()), 2)
        self.assertEqual(self.trail("host.merge"), [(scanned["id"], agent.id)])

        self.hosts("split", scanned["id"])
        self.assertEqual(len(self.list()), 3)

    def trail(self, action):
        store = sqlite3.connect(os.path.join(self.server.data, "plimsoll.db"))
        try:
            return store.execute("SELECT object, detail FROM audit WHERE action = ?", (action,)).fetchall()
        finally:
            store.close()

    def test_a_hostile_host_hides_nobody(self):
        """It says that it is the agent's machine, then that it is the scanned one."""
        web, snapshot = self.facts("web-1")
        db, victim = self.facts("db-1", age_s=8 * 86400, privileged=True)
        self.assertEqual(self.scan(("web", web), ("db", db)).returncode, 0)
        agent = self.agent(snapshot, "web-1")
        before = self.list()
        for i, claimed in enumerate((snapshot, victim)):
            path, _ = self.facts("web-1", age_s=-1 - i, hostname="evil",
                                 host_id=claimed["host_id"], boot_id=claimed["boot_id"])
            self.assertEqual(self.scan(("evil", path)).returncode, 0)
            after = self.list()
            evil = next(host for host in after.values() if host["name"] == "evil")
            del after[evil["id"]]
            self.assertEqual(after, before)
            self.assertIsNotNone(evil["looks_like"])
            page = self.page("/")
            self.assertEqual(self.tile(page, "hosts"), 2)
            self.assertEqual(self.tile(page, "with a critical failure"), 1)
            self.assertEqual(self.tile(page, "with a stale scan"), 1)
            for host in before:
                self.assertTrue("/hosts/" + host in page, host)
        self.assertIn(agent.id, before)

    def test_one_key_on_two_machines(self):
        one, _ = self.facts("web-1")
        two, _ = self.facts("web-2", boot_id="another")
        done = self.scan(("shared", one), ("shared", two))
        self.assertEqual(done.returncode, 4)
        self.assertIn("is another machine", done.stderr)
        self.assertEqual([host["name"] for host in self.list().values()], ["web-1"])

    def test_two_agents_are_not_merged(self):
        _, snapshot = self.facts("web-1")
        one, two = self.agent(snapshot, "one"), self.agent(snapshot, "two")
        done = self.server.command("hosts", "merge", one.id, two.id)
        self.assertEqual(done.returncode, 2)
        self.assertIn("both enrolled agents", done.stderr)
        for words in ([one.id], [one.id, "nobody"], [one.id, one.id], [one.id, two.id, one.id]):
            self.assertEqual(self.server.command("hosts", "merge", *words).returncode, 2, words)
        self.assertEqual(self.server.command("hosts", "split", one.id).returncode, 2)

    def test_a_sweep_of_two_hundred_beside_a_busy_server(self):
        path, snapshot = self.facts("web-1")
        agent = self.agent(snapshot, "busy")
        pairs = []
        for i in range(200):
            file, _ = self.facts("web-1", host_id=f"machine-{i}", hostname=f"node-{i}")
            pairs.append((f"key-{i}", file))
        before = time.monotonic()
        done = self.scan(*pairs)
        print(f"200 scans stored in {time.monotonic() - before:.2f} s", file=sys.stderr)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(agent.report(report(2, agent_facts("m", "b", "busy")))[1].accepted)
        self.assertEqual(len(self.list()), 201)


if __name__ == "__main__":
    PUT_SCAN = os.path.abspath(sys.argv.pop())
    PROGRAM = os.path.abspath(sys.argv.pop())
    unittest.main(verbosity=2)
