#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who gets in: TLS of the daemon's TCP listeners, its certificate files, and authorization plugins, each flipped on a
real daemon. Whether somebody really gets in is asked of the daemon itself, not only of its options."""
import json
import unittest

import labtest

UNIX = 'unix:///var/run/docker.sock'
CERTIFICATES = {'tlscacert': '/etc/docker/certs/ca.pem', 'tlscert': '/etc/docker/certs/server-cert.pem',
                'tlskey': '/etc/docker/certs/server-key.pem'}
VERIFIED = 'tlsverify with CA, certificate, key'
UNVERIFIED = 'TLS without client verification'

# daemon.json, options on the command line, verdict, observed; port 2375 speaks plain HTTP, 2376 TLS.
# A daemon without certificate or key does not start, so that "no key" is never seen on a running one.
LISTENERS = [
    ({'tlsverify': True, **CERTIFICATES}, '-H tcp://0.0.0.0:2376', 'pass', VERIFIED),
    ({'tls': False}, '-H tcp://0.0.0.0:2375', 'fail', 'tcp://0.0.0.0:2375 plain'),
    ({}, '-H tcp://127.0.0.1:2375 --tls=false', 'fail', 'tcp://127.0.0.1:2375 plain'),
    (CERTIFICATES, '-H tcp://0.0.0.0:2376 --tlsverify', 'pass', VERIFIED),
    (CERTIFICATES, '-H tcp://0.0.0.0:2376 --tlsverify=false', 'fail', UNVERIFIED),
    ({'tls': True, 'tlsverify': False, **CERTIFICATES}, '-H tcp://0.0.0.0:2376', 'fail', UNVERIFIED),
    ({'tls': True, **CERTIFICATES}, '-H tcp://0.0.0.0:2376', 'pass', VERIFIED),  # tls alone verifies since 20.10
    ({'tlsverify': True, **CERTIFICATES, 'tlscacert': ''}, '-H tcp://0.0.0.0:2376', 'fail',
     'no CA: any public CA is accepted'),
    ({'tlsverify': True, **CERTIFICATES}, '-H tcp://127.0.0.1:2376', 'pass', VERIFIED),
]

# check, mode or owner that passes, that fails, the file in CERTIFICATES
CERTIFICATE_FILES = [
    ('file-tls-ca-cert-perms', 'chmod 0444', 'chmod 0644', 'tlscacert'),
    ('file-tls-ca-cert-owner', 'chown 0:0', 'chown 7:0', 'tlscacert'),
    ('file-server-cert-perms', 'chmod 0444', 'chmod 0464', 'tlscert'),
    ('file-server-cert-owner', 'chown 0:0', 'chown 0:7', 'tlscert'),
    ('file-server-key-perms', 'chmod 0400', 'chmod 0440', 'tlskey'),
    ('file-server-key-owner', 'chown 0:0', 'chown 7:7', 'tlskey'),
]

DROPIN = '/etc/systemd/system/docker.service.d/access.conf'


class Host:
    """One host, whose dockerd gets other options from test to test."""

    @staticmethod
    def new_lab():
        return labtest.Lab(1)

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.new_lab()
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.lab.execute('h1', 'bash', '/run/lab.d/certs.sh')

    def tearDown(self):
        self.lab.sh('h1', f'rm -rf {DROPIN} /etc/docker/daemon.json /root/.docker; systemctl daemon-reload; '
                          'systemctl stop docker docker.socket; systemctl start docker.socket')
        self.lab.restart_docker('h1')

    def dockerd(self, config, options=''):
        """Restarts dockerd with this daemon.json and these options behind its unix socket."""
        self.lab.execute('h1', 'sh', '-c', f'cat > {DROPIN}; systemctl daemon-reload', input=(
            f'[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd --containerd=/run/containerd/containerd.sock {options}\n'))
        self.lab.daemon_json('h1', config)

    def expect(self, check, want, why, *, exit_codes=(0,)):
        got = self.lab.verdicts('h1', '--only', check, exit_codes=exit_codes)[check]
        self.assertEqual(got['verdict'], want, f'{check} {why}: {json.dumps(got, indent=1)}')
        return got['items'][0] if got['items'] else got


class Tls(Host):
    check = 'daemon-tcp-tls-verify'

    def stranger_gets_in(self):
        """Whether the API on TCP answers somebody without a certificate of a client."""
        return self.lab.sh('h1', 'curl -s --max-time 5 http://127.0.0.1:2375/_ping || '
                                 'curl -sk --max-time 5 https://127.0.0.1:2376/_ping', check=False).stdout == 'OK'

    def test_listeners(self):
        self.expect(self.check, 'not_applicable', 'without TCP')
        for config, options, verdict, observed in LISTENERS:
            with self.subTest(config=config, options=options):
                self.dockerd(config, f'-H {UNIX} {options}')
                item = self.expect(self.check, verdict, f'with {config} {options}')
                self.assertEqual(item['observed'], observed)
                self.assertEqual(item['note'], 'verification implied by tls' if 'tls' in config and verdict == 'pass' else None)
                # A CA is missing: a stranger needs a certificate of any public CA, which the lab has not.
                self.assertEqual(self.stranger_gets_in(), verdict == 'fail' and 'no CA' not in observed)
        self.dockerd(CERTIFICATES, f'-H {UNIX}')
        self.expect(self.check, 'not_applicable', 'without TCP again')

    def test_every_listener_is_an_item(self):
        self.dockerd({'hosts': [UNIX, 'tcp://127.0.0.1:2375', 'tcp://127.0.0.1:2376'], 'tls': False})
        got = self.lab.verdict('h1', self.check)
        self.assertEqual([(i['item'], i['verdict']) for i in got['items']],
                         [('tcp://127.0.0.1:2375', 'fail'), ('tcp://127.0.0.1:2376', 'fail')])

    def test_files_at_their_default_place(self):
        """They count where the command line asks for TLS. Where they lie is in dockerd's environment: root sees it."""
        copy = ' && '.join(f'cp {path} /root/.docker/{name}.pem' for path, name
                           in zip(CERTIFICATES.values(), ('ca', 'cert', 'key')))
        self.lab.sh('h1', f'id member || useradd -m member -G docker; chmod 755 /lab; mkdir -p /root/.docker && {copy}')
        self.dockerd({}, f'-H {UNIX} -H tcp://0.0.0.0:2376 --tlsverify')
        self.expect(self.check, 'pass', 'with files in /root/.docker')
        self.expect('file-server-key-perms', 'pass', 'of /root/.docker')
        self.lab.sh('h1', 'chmod 0644 /root/.docker/key.pem')
        self.expect('file-server-key-perms', 'fail', 'of /root/.docker')
        done = self.lab.execute('h1', 'su', '-s', '/bin/sh', 'member', '-c',
                                f'/lab/plimsoll audit -o json -a --only {self.check}')
        got = json.loads(done.stdout)['benchmarks'][0]['checks'][0]
        self.assertEqual([got['verdict'], got['items'][0]['reason'].split(':')[0]], ['unknown', 'UK_PERM'], got)

    def test_a_file_that_was_changed_since(self):
        self.dockerd({'hosts': [UNIX, 'tcp://0.0.0.0:2376'], 'tlsverify': True, **CERTIFICATES})
        self.expect(self.check, 'pass', 'as it was started')
        self.lab.sh('h1', 'touch -d "+1 hour" /etc/docker/daemon.json')
        self.assertTrue(self.expect(self.check, 'unknown', 'with a newer file')['reason'].startswith('UK_STALE'))
        self.lab.restart_docker('h1')

    def test_certificate_files(self):
        for check, *_ in CERTIFICATE_FILES:
            self.expect(check, 'not_applicable', 'without TLS')
        self.dockerd({'tlsverify': True, **CERTIFICATES}, f'-H {UNIX} -H tcp://0.0.0.0:2376')
        for check, good, bad, role in CERTIFICATE_FILES:
            with self.subTest(check=check, bad=bad):
                path = CERTIFICATES[role]
                for command, verdict in ((good, 'pass'), (bad, 'fail'), (good, 'pass')):
                    self.lab.sh('h1', f'{command} {path}')
                    self.assertEqual(self.expect(check, verdict, command)['item'], path)
                self.lab.sh('h1', f'mv {path} {path}.away')
                self.expect(check, 'unknown', 'with the file gone')
                self.lab.sh('h1', f'mv {path}.away {path}')
        self.expect(self.check, 'pass', 'all the while')


