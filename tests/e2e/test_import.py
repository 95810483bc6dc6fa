#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`plimsoll hosts import`: saved facts get the verdicts that `plimsoll audit` gives them, once each.

Usage: test_import.py PLIMSOLL PLIMSOLL-AGENT
"""
import json
import os
import sys
import tempfile
import unittest
from glob import glob

from plimsoll_server import Server, run

FLEET = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", "deploy", "sample-fleet"))
PROGRAM = AGENT = None


def sample(name):
    with open(os.path.join(FLEET, name + ".json")) as file:
        return json.load(file)


class Import(unittest.TestCase):
    def setUp(self):
        self.server = Server(PROGRAM)
        self.addCleanup(self.server.close)
        self.folder = tempfile.TemporaryDirectory(prefix="plimsoll-e2e-import-")
        self.addCleanup(self.folder.cleanup)

    def write(self, name, document):
        path = os.path.join(self.folder.name, name)
        with open(path, "w") as file:
            file.write(document if isinstance(document, str) else json.dumps(document))
        return path

    def load(self, *paths):
        return self.server.command("hosts", "import", *paths)

    def hosts(self):
        return {host["name"]: host for host in json.loads(self.server.command("hosts", "list", "--json").stdout)}

    def test_the_sample_fleet_scores_as_an_audit_of_its_facts(self):
        paths = sorted(glob(os.path.join(FLEET, "*.json")))
        self.assertGreaterEqual(len(paths), 4)
        done = self.load(*paths)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        hosts = self.hosts()
        self.assertEqual(len(hosts), len(paths))
        for path in paths:
            audit = json.loads(run([PROGRAM, "audit", "--facts", path, "-q", "-o", "json"]).stdout)
            score = audit["benchmarks"][0]["score"]
            host = hosts[audit["host"]["name"]]
            for key in ("numerator", "denominator", "fail", "unknown"):
                self.assertEqual(host[key], score[key], f"{path}: {key}")
            self.assertEqual(host["state"], "recorded")

    def test_a_file_counts_once(self):
        path = os.path.join(FLEET, "web-1.json")
        first, second = self.load(path), self.load(path)
        self.assertIn("imported", first.stdout)
        self.assertIn("there already", second.stdout)
        self.assertEqual(second.returncode, 0)
        self.assertEqual(len(self.hosts()), 1)
        self.assertEqual(self.load(path, path, path).stdout.count("there already"), 3)

    def test_newer_facts_of_a_host_replace_older_ones(self):
        older, newer = sample("web-1"), sample("web-1")
        newer["envelope"]["taken_at"] += 60
        newer["facts"]["container"][0]["privileged"] = True
        self.assertEqual(self.load(self.write("newer", newer)).returncode, 0)
        worse = self.hosts()["web-1"]
        done = self.load(self.write("older", older))
        self.assertIn("kept as history", done.stdout)
        self.assertEqual(self.hosts()["web-1"], worse)
        self.assertEqual(worse["critical"], 1)

    def test_other_facts_of_the_same_moment_are_refused(self):
        changed = sample("web-1")
        changed["facts"]["container"][0]["privileged"] = True
        self.assertEqual(self.load(os.path.join(FLEET, "web-1.json")).returncode, 0)
        done = self.load(self.write("changed", changed))
        self.assertEqual(done.returncode, 4)
        self.assertIn("imported before", done.stderr)

    def test_errors_name_the_file_and_the_place_and_stop_no_other(self):
        typed, nameless, untimed, hostile = (sample("web-2") for _ in range(4))
        typed["facts"]["container"][0]["memory"] = "much"
        del nameless["facts"]["snapshot"]["host_id"], nameless["facts"]["snapshot"]["hostname"]
        del untimed["envelope"]["taken_at"]
        hostile["envelope"]["engine_key"] = "../rootful"
        cases = (("typed", typed, "facts.container[0].memory"), ("nameless", nameless, "facts.snapshot"),
                 ("untimed", untimed, "taken_at"), ("hostile", hostile, "engine_key"),
                 ("cut", json.dumps(sample("web-2"))[:500], "line 1 column"), ("other", "[]", "no saved facts"))
        paths = [self.write(name, document) for name, document, _ in cases]
        done = self.load(*paths, "/nonexistent", os.path.join(FLEET, "db-1.json"))
        self.assertEqual(done.returncode, 4)
        for line, (name, _, words) in zip(done.stderr.splitlines(), cases):
            self.assertIn(os.path.join(self.folder.name, name), line)
            self.assertIn(words, line)
        self.assertIn("/nonexistent", done.stderr)
        self.assertEqual(list(self.hosts()), ["db-1"])

    def test_a_retired_host_stays_out(self):
        path = os.path.join(FLEET, "web-1.json")
        self.assertEqual(self.load(path).returncode, 0)
        self.assertEqual(self.server.command("hosts", "retire", "web-1").returncode, 0)
        newer = sample("web-1")
        newer["envelope"]["taken_at"] += 60
        done = self.load(self.write("newer", newer))
        self.assertEqual(done.returncode, 4)
        self.assertIn("retired", done.stderr)

    def test_what_an_agent_collects_can_be_imported(self):
        """From a host that cannot reach the server: the facts come on a stick."""
        root = os.path.join(self.folder.name, "root")
        os.makedirs(os.path.join(root, "etc"))
        with open(os.path.join(root, "etc", "machine-id"), "w") as file:
            file.write("0123456789abcdef0123456789abcdef\n")
        collected = run([AGENT, "collect", "--json", "--root", root, "--docker-host", "unix:///nonexistent/docker.sock"])
        self.assertEqual(collected.returncode, 3, collected.stderr)
        done = run([PROGRAM, "hosts", "import", "-", "--data", self.server.data], collected.stdout)
        self.assertEqual(done.returncode, 0, done.stderr)
        host, = self.hosts().values()
        self.assertGreater(host["unknown"], 50)

    def test_usage(self):
        done = self.load()
        self.assertEqual(done.returncode, 2)
        self.assertIn("files of saved facts", done.stderr)


if __name__ == "__main__":
    AGENT = os.path.abspath(sys.argv.pop())
    PROGRAM = os.path.abspath(sys.argv.pop())
    unittest.main(verbosity=2)
