#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The sshds, users and machines that a scan meets: each either works, with the verdicts of the plain one, or ends with its
reason; nothing is left on the host, and no passphrase is seen in a process list.

One lab host with a real dockerd has a private sshd for every row of VARIANTS, a second one has no daemon running. All rows
are scanned in one sweep for each transport."""
import os
import subprocess
import unittest

import labtest
import scanning
import ssh_site

TRANSPORTS = ('auto', 'libssh2', 'openssh')
PASSPHRASE = 'correct horse battery staple'
HANG_SECONDS = 20  # what the rows that hang may take
JOBS = 12

WORKS = 'works'

# The login files and users of the host h1; uid 0 under another name is root with rc files of its own.
USERS = r'''
user() { # NAME SHELL [OPTION...]
    name=$1 shell=$2
    shift 2
    useradd -m -s "$shell" -p '*' "$@" "$name" # without a password, but not locked
}
user noisy /bin/bash -o -u 0
user flood /bin/bash -o -u 0
user slow /bin/bash -o -u 0
user hangs /bin/bash -o -u 0
user dashed /bin/dash -o -u 0
user restricted /bin/rbash -o -u 0
user caged /bin/rbash -o -u 0
user nologin /usr/sbin/nologin -o -u 0
user false /bin/false -o -u 0
user member /bin/bash -G docker
user keeper /bin/bash
user asked /bin/bash
user tied /bin/bash
user stranger /bin/bash
printf 'echo "Welcome to $(hostname)"; head -c 20000 /dev/urandom; printf "\\033]0;title\\007\\n"; echo trouble >&2\n' > /home/noisy/.bashrc
echo 'head -c 1000000 /dev/zero' > /home/flood/.bashrc
echo 'sleep 2' > /home/slow/.bashrc
echo 'sleep 600' > /home/hangs/.bashrc
echo 'PATH=/home/caged/bin' > /home/caged/.bashrc
printf 'keeper ALL=(root) NOPASSWD: ALL\n' > /etc/sudoers.d/lab
printf 'asked ALL=(root) ALL\n' >> /etc/sudoers.d/lab
printf 'tied ALL=(root) NOPASSWD: ALL\nDefaults:tied requiretty\n' >> /etc/sudoers.d/lab
chmod 440 /etc/sudoers.d/lab
printf '\033[2J\033]0;owned\007Authorized use only\n' > /lab/ssh/banner
touch /var/log/wtmp /var/log/btmp /var/log/lastlog /run/lab.audit # sshd and the lab's auditctl write them
su keeper -c 'sudo -n true' # it keeps a note of its own
'''

# Everything but busybox is out of reach: what is left of PATH has its applets, /bin/sh among them.
BUSYBOX = '''
cp /usr/bin/busybox /lab/ssh/busybox
sed 's|^\\(root:.*:\\)[^:]*$|\\1/bin/sh|' /etc/passwd > /lab/ssh/passwd
mount --bind /lab/ssh/passwd /etc/passwd
for folder in /usr/local /usr/bin /usr/sbin; do /lab/ssh/busybox mount -t tmpfs none $folder; done
/lab/ssh/busybox cp /lab/ssh/busybox /usr/bin/busybox
/usr/bin/busybox --install -s /usr/bin
'''
NO_DOCKER = '''
mkdir -p /lab/ssh/empty
for file in docker dockerd docker-init docker-proxy containerd containerd-shim-runc-v2 ctr runc; do
    for folder in /usr/bin /usr/sbin /usr/local/sbin; do
        [ ! -e $folder/$file ] || mount --bind /dev/null $folder/$file
    done
done
mount -t tmpfs none /run/docker
for folder in /etc/docker /var/lib/docker; do mount --bind /lab/ssh/empty $folder; done
rm -f /run/docker.sock
'''


def row(expected, *lines, **options):
    """expected: WORKS, or the reason of a scan that gives no report; a dict tells the transports apart. lines: of
    sshd_config. options: Site.alias()'s in CamelCase, Door.sshd()'s, and `key` and `setup` of Variants."""
    return expected, lines, options


ONLY_OPENSSH = {'auto': WORKS, 'libssh2': 'no-common-method', 'openssh': WORKS}

VARIANTS = {
    'plain': row(WORKS),
    # the server
    'no-tcp-forwarding': row(WORKS, 'AllowTcpForwarding no'),
    'no-streamlocal': row(WORKS, 'AllowStreamLocalForwarding no'),
    'no-forwarding-one-session': row('partial', 'DisableForwarding yes', 'MaxSessions 1'),
    'sessions-1': row(WORKS, 'MaxSessions 1'),
    'sessions-2': row(WORKS, 'MaxSessions 2'),
    'rsa-host-key': row(ONLY_OPENSSH, host_key='rsa'),
    'etm-only': row(ONLY_OPENSSH, 'MACs hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com', 'Ciphers aes256-ctr'),
    'gcm-only': row(ONLY_OPENSSH, 'Ciphers aes256-gcm@openssh.com,chacha20-poly1305@openssh.com'),
    'sntrup-only': row(ONLY_OPENSSH, 'KexAlgorithms sntrup761x25519-sha512@openssh.com'),
    'rekeys': row({'auto': (WORKS, 'connection-lost'), 'libssh2': (WORKS, 'connection-lost'), 'openssh': WORKS}, 'RekeyLimit 64K'),
    'asks-alive': row(WORKS, 'ClientAliveInterval 1', 'ClientAliveCountMax 3'),
    'no-tty': row(WORKS, 'PermitTTY no'),
    'banner': row(WORKS, 'Banner /lab/ssh/banner'),
    'force-command': row('no-shell', 'ForceCommand /bin/echo only this'),
    'force-sftp': row('no-shell', 'ForceCommand internal-sftp'),
    'force-shell': row(WORKS, 'ForceCommand sh -c "$SSH_ORIGINAL_COMMAND"'),
    # the user
    'noisy': row(WORKS, User='noisy'),
    'floods': row('no-shell', User='flood'),
    'slow': row(WORKS, User='slow'),
    'hangs': row('time-out', User='hangs'),
    'dash': row(WORKS, User='dashed'),
    'rbash': row((WORKS, 'no-shell'), User='restricted'),
    'rbash-without-path': row('no-shell', User='caged'),
    'nologin': row('no-shell', User='nologin'),
    'false': row('no-shell', User='false'),
    # the machine; more of it stands in MACHINES
    'busybox': row('fewer', first=BUSYBOX),
    # keys of the user
    'ecdsa-key': row(WORKS, key=('ecdsa', '-t', 'ecdsa')),
    'rsa-key': row({'auto': WORKS, 'libssh2': ('no-common-method', 'auth-failed'), 'openssh': WORKS}, key=('rsa', '-t', 'rsa', '-b', '2048')),
    'wrong-key': row('auth-failed', key=('unknown-to-it',), authorized=False),
    'no-such-user': row('auth-failed', User='nobody-of-this-name'),
    'restricted-key': row(WORKS, key=('tied',), prefix='restrict '),
    # keys of the host
    'hashed': row(WORKS, mark='hashed'),
    'pattern': row(WORKS, mark='pattern'),
    'unknown-key': row('key-unknown', mark='unknown'),
    'changed-key': row('key-changed', mark='changed'),
    'revoked-key': row('key-revoked', mark='revoked'),
    'certificate': row(ONLY_OPENSSH, mark='certificate'),
    # the way there
    'jump': row(ONLY_OPENSSH, ProxyJump='jumphost'),
    'nobody-listens': row('refused', Port=1),
    'no-address': row('no-address', HostName='no.such.host.invalid'),
}

# What is done to the whole host, and undone: `plain` is scanned in between.
MACHINES = {
    'noexec-tmp': ('mount -o remount,noexec /tmp', 'mount -o remount,exec /tmp'),
    'read-only': ('for folder in / /root /home /tmp; do mount -o remount,bind,ro $folder; done',
                  'for folder in / /root /home /tmp; do mount -o remount,bind,rw $folder; done'),
}


def look(pid, seen, leaks):
    """Notes each process of a scan, and those that show the passphrase to everybody."""
    for process in [pid, *ssh_site.processes_below(pid)]:
        for kind in ('cmdline', 'environ'):
            try:
                with open(f'/proc/{process}/{kind}', 'rb') as file:
                    data = file.read()
            except OSError:
                continue
            seen.add(process)
            if PASSPHRASE.encode() in data:
                leaks.append((kind, data))


class Variants(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(2)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.site = ssh_site.Site(within=['ip', 'netns', 'exec', cls.lab.env['LAB_NS']])
        cls.addClassCleanup(cls.site.__exit__)
        cls.lab.conf('h1', 'default')
        cls.lab.sh('h1', 'docker stop -t 0 app')  # containerd makes a file in /tmp for each of its health checks
        cls.lab.sh('h2', 'systemctl stop docker.socket docker containerd; rm -f /run/docker.sock')
        cls.door, cls.stopped = (ssh_site.Door(cls.lab, cls.site, host) for host in ('h1', 'h2'))
        cls.lab.sh('h1', USERS)
        for host in ('h1', 'h2'):  # else it is that of the machine below, on which others write
            cls.lab.sh(host, 'mount -t tmpfs none /var/tmp')
        cls.stopped.sshd('jumphost', later=True)
        cls.stopped.sshd('dockerd-stopped', later=True)
        cls.stopped.sshd('no-docker', first=NO_DOCKER, later=True)
        for name, (_, lines, options) in VARIANTS.items():
            cls.add(name, lines, **options)
        for name in ('member', 'keeper', 'asked', 'tied', 'stranger'):
            cls.door.sshd(name, User=name, later=True)
        cls.add_people()
        cls.door.open()
        cls.stopped.open()
        cls.scanner = scanning.Scanner(cls.site)
        cls.before = {host: ssh_site.snapshot(cls.lab, host) for host in ('h1', 'h2')}
        cls.sweeps = {transport: cls.scanner.scan(*VARIANTS, 'dockerd-stopped', 'no-docker', 'member', 'stranger', transport=transport,
                                                  seconds_each=HANG_SECONDS, jobs=JOBS) for transport in TRANSPORTS}
        cls.sudo = {transport: cls.scanner.scan('keeper', 'asked', 'tied', 'member', transport=transport, options=['--sudo'])
                    for transport in TRANSPORTS}
        cls.after = {host: ssh_site.snapshot(cls.lab, host) for host in ('h1', 'h2')}

    @classmethod
    def add(cls, name, lines, key=None, authorized=True, prefix='', mark=None, host_key='host', **options):
        if key:
            options['IdentityFile'] = cls.site.new_key('key-' + key[0], *key[1:])
            options['IdentitiesOnly'] = 'yes'
            if authorized:
                cls.door.authorize(options['IdentityFile'] + '.pub', prefix)
        if host_key == 'rsa':
            cls.door.host_key('rsa', '-t', 'rsa', '-b', '2048')
        if mark:
            options['UserKnownHostsFile'] = cls.site.path('known-' + name)
            if mark == 'certificate':
                host_key, lines = cls.certified(), [*lines, 'HostCertificate /lab/ssh/certified-cert.pub']
        cls.door.sshd(name, *lines, host_key=host_key, known=not mark, later=True, **options)
        if mark:
            cls.write_known(name, mark, cls.door.host_key(host_key) + '.pub')

    @classmethod
    def add_people(cls):
        """Rows that need something of the person: a passphrase, an agent, a known_hosts that is written."""
        encrypted = cls.site.new_key('encrypted', passphrase=PASSPHRASE)
        cls.door.authorize(encrypted + '.pub')
        cls.door.sshd('encrypted', IdentityFile=encrypted, IdentitiesOnly='yes', later=True)
        cls.agent_key = cls.site.new_key('of-agent')
        cls.door.authorize(cls.agent_key + '.pub')
        cls.door.sshd('agent', IdentityFile='none', later=True)
        cls.door.sshd('new', known=False, UserKnownHostsFile=cls.site.path('known-new'), later=True)

    @classmethod
    def certified(cls):
        authority = cls.site.new_key('authority')
        key = cls.door.host_key('certified')
        subprocess.run(['ssh-keygen', '-q', '-s', authority, '-I', 'h1', '-h', key + '.pub'], check=True)
        return 'certified'

    @classmethod
    def write_known(cls, name, mark, public_key):
        """The known_hosts of one row."""
        port, file = cls.door.port, 'known-' + name
        other = cls.site.path('id_ed25519.pub')
        if mark == 'certificate':
            cls.site.know('*', port, cls.site.path('authority.pub'), mark='@cert-authority', file=file)
        elif mark == 'pattern':
            cls.site.know(cls.lab.network + '.1?', port, public_key, file=file)
        elif mark in ('hashed', 'revoked', 'changed'):
            cls.site.know(cls.door.address, port, other if mark == 'changed' else public_key, file=file)
        else:
            cls.site.write(file, '')
        if mark == 'revoked':
            cls.site.know('*', port, public_key, mark='@revoked', file=file)
        if mark == 'hashed':
            subprocess.run(['ssh-keygen', '-q', '-H', '-f', cls.site.path(file)], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            os.remove(cls.site.path(file) + '.old')

    # ------------------------------------------------------------ every row

    def plain(self, transport):
        return self.sweeps[transport].host('plain')

    def expect(self, host, expected, whole):
        if expected == WORKS:
            self.assertTrue(host.audited, host.row)
            self.assertEqual(host.reason, whole.reason, host.message)
            self.assertEqual(host.verdicts, whole.verdicts)
        elif expected in ('fewer', 'partial'):
            self.assertTrue(host.audited, host.row)
            self.assertEqual(scanning.claims_more(host.verdicts, whole.verdicts), [])
            unknown = [name for name, check in host.verdicts.items() if check['verdict'] == 'unknown']
            self.assertGreater(len(unknown), 0)
        else:
            self.assertEqual(host.reason, expected, host.message)
            self.assertFalse(host.audited)

    def test_each_works_or_ends_with_its_reason(self):
        for transport in TRANSPORTS:
            for name, (expected, _, _) in VARIANTS.items():
                with self.subTest(transport=transport, name=name):
                    host = self.sweeps[transport].host(name)
                    wanted = expected[transport] if isinstance(expected, dict) else expected
                    if isinstance(wanted, tuple):
                        wanted = WORKS if host.audited else next((w for w in wanted if w == host.reason), wanted[0])
                    self.expect(host, wanted, self.plain(transport))

    def test_only_what_libssh2_cannot_do_changes_the_transport_and_says_why(self):
        for name, (expected, _, _) in VARIANTS.items():
            host = self.sweeps['auto'].host(name)
            if not host.audited:
                continue
            with self.subTest(name=name):
                if isinstance(expected, dict) and 'no-common-method' in expected['libssh2']:
                    self.assertEqual(host.transport, 'ssh-openssh')
                    self.assertTrue(host.transport_reason)
                else:
                    self.assertEqual(host.transport, 'ssh-libssh2', host.transport_reason)
                    self.assertFalse(host.transport_reason)

    def test_a_host_that_cannot_be_written_to(self):
        for name, (do, undo) in MACHINES.items():
            self.lab.sh('h1', do)
            try:
                for transport in ('libssh2', 'openssh'):
                    with self.subTest(transport=transport, name=name):
                        self.expect(self.scanner.scan('plain', transport=transport).host('plain'), WORKS, self.plain(transport))
            finally:
                self.lab.sh('h1', undo)

    def test_the_fingerprint_is_the_hosts_own_and_not_that_of_a_jump_host(self):
        done = subprocess.run(['ssh-keygen', '-l', '-f', self.door.host_key('host') + '.pub'], check=True, capture_output=True,
                              text=True)
        for transport in TRANSPORTS:
            for name in ('plain', 'jump', 'hashed'):
                host = self.sweeps[transport].host(name)
                if host.audited:
                    self.assertEqual(host.row['host_key'], {'type': 'ssh-ed25519', 'fingerprint': done.stdout.split()[1]}, name)

    def test_without_a_daemon_there_are_no_verdicts_about_it(self):
        for transport in TRANSPORTS:
            for name in ('dockerd-stopped', 'no-docker'):
                with self.subTest(transport=transport, name=name):
                    host = self.sweeps[transport].host(name)
                    self.assertIsNotNone(host.verdicts, host.message)
                    passed = [n for n, c in host.verdicts.items() if c['verdict'] == 'pass' and c.get('section') == 'containers']
                    self.assertEqual(passed, [])

    def test_who_may_not_see_all_claims_no_more_than_root(self):
        for transport in TRANSPORTS:
            for name in ('member', 'stranger'):
                with self.subTest(transport=transport, name=name):
                    self.expect(self.sweeps[transport].host(name), 'fewer', self.plain(transport))

    def test_sudo(self):
        for transport in TRANSPORTS:
            for name, expected in (('keeper', WORKS), ('asked', 'sudo-refused'), ('tied', 'sudo-refused'), ('member', 'sudo-refused')):
                with self.subTest(transport=transport, name=name):
                    self.expect(self.sudo[transport].host(name), expected, self.plain(transport))

    # ------------------------------------------------------------ people

    def test_a_passphrase_is_asked_for_and_seen_by_nobody(self):
        secret = self.site.write('secret', PASSPHRASE + '\n')
        script = self.site.write('askpass', f'#!/bin/sh\nexec cat {secret}\n', mode=0o700)
        env = {'SSH_ASKPASS': script, 'SSH_ASKPASS_REQUIRE': 'force', 'DISPLAY': ':0'}
        for transport in ('libssh2', 'openssh'):
            with self.subTest(transport=transport):
                seen, leaks = set(), []
                scan = self.scanner.scan('encrypted', transport=transport, env=env, watch=lambda pid: look(pid, seen, leaks))
                self.expect(scan.host('encrypted'), WORKS, self.plain(transport))
                self.assertGreater(len(seen), 0)
                self.assertEqual(leaks, [])
                self.assertNotIn(PASSPHRASE, scan.stdout + scan.stderr)

    def test_without_anybody_to_ask_an_encrypted_key_is_no_key(self):
        for transport in TRANSPORTS:
            with self.subTest(transport=transport):
                host = self.scanner.scan('encrypted', transport=transport).host('encrypted')
                self.assertEqual(host.reason, 'auth-failed', host.row)

    def test_a_wrong_passphrase_fails(self):
        script = self.site.write('askpass', '#!/bin/sh\necho wrong\n', mode=0o700)
        env = {'SSH_ASKPASS': script, 'SSH_ASKPASS_REQUIRE': 'force', 'DISPLAY': ':0'}
        for transport in ('libssh2', 'openssh'):
            with self.subTest(transport=transport):
                host = self.scanner.scan('encrypted', transport=transport, env=env).host('encrypted')
                self.assertEqual(host.reason, 'auth-failed', host.row)

    def test_the_agent_signs(self):
        socket = self.site.path('agent-socket')
        agent = self.site.start('ssh-agent', '-D', '-a', socket, stdout=subprocess.DEVNULL)
        try:
            labtest.wait_for(lambda: os.path.exists(socket), 'ssh-agent listens')
            env = {'SSH_AUTH_SOCK': socket}
            self.site.run('ssh-add', '-q', self.agent_key, env=env)
            for transport in TRANSPORTS:
                with self.subTest(transport=transport):
                    host = self.scanner.scan('agent', transport=transport, env=env).host('agent')
                    self.expect(host, WORKS, self.plain(transport))
        finally:
            agent.terminate()
            agent.wait()

    def test_a_new_key_is_remembered_once_and_then_holds(self):
        policy = ['--host-key-policy', 'accept-new']
        known = self.site.path('known-new')
        for transport in TRANSPORTS:
            with self.subTest(transport=transport):
                self.site.write('known-new', '')
                self.assertEqual(self.scanner.scan('new', transport=transport).host('new').reason, 'key-unknown')
                self.assertEqual(os.path.getsize(known), 0)
                for options in (policy, policy, ()):
                    self.expect(self.scanner.scan('new', transport=transport, options=options).host('new'), WORKS,
                                self.plain(transport))
                with open(known) as file:
                    self.assertEqual(len(file.readlines()), 1)
                host = self.scanner.scan('changed-key', transport=transport, options=policy).host('changed-key')
                self.assertEqual(host.reason, 'key-changed')

    # ------------------------------------------------------------ what a scan must not do

    def test_nothing_is_left_on_a_host(self):
        for host, before in self.before.items():
            after = self.after[host]
            self.assertEqual({path: after.get(path) for path in set(before) | set(after) if before.get(path) != after.get(path)}, {})

    def test_nothing_is_sent_before_the_host_key_is_known(self):
        for name in ('unknown-key', 'changed-key', 'revoked-key'):
            self.assertIn('Connection from', self.door.log(name))
            self.assertNotIn('userauth-request', self.door.log(name), name)
        self.assertIn('userauth-request', self.door.log('plain'))

    def test_a_changed_key_is_told_with_both_fingerprints(self):
        for transport in TRANSPORTS:
            message = self.sweeps[transport].host('changed-key').message
            for key in (self.site.path('id_ed25519.pub'), self.door.host_key('host') + '.pub'):
                done = subprocess.run(['ssh-keygen', '-l', '-f', key], check=True, capture_output=True, text=True)
                self.assertIn(done.stdout.split()[1], message, transport)

    def test_foreign_text_does_not_reach_a_terminal(self):
        for transport in TRANSPORTS:
            self.assertNotIn('\033', self.sweeps[transport].stdout + self.sweeps[transport].stderr)

    def test_nothing_is_left_on_the_controller(self):
        self.assertEqual(os.listdir(self.site.path('tmp')) + os.listdir(self.site.path('run')), [])


if __name__ == '__main__':
    labtest.main()
