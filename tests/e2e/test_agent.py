#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent against a real server: enrolment, delivery, and everything that may go wrong between them.

The audited host is an empty directory without an Engine, so its facts stay the same, and a good round ends with 3.
Usage: test_agent.py [TEST...] PLIMSOLL PLIMSOLL-AGENT
"""
import base64
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import unittest

from plimsoll_server import TIMEOUT_S, Server, run

PROGRAM = AGENT = None
DONE, USAGE, INCOMPLETE, IO, INTERRUPTED = 0, 2, 3, 4, 130


def join_string(contents):
    text = base64.urlsafe_b64encode(json.dumps(contents).encode()).decode().rstrip("=")
    return "plimsoll-join:" + text + "\n"


class Agent:
    """A state directory and the program that works in it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="plimsoll-e2e-agent-")
        self.root = os.path.join(self.folder.name, "root")
        self.state = os.path.join(self.folder.name, "state")
        self.environment = {"PATH": os.environ["PATH"]}
        os.mkdir(self.root)

    def close(self):
        self.folder.cleanup()

    def argv(self, command, *more):
        return [AGENT, command, "--state", self.state, *more]

    def change_facts(self, line="VERSION_ID=12"):
        os.makedirs(os.path.join(self.root, "etc"), exist_ok=True)
        with open(os.path.join(self.root, "etc/os-release"), "w") as file:
            file.write(f"ID=debian\n{line}\n")

    def collecting(self):
        return ["--root", self.root, "--docker-host", "unix:///nonexistent/docker.sock"]

    def command(self, command, *more, stdin=None):
        return subprocess.run(self.argv(command, *more), input=stdin, capture_output=True, text=True,
                              timeout=2 * TIMEOUT_S, env=self.environment)

    def enroll(self, text):
        return self.command("enroll", "--join-file", "-", stdin=text)

    def once(self):
        return self.command("run", "--once", *self.collecting())

    def start(self):
        return subprocess.Popen(self.argv("run", *self.collecting()), stderr=subprocess.PIPE,
                                text=True, env=self.environment)

    def status(self):
        return json.loads(self.command("status", "--json").stdout)

    def path(self, name):
        return os.path.join(self.state, name)

    def waiting(self):
        return [name for name in sorted(os.listdir(self.path("spool"))) if name.endswith(".report")]


class WithBoth(unittest.TestCase):
    def setUp(self):
        self.server = Server(PROGRAM)
        self.addCleanup(self.server.close)
        self.agent = Agent()
        self.addCleanup(self.agent.close)

    def token(self):
        done = self.server.command("token", "create")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def enrol(self):
        done = self.agent.enroll(self.token())
        self.assertEqual(done.returncode, DONE, done.stderr)

    def keep_ports(self):
        """A server that comes back is found where it was."""
        folder = os.path.join(self.server.data, "server.conf.d")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "ports.conf"), "w") as file:
            file.write("[listen]\n")
            file.writelines(f"{name} = 127.0.0.1:{port}\n" for name, port in self.server.ports.items())

    def delivered(self, done, with_facts):
        self.assertEqual(done.returncode, INCOMPLETE, done.stderr)
        self.assertIn(f"event=delivered reports=1 with_facts={with_facts} ", done.stderr)


class Enrolment(WithBoth):
    def test_gives_this_host_an_identity_once(self):
        text = self.token()
        self.assertEqual(self.agent.enroll(text).returncode, DONE)
        self.assertEqual(oct(os.stat(self.agent.path("identity.pem")).st_mode & 0o7777), "0o600")
        self.assertEqual(oct(os.stat(self.agent.state).st_mode & 0o7777), "0o700")
        again = self.agent.enroll(self.token())
        self.assertEqual(again.returncode, USAGE)
        self.assertIn("holds an identity already", again.stderr)
        other = Agent()
        self.addCleanup(other.close)
        replayed = other.enroll(text)
        self.assertEqual(replayed.returncode, IO)
        self.assertIn("the server refuses (401)", replayed.stderr)

    def test_another_authority_never_sees_the_secret(self):
        contents = self.server.join()
        good = contents["pin"]
        contents["pin"] = ("1" if good[0] == "0" else "0") + good[1:]
        refused = self.agent.enroll(join_string(contents))
        self.assertEqual(refused.returncode, IO)
        self.assertIn("does not show the CA", refused.stderr)
        self.assertNotIn(contents["token"].split(".")[1], refused.stderr)
        self.assertNotIn("/v1/enroll", self.server.read_log())
        contents["pin"] = good  # and so it is still good
        self.assertEqual(self.agent.enroll(join_string(contents)).returncode, DONE)

    def test_another_name_never_sees_the_secret(self):
        contents = self.server.join()
        contents["enroll"] = f"https://other.localhost:{self.server.ports['enrolment']}"
        refused = self.agent.enroll(join_string(contents))
        self.assertEqual(refused.returncode, IO, refused.stderr)
        self.assertNotIn("/v1/enroll", self.server.read_log())

    def test_damaged_strings_are_usage_errors(self):
        for text in ("", "hello", self.token()[:60], "plimsoll-join:e30\n"):
            done = self.agent.enroll(text)
            self.assertEqual(done.returncode, USAGE, done.stderr)
            self.assertIn("not a join string", done.stderr)
        missing = self.agent.command("enroll", "--join-file", "/nonexistent")
        self.assertEqual(missing.returncode, IO)


