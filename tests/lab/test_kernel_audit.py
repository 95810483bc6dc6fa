#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The kernel's own audit list, read over netlink on the machine itself. There is one list for the whole machine: the
rules that stood there before the test stand there after it."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import labtest

AUDITCTL = shutil.which('auditctl', path='/usr/sbin:/sbin')
AGENT = os.path.join(labtest.BUILD, 'plimsoll-agent')


def auditctl(*arguments):
    return subprocess.run([AUDITCTL, *arguments], capture_output=True, text=True, check=False)


class KernelAudit(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest('needs root')
        if AUDITCTL is None:
            self.skipTest('auditctl is not installed')
        before = auditctl('-l')
        if before.returncode != 0:
            self.skipTest(f'the kernel refuses audit requests: {before.stderr.strip()}')
        self.before = before.stdout
        self.folder = tempfile.mkdtemp(prefix='plimsoll-audit-')
        self.addCleanup(shutil.rmtree, self.folder)
        os.mkdir(self.path('d'))
        open(self.path('f'), 'w').close()
        self.added = []

    def tearDown(self):
        for rule in reversed(self.added):
            auditctl(*rule)
        self.assertEqual(auditctl('-l').stdout, self.before, 'the rule list is as it was')

    def path(self, name):
        return os.path.join(self.folder, name)

    def add(self, *rule):
        done = auditctl(*rule)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.added.append(({'-w': '-W', '-a': '-d', '-A': '-d'}[rule[0]], *rule[1:]))

    def collect(self):
        done = subprocess.run([AGENT, 'collect', '--json', '--docker-host', f'unix://{self.path("none.sock")}'],
                              capture_output=True, text=True, check=False)
        self.assertTrue(done.stdout, done.stderr)
        return json.loads(done.stdout)['facts']

    def rules(self, facts):
        return [r for r in facts.get('audit_rule', []) if r['origin'] == 'loaded' and self.folder in r.get('path', '')]

    def test_path_and_dir_rules_are_told_apart(self):
        self.add('-w', self.path('d'), '-p', 'wa', '-k', 'plimsoll-dir')
        self.add('-w', self.path('f'), '-p', 'rwxa', '-k', 'plimsoll-file')
        self.add('-a', 'always,exit', '-F', f'path={self.path("d")}', '-F', 'perm=wa', '-F', 'auid>=1000', '-F', 'key=plimsoll-path')
        self.add('-a', 'never,exit', '-F', f'dir={self.path("d")}', '-F', 'exe=/usr/bin/du')
        facts = self.collect()
        self.assertEqual(facts['audit_status']['source'], 'netlink')
        self.assertEqual(facts['audit_status']['status'], 'ok')
        watch, whole, path, never = self.rules(facts)
        self.assertEqual([r.get('n') for r in (watch, whole, path, never)], sorted(r['n'] for r in self.rules(facts)))
        self.assertTrue(watch['dir'])
        self.assertEqual((watch['list'], watch['action'], sorted(watch['perms']), watch['key']),
                         ('exit', 'always', ['a', 'w'], 'plimsoll-dir'))
        self.assertFalse(whole['dir'])
        self.assertEqual(sorted(whole['perms']), ['a', 'r', 'w', 'x'])
        self.assertFalse(path['dir'])
        self.assertEqual([(f['name'], f['op'], f['value']) for f in path['field']], [('auid', '>=', '1000')])
        self.assertEqual(never['action'], 'never')
        self.assertEqual([f['name'] for f in never['field']], ['exe'])

    def test_an_empty_list_is_seen_and_empty(self):
        facts = self.collect()
        self.assertEqual(facts['audit_status']['status'], 'ok')
        self.assertEqual(self.rules(facts), [])


if __name__ == '__main__':
    labtest.main()
