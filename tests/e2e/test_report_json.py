#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who reads nothing but the list of checks in `-o json` comes to every number of the report.

Usage: test_report_json.py PLIMSOLL
"""
import json
import os
import sys
import tempfile
import unittest
from glob import glob

from plimsoll_server import run

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
PROGRAM = None
VERDICTS = ["pass", "fail", "unknown", "manual", "not_applicable"]
WORST_FIRST = ["fail", "unknown", "manual", "pass", "not_applicable"]
SEVERITIES = ["critical", "high", "medium", "low"]
OPTIONS = [
    [],
    ["-a"],
    ["--benchmark", "1.1.0,1.6.0,1.8.0"],
    ["--only", "container-*,7", "--severity", "medium"],
    ["--skip", "5.*"],
]


def percent(part, whole):
    return None if whole == 0 else int(1000 * part / whole + 0.5) / 10


def tally(checks):
    return {verdict: sum(check["verdict"] == verdict for check in checks) for verdict in VERDICTS}


def expected_score(checks, has_docker_bench):
    counted = tally([check for check in checks if check["counts"]])
    decided = counted["pass"] + counted["fail"]
    scored = tally([check for check in checks if check["docker_bench"]])
    score = tally(checks)
    score["numerator"] = counted["pass"]
    score["denominator"] = decided + counted["unknown"]
    score["percent"] = percent(counted["pass"], score["denominator"])
    score["coverage_percent"] = percent(decided, score["denominator"])
    score["by_severity"] = {severity: tally([check for check in checks if check["severity"] == severity])
                            for severity in SEVERITIES}
    score["waived"] = 0
    score["docker_bench"] = None
    if has_docker_bench:
        score["docker_bench"] = {"checks": len(checks), "score": scored["pass"] - scored["fail"],
                                 "max": sum(scored.values()) - scored["not_applicable"]}
    return score


class Scores(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="plimsoll-e2e-report-")
        cls.addClassCleanup(folder.cleanup)
        cls.facts = sorted(glob(os.path.join(ROOT, "deploy", "sample-fleet", "*.json")))
        for name in ["default", "hardened", "swarm-manager", "podman", "matrix"]:
            cls.facts.append(cls.saved(folder.name, name))

    @staticmethod
    def saved(folder, name):
        """What an Engine answered once, as a file of saved facts."""
        with open(os.path.join(ROOT, "tests", "data", "engine", name + ".json")) as file:
            recorded = json.load(file)
        path = os.path.join(folder, name + ".json")
        with open(path, "w") as file:
            json.dump({"plimsoll_facts": 1, "envelope": {"schema": 1, "taken_at": 1795281314, "hostname": name},
                       "observed": recorded.get("observed", {}), "facts": recorded["facts"]}, file)
        return path

    def reports(self):
        for path in self.facts:
            for options in OPTIONS:
                done = run([PROGRAM, "audit", "--facts", path, "-q", "-o", "json", *options])
                self.assertIn(done.returncode, (0, 3), done.stderr)
                self.where = f"{os.path.basename(path)} {' '.join(options)}"
                yield options, json.loads(done.stdout)

    def test_every_score_follows_from_the_checks(self):
        for _, report in self.reports():
            for benchmark in report["benchmarks"]:
                self.assertEqual(benchmark["score"],
                                 expected_score(benchmark["checks"], benchmark["name"] != "cis-docker-1.1.0"), self.where)

    def test_every_verdict_follows_from_the_items(self):
        for options, report in self.reports():
            for check in (check for benchmark in report["benchmarks"] for check in benchmark["checks"]):
                listed = [item["verdict"] for item in check["items"]]
                self.assertLessEqual(len(listed), check["items_total"], self.where)
                if "-a" in options and listed:
                    self.assertEqual(check["verdict"], min(listed, key=WORST_FIRST.index),
                                     f"{self.where}: {check['check']}")
                if check["verdict"] == "fail":
                    self.assertIn("fail", listed, f"{self.where}: {check['check']}")

    def test_a_selection_never_looks_complete(self):
        for options, report in self.reports():
            for benchmark in report["benchmarks"]:
                is_filtered = "--only" in options or "--skip" in options
                self.assertEqual(benchmark["filtered"], is_filtered, self.where)
                self.assertEqual(benchmark["filter"] is not None, is_filtered, self.where)
                self.assertEqual(len(benchmark["checks"]) < benchmark["checks_total"], is_filtered, self.where)

    def test_a_baseline_counts_what_came_and_what_went(self):
        """web-1 against web-2 and itself, the older one also as reports were before items had keys."""
        then, now = (path for path in self.facts if os.path.basename(path) in ("web-1.json", "web-2.json"))
        reports = {path: json.loads(run([PROGRAM, "audit", "--facts", path, "-q", "-o", "json"]).stdout)
                   for path in (then, now)}
        fails = {path: {(check["check"], item["subject"], item["item"])
                        for check in report["benchmarks"][0]["checks"] for item in check["items"]
                        if item["verdict"] == "fail"} for path, report in reports.items()}
        unkeyed = json.loads(json.dumps(reports[then]))
        for check in unkeyed["benchmarks"][0]["checks"]:
            for item in check["items"]:
                del item["key"], item["discriminator"]
        with tempfile.TemporaryDirectory(prefix="plimsoll-e2e-baseline-") as folder:
            for facts, baseline in [(now, reports[then]), (then, reports[then]), (now, unkeyed), (then, unkeyed)]:
                path = os.path.join(folder, "baseline.json")
                with open(path, "w") as file:
                    json.dump(baseline, file)
                done = run([PROGRAM, "audit", "--facts", facts, "-q", "-o", "json", "--baseline", path])
                changes = json.loads(done.stdout)["baseline"]
                self.assertEqual(changes["new"], len(fails[facts] - fails[then]))
                self.assertEqual(changes["still"], len(fails[facts] & fails[then]))
                self.assertEqual(changes["gone"] + changes["unseen"], len(fails[then] - fails[facts]))
                self.assertEqual(sum(changes[key] for key in ("new", "gone", "still", "unseen", "unasked")),
                                 len(changes["findings"]))

    def test_moves_are_the_difference_of_the_lists(self):
        for options, report in self.reports():
            names = [benchmark["name"] for benchmark in report["benchmarks"]]
            self.assertEqual([(pair["from"], pair["to"]) for pair in report["moves"]], list(zip(names, names[1:])))
            for pair, old, new in zip(report["moves"], report["benchmarks"], report["benchmarks"][1:]):
                before, after = ({check["check"]: (check["id"], check["verdict"]) for check in side["checks"]}
                                 for side in (old, new))
                differ = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
                moves = {move["check"]: move for move in pair["checks"]}
                self.assertLessEqual(differ, moves.keys(), self.where)
                for name, move in moves.items():
                    self.assertTrue(name in differ or move["from"]["variant"] != move["to"]["variant"], move)
                    self.assertEqual(move["from"] and (move["from"]["id"], move["from"]["verdict"]), before.get(name))
                    self.assertEqual(move["to"] and (move["to"]["id"], move["to"]["verdict"]), after.get(name))
                self.assertEqual((pair["from_percent"], pair["to_percent"]),
                                 (old["score"]["percent"], new["score"]["percent"]))

    def test_items_of_a_check_are_told_apart_by_key_and_discriminator(self):
        """Replicas of one service share a key; everything else is one item."""
        for options, report in self.reports():
            for check in (check for benchmark in report["benchmarks"] for check in benchmark["checks"]):
                keys = [(item["subject"], item["key"], item["discriminator"]) for item in check["items"]
                        if item["key"] is not None and not item["key"].startswith(("service:", "compose:"))]
                self.assertEqual(len(keys), len(set(keys)), f"{self.where}: {check['check']}: {sorted(keys, key=str)}")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop()
    unittest.main(verbosity=2)
