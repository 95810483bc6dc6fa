#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A connection that ends, or falls silent, at any byte: what the report then has is what the whole one has, or unknown.

  test_scan_cuts.py            about 25 places for each transport
  PLIMSOLL_CUT_STRIDE=997      every 997th byte of both directions

Bounded in time, and nothing stays: no process, no folder, no descriptor. Under the sanitizers no leak either."""
import os
import time
import unittest

import labtest
import scanning
import ssh_site

TRANSPORTS = ('libssh2', 'openssh')
STRIDE = int(os.environ.get('PLIMSOLL_CUT_STRIDE', '0'))
PLACES = 25       # without a stride
BATCH = 64        # cut connections of one sweep
JOBS = 32
LONG_SECONDS = 3500
SILENCE_S = 5     # deadline of a host in a sweep where connections fall silent
PATIENCE_S = 60   # beyond it on a busy machine; a hang is far above it


class Cuts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(1)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.site = ssh_site.Site(within=['ip', 'netns', 'exec', cls.lab.env['LAB_NS']])
        cls.addClassCleanup(cls.site.__exit__)
        cls.lab.conf('h1', 'default')
        cls.door = ssh_site.Door(cls.lab, cls.site, 'h1')
        cls.door.sshd('whole', 'MaxStartups 100')
        cls.to = [cls.door.address, cls.door.port]
        cls.scanner = scanning.Scanner(cls.site)
        cls.serial = 0

    def cut(self, ends, transport, seconds_each, jobs=JOBS, watch=None):
        """One sweep with a relay for each end; gives the scan and the relay's tallies."""
        relays = self.site.relays([{'to': self.to, **end} for end in ends])
        names = []
        with relays:
            for port in relays.ports:
                Cuts.serial += 1
                names.append(self.site.alias(f'cut{Cuts.serial}', '127.0.0.1', port, HostKeyAlias='whole'))
            self.site.know('whole', 22, self.door.host_key('host') + '.pub')
            began = time.monotonic()
            scan = self.scanner.scan(*names, transport=transport, seconds_each=seconds_each, jobs=jobs, watch=watch)
            took = time.monotonic() - began
        self.assertIn(scan.code, (0, 3, 4), scan.stderr)
        self.assertNotIn('Sanitizer', scan.stderr)
        rounds = -(-len(ends) // jobs)
        self.assertLess(took, PATIENCE_S + rounds * seconds_each, 'it hangs')
        self.assertEqual(ssh_site.processes_below(os.getpid()), [], 'a process stayed')
        self.assertEqual(os.listdir(self.site.path('tmp')) + os.listdir(self.site.path('run')), [], 'a folder stayed')
        hosts = [scan.host(name) for name in names]
        scan.forget()
        return hosts, relays.tallies

    def places(self, size):
        step = STRIDE or max(1, size // PLACES)
        return list(range(0, size, step))

    def sweep(self, direction, then, transport, seconds_each):
        (whole,), (tally,) = self.cut([{}], transport, PATIENCE_S)
        self.assertTrue(whole.audited, whole.row)
        partial = 0
        places = self.places(tally[direction])
        for at in range(0, len(places), BATCH):
            ends = [{direction: {'after': place, 'then': then}} for place in places[at:at + BATCH]]
            for end, host in zip(ends, self.cut(ends, transport, seconds_each)[0]):
                with self.subTest(transport=transport, end=end):
                    self.check(host, whole)
                    partial += host.audited
        return partial

    def check(self, host, whole):
        if not host.audited:
            self.assertIn(host.reason, ('connection-lost', 'time-out', 'no-shell', 'refused'), host.row)
            return
        self.assertEqual(scanning.claims_more(host.verdicts, whole.verdicts), [])

    def test_the_answers_break_off(self):
        for transport in TRANSPORTS:
            self.sweep('down', 'reset', transport, PATIENCE_S)

    def test_the_questions_break_off(self):
        for transport in TRANSPORTS:
            self.sweep('up', 'close', transport, PATIENCE_S)

    def test_the_answers_stop(self):
        for transport in TRANSPORTS:
            self.sweep('down', 'stall', transport, SILENCE_S)
    def test_the_descriptors_of_a_sweep_do_not_grow(self):
        """One connection after the other breaks; between two of them stand as many descriptors as before."""
        for transport in TRANSPORTS:
            counts = []
            ends = [{'down': {'after': place, 'then': 'reset'}} for place in range(1000, 25000, 1000)]
            self.cut(ends, transport, PATIENCE_S, jobs=1, watch=lambda pid: counts.append(descriptors(pid)))
            half = len(counts) // 2  # the first half has the start of the process
            self.assertLessEqual(min(counts[-half // 2:]), min(counts[half // 2:half]), counts)


def descriptors(pid):
    try:
        return len(os.listdir(f'/proc/{pid}/fd'))
    except FileNotFoundError:
        return 1 << 20


if __name__ == '__main__':
    labtest.main(LONG_SECONDS if STRIDE else labtest.TEST_SECONDS)
