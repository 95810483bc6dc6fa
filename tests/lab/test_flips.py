#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each setting is flipped alone on a real daemon: its check turns from pass to fail and back. TLS, its files and
authorization plugins have test_access.py.

No flip here, since the lab cannot show the other side:
  daemon-storage-driver-not-aufs, -not-devicemapper, daemon-base-device-size-default: drivers that need a kernel with
      aufs or the device mapper, and an engine that was built with them
  daemon-no-legacy-registry-v1: only engines before 17.12 had the option
  daemon-rootless: needs a rootless engine (rootlesskit)
  container-selinux: needs a kernel with SELinux
  container-exec-privileged, container-exec-user-root, container-image-latest, swarm-ca-cert-rotation,
      swarm-planes-separated: always a person's to judge"""
import json
import unittest

import labtest

# check, daemon.json that passes, daemon.json that fails, words of the failing item's `observed`
DAEMON = [
    ('daemon-icc-disabled', {'icc': False}, {}, 'enable_icc=true'),
    ('daemon-log-level-info', {'log-level': 'info'}, {'log-level': 'warn'}, 'warn'),
    ('daemon-log-level-info', {}, {'debug': True}, 'debug'),
    ('daemon-iptables-enabled', {}, {'iptables': False}, 'iptables=false'),
    ('daemon-no-insecure-registries', {}, {'insecure-registries': ['10.1.0.0/16']}, '10.1.0.0/16'),
    ('daemon-cgroup-parent-default', {}, {'cgroup-parent': '/foobar'}, '/foobar'),
    ('daemon-remote-logging', {'log-driver': 'syslog', 'log-opts': {'syslog-address': 'udp://192.0.2.1:514'}}, {},
     'json-file'),
    ('daemon-no-new-privileges', {'no-new-privileges': True}, {'no-new-privileges': False}, 'false'),
    ('daemon-live-restore', {'live-restore': True}, {}, 'false'),
    ('daemon-userland-proxy-disabled', {'userland-proxy': False}, {}, 'true'),
    ('daemon-experimental-disabled', {}, {'experimental': True}, 'true'),
    ('daemon-userns-remap', {'userns-remap': 'default'}, {}, 'no user namespace'),
    ('host-container-partition', {}, {'data-root': '/var/lib/other'}, '/var/lib/other is on / ('),
]

# check, daemon.json, observed; and with another daemon.json. A person judges both.
DAEMON_EVIDENCE = [
    ('daemon-default-ulimit', {}, "none, containers inherit dockerd's limits",
     {'default-ulimits': {'nofile': {'Name': 'nofile', 'Hard': 4096, 'Soft': 1024}}}, 'nofile=1024:4096'),
]

