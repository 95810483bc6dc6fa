#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A machine behind SSH gives the same facts as an agent on it, by whichever transport and way to its Engine; what cannot
be seen, reached or trusted is said, and nothing is taken from another machine."""
import json
import os
import subprocess
import unittest

import labtest
import ssh_site

PROBE = os.path.join(labtest.BUILD, 'tests/lab/ssh_host_probe')
REFUSED, NOT_KNOWN, CHANGED, NOT_LET_IN, NO_SHELL, NO_SUDO = 2, 5, 6, 8, 9, 10
USERS = r'''
useradd -m -s /bin/sh member; usermod -aG docker member; useradd -m -s /bin/sh stranger
useradd -m -s /bin/sh boss; echo 'boss ALL=(root) NOPASSWD: ALL' > /etc/sudoers.d/boss; chmod 440 /etc/sudoers.d/boss
for user in member stranger boss; do usermod -p '*' $user; done
'''


class Collected:
    def __init__(self, done):
        self.facts = json.loads(done.stdout)['facts']
        self.envelope = json.loads(done.stdout)['envelope']
        self.transport, self.reason, self.way, self.milliseconds = done.stderr.strip().rsplit('\n')[-1].split('|')

    def fetch(self, source):
        return next(row for row in self.facts['fetch'] if row['source'] == source)


class HostSsh(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(labtest.Lab(2))
        cls.site = cls.enterClassContext(ssh_site.Site(['ip', 'netns', 'exec', cls.lab.env['LAB_NS']]))
        cls.door = ssh_site.Door(cls.lab, cls.site, 'h1')
        cls.lab.conf('h1', 'default')
        cls.lab.conf('h2', 'default')
        cls.lab.sh('h1', USERS)
        cls.door.sshd('plain')
        cls.door.sshd('closed', 'AllowTcpForwarding no')

    def probe(self, name, *options):
        return self.site.run(PROBE, '--config', self.site.config, *options, name, check=False)

    def collect(self, name, *options):
        done = self.probe(name, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return Collected(done)

    def assert_error(self, code, name, *options, says=''):
        done = self.probe(name, *options)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, rf'^error {code} ')
        self.assertIn(says, done.stderr)
        return done.stderr

    def local(self):
        done = self.lab.execute('h1', '/lab/plimsoll-agent', 'collect', '--json', check=False)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return json.loads(done.stdout)['facts']

    def test_facts_are_those_of_an_agent_by_both_transports(self):
        expected = self.local()
        for transport in ('libssh2', 'openssh'):
            with self.subTest(transport):
                seen = self.collect('plain', '--transport', transport)
                self.assertEqual((seen.transport, seen.reason, seen.way), (f'ssh-{transport}', '', 'direct-streamlocal'))
                self.assertEqual(seen.envelope['transport'], f'ssh-{transport}')
                self.assertEqual(seen.facts, expected)

    def test_a_server_that_does_not_forward_is_asked_by_dial_stdio(self):
        expected = self.local()
        for transport in ('libssh2', 'openssh'):
            with self.subTest(transport):
                seen = self.collect('closed', '--transport', transport)
                self.assertEqual(seen.way, 'dial-stdio')
                self.assertEqual(seen.facts, expected)

    def test_a_docker_without_dial_stdio_is_asked_by_its_commands(self):
        """What its commands do not tell is missing; all that is there is what the API says."""
        self.lab.sh('h1', r"""printf '#!/bin/sh\ncase "$*" in *dial-stdio*) exit 1 ;; esac\nexec /usr/bin/docker "$@"\n' \
            > /usr/local/bin/docker; chmod 755 /usr/local/bin/docker""")
        try:
            seen = self.collect('closed')
            expected = self.local()
        finally:
            self.lab.sh('h1', 'rm /usr/local/bin/docker')
        self.assertEqual(seen.way, 'docker command')
        for table in ('engine', 'container', 'image', 'network', 'volume'):
            self.assertEqual(seen.facts.get(table), expected.get(table), table)
        untold = {'created'}
        self.assertEqual(seen.facts['image_history'],
                         [{key: value for key, value in step.items() if key not in untold}
                          for step in expected['image_history']])

    def test_few_sessions_are_enough(self):
        self.door.sshd('narrow', 'AllowTcpForwarding no', 'MaxSessions 2')
        seen = self.collect('narrow')
        self.assertEqual(seen.way, 'dial-stdio')
        self.assertEqual(seen.facts, self.local())

    def test_sudo_sees_what_root_sees(self):
        seen = self.collect('boss@plain', '--sudo')
        self.assertEqual(seen.way, 'dial-stdio')
        self.assertEqual(seen.facts, self.local())
        self.assert_error(NO_SUDO, 'member@plain', '--sudo', says='NOPASSWD')

    def test_who_may_not_open_the_socket_gets_no_engine(self):
        seen = self.collect('stranger@plain')
        self.assertEqual(seen.way, '')
        self.assertEqual(seen.fetch('GET /_ping')['status'], 'permission')
        self.assertNotIn('engine', seen.facts)

    def test_an_engine_that_is_down_is_said_to_be(self):
        self.lab.sh('h1', 'systemctl stop docker docker.socket 2>/dev/null; rm -f /run/docker.sock')
        try:
            seen = self.collect('plain')
            self.assertEqual(seen.way, '')
            self.assertEqual(seen.fetch('GET /_ping'), next(
                row for row in self.local()['fetch'] if row['source'] == 'GET /_ping'))
        finally:
            self.lab.sh('h1', 'systemctl start docker.socket docker')

    def test_the_engine_of_another_machine_is_not_taken_for_this_one(self):
        """/run/far.sock of h1 leads to h2."""
        self.lab.sh('h1', 'mkdir -p -m 700 /root/far')
        folder = self.lab.share('h1')
        subprocess.run(['cp', self.lab.folder + '/key', self.lab.folder + '/known_hosts', folder], check=True)
        self.lab.sh('h1', 'cp /lab/key /lab/known_hosts /root/far/; chmod 600 /root/far/key; '
                    'ssh -fN -i /root/far/key -o UserKnownHostsFile=/root/far/known_hosts -o StreamLocalBindMask=0007 '
                    f'-L /run/far.sock:/run/docker.sock root@{self.lab.network}.12 </dev/null >/dev/null 2>&1; '
                    'chgrp docker /run/far.sock')
        for user, why in (('root', 'held by ssh'), ('member', 'running containers')):
            with self.subTest(user):
                seen = self.collect(f'{user}@plain/run/far.sock')
                self.assertFalse(seen.facts['snapshot']['host_matches_engine'], seen.facts['snapshot'])
                self.assertIn(why, seen.facts['snapshot']['host_mismatch'])
        self.assertTrue(self.collect('member@plain').facts['snapshot']['host_matches_engine'])

    def test_a_docker_context_over_there_does_not_lead_away(self):
        self.lab.sh('h1', 'docker context create away --docker host=tcp://127.0.0.1:1 >/dev/null; docker context use away')
        try:
            self.assertEqual(self.collect('closed').way, 'dial-stdio')
        finally:
            self.lab.sh('h1', 'docker context use default; docker context rm -f away')

    def test_a_jump_host_is_a_reason_for_openssh(self):
        name = self.site.alias('behind', self.door.address, self.door.port - 1, ProxyJump='plain', HostKeyAlias='jumped')
        with open(self.door.host_key('host') + '.pub') as key:
            self.site.write('known_hosts', 'jumped ' + ' '.join(key.read().split()[:2]) + '\n', append=True)
        seen = self.collect(name)
        self.assertEqual((seen.transport, seen.reason), ('ssh-openssh', 'ProxyJump is set'))

    def test_errors_have_their_reason(self):
        stranger_key = self.site.new_key('not_authorized')
        other = self.site.new_key('other_host')
        self.door.sshd('unknown', known=False)
        self.door.sshd('changed', known=False)
        self.site.know(self.door.address, self.door.port, other + '.pub')
        self.door.sshd('forced', 'ForceCommand echo no')
        self.site.alias('nobody', self.door.address, 1)
        self.site.alias('stranger', self.door.address, self.door.port, IdentityFile=stranger_key)
        for transport in ('libssh2', 'openssh'):
            with self.subTest(transport):
                way = ('--transport', transport)
                self.assert_error(NOT_LET_IN, 'stranger', *way)
                self.assert_error(NOT_KNOWN, 'unknown', *way)
                said = self.assert_error(CHANGED, 'changed', *way)
                self.assertEqual(said.count('SHA256:'), 2, said)
                self.assert_error(REFUSED, 'nobody', *way)
                self.assert_error(NO_SHELL, 'forced', *way)

    def test_nothing_runs_on_after_a_scan_that_was_killed(self):
        process = self.site.start(PROBE, '--config', self.site.config, '--transport', 'openssh', 'plain',
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        labtest.wait_for(lambda: len(self.clients()) > 0, 'a client')
        process.kill()
        process.wait()
        labtest.wait_for(lambda: self.clients() == [], 'no client')

    def clients(self):
        found = subprocess.run(['pgrep', '-f', f'ssh.*{self.site.path("run")}/plimsoll-'], capture_output=True, text=True,
                               check=False)
        return found.stdout.split()


if __name__ == '__main__':
    labtest.main()
