#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An engine that is absent, refuses, hangs, answers 500 or garbage, or closes in mid-body: the audit ends within its
deadline with exit 3, says what is unknown and why, and passes nothing that the engine would have had to answer.
The troubled engines here are small servers on unix sockets; the one that is really stopped is a real dockerd."""
import json
import os
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import labtest

PLIMSOLL = os.path.join(labtest.BUILD, 'plimsoll')
DEADLINE_S = 75  # 60 s for all calls, and the host's side


class Engine:
    """One answer for every request on a unix socket."""

    def __init__(self, answer):
        self.answer = answer
        self.folder = tempfile.TemporaryDirectory(prefix='plimsoll-engine-')
        self.path = os.path.join(self.folder.name, 'docker.sock')
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        with connection:
            try:
                while True:
                    request = b''
                    while b'\r\n\r\n' not in request:
                        part = connection.recv(65536)
                        if not part:
                            return
                        request += part
                    answer = self.answer(request.split(b' ')[1].decode())
                    if answer is None:  # hangs: reads on, never answers
                        while connection.recv(65536):
                            pass
                        return
                    connection.sendall(answer)
                    if b'Connection: close' in answer:
                        return
            except OSError:
                return


def http(status, body, length=None, close=True):
    return (f'HTTP/1.1 {status}\r\nContent-Type: application/json\r\nApi-Version: 1.41\r\nContent-Length: '
            f'{len(body) if length is None else length}\r\n{"Connection: close" + chr(13) + chr(10) if close else ""}\r\n').encode() + body


TROUBLES = {
    'hangs': lambda path: None,
    'answers 500': lambda path: http('500 Internal Server Error', b'{"message":"broken"}'),
    'answers garbage': lambda path: b'\x00\xff\xfe garbage \x1b[31m\r\n\r\nConnection: close',
    'answers JSON that is none': lambda path: http('200 OK', b'{"Id": tru'),
    'closes in mid-body': lambda path: http('200 OK', b'[{"Id":"', length=100000),
    'answers the wrong type': lambda path: http('200 OK', b'"a string"'),
    'pings, then hangs': lambda path: http('200 OK', b'OK', close=False) if path.endswith('_ping') else None,
}


class DaemonTrouble(unittest.TestCase):
    def audit(self, endpoint):
        start = time.monotonic()
        done = subprocess.run([PLIMSOLL, 'audit', '-o', 'json', '-a', '--docker-host', endpoint], capture_output=True,
                              text=True, check=False, timeout=2 * DEADLINE_S)
        return done, time.monotonic() - start

    def assert_incomplete(self, done, took, why):
        self.assertEqual(done.returncode, 3, f'{why}: {done.stdout[:500]} {done.stderr}')
        self.assertLess(took, DEADLINE_S, why)
        self.assertNotIn('\x1b', done.stderr)
        checks = json.loads(done.stdout)['benchmarks'][0]['checks']
        for check in checks:
            if check['section'] in ('2', '5', '7'):
                self.assertEqual(check['verdict'], 'unknown', f'{why}: {check}')
                self.assertTrue(check['reason'], f'{why}: {check}')

    def test_troubled_engines(self):
        results = {}

        def run(name, answer):
            results[name] = self.audit('unix://' + Engine(answer).path)

        threads = [threading.Thread(target=run, args=item) for item in TROUBLES.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in TROUBLES:
            with self.subTest(engine=name):
                self.assert_incomplete(*results[name], name)

    def test_nobody_listens_on_the_socket(self):
        engine = Engine(lambda path: None)
        engine.listener.close()
        self.assert_incomplete(*self.audit('unix://' + engine.path), 'refuses')

    def test_there_is_no_socket(self):
        self.assert_incomplete(*self.audit('unix:///run/plimsoll-no-such.sock'), 'no socket')

    def test_a_real_daemon_that_is_stopped(self):
        with labtest.Lab(1) as lab:
            lab.conf('h1', 'default')
            lab.sh('h1', 'docker kill $(docker ps -q); systemctl stop docker.socket docker; rm -f /run/docker.sock; ! pgrep -x dockerd')
            result = lab.audit('h1', exit_codes=(3,))
            checks = {c['check']: c for c in result['benchmarks'][0]['checks']}
            for name, check in checks.items():
                if check['section'] in ('2', '5', '7'):
                    self.assertEqual(check['verdict'], 'unknown', check)
                    self.assertTrue(check['reason'].startswith('UK_DAEMON_DOWN: '), check)
            # files are still judged
            self.assertEqual(checks['file-docker-service-perms']['verdict'], 'pass')
            self.assertEqual(checks['file-daemon-json-perms']['verdict'], 'not_applicable')

    def test_this_machine_with_its_daemon_stopped(self):
        # Only in the kernel's first pid namespace, which a lab host never has, can it be seen that no dockerd runs.
        first = os.readlink('/proc/self/ns/pid') == 'pid:[4026531836]'
        if os.geteuid() != 0 or os.path.exists('/run/docker.sock') or not os.path.exists('/usr/sbin/dockerd'):
            self.skipTest('needs root on a machine with a dockerd that is not running')
        done, took = self.audit('unix:///run/docker.sock')
        self.assert_incomplete(done, took, 'stopped')
        checks = {c['check']: c for c in json.loads(done.stdout)['benchmarks'][0]['checks']}
        self.assertEqual(checks['daemon-icc-disabled']['reason'].split(':')[0], 'UK_DAEMON_DOWN')
        self.assertEqual(checks['file-docker-sock-perms']['verdict'], 'not_applicable' if first else 'unknown')


if __name__ == '__main__':
    labtest.main()