# check, command that passes, command that fails
FILES = [
    ('file-daemon-json-perms', 'chmod 0644 /etc/docker/daemon.json', 'chmod 0622 /etc/docker/daemon.json'),
    ('file-daemon-json-owner', 'chown 0:0 /etc/docker/daemon.json', 'chown 1000:0 /etc/docker/daemon.json'),
    ('file-etc-docker-perms', 'chmod 0755 /etc/docker', 'chmod 0777 /etc/docker'),
    ('file-etc-docker-owner', 'chown 0:0 /etc/docker', 'chown 0:5 /etc/docker'),
    ('file-docker-sock-perms', 'chmod 0660 /run/docker.sock', 'chmod 0646 /run/docker.sock'),
    ('file-docker-sock-owner', 'chown root:docker /run/docker.sock', 'chown root:users /run/docker.sock'),
    ('file-docker-service-perms', 'chmod 0644 /lib/systemd/system/docker.service', 'chmod 0646 /lib/systemd/system/docker.service'),
    ('file-docker-service-owner', 'chown 0:0 /lib/systemd/system/docker.service', 'chown 7:0 /lib/systemd/system/docker.service'),
    ('file-docker-service-perms', 'chmod 0644 /etc/systemd/system/docker.service.d/path.conf',
     'chmod 0666 /etc/systemd/system/docker.service.d/path.conf'),
    ('file-docker-socket-unit-perms', 'chmod 0644 /lib/systemd/system/docker.socket', 'chmod 0664 /lib/systemd/system/docker.socket'),
    ('file-docker-socket-unit-owner', 'chown 0:0 /lib/systemd/system/docker.socket', 'chown 0:7 /lib/systemd/system/docker.socket'),
    ('file-default-docker-perms', 'chmod 0644 /etc/default/docker', 'chmod 0645 /etc/default/docker'),
    ('file-default-docker-owner', 'chown 0:0 /etc/default/docker', 'chown 7:7 /etc/default/docker'),
    ('file-containerd-sock-perms', 'chmod 0660 /run/containerd/containerd.sock', 'chmod 0666 /run/containerd/containerd.sock'),
    ('file-containerd-sock-owner', 'chown 0:0 /run/containerd/containerd.sock', 'chown 7:0 /run/containerd/containerd.sock'),
    ('file-registry-cert-perms', 'mkdir -p /etc/docker/certs.d/r:5000; touch /etc/docker/certs.d/r:5000/ca.crt; chmod 0444 /etc/docker/certs.d/r:5000/ca.crt',
     'chmod 0644 /etc/docker/certs.d/r:5000/ca.crt'),
    ('file-registry-cert-owner', 'chown 0:0 /etc/docker/certs.d/r:5000/ca.crt', 'chown 7 /etc/docker/certs.d/r:5000/ca.crt'),
    ('file-sysconfig-docker-perms', 'mkdir -p /etc/sysconfig; touch /etc/sysconfig/docker; chmod 0644 /etc/sysconfig/docker', 'chmod 0664 /etc/sysconfig/docker'),
    ('file-sysconfig-docker-owner', 'chown 0:0 /etc/sysconfig/docker', 'chown 7 /etc/sysconfig/docker'),
]

# check, audit rules that pass, audit rules that fail
AUDIT = [
    ('audit-dockerd-binary', ['-w /usr/sbin/dockerd -p wa'], ['-w /usr/sbin/dockerd -p x']),
    ('audit-run-containerd', ['-w /run/containerd -p wa'], ['-w /run/containerd/containerd.sock -p wa']),
    ('audit-var-lib-docker', ['-w /var/lib/docker -p wa', '-a never,exit -F dir=/var/lib/docker'],
     ['-a never,exit -F dir=/var/lib/docker', '-w /var/lib/docker -p wa']),
    ('audit-etc-docker', ['-w /etc/docker -p wa'], ['-w /etc/docker/daemon.json -p wa']),
    ('audit-docker-service-unit', ['-w /lib/systemd/system/docker.service -p wa', '-w /etc/systemd/system/docker.service.d/path.conf -p wa'],
     ['-w /lib/systemd/system/docker.service -p wa']),
    ('audit-containerd-sock', ['-w /run/containerd/containerd.sock -p wa'], ['-w /run/containerd/containerd.soc -p wa']),
    ('audit-docker-socket-unit', ['-w /var/run/docker.sock -p wa'], ['-w /lib/systemd/system/docker.socket -p wa']),
    ('audit-default-docker', ['-w /etc/default/docker -p wa'], ['-w /etc/default/docker -p wa', '-a never,task']),
    ('audit-daemon-json', ['-w /etc/docker/daemon.json -p w', '-w /etc/docker/daemon.json -p a'], ['-w /etc/docker/daemon.json -p w']),
    ('audit-containerd-config-toml', ['-w /etc/containerd/config.toml -p wa'], []),
    ('audit-sysconfig-docker', ['-w /etc/sysconfig/docker -p wa'], []),
    ('audit-containerd-binary', ['-w /usr/bin/containerd -p wa'], ['-w /usr/bin/containerd-shim -p wa']),
    ('audit-containerd-shim-binary', ['-w /usr/bin/containerd-shim -p wa'], ['-w /usr/bin/containerd-shim-runc-v2 -p wa']),
    ('audit-containerd-shim-runc-v1-binary', ['-w /usr/bin/containerd-shim-runc-v1 -p wa'], []),
    ('audit-containerd-shim-runc-v2-binary', ['-w /usr/bin/containerd-shim-runc-v2 -p wa'], []),
    ('audit-runc-binary', ['-w /usr/sbin/runc -p wa', '-w /usr/local/sbin/runc -p wa'], ['-w /usr/sbin/runc -p r', '-w /usr/local/sbin/runc -p wa']),
]

