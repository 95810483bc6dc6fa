#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/quickstart on this machine, as it is: with or without a Docker Engine. Installs and builds nothing.

Usage: test_quickstart.py FOLDER-OF-PROGRAMS
"""
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

QUICKSTART = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", "deploy", "quickstart"))
PROGRAMS = None
TIMEOUT_S = 60
SKIP = 77


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def processes_below(folder):
    """Commands that name the folder: what a quickstart might have left behind."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if folder in line and int(pid) != os.getpid():
            found.append(line)
    return found


@unittest.skipIf(os.geteuid() != 0, "needs root")
class Quickstart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="plimsoll-e2e-quickstart-")
        self.addCleanup(folder.cleanup)
        self.data = os.path.join(folder.name, "data")
        self.ports = free_ports(3)

    def argv(self, *options):
        return [QUICKSTART, "--programs", PROGRAMS, "--data", self.data,
                "--ports", ",".join(map(str, self.ports)), *options]

    def once(self, *options):
        done = subprocess.run(self.argv("--once", *options), capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertEqual(processes_below(self.data), [])
        return done

    def hosts(self):
        done = subprocess.run([os.path.join(PROGRAMS, "plimsoll"), "hosts", "list", "--json", "--data",
                               os.path.join(self.data, "server")], capture_output=True, text=True, timeout=TIMEOUT_S)
        return json.loads(done.stdout)

    def test_once_says_what_a_reader_needs(self):
        done = self.once()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for words in (r"score +\d+\.\d % \(\d+ of \d+; \d+\.\d % seen\)", rf"report +{self.data}/report\.html",
                      rf"sign in +https://localhost:{self.ports[0]}/sign-in\?token=[\w-]{{43}}",
                      r"certificate +SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}",
                      rf"ssh -L {self.ports[0]}:localhost:{self.ports[0]} "):
            self.assertRegex(done.stdout, words)
        if "No Docker Engine answers" in done.stdout:
            self.assertIn("--sample-fleet", done.stdout)
        with open(os.path.join(self.data, "report.html")) as file:
            self.assertIn("CIS Docker Benchmark", file.read())
        self.assertEqual(os.stat(self.data).st_mode & 0o777, 0o700)
        self.assertEqual(len(self.hosts()), 1)

    def test_a_second_run_goes_on_with_the_same_data(self):
        first, second = self.once(), self.once("--sample-fleet")
        for done in (first, second):
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("using what is set up", second.stdout)
        self.assertIn("enrolled already", second.stdout)
        third = self.once("--sample-fleet")
        self.assertEqual(third.returncode, 0, third.stdout + third.stderr)
        states = [host["state"] for host in self.hosts()]
        self.assertEqual((states.count("current"), states.count("recorded")), (1, len(states) - 1))
        self.assertGreaterEqual(len(states), 5)
        certificates = {re.search(r"certificate +(\S+ \S+)", done.stdout).group(1) for done in (first, second, third)}
        self.assertEqual(len(certificates), 1)

    def test_an_agent_of_another_server_is_enrolled_here(self):
        self.assertEqual(self.once().returncode, 0)
        os.rename(os.path.join(self.data, "server"), os.path.join(self.data, "old"))
        done = self.once()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("enrolled at another server", done.stdout)

    def test_it_serves_until_it_is_interrupted(self):
        process = subprocess.Popen(self.argv(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            said = ""
            for line in process.stdout:
                said += line
                if "until Ctrl-C" in line:
                    break
            self.assertIn("until Ctrl-C", said)
            context = ssl.create_default_context(cafile=os.path.join(self.data, "server", "ca.crt"))
            connection = http.client.HTTPSConnection("localhost", self.ports[0], timeout=TIMEOUT_S, context=context)
            token = re.search(r"token=([\w-]{43})", said).group(1)
            connection.request("POST", "/sign-in", "token=" + token,
                               {"Content-Type": "application/x-www-form-urlencoded"})
            self.assertEqual(connection.getresponse().status, 303)
            connection.close()
            second = subprocess.run(self.argv("--once"), capture_output=True, text=True, timeout=TIMEOUT_S)
            self.assertEqual(second.returncode, 4)
            self.assertIn("another quickstart", second.stderr)
        finally:
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 0, rest)
        self.assertIn("the data stays", rest)
        self.assertEqual(processes_below(self.data), [])

    def test_a_port_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", self.ports[1])):
            done = self.once()
        self.assertEqual(done.returncode, 4)
        self.assertIn(str(self.ports[1]), done.stderr)
        self.assertIn("choose other ports", done.stderr)

    def test_usage(self):
        for options, words in ((["--frobnicate"], "unknown option"), (["--data"], "needs a value"),
                               (["--ports", "0,0,0"], "three port numbers"), (["--programs", "/nonexistent"], "no plimsoll programs")):
            done = subprocess.run([QUICKSTART, "--once", *options], capture_output=True, text=True, timeout=TIMEOUT_S)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)
        done = subprocess.run([QUICKSTART, "--help"], capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertEqual(done.returncode, 0)
        self.assertIn("--sample-fleet", done.stdout)


if __name__ == "__main__":
    PROGRAMS = os.path.abspath(sys.argv.pop(1))
    if os.geteuid() != 0:
        print("SKIP: quickstart needs root")
        sys.exit(SKIP)
    unittest.main(verbosity=2)
