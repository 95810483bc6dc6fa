#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Engines besides the rootful dockerd on its usual socket, all real and on one host: a rootless dockerd, Podman's service,
and the rootful one by TCP. expected/{rootless,podman}.json hold the truth as in test_configurations.py."""
import json
import os
import unittest

import labtest
from test_configurations import EXPECTED, summary

ROOTFUL = 'unix:///run/docker.sock'
ROOTLESS = 'unix:///run/user/4000/docker.sock'
PODMAN = 'unix:///run/podman/podman.sock'


def need_programs(lab):
    for program in ('rootlesskit', 'slirp4netns', 'newuidmap', 'podman', 'crun'):
        if lab.sh('h1', f'command -v {program}', check=False).returncode != 0:
            raise unittest.SkipTest(f'missing program: {program}')


class Engines(unittest.TestCase):
    """One host with three engines."""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(1)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        need_programs(cls.lab)
        cls.lab.sh('h1', 'chmod 755 /lab')
        for name in ('default', 'rootless', 'podman'):
            cls.lab.conf('h1', name)

    def as_anna(self, *options, environment=''):
        return self.lab.sh('h1', 'cd /; setpriv --reuid anna --regid anna --init-groups env HOME=/home/anna '
                                 f'{environment} /lab/plimsoll audit {" ".join(options)}', check=False)

    def expect(self, name, *options):
        result = self.lab.audit('h1', *options)['benchmarks'][0]
        got = {c['check']: summary(c, self.lab.network) for c in result['checks']}
        path = os.path.join(EXPECTED, f'{name}.json')
        if os.environ.get('PLIMSOLL_BLESS'):
            with open(path, 'w') as file:
                json.dump(got, file, indent=1, sort_keys=True)
                file.write('\n')
        with open(path) as file:
            want = json.load(file)
        self.assertEqual(sorted(got), sorted(want), f'{name}: the checks')
        for check in want:
            with self.subTest(engine=name, check=check):
                self.assertEqual(got[check], want[check])

    def test_rootless(self):
        self.expect('rootless', '--docker-host', ROOTLESS)

    def test_podman(self):
        self.expect('podman', '--docker-host', PODMAN)

    def test_each_is_found_and_says_who_it_is(self):
        for endpoint, key in ((ROOTFUL, 'rootful'), (ROOTLESS, 'rootless:4000'), (PODMAN, 'podman')):
            host = self.lab.audit('h1', '--docker-host', endpoint)['host']
            self.assertEqual(host['engine_key'], key)
            self.assertEqual([(e['endpoint'], e['kind'], e['user'], e['audited']) for e in host['engines']],
                             [(ROOTFUL, 'docker', 'root', endpoint == ROOTFUL),
                              (PODMAN, 'podman', 'root', endpoint == PODMAN),
                              (ROOTLESS, 'docker', 'anna', endpoint == ROOTLESS)])
            for engine in host['engines']:
                self.assertEqual(engine['command'], f'plimsoll audit --docker-host {engine["endpoint"]}')

    def test_without_a_choice_it_is_the_rootful_one_and_the_others_are_named(self):
        done = self.lab.execute('h1', '/lab/plimsoll', 'audit')
        self.assertIn('Docker of anna: plimsoll audit --docker-host ' + ROOTLESS, done.stdout)
        self.assertIn('Podman: plimsoll audit --docker-host ' + PODMAN, done.stdout)
        self.assertIn('- 3 containers,', done.stdout.splitlines()[0])
        self.assertNotIn('rootless', done.stdout.splitlines()[0])

    def test_a_user_without_access_to_the_rootful_one_gets_his_own(self):
        done = self.as_anna()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn('rootless', done.stdout.splitlines()[0])
        self.assertIn('this report is about the only other one here, ' + ROOTLESS, done.stdout)

    def test_the_context_of_the_docker_cli_is_followed(self):
        self.lab.sh('h1', f'docker context create mine --docker host={ROOTLESS} && docker context use mine')
        try:
            self.assertEqual(self.lab.audit('h1')['host']['engine_key'], 'rootless:4000')
            self.assertEqual(self.lab.audit('h1', '--docker-host', ROOTFUL)['host']['engine_key'], 'rootful')
            done = self.lab.sh('h1', 'DOCKER_CONTEXT=default /lab/plimsoll audit -o json')
            self.assertEqual(json.loads(done.stdout)['host']['engine_key'], 'rootful')
            done = self.lab.sh('h1', 'DOCKER_CONTEXT=nosuch /lab/plimsoll audit', check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn('there is no such context', done.stderr)
        finally:
            self.lab.sh('h1', 'docker context use default && docker context rm mine')

    def test_what_the_user_himself_may_not_see_is_unknown_and_nothing_else_differs(self):
        root = self.lab.verdicts('h1', '--docker-host', ROOTLESS)
        done = self.as_anna('-o', 'json', '-a', environment=f'DOCKER_HOST={ROOTLESS}')
        mine = {c['check']: c for c in json.loads(done.stdout)['benchmarks'][0]['checks']}
        for name, check in mine.items():
            with self.subTest(check=name):
                if check['verdict'] == 'unknown':
                    reasons = [check['reason']] + [i['reason'] for i in check['items']]
                    self.assertTrue(any(r and r.startswith('UK') for r in reasons), check)
                else:
                    self.assertEqual(check['verdict'], root[name]['verdict'])
        self.assertEqual(mine['container-no-sshd']['verdict'], 'unknown')
        self.assertEqual(mine['file-etc-docker-owner']['verdict'], 'pass')


class EnginesThatAreGone(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(1)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        need_programs(cls.lab)
        cls.lab.conf('h1', 'rootless')
        cls.lab.sh('h1', 'mkdir -p /run/podman && python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\'/run/podman/podman.sock\')"')
        cls.lab.sh('h1', 'systemctl stop docker docker.socket; rm -f /run/docker.sock; mv /run/podman /run/podman.away')

    def test_one_engine_after_the_other(self):
        with self.subTest('the only one is found where the usual one is gone'):
            done = self.lab.execute('h1', '/lab/plimsoll', 'audit', '-o', 'json')
            self.assertEqual(json.loads(done.stdout)['host']['engine_key'], 'rootless:4000')
            self.assertIn('No engine can be asked at ' + ROOTFUL, done.stderr)
        with self.subTest('a choice is obeyed'):
            self.assertEqual(self.lab.audit('h1', '--docker-host', ROOTFUL, exit_codes=(3,))['host']['engine_key'], 'rootful')
        with self.subTest('of two others none is taken'):
            self.lab.sh('h1', 'mv /run/podman.away /run/podman')
            self.assertEqual(self.lab.audit('h1', exit_codes=(3,))['host']['engine_key'], 'rootful')
        with self.subTest('a Docker that is merely down is what the report must be about, not Podman'):
            self.lab.sh('h1', 'mv /run/user/4000 /run/user.away')
            self.assertEqual(self.lab.audit('h1', exit_codes=(3,))['host']['engine_key'], 'rootful')
            self.lab.sh('h1', 'mv /run/user.away /run/user/4000')
        with self.subTest('a rootless engine that is down is not taken for another'):
            self.lab.sh('h1', 'kill $(cat /run/user/4000/docker.pid)')
            labtest.wait_for(lambda: self.lab.sh('h1', f'docker -H {ROOTLESS} version', check=False).returncode != 0, 'its end')
            result = self.lab.audit('h1', '--docker-host', ROOTLESS, exit_codes=(3,))
            self.assertEqual(result['host']['engine_key'], 'rootless:4000')
            passing = [c['check'] for c in result['benchmarks'][0]['checks']
                       if c['section'][0] in '257' and c['verdict'] == 'pass']
            self.assertEqual(passing, [])


if __name__ == '__main__':
    labtest.main()