# check, options that pass, options that fail
CONTAINERS = [
    ('container-capabilities-restricted', '--cap-drop ALL', '--cap-add NET_ADMIN'),
    ('container-privileged', '', '--privileged'),
    ('container-sensitive-host-dirs', '-v /lab:/x', '-v /etc:/x:ro'),
    ('container-sensitive-host-dirs', '-v /etc/localtime:/x:ro', '-v /etc/localtime:/x'),
    ('container-privileged-ports', '-p 127.0.0.1:8099:80', '-p 127.0.0.1:81:80'),
    ('container-host-network', '', '--net host'),
    ('container-memory-limit', '-m 64m', ''),
    ('container-cpu-priority', '--cpu-shares 512', '--cpu-shares 1024'),
    ('container-readonly-rootfs', '--read-only', ''),
    ('container-bind-interface', '-p 127.0.0.1:8099:80', '-p 8099:80'),
    ('container-restart-policy', '--restart on-failure:5', '--restart on-failure'),
    ('container-restart-policy', '--restart no', '--restart unless-stopped'),
    ('container-host-pid', '', '--pid host'),
    ('container-host-ipc', '--ipc shareable', '--ipc host'),
    ('container-host-uts', '', '--uts host'),
    ('container-mount-propagation-shared', '-v /lab:/x:rslave', '-v /lab:/x:shared'),
    ('container-seccomp-not-disabled', '', '--security-opt seccomp=unconfined'),
    ('container-cgroup-usage', '', '--cgroup-parent /foo'),
    ('container-no-new-privileges', '--security-opt no-new-privileges', '--security-opt no-new-privileges=false'),
    ('container-health-runtime', '--health-cmd true', '--no-healthcheck'),
    ('container-pids-limit', '--pids-limit 50', '--pids-limit -1'),
    ('container-default-bridge', '--net none', ''),
    ('container-host-userns', '', '--userns host'),
    ('container-docker-socket-mounted', '', '-v /run:/x:ro'),
    ('container-docker-socket-mounted', '-v /lab:/x', '-v /run/containerd/containerd.sock:/x'),
]

# check, options that pass, options that a person has to judge, observed
CONTAINERS_TO_JUDGE = [
    ('container-only-needed-ports', '', '-p 127.0.0.1:8099:80', '80/tcp -> 127.0.0.1:8099'),
    ('container-host-devices', '', '--device /dev/fuse:/dev/fuse:r', '/dev/fuse -> /dev/fuse r'),
    ('container-ulimit-override', '', '--ulimit nofile=100:200', 'nofile=100:200'),
]

# options that pass, options that fail, observed
APPARMOR = [
    ('', '--security-opt apparmor=unconfined', 'apparmor=unconfined'),
    ('', '--privileged', 'unconfined (privileged)'),
]

NO_SECCOMP = '/etc/systemd/system/docker.service.d/no-seccomp.conf'


