#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the auditor may not see is unknown and says so: a member of the docker group, a user without access."""
import unittest

import labtest


class Privileges(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(1)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.lab.conf('h1', 'default')
        cls.lab.sh('h1', 'useradd -m member; usermod -aG docker member; useradd -m stranger; chmod 755 /lab')

    def audit_as(self, user, *options):
        command = '/lab/plimsoll audit ' + ' '.join(options)
        return self.lab.execute('h1', 'su', '-s', '/bin/sh', user, '-c', command, check=False)

    def test_a_member_of_the_docker_group_gets_an_audit_with_honest_coverage(self):
        import json
        done = self.audit_as('member', '-o', 'json', '-a')
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(done.stdout)['benchmarks'][0]
        root = self.lab.audit('h1')['benchmarks'][0]
        self.assertLess(result['score']['coverage_percent'], root['score']['coverage_percent'])
        mine = {c['check']: c for c in result['checks']}
        theirs = {c['check']: c for c in root['checks']}
        for name, check in mine.items():
            if check['verdict'] != theirs[name]['verdict']:
                self.assertEqual(check['verdict'], 'unknown', f'{name}: {check} but root says {theirs[name]["verdict"]}')
        self.assertEqual(mine['container-no-sshd']['verdict'], 'unknown')
        self.assertEqual(mine['container-readonly-rootfs']['verdict'], theirs['container-readonly-rootfs']['verdict'])

    def test_it_says_once_what_root_would_add(self):
        done = self.audit_as('member')
        self.assertEqual(done.returncode, 0, done.stderr)
        text = done.stdout + done.stderr
        self.assertEqual(text.count('As root they can be decided'), 1, text)

    def test_a_user_without_access_gets_an_incomplete_audit(self):
        done = self.audit_as('stranger')
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn('docker', done.stderr + done.stdout)


if __name__ == '__main__':
    labtest.main()
