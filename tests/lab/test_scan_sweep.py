#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sweep over a dozen light hosts with all that goes wrong in a fleet: every report is that of the agent on the host, one
that refuses, one that hangs, one with another key and one without an engine delay nobody, and an interrupted sweep goes
on."""
import os
import signal
import subprocess
import time
import unittest

import labtest
import light_fleet
import scanning
import ssh_site

HOSTS = 12
WITHOUT_ENGINE = 7
SILENT_S = 15  # deadline of a host


class Sweep(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        probe = subprocess.run([os.path.join(labtest.HERE, 'lab'), 'check'], capture_output=True, text=True)
        if probe.returncode == labtest.SKIP:
            raise unittest.SkipTest(probe.stderr.strip())
        cls.site = ssh_site.Site()
        cls.addClassCleanup(cls.site.__exit__)
        cls.fleet = light_fleet.Fleet(HOSTS, cls.site.key + '.pub', without_engine=[WITHOUT_ENGINE])
        cls.fleet.__enter__()
        cls.addClassCleanup(cls.fleet.__exit__)
        cls.site.within = cls.fleet.within
        cls.names = cls.fleet.introduce(cls.site)
        agent = os.path.join(labtest.BUILD, 'plimsoll-agent')
        cls.right = {name: cls.fleet.facts(k, agent) for k, name in enumerate(cls.names)}
        cls.scanner = scanning.Scanner(cls.site)
        # Those with which something is wrong come first: they hold slots while the others wait.
        other = cls.site.write('known-other', '')
        cls.site.know(light_fleet.address(0), 22, cls.site.key + '.pub', file='known-other')
        cls.site.alias('impostor', light_fleet.address(0), 22, UserKnownHostsFile=other)
        cls.site.alias('closed', light_fleet.address(HOSTS + 1), 22)
        # Behind this one somebody accepts and never says a word.
        relays = cls.site.relays([{'to': [light_fleet.address(0), 22], 'down': {'after': 0, 'then': 'stall'}}])
        relays.__enter__()
        cls.addClassCleanup(relays.__exit__)
        cls.site.alias('silent', '127.0.0.1', relays.ports[0])

    def expect_right(self, scan):
        for name, right in self.right.items():
            host = scan.host(name)
            self.assertTrue(host.audited, host.row)
            found = scanning.differences(scanning.without_peer(host.facts), scanning.without_peer(right))
            self.assertEqual(found, [], name)

    def test_whoever_is_out_of_reach_delays_nobody(self):
        for transport in ('libssh2', 'openssh'):
            with self.subTest(transport=transport):
                began = time.time()
                scan = self.scanner.scan('silent', 'impostor', 'closed', *self.names, transport=transport, jobs=3,
                                         seconds_each=SILENT_S)
                self.expect_right(scan)
                reasons = {name: scan.host(name).reason for name in ('silent', 'impostor', 'closed')}
                self.assertEqual(reasons, {'silent': 'time-out', 'impostor': 'key-changed', 'closed': 'refused'})
                self.assertEqual(scan.host(self.names[WITHOUT_ENGINE]).reason, 'engine-not-asked')
                self.assertEqual(scan.code, 4, scan.stderr)
                latest = max(scan.host(name).envelope['taken_at'] for name in self.names)
                self.assertLess(latest - began, SILENT_S, 'they waited for the one that hangs')
                for words in ('refused', 'time-out', 'host key changed', 'the Engine did not answer'):
                    self.assertEqual(scan.stderr.count(words) + scan.stdout.count(words) > 0, True, (words, scan.stderr))

    def test_an_interrupted_sweep_goes_on_where_it_stopped(self):
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal.Signals(signal_number).name):
                self.interrupt(signal_number)

    def interrupt(self, signal_number):
        path = self.site.path(f'journal-{signal_number}')
        first = self.scanner.prepare('silent', *self.names, jobs=2, seconds_each=SILENT_S, options=['--resume', path])
        first.run(watch=Interruption(path, 4, signal_number).look)
        self.assertEqual(first.code, 130, first.stderr)
        done = [name for name in self.names if name in first.rows and first.host(name).audited]
        self.assertTrue(0 < len(done) < HOSTS, first.rows.keys())
        kept = {name: first.host(name) for name in done}
        time.sleep(1)  # so that the seconds in which they were collected tell the runs apart
        began = int(time.time())
        second = first.run()
        self.assertEqual(second.code, 4, second.stderr)  # the silent one is still out of reach
        self.expect_right(second)
        for name in self.names:
            self.assertEqual(second.host(name).envelope['taken_at'] < began, name in kept, name)


class Interruption:
    """A signal once so many lines stand in the journal."""

    def __init__(self, path, lines, signal_number):
        self.path, self.lines, self.signal_number, self.sent = path, lines, signal_number, False

    def look(self, pid):
        if not self.sent and os.path.exists(self.path):
            with open(self.path) as file:
                if file.read().count('\n') >= self.lines:
                    os.kill(pid, self.signal_number)
                    self.sent = True


if __name__ == '__main__':
    labtest.main()