class Flips(unittest.TestCase):
    @staticmethod
    def new_lab():
        return labtest.Lab(1)

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.new_lab()
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.lab.execute('h1', 'bash', '/run/lab.d/images.sh')

    def setUp(self):
        # A daemon.json that another test touched would leave the settings of the running dockerd unknown.
        self.lab.daemon_json('h1', {})

    def expect(self, check, want, why):
        got = self.lab.verdict('h1', check)
        self.assertEqual(got['verdict'], want, f'{check} {why}: {json.dumps(got, indent=1)}')
        return got

    def test_daemon_options(self):
        for check, good, bad, words in DAEMON:
            with self.subTest(check=check, bad=bad):
                self.lab.daemon_json('h1', good)
                self.expect(check, 'pass', f'with {good}')
                self.lab.daemon_json('h1', bad)
                got = self.expect(check, 'fail', f'with {bad}')
                self.assertIn(words, ' '.join(str(i['observed']) for i in got['items']))
                self.lab.daemon_json('h1', good)
                self.expect(check, 'pass', f'with {good} again')
        self.lab.daemon_json('h1', {})

    def test_daemon_options_that_a_person_judges(self):
        for check, one, words, other, other_words in DAEMON_EVIDENCE:
            for options, want in ((one, words), (other, other_words), (one, words)):
                self.lab.daemon_json('h1', options)
                self.assertEqual(self.expect(check, 'manual', f'with {options}')['items'][0]['observed'], want)
        self.lab.daemon_json('h1', {})

    def test_seccomp_profile_of_the_daemon(self):
        check, profile = 'daemon-seccomp-profile', '/etc/docker/seccomp.json'
        self.lab.sh('h1', f"""mkdir -p /etc/docker; echo '{{"defaultAction": "SCMP_ACT_ALLOW"}}' > {profile}""")
        self.lab.daemon_json('h1', {})
        self.assertIsNone(self.expect(check, 'pass', 'by default')['items'][0]['note'])
        self.lab.daemon_json('h1', {'seccomp-profile': profile})
        item = self.expect(check, 'pass', 'with a profile of its own')['items'][0]
        self.assertEqual([item['observed'], item['note']], [f'profile={profile}', f'custom profile {profile}, content not judged'])
        self.lab.daemon_json('h1', {})
        # dockerd asks the kernel by prctl; the answer of a kernel without seccomp is EINVAL.
        self.lab.sh('h1', f"printf '[Service]\\nSystemCallFilter=~prctl\\nSystemCallErrorNumber=EINVAL\\n' > {NO_SECCOMP}; "
                          'systemctl daemon-reload')
        try:
            self.lab.restart_docker('h1')
            self.assertEqual(self.expect(check, 'fail', 'without seccomp')['items'][0]['observed'], 'no seccomp')
        finally:
            self.lab.sh('h1', f'rm {NO_SECCOMP}; systemctl daemon-reload')
            self.lab.restart_docker('h1')
        self.expect(check, 'pass', 'by default again')

    def test_file_modes_and_owners(self):
        self.lab.sh('h1', 'touch /etc/default/docker')
        for check, good, bad in FILES:
            with self.subTest(check=check, bad=bad):
                self.lab.sh('h1', good)
                self.expect(check, 'pass', good)
                self.lab.sh('h1', bad)
                self.expect(check, 'fail', bad)
                self.lab.sh('h1', good)
                self.expect(check, 'pass', good + ' again')

    def audit_rules(self, rules):
        self.lab.sh('h1', '; '.join(['auditctl -D', *(f'auditctl {rule}' for rule in rules)]))

    def test_audit_rules(self):
        self.lab.sh('h1', 'mkdir -p /etc/sysconfig /etc/containerd; '
                          'touch /etc/default/docker /etc/sysconfig/docker /etc/containerd/config.toml')
        for check, good, bad in AUDIT:
            with self.subTest(check=check, bad=bad):
                self.audit_rules(good)
                self.expect(check, 'pass', f'with {good}')
                self.audit_rules(bad)
                self.expect(check, 'fail', f'with {bad}')
                self.audit_rules(good)
                self.expect(check, 'pass', f'with {good} again')
        self.lab.sh('h1', 'auditctl -D; rm /etc/sysconfig/docker /etc/containerd/config.toml')

    def test_users_of_the_socket(self):
        check = 'host-docker-users-trusted'
        self.expect(check, 'pass', 'with nobody in the group')
        for add in ('usermod -aG docker flip', 'usermod -g docker flip'):
            self.lab.sh('h1', f'useradd flip; {add}')
            got = self.expect(check, 'manual', add)
            self.assertEqual([i['observed'] for i in got['items'] if i['verdict'] == 'manual'], ['flip (group docker)'])
            for trusted, want in (('flip', 'pass'), ('flipper', 'fail')):
                got = self.lab.verdicts('h1', '--only', check, '--parameter', f'trusted_users={trusted}')[check]
                self.assertEqual(got['verdict'], want, got)
            self.lab.sh('h1', 'userdel flip')
        self.expect(check, 'pass', 'with nobody in the group again')

    def start(self, options):
        self.lab.sh('h1', f'docker rm -f flip > /dev/null 2>&1; docker run -d --name flip {options} base:1 /bin/sleep 1000')

    def test_container_settings(self):
        for check, good, bad in CONTAINERS:
            with self.subTest(check=check, bad=bad):
                self.start(good)
                self.expect(check, 'pass', f'with {good!r}')
                self.start(bad)
                got = self.expect(check, 'fail', f'with {bad!r}')
                self.assertTrue(any('flip' in i['item'] for i in got['items'] if i['verdict'] == 'fail'), got)
                self.start(good)
                self.expect(check, 'pass', f'with {good!r} again')
        self.lab.sh('h1', 'docker rm -f flip')

    def test_container_settings_that_a_person_judges(self):
        for check, good, bad, words in CONTAINERS_TO_JUDGE:
            with self.subTest(check=check, bad=bad):
                self.start(good)
                self.expect(check, 'pass', f'with {good!r}')
                self.start(bad)
                got = self.expect(check, 'manual', f'with {bad!r}')
                self.assertEqual([i['observed'] for i in got['items'] if i['verdict'] == 'manual'], [words])
                self.start(good)
                self.expect(check, 'pass', f'with {good!r} again')
        self.lab.sh('h1', 'docker rm -f flip')

    def test_sshd_inside(self):
        check = 'container-no-sshd'
        self.lab.execute('h1', 'bash', '/run/lab.d/sshd-image.sh')
        self.start('')
        self.expect(check, 'pass', 'without sshd')
        self.lab.sh('h1', 'docker run -d --name flip-sshd sshd:1 /usr/sbin/sshd -D -e')
        got = self.expect(check, 'fail', 'with sshd')
        self.assertEqual([i['item'] for i in got['items'] if i['verdict'] == 'fail'], ['flip-sshd'])
        self.lab.sh('h1', 'docker rm -f flip flip-sshd; docker run -d --name flip --pid host base:1 /bin/sleep 1000')
        self.expect(check, 'pass', "in the host's pid namespace, where the host's own sshd is visible")
        self.lab.sh('h1', 'docker rm -f flip')

    def test_a_kernel_without_apparmor(self):
        if not self.lab.sh('h1', 'test -e /sys/module/apparmor', check=False).returncode:
            self.skipTest('this kernel has AppArmor')
        self.start('')
        self.expect('container-apparmor', 'not_applicable', 'without the module')
        self.lab.sh('h1', 'docker rm -f flip')

    def test_swarm(self):
        self.expect('swarm-overlay-encrypted', 'not_applicable', 'without swarm')
        address = f'{self.lab.network}.11'
        self.lab.sh('h1', f'docker swarm init --advertise-addr {address}')
        try:
            got = self.expect('swarm-bound-to-interface', 'fail', 'listening everywhere')
            self.assertEqual([i['item'] for i in got['items']],
                             ['dockerd 2377/tcp', 'dockerd 7946/tcp', 'dockerd 7946/udp'])
            self.lab.sh('h1', f'docker swarm leave --force; docker swarm init --advertise-addr {address} '
                              f'--listen-addr {address}:2377')
            self.expect('swarm-bound-to-interface', 'pass', 'listening on one address')
            self.expect('swarm-autolock', 'fail', 'without autolock')
            self.expect('swarm-autolock-key-rotation', 'not_applicable', 'without autolock')
            self.lab.sh('h1', 'docker swarm update --autolock=true')
            self.expect('swarm-autolock', 'pass', 'with autolock')
            self.expect('swarm-autolock-key-rotation', 'manual', 'with autolock')
            self.lab.sh('h1', 'docker swarm update --autolock=false')
            self.expect('swarm-autolock', 'fail', 'without autolock again')
            self.expect('swarm-min-manager-nodes', 'pass', 'one manager, one node')
            got = self.expect('swarm-node-cert-rotation', 'manual', 'as it is made')
            self.assertEqual(got['items'][0]['observed'], '2160 h')
            self.lab.sh('h1', 'docker swarm update --cert-expiry 720h')
            got = self.expect('swarm-node-cert-rotation', 'manual', 'with a shorter life')
            self.assertEqual(got['items'][0]['observed'], '720 h')
            self.lab.sh('h1', 'docker network create -d overlay plain')
            got = self.expect('swarm-overlay-encrypted', 'fail', 'with a plain overlay')
            self.assertIn('plain', [i['item'] for i in got['items']])
            self.lab.sh('h1', 'docker network rm plain; docker network create -d overlay --opt encrypted secret')
            got = self.expect('swarm-overlay-encrypted', 'fail', 'ingress alone')
            self.assertNotIn('secret', [i['item'] for i in got['items'] if i['verdict'] == 'fail'])
            self.expect('daemon-live-restore', 'not_applicable', 'in a swarm')
            self.expect('swarm-disabled-if-unused', 'fail', 'one node, no service')
            self.flip_secrets()
            self.expect('swarm-disabled-if-unused', 'manual', 'with a service')
        finally:
            self.lab.sh('h1', 'docker swarm leave --force')
        self.expect('swarm-disabled-if-unused', 'pass', 'after leaving')

    def flip_secrets(self):
        check, create = 'swarm-secrets-used', 'docker service create -q --detach --no-resolve-image --stop-grace-period 1s'
        self.lab.sh('h1', f'echo x | docker secret create key - && {create} --name s --secret key -e TOKEN_FILE=/run/secrets/key '
                          'base:1 /bin/sleep 1000')
        got = self.expect(check, 'manual', 'with a secret')
        self.assertEqual([i['observed'] for i in got['items']],
                         ['1 of 1 services use secrets, 0 have environment names like secrets'])
        self.lab.sh('h1', f'docker service rm s && {create} --name s -e DB_PASSWORD=not-a-real-secret base:1 /bin/sleep 1000')
        got = self.expect(check, 'manual', 'with a password in the environment')
        self.assertEqual([i['observed'] for i in got['items']],
                         ['0 of 1 services use secrets, 1 have environment names like secrets', 'DB_PASSWORD in the environment'])
        self.assertNotIn('not-a-real-secret', json.dumps(got))


