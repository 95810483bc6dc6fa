#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Configurations that look better, or other, than they are. Each fooled the audit once, or would fool a simpler one."""
import json
import time
import unittest

import labtest

# A request to the engine that its command line would not make.
CREATE = '''
import http.client, json, socket, sys
connection = http.client.HTTPConnection('engine')
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect('/run/docker.sock')
for path, body in json.load(sys.stdin):
    connection.request('POST', path, json.dumps(body), {'Content-Type': 'application/json'})
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status in (201, 204), (path, answer.status, text)
'''

# Mounts a FUSE at /srv/hang and never answers what it is asked.
SILENT = '''
import ctypes, os, time
fuse = os.open('/dev/fuse', os.O_RDWR)
assert ctypes.CDLL(None).mount(b'silent', b'/srv/hang', b'fuse', 0, b'fd=%d,rootmode=40000,user_id=0,group_id=0' % fuse) == 0
open('/run/silent.pid', 'w').write(str(os.getpid()))
time.sleep(1000)
'''

DROPIN = '/etc/systemd/system/docker.service.d/trick.conf'


class Tricks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(1)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.lab.execute('h1', 'bash', '/run/lab.d/images.sh')

    def setUp(self):
        self.lab.sh('h1', f'rm -f /etc/docker/*.json {DROPIN} /etc/systemd/system/trick-*.socket; docker rm -f $(docker ps -aq) '
                          '> /dev/null 2>&1; systemctl daemon-reload', check=False)

    def expect(self, check, want):
        got = self.lab.verdict('h1', check)
        self.assertEqual(got['verdict'], want, f'{check}: {json.dumps(got, indent=1)}')
        return {item['item']: item for item in got['items']}

    def dockerd(self, options):
        """Restarts dockerd with other options behind its usual ones."""
        self.lab.execute('h1', 'sh', '-c', f'cat > {DROPIN}; systemctl daemon-reload', input=(
            '[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// '
            f'--containerd=/run/containerd/containerd.sock {options}\n'))
        self.lab.restart_docker('h1')

    def create(self, *requests):
        self.lab.execute('h1', 'python3', '-c', CREATE, input=json.dumps(requests))

    def test_sockets_of_other_units(self):
        self.lab.sh('h1', r'''
            printf '[Socket]\nListenStream=2375\nService=docker.service\n' > /etc/systemd/system/trick-tcp.socket
            printf '[Socket]\nListenStream=/run/trick.sock\nSocketMode=0666\nService=docker.service\n' \
                > /etc/systemd/system/trick-unix.socket
            systemctl daemon-reload; systemctl stop docker docker.socket
            systemctl start docker.socket trick-tcp.socket trick-unix.socket; systemctl start docker''')
        try:
            items = self.expect('daemon-tcp-tls-verify', 'fail')
            self.assertEqual(list(items), ['tcp://[::]:2375'])
            items = self.expect('file-docker-sock-perms', 'fail')
            self.assertEqual({name: item['verdict'] for name, item in items.items()},
                             {'/run/docker.sock': 'pass', '/run/trick.sock': 'fail'})
            self.lab.sh('h1', 'docker run -d -v /run/trick.sock:/x base:1 /bin/sleep 1000')
            self.expect('container-docker-socket-mounted', 'fail')
        finally:
            self.lab.sh('h1', 'systemctl stop docker docker.socket trick-tcp.socket trick-unix.socket; '
                              'rm /etc/systemd/system/trick-*.socket; systemctl daemon-reload; systemctl start docker.socket docker')
        self.expect('daemon-tcp-tls-verify', 'not_applicable')

    def test_an_empty_config_file_option_reads_no_file(self):
        self.lab.sh('h1', '''echo '{"no-new-privileges": true}' > /etc/docker/daemon.json''')
        self.dockerd('--config-file=')
        self.expect('daemon-no-new-privileges', 'fail')
        self.dockerd('')
        self.expect('daemon-no-new-privileges', 'pass')

    def test_a_link_that_was_turned_is_a_change(self):
        self.lab.sh('h1', '''cd /etc/docker; echo '{"no-new-privileges": true}' > good.json
            echo '{"no-new-privileges": false}' > bad.json; ln -s bad.json daemon.json''')
        self.lab.restart_docker('h1')
        self.expect('daemon-no-new-privileges', 'fail')
        self.lab.sh('h1', 'sleep 4; cd /etc/docker; ln -sfn good.json daemon.json')
        self.expect('daemon-no-new-privileges', 'unknown')
        self.lab.restart_docker('h1')
        self.expect('daemon-no-new-privileges', 'pass')

    def test_of_a_log_option_the_last_value_counts(self):
        remote, local = '--log-opt syslog-address=udp://192.0.2.1:514', '--log-opt syslog-address=unix:///dev/log'
        self.dockerd(f'--log-driver syslog {remote} {local}')
        self.expect('daemon-remote-logging', 'manual')
        self.dockerd(f'--log-driver syslog {local} {remote}')
        self.expect('daemon-remote-logging', 'pass')

    def test_what_only_the_api_lets_through(self):
        sleep = {'Image': 'base:1', 'Cmd': ['/bin/sleep', '1000']}
        self.create(
            ('/containers/create?name=unknown-test', dict(sleep, Healthcheck={'Test': ['FOO', 'true']})),
            ('/containers/create?name=log-only', dict(sleep, HostConfig={'SecurityOpt': ['seccomp={"defaultAction":"SCMP_ACT_LOG"}']})),
            ('/containers/log-only/start', {}),
            ('/containers/create?name=one', dict(sleep, HostConfig={'SecurityOpt': ['no-new-privileges=1']})),
            ('/containers/create?name=capital', dict(sleep, HostConfig={'CapAdd': ['cap_sys_admin']})),
        )
        self.assertEqual(self.expect('container-health-runtime', 'fail')['unknown-test [created]']['verdict'], 'fail')
        items = self.expect('container-seccomp-not-disabled', 'fail')
        self.assertEqual([name for name, item in items.items() if item['verdict'] == 'fail'], ['log-only'])
        self.assertEqual(self.expect('container-no-new-privileges', 'fail')['one [created]']['verdict'], 'pass')
        items = self.expect('container-capabilities-restricted', 'fail')
        self.assertEqual(items['capital [created]']['observed'], 'SYS_ADMIN')

    def test_other_names_of_a_socket_and_of_a_folder(self):
        self.lab.sh('h1', '''ln /run/docker.sock /run/trick.hard; mkdir -p /srv/trick; mount --bind /etc /srv/trick
            ln -s /srv/trick /srv/trick.link
            docker run -d --name hard -v /run/trick.hard:/x base:1 /bin/sleep 1000
            docker run -d --name bound -v /srv/trick.link:/x:ro base:1 /bin/sleep 1000
            docker volume create -o type=none -o o=bind -o device=/srv/trick trick
            docker run -d --name volume -v trick:/x base:1 /bin/sleep 1000''')
        try:
            items = self.expect('container-docker-socket-mounted', 'fail')
            self.assertEqual([i for i, item in items.items() if item['verdict'] == 'fail'], ['hard /run/trick.hard -> /x'])
            items = self.expect('container-sensitive-host-dirs', 'fail')
            self.assertEqual(sorted(i for i, item in items.items() if item['verdict'] == 'fail'),
                             ['bound /srv/trick.link -> /x', 'volume /srv/trick -> /x'])
        finally:
            self.lab.sh('h1', 'docker rm -f hard bound volume; docker volume rm trick; umount /srv/trick; rm /run/trick.hard')

    def test_bind_mounts_below_and_above_a_listed_folder(self):
        self.lab.sh('h1', '''mkdir -p /srv/below /srv/above/deep /srv/plain /etc/ssh/deep
            mount --bind /etc/ssh/deep /srv/below; mount --bind /run /srv/above/deep; mount --bind /opt /srv/plain
            for name in below above plain; do docker run -d --name $name -v /srv/$name:/x:ro base:1 /bin/sleep 1000; done''')
        try:
            items = self.expect('container-sensitive-host-dirs', 'fail')
            self.assertEqual(items['below /srv/below -> /x']['note'], 'shows /etc/ssh/deep')
            self.assertEqual(items['plain /srv/plain -> /x']['verdict'], 'pass')
            items = self.expect('container-docker-socket-mounted', 'fail')
            self.assertEqual([i for i, item in items.items() if item['verdict'] == 'fail'], ['above /srv/above -> /x'])
        finally:
            self.lab.sh('h1', 'docker rm -f below above plain; umount /srv/below /srv/above/deep /srv/plain; rmdir /etc/ssh/deep')

    def test_a_socket_that_was_renamed(self):
        self.dockerd('-H unix:///run/second.sock')
        try:
            self.lab.sh('h1', '''docker run -d --name plain -v /opt:/x base:1 /bin/sleep 1000
                mv /run/second.sock /run/renamed.sock''')
            self.lab.sh('h1', 'docker run -d --name renamed -v /run/renamed.sock:/x base:1 /bin/sleep 1000')
            items = self.expect('container-docker-socket-mounted', 'unknown')
            self.assertEqual({item['verdict'] for item in items.values()}, {'unknown'})
            self.lab.sh('h1', 'mv /run/renamed.sock /run/second.sock')
            self.expect('container-docker-socket-mounted', 'pass')
        finally:
            self.lab.sh('h1', f'docker rm -f plain renamed; rm {DROPIN}; systemctl daemon-reload')
            self.lab.restart_docker('h1')

    def test_another_file_in_the_place_of_the_one_that_was_read(self):
        self.lab.sh('h1', '''mkdir -p /etc/docker.new; echo '{"icc": false}' | tee /etc/docker.new/daemon.json > /srv/new.json''')
        self.lab.restart_docker('h1')
        self.expect('daemon-icc-disabled', 'fail')
        self.expect('daemon-log-level-info', 'pass')
        self.lab.sh('h1', 'sleep 3; mv /etc/docker /etc/docker.old; mv /etc/docker.new /etc/docker')
        try:
            self.expect('daemon-log-level-info', 'unknown')
        finally:
            self.lab.sh('h1', 'rm -r /etc/docker; mv /etc/docker.old /etc/docker')
        self.lab.sh('h1', 'echo {} > /etc/docker/daemon.json')
        self.lab.restart_docker('h1')
        self.lab.sh('h1', 'mount --bind /srv/new.json /etc/docker/daemon.json')
        try:
            self.expect('daemon-log-level-info', 'unknown')
        finally:
            self.lab.sh('h1', 'umount /etc/docker/daemon.json')

    def test_a_file_system_that_never_answers(self):
        # The container is made while the folder is plain; later the path leads to a FUSE whose program is silent.
        self.lab.sh('h1', '''mkdir -p /srv/hang; for name in hung other; do
            docker run -d --name $name -v /srv/hang:/x -v /opt:/y base:1 /bin/sleep 1000; done''')
        self.lab.sh('h1', f'setsid python3 -c "{SILENT}" > /dev/null 2>&1 < /dev/null & '
                          'for i in $(seq 50); do grep -q " /srv/hang " /proc/mounts && break; sleep 0.1; done')
        try:
            started = time.monotonic()
            items = self.expect('container-sensitive-host-dirs', 'unknown')
            self.assertLess(time.monotonic() - started, 20)
            self.assertEqual(items['hung /srv/hang -> /x']['verdict'], 'unknown')
            self.assertEqual(items['hung /opt -> /y']['verdict'], 'pass')
        finally:
            self.lab.sh('h1', 'umount -l /srv/hang; kill $(cat /run/silent.pid); docker rm -f hung other')

    def test_a_label_is_no_swarm_task(self):
        self.lab.sh('h1', 'docker run -d --name web --label com.docker.swarm.service.id=x --restart always base:1 /bin/sleep 1000')
        self.expect('container-restart-policy', 'fail')


if __name__ == '__main__':
    labtest.main()
