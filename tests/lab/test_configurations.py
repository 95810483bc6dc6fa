#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three real hosts (default, hardened, dangerous): the verdict and the items of every check; see expectations.py."""
import os
import unittest

import labtest
import planted
from expectations import STAND_IN, expect, plain

CONFIGURATIONS = ('default', 'hardened', 'dangerous')


class Configurations(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(len(CONFIGURATIONS))
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        for k, name in enumerate(CONFIGURATIONS, 1):
            cls.lab.conf(f'h{k}', name)

    def test_every_verdict_and_item(self):
        for k, name in enumerate(CONFIGURATIONS, 1):
            expect(self, self.lab, self.lab.verdicts(f'h{k}'), name)

    def test_every_item_has_evidence(self):
        for k, name in enumerate(CONFIGURATIONS, 1):
            for check in self.lab.audit(f'h{k}')['benchmarks'][0]['checks']:
                for item in check['items']:
                    if item['verdict'] == 'fail':
                        self.assertTrue(item['observed'] and item['expected'], f'{name}: {check["check"]}: {item}')
                    if item['verdict'] == 'unknown':
                        self.assertTrue(item['reason'], f'{name}: {check["check"]}: {item}')

    def found(self, checks, *verdicts):
        """check -> {item: observed}"""
        found = {}
        for name, check in checks.items():
            items = {plain(i['item'], self.lab.network): i['observed'] or '' for i in check['items']
                     if i['verdict'] in verdicts and i['item'] != STAND_IN}
            if items:
                found[name] = items
        return found

    def expect_found(self, found, row):
        words, check, items = row
        for item, observed in items.items():
            with self.subTest(words=words, check=check, item=item):
                self.assertIn(observed, found.get(check, {}).get(item, 'nothing found'))

    def test_the_planted_faults_are_found_and_nothing_is_invented(self):
        checks = self.lab.verdicts('h3')
        # A kernel without AppArmor cannot lack a profile.
        idle = {name for name, check in checks.items() if (check['reason'] or '').startswith('NA_NO_LSM')}
        rows = [row for row in planted.PLANTED if row[1] not in idle]
        wanted = {check: set(items) for check, items in planted.LEFT_OUT.items()}
        failed = self.found(checks, 'fail')
        for row in rows:
            self.expect_found(failed, row)
            wanted.setdefault(row[1], set()).update(row[2])
        self.assertEqual({check: sorted(items) for check, items in failed.items()},
                         {check: sorted(items) for check, items in wanted.items()})
        shown = self.found(checks, 'manual')
        for row in planted.SHOWN:
            self.expect_found(shown, row)
        for words, check, item in planted.BAIT:
            self.assertNotIn(item, {**failed, **shown}.get(check, {}), words)
        self.assertEqual(self.found(checks, 'unknown'), {})

    def test_the_hardened_host_fails_for_what_is_true_and_nothing_is_unknown(self):
        checks = self.lab.verdicts('h2')
        self.assertEqual({check: sorted(items) for check, items in self.found(checks, 'fail').items()}, planted.HARDENED)
        self.assertEqual(self.found(checks, 'unknown'), {})

    def test_the_list_of_planted_faults_is_that_of_the_scripts(self):
        scripts = ''
        for name in ('conf-dangerous.sh', 'images.sh'):
            with open(os.path.join(labtest.HERE, 'inside', name)) as file:
                scripts += file.read()
        for words, *_ in planted.PLANTED + planted.SHOWN + planted.BAIT:
            self.assertIn(words, scripts)


if __name__ == '__main__':
    labtest.main()