class SwarmOfTwo(unittest.TestCase):
    def becomes(self, lab, host, check, verdict, observed=None):
        """Managers agree a moment after the command."""
        def claim():
            got = lab.verdict(host, check)
            self.assertEqual(got['verdict'], verdict, f'{host}: {got}')
            if observed:
                self.assertEqual(got['items'][0]['observed'], observed, host)
            return got
        return labtest.eventually(claim)

    def test_managers(self):
        with labtest.Lab(2) as lab:
            check, address = 'swarm-min-manager-nodes', f'{lab.network}.11'
            lab.sh('h1', f'docker swarm init --advertise-addr {address}')
            token = lab.sh('h1', 'docker swarm join-token -q manager').stdout.strip()
            self.assertEqual(lab.verdict('h1', check)['verdict'], 'pass')
            lab.sh('h2', f'docker swarm join --token {token} {address}:2377')
            for host in ('h1', 'h2'):
                self.becomes(lab, host, check, 'fail', '2 managers of 2 nodes')
            lab.sh('h1', 'docker node demote h2')
            self.becomes(lab, 'h1', check, 'manual')
            got = self.becomes(lab, 'h2', check, 'not_applicable')
            self.assertTrue(got['reason'].startswith('NA_WORKER'), got)
            self.becomes(lab, 'h1', 'swarm-disabled-if-unused', 'manual')
            labtest.wait_for(lambda: not lab.sh('h2', "ss -Hltn 'sport = 2377'").stdout, 'h2 is no manager any more')
            lab.sh('h2', 'docker swarm leave')
            lab.sh('h1', 'docker node rm -f h2')
            self.becomes(lab, 'h1', check, 'pass')


class AppArmor(unittest.TestCase):
    """The kernel need not have AppArmor: the engine is shown its files and gives each container a profile."""

    def test_profiles(self):
        check = 'container-apparmor'
        with labtest.Lab(1, LAB_APPARMOR='1') as lab:
            lab.execute('h1', 'bash', '/run/lab.d/images.sh')
            for good, bad, words in APPARMOR:
                for options, want, observed in ((good, 'pass', 'docker-default'), (bad, 'fail', words), (good, 'pass', 'docker-default')):
                    lab.sh('h1', f'docker rm -f flip; docker run -d --name flip {options} base:1 /bin/sleep 1000')
                    got = lab.verdict('h1', check)
                    self.assertEqual([got['verdict'], got['items'][0]['observed']], [want, observed], f'with {options!r}')


if __name__ == '__main__':
    labtest.main()
