#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A scan over SSH finds what the agent on the host finds: the same facts, byte for byte, as root; and for other users the
differences that are listed here, every one of which is something that was not seen."""
import json
import os
import unittest

import labtest
import scanning
import ssh_site

HOSTS = {'h1': 'default', 'h2': 'hardened', 'h3': 'dangerous'}
TRIES = 5  # of a comparison: what runs for a moment on a busy host is seen by one of the two
TRANSPORTS = ('libssh2', 'openssh')


class Facts(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(3)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.site = ssh_site.Site(within=['ip', 'netns', 'exec', cls.lab.env['LAB_NS']])
        cls.addClassCleanup(cls.site.__exit__)
        for host, configuration in HOSTS.items():
            cls.lab.conf(host, configuration)
            # An sshd that runs already while the agent on the host looks, so that both see the same programs.
            door = ssh_site.Door(cls.lab, cls.site, host)
            door.sshd(host)
            if host == 'h1':
                cls.lab.sh(host, "useradd -m -s /bin/bash -p '*' -G docker member; useradd -m -s /bin/bash -p '*' admin; "
                                 "useradd -m -s /bin/bash -p '*' stranger; "
                                 "echo 'admin ALL=(root) NOPASSWD: ALL' > /etc/sudoers.d/lab; chmod 440 /etc/sudoers.d/lab")
                for user in ('member', 'admin', 'stranger'):
                    cls.site.alias(user, door.address, door.port, User=user)
        cls.scanner = scanning.Scanner(cls.site)

    def local(self, host, *as_user):
        done = self.lab.execute(host, *as_user, '/lab/plimsoll-agent', 'collect', '--json', check=False)
        self.assertIn(done.returncode, (0, 3), done.stderr)  # 3: the Engine did not answer
        return json.loads(done.stdout)

    def both(self, name, host, transport, *as_user, options=(), cut=lambda facts: facts):
        """What a scan and the agent on the host found, once more if that differs."""
        for _ in range(TRIES):
            there, here = self.scanner.scan(name, transport=transport, options=options).host(name), self.local(host, *as_user)
            self.assertTrue(there.audited, there.row)
            found = scanning.differences(cut(there.facts), cut(here['facts']))
            if not found:
                break
        self.assertEqual(found, [])
        return there, here

    def test_root_over_ssh_sees_what_root_on_the_host_sees(self):
        for transport in TRANSPORTS:
            for name in HOSTS:
                with self.subTest(transport=transport, host=HOSTS[name]):
                    there, here = self.both(name, name, transport)
                    self.assertEqual(there.envelope['facts_sha256'], here['envelope']['facts_sha256'])
                    self.assertEqual(there.envelope['transport'], 'ssh-' + transport)
                    self.assertEqual(there.envelope['engine_key'], here['envelope']['engine_key'])
                    self.assertEqual(there.envelope['hostname'], name)
                    self.assertIs(there.same_machine, True)
                    self.assertEqual(sorted(there.observed), sorted(here['observed']))
                    self.assertLessEqual(there.envelope['cost']['rounds'], 4)

    def test_a_member_of_the_docker_group_and_a_user_with_nothing_see_what_they_see_on_the_host(self):
        for user in ('member', 'stranger'):
            for transport in TRANSPORTS:
                with self.subTest(transport=transport, user=user):
                    # A member's agent connects and so learns who listens; over SSH he would have to see the descriptors.
                    self.both(user, 'h1', transport, 'setpriv', '--reuid', user, '--regid', user, '--init-groups', 'env',
                              f'HOME=/home/{user}', cut=scanning.without_peer)

    def test_sudo_sees_what_root_sees(self):
        for transport in TRANSPORTS:
            with self.subTest(transport=transport):
                there, _ = self.both('admin', 'h1', transport, options=['--sudo'])
                self.assertEqual(there.engine_way, 'dial-stdio')


if __name__ == '__main__':
    labtest.main()