class Authorization(Host):
    check = 'daemon-authorization-plugin'
    socket = '/run/docker/plugins/labauthz.sock'
    named = {'authorization-plugins': ['labauthz']}

    def tearDown(self):
        self.stop_plugin()
        super().tearDown()

    def start_plugin(self):
        self.lab.sh('h1', 'systemd-run -q --unit labauthz python3 /run/lab.d/authz.py')
        labtest.wait_for(lambda: self.lab.sh('h1', f'curl -s -X POST --unix-socket {self.socket} http://p/Plugin.Activate',
                                             check=False).returncode == 0, 'the plugin answers')

    def stop_plugin(self):
        """With its socket: as long as that is there, dockerd tries for 30 s before it answers anybody."""
        self.lab.sh('h1', f'systemctl stop labauthz; rm -f {self.socket}', check=False)

    def reload(self, config):
        """A daemon.json that is certainly newer than the process; dockerd says when it has taken it over."""
        self.lab.execute('h1', 'sh', '-c', 'cat > /etc/docker/daemon.json; touch -d "+1 hour" /etc/docker/daemon.json; '
                                           'systemctl reload docker', input=json.dumps(config))
        # systemd knows the process; pidof passes over one that waits for a disk.
        labtest.wait_for(lambda: self.lab.sh('h1', 'journalctl -u docker --no-pager _PID=$(systemctl show -p MainPID --value docker)')
                         .stdout.count('Reloaded configuration'), 'the end of the reload')

    def plugin_is_asked(self):
        """Whether dockerd refuses while the plugin is away."""
        self.stop_plugin()
        try:
            return self.lab.sh('h1', 'timeout 3 docker ps', check=False).returncode != 0
        finally:
            self.start_plugin()

    def test_a_plugin_in_the_file(self):
        self.expect(self.check, 'fail', 'without a plugin')
        self.start_plugin()
        self.dockerd(self.named, f'-H {UNIX}')
        self.assertEqual(self.expect(self.check, 'pass', 'in daemon.json')['observed'], 'labauthz')
        self.dockerd({}, f'-H {UNIX}')
        self.expect(self.check, 'fail', 'without a plugin again')

    def test_a_plugin_that_is_named_and_not_alive(self):
        self.start_plugin()
        self.dockerd(self.named, f'-H {UNIX}')
        self.stop_plugin()
        item = self.expect(self.check, 'unknown', 'with a dead plugin', exit_codes=(3,))
        self.assertTrue(item['reason'].startswith('UK_DAEMON_DOWN'), item)
        self.assertEqual(item['note'], 'configured labauthz')
        self.start_plugin()
        labtest.wait_for(lambda: self.lab.sh('h1', 'timeout 3 docker ps', check=False).returncode == 0, 'dockerd answers')
        self.expect(self.check, 'pass', 'alive again')

    def test_a_plugin_that_a_reload_adds(self):
        """It is asked from now on, but /info does not say so before a restart: a fail that names its cause."""
        self.start_plugin()
        self.dockerd({}, f'-H {UNIX}')
        self.reload(self.named)
        self.assertTrue(self.plugin_is_asked())
        self.assertEqual(self.expect(self.check, 'fail', 'added by a reload')['note'],
                         'configured labauthz since dockerd started, shown after a restart')

    def test_a_plugin_that_a_reload_takes_away(self):
        """/info goes on listing it, though nobody asks it any more."""
        self.start_plugin()
        for config, options in ((self.named, ''), ({}, '--authorization-plugin labauthz')):
            with self.subTest(options=options):
                self.dockerd(config, f'-H {UNIX} {options}')
                self.assertTrue(self.plugin_is_asked())
                note = self.expect(self.check, 'pass', 'as it was started')['note']
                self.assertEqual(note is not None, options != '', note)
                self.reload({})
                self.assertFalse(self.plugin_is_asked())
                item = self.expect(self.check, 'unknown', 'taken away by a reload')
                self.assertEqual(item['observed'], 'labauthz')
                self.assertTrue(item['reason'].startswith('UK_STALE'), item)


class TlsFlips(Tls, unittest.TestCase):
    pass


class AuthorizationFlips(Authorization, unittest.TestCase):
    pass


if __name__ == '__main__':
    labtest.main()
