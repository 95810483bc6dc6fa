#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
Servers that die in the middle of commits, and disks that are full: what was acknowledged stays.
Usage: test_crash.py PLIMSOLL [TEST...]; PLIMSOLL_CRASHES says how often (default 12).
"""
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

from plimsoll_server import TIMEOUT_S, Host, Server, facts, report

PROGRAM = None
SKIP = 77
CRASHES = int(os.environ.get("PLIMSOLL_CRASHES", "12"))


def stored(server):
    """What the database says about the newest reports, read as any other program would."""
    database = sqlite3.connect(f"file:{server.data}/plimsoll.db?mode=ro", uri=True)
    try:
        check = database.execute("PRAGMA integrity_check").fetchone()[0]
        broken = database.execute("PRAGMA foreign_key_check").fetchall()
        rows = database.execute("SELECT e.host, e.sequence, h.name, (SELECT count(*) FROM report r"
                                " WHERE r.engine = e.id) FROM engine e JOIN host h ON h.id = e.host")
        return check, broken, {host: (newest, name, n) for host, newest, name, n in rows}
    finally:
        database.close()


class Crashes(unittest.TestCase):
    def setUp(self):
        self.server = Server(PROGRAM)
        self.addCleanup(self.server.close)

    def kill(self):
        self.server.process.kill()
        self.server.process.wait(TIMEOUT_S)
        self.server.process.stdout.close()
        self.server.log.close()

    def test_acknowledged_reports_survive_kills_during_commits(self):
        hosts = [Host(self.server, f"h{i}") for i in range(4)]
        for host in hosts:
            self.assertEqual(host.enroll(self.server.join()["token"]).status, 200)
        acknowledged = {host.id: 0 for host in hosts}
        sequence = {host.id: 0 for host in hosts}
        chance = random.Random(1)
        for _ in range(CRASHES):
            stopping = threading.Event()

            def send(host):
                while not stopping.is_set():
                    sequence[host.id] += 1
                    n = sequence[host.id]
                    try:
                        status, reply = host.report(report(n, facts(f"name-{n}")))
                    except OSError:
                        return  # the server is dead
                    if status == 200 and reply.accepted:
                        acknowledged[host.id] = n
            threads = [threading.Thread(target=send, args=(host,)) for host in hosts]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0.05, 0.6))
            self.kill()
            stopping.set()
            for thread in threads:
                thread.join(TIMEOUT_S)
            self.server.start()
            check, broken, rows = stored(self.server)
            self.assertEqual((check, broken), ("ok", []))
            for host in hosts:
                newest, name, n = rows.get(host.id, (0, "name-0", 0))
                # At most the one that was under way is there unacknowledged. The numbers between
                # were under way in earlier rounds, and lost.
                self.assertIn(newest, (acknowledged[host.id], sequence[host.id]))
                self.assertEqual(name, f"name-{newest}")
                self.assertLessEqual(n, newest)
                sequence[host.id] = max(sequence[host.id], newest)
                acknowledged[host.id] = newest
        self.assertTrue(any(acknowledged.values()))


class FullDisk(unittest.TestCase):
    """In a mount namespace of its own: needs root, or user namespaces."""

    def test_full_disk_is_said_and_ends(self):
        script = os.path.abspath(__file__)
        done = subprocess.run(["unshare", "--map-root-user", "--mount", sys.executable, script,
                               PROGRAM, "--in-namespace"], capture_output=True, text=True,
                              timeout=10 * TIMEOUT_S)
        if "unshare" in done.stderr and done.returncode != 0:
            self.skipTest(done.stderr.strip())
        self.assertEqual(done.returncode, 0, done.stderr)


def fill(path):
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return


def in_namespace():
    """Runs the server on 4 MB, fills them, and frees them again."""
    server = Server(PROGRAM)
    try:
        assert server.stop() == 0
        kept = server.data + ".kept"
        os.rename(server.data, kept)
        os.mkdir(server.data, 0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "none", server.data],
                       check=True)
        subprocess.run(["cp", "-a", kept + "/.", server.data], check=True)
        server.start()
        host = Host(server, "host")
        assert host.enroll(server.join()["token"]).status == 200
        assert host.report(report(1, facts("before")))[1].accepted
        filler = os.path.join(server.data, "filler")
        fill(filler)
        refused, newest = 0, 1
        for sequence in range(2, 200):
            status, reply = host.report(report(sequence, facts(f"full-{sequence}" + "x" * 3000)))
            assert (status, reply.accepted) in ((200, True), (503, False)), (status, reply.error)
            if status == 503:
                assert reply.error == "the store is busy", reply.error
                refused += 1
            else:
                newest = sequence
            if refused == 3:
                break
        assert refused == 3, "the disk never was full"
        assert "full" in server.read_log(), server.read_log()[-500:]
        assert server.request("people", "GET", "/sign-in").status == 200
        os.remove(filler)
        status, reply = host.report(report(500, facts("after")))
        assert (status, reply.accepted) == (200, True), (status, reply.error)
        check, broken, rows = stored(server)
        assert (check, broken) == ("ok", []), (check, broken)
        assert rows[host.id][:2] == (500, "after"), rows
        assert newest >= 1
        assert server.stop() == 0
        subprocess.run(["umount", server.data], check=True)
    finally:
        server.close()


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    if sys.argv[1:] == ["--in-namespace"]:
        in_namespace()
    else:
        result = unittest.main(verbosity=2, exit=False).result
        for test, reason in result.skipped:
            print(f"SKIP: {test}: {reason}")
        if result.skipped and result.wasSuccessful():
            sys.exit(SKIP)
        sys.exit(not result.wasSuccessful())