class Delivery(WithBoth):
    def setUp(self):
        super().setUp()
        self.enrol()

    def test_an_unchanged_host_costs_little(self):
        self.delivered(self.agent.once(), with_facts=1)
        for _ in range(2):
            done = self.agent.once()
            self.delivered(done, with_facts=0)
            self.assertLess(int(done.stderr.split("bytes=")[1].split()[0]), 1024)
        self.agent.change_facts()
        self.delivered(self.agent.once(), with_facts=1)

    def test_proxies_of_the_environment_play_no_part(self):
        for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            self.agent.environment[name] = "http://127.0.0.1:1"
        self.delivered(self.agent.once(), with_facts=1)

    def test_reports_wait_for_a_server_that_is_down(self):
        self.keep_ports()
        self.server.stop()
        for _ in range(2):
            done = self.agent.once()
            self.assertEqual(done.returncode, IO, done.stderr)
        self.assertEqual(len(self.agent.waiting()), 2)
        self.assertEqual(self.agent.command("status").returncode, IO)
        self.server.start()
        done = self.agent.command("ship")
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertIn("reports=2", done.stderr)
        self.assertEqual(self.agent.waiting(), [])
        self.assertEqual(self.agent.command("status").returncode, DONE)

    def test_a_lost_counter_finds_its_place(self):
        self.delivered(self.agent.once(), with_facts=1)
        with open(self.agent.path("sequence"), "w") as file:
            file.write("0\n")
        self.agent.change_facts()  # another report than the one that has this number
        done = self.agent.once()
        self.assertEqual(done.returncode, INCOMPLETE, done.stderr)
        with open(self.agent.path("sequence")) as file:
            self.assertGreater(int(file.read()), 1)
        self.assertEqual(self.agent.waiting(), [])

    def test_a_kill_at_any_moment_loses_nothing_and_blocks_nothing(self):
        chance = random.Random(1)
        for kill in range(int(os.environ.get("PLIMSOLL_KILLS", "15"))):
            if kill % 3 == 0:
                self.agent.change_facts(f"VERSION_ID={kill}")
            process = subprocess.Popen(self.agent.argv("run", "--once", *self.agent.collecting()),
                                       stderr=subprocess.DEVNULL, env=self.agent.environment)
            try:
                process.wait(chance.uniform(0, 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        done = self.agent.once()
        self.assertEqual(done.returncode, INCOMPLETE, done.stderr)
        self.assertEqual(self.agent.waiting(), [])
        left = [name for name in os.listdir(self.agent.state) if name.startswith(".tmp")]
        self.assertEqual(left, [])
        self.assertEqual(os.listdir(self.agent.path("spool/bad")), [])

    def test_a_retired_host_is_told(self):
        self.delivered(self.agent.once(), with_facts=1)
        host = self.agent.status()["host_id"]
        self.assertEqual(self.server.command("hosts", "retire", host).returncode, 0)
        done = self.agent.once()
        self.assertEqual(done.returncode, IO)
        self.assertIn("retired or revoked", done.stderr)
        self.assertEqual(self.agent.command("leave").returncode, DONE)
        self.assertEqual(self.agent.command("status").returncode, USAGE)
        for name in ("identity.pem", "ca.pem", "server.json"):
            self.assertFalse(os.path.exists(self.agent.path(name)), name)

    def test_one_agent_at_a_time_and_signals_end_it(self):
        for number, code in ((signal.SIGTERM, DONE), (signal.SIGINT, INTERRUPTED)):
            process = self.agent.start()
            line = process.stderr.readline()
            while "event=next" not in line:
                self.assertNotEqual(line, "", "the agent ended")
                line = process.stderr.readline()
            second = self.agent.once()
            self.assertEqual(second.returncode, IO)
            self.assertIn("another plimsoll-agent is at work", second.stderr)
            process.send_signal(number)
            self.assertEqual(process.wait(TIMEOUT_S), code)
            process.stderr.close()


class Commands(unittest.TestCase):
    def test_usage_errors(self):
        cases = (
            ([], USAGE, "usage:"),
            (["frobnicate"], USAGE, "unknown command"),
            (["enrol"], USAGE, "did you mean 'enroll'?"),
            (["enroll"], USAGE, "--join-file is missing"),
            (["enroll", "--join-fil", "x"], USAGE, "did you mean --join-file?"),
            (["run", "word"], USAGE, "unexpected word"),
            (["run", "--once", "--state", "/nonexistent"], USAGE, "not enrolled"),
            (["run", "--config", "/nonexistent"], USAGE, "/nonexistent"),
            (["ship", "--state", "/nonexistent"], USAGE, "not enrolled"),
            (["status", "--state", "/nonexistent"], USAGE, "not enrolled"),
            (["leave", "--state", "/nonexistent"], USAGE, "not enrolled"),
        )
        for argv, code, words in cases:
            with self.subTest(argv):
                done = run([AGENT, *argv])
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertEqual(done.stdout, "")

    def test_every_command_has_help(self):
        overview = run([AGENT, "--help"]).stdout
        names = [line.split()[0] for line in overview.splitlines() if line.startswith("  ")]
        self.assertGreaterEqual(len(names), 7)
        for name in names:
            done = run([AGENT, name, "--help"])
            self.assertEqual(done.returncode, DONE, done.stderr)
            self.assertTrue(done.stdout.startswith(f"usage: plimsoll-agent {name}"), name)
            self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    AGENT = os.path.abspath(sys.argv.pop())
    PROGRAM = os.path.abspath(sys.argv.pop())
    unittest.main(verbosity=2)
