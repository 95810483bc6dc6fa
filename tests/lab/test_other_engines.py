#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Engines besides the rootful dockerd on its usual socket, all real and on one host: a rootless dockerd, Podman's service,
and the rootful one by TCP. expected/{rootless,podman}.json hold the truth as in expectations.py."""
import json
import unittest

import labtest
from expectations import expect

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

    def test_rootless(self):
        expect(self, self.lab, self.lab.verdicts('h1', '--docker-host', ROOTLESS), 'rootless')

    def test_podman(self):
        expect(self, self.lab, self.lab.verdicts('h1', '--docker-host', PODMAN), 'podman')

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


    def test_an_agent_reports_each_engine_and_the_host_counts_once(self):
        config = '--config /lab/server/server.conf'
        self.lab.sh('h1', f"""
            set -e
            /lab/plimsoll setup --data /lab/server --name h1 > /dev/null 2>&1
            setsid /lab/plimsoll serve {config} > /lab/serve.log 2>&1 < /dev/null &
            for _ in $(seq 100); do grep -q event=started /lab/serve.log && break; sleep .1; done
            /lab/plimsoll token create {config} > /lab/join
            /lab/plimsoll-agent enroll --join-file /lab/join --state /lab/agent""")
        agent = '/lab/plimsoll-agent run --once --state /lab/agent'
        self.assertIn('delivered reports=3 with_facts=3', self.lab.sh('h1', agent).stderr)
        self.assertIn('delivered reports=3 with_facts=0', self.lab.sh('h1', agent).stderr)
        hosts = json.loads(self.lab.sh('h1', f'/lab/plimsoll hosts list --json {config}').stdout)
        self.assertEqual([(h['name'], h['engines']) for h in hosts], [('h1', 3)])
        chosen = self.lab.sh('h1', f'{agent} --docker-host "{PODMAN} {ROOTLESS}"').stderr
        self.assertIn('delivered reports=2 with_facts=0', chosen)


class Tcp(unittest.TestCase):
    """The rootful engine by tcp://, with TLS as the docker CLI names it, and without. On loopback as well nothing of the
    host's own counts: that a port is this machine's engine is not shown by anything."""
    maxDiff = None
    TLS = 'tcp://127.0.0.1:2376'

    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(1)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.lab.execute('h1', 'bash', '/run/lab.d/certs.sh')
        cls.lab.sh('h1', """
            mkdir -p /lab/tls /lab/other /lab/bare
            cd /etc/docker/certs
            cp ca.pem /lab/tls/ca.pem; cp client-cert.pem /lab/tls/cert.pem; cp client-key.pem /lab/tls/key.pem
            cp ca.pem /lab/bare/ca.pem
            cd /lab/other
            openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=other -keyout key.pem -out cert.pem 2> /dev/null
            cp cert.pem ca.pem
            openssl rsa -in key.pem -aes128 -passout pass:x -out locked.pem 2> /dev/null
            mkdir -p /etc/systemd/system/docker.service.d
            printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/dockerd --containerd=/run/containerd/containerd.sock\\n' \\
                > /etc/systemd/system/docker.service.d/hosts.conf
            systemctl daemon-reload""")
        cls.listen('tcp://0.0.0.0:2376', tlsverify=True, tlscacert='/etc/docker/certs/ca.pem',
                   tlscert='/etc/docker/certs/server-cert.pem', tlskey='/etc/docker/certs/server-key.pem')
        cls.lab.conf('h1', 'default')

    @classmethod
    def listen(cls, url, **options):
        cls.lab.daemon_json('h1', {'hosts': ['unix:///run/docker.sock', url], **options})

    def by_tcp(self, url, environment='', options=''):
        return self.lab.sh('h1', f'cd /; {environment} /lab/plimsoll audit --docker-host {url} {options}', check=False)

    def expect_like_native(self, text):
        """What the API says is as by the socket; all else is unknown, and nothing passes by the wrong host's files."""
        result = json.loads(text)
        native = self.lab.verdicts('h1')
        for check in result['benchmarks'][0]['checks']:
            here = native[check['check']]
            with self.subTest(check=check['check']):
                if check['verdict'] == 'unknown':
                    reasons = [check['reason']] + [i['reason'] for i in check['items']]
                    self.assertTrue(any(r and r.startswith('UK') for r in reasons), check)
                else:
                    self.assertEqual(check['verdict'], here['verdict'])
                if check['section'] in ('1', '3') and check['check'] != 'host-docker-version-current':  # /version
                    self.assertEqual(check['verdict'], 'unknown', check)
        got = {c['check']: c['verdict'] for c in result['benchmarks'][0]['checks']}
        self.assertEqual([got[c] for c in ('container-readonly-rootfs', 'container-privileged', 'daemon-icc-disabled')],
                         ['fail', 'pass', 'fail'])
        return result

    def test_with_certificates(self):
        done = self.by_tcp(self.TLS, 'DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=/lab/tls', '-o json -a')
        self.assertEqual(done.returncode, 0, done.stderr)
        host = self.expect_like_native(done.stdout)['host']
        self.assertEqual(host['name'], '127.0.0.1')
        self.assertEqual([n for n in host['notices'] if 'plain' in n], [])
        done = self.by_tcp(self.TLS, '', '--tlsverify --tlscacert /lab/tls/ca.pem --tlscert /lab/tls/cert.pem '
                                         '--tlskey /lab/tls/key.pem -o json')
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_by_a_context(self):
        self.lab.sh('h1', f'docker context create away --docker host={self.TLS},ca=/lab/tls/ca.pem,'
                          'cert=/lab/tls/cert.pem,key=/lab/tls/key.pem')
        done = self.lab.sh('h1', 'DOCKER_CONTEXT=away /lab/plimsoll audit -o json')
        self.assertEqual(json.loads(done.stdout)['host']['name'], '127.0.0.1')

    def test_what_is_wrong_is_said_with_what_to_do(self):
        tls = '--tlsverify'
        for why, url, folder, options, text in (
                ('another CA', self.TLS, 'other', tls, 'is not signed by the CA that is trusted here'),
                ('no client certificate', self.TLS, 'bare', tls, 'the engine wants a client certificate'),
                ('a client certificate of another CA', self.TLS, 'bare',
                 tls + ' --tlscert /lab/other/cert.pem --tlskey /lab/other/key.pem', 'does not accept our client certificate'),
                ('a key with a passphrase', self.TLS, 'bare',
                 tls + ' --tlscert /lab/other/cert.pem --tlskey /lab/other/locked.pem', 'the key have no passphrase'),
                ('a key of another certificate', self.TLS, 'tls', tls + ' --tlskey /lab/other/key.pem', 'belong together'),
                ('a CA that is none', self.TLS, 'tls', tls + ' --tlscacert /etc/hostname', 'cannot be read as certificates'),
                ('another name', 'tcp://localhost:2376', 'tls', tls, 'is for another name'),
                ('a name that nobody has', 'tcp://nosuch:2376', 'tls', tls, 'is not known'),
                ('nobody listens', 'tcp://127.0.0.1:2399', 'tls', tls, 'Connection refused'),
                ('no TLS towards a TLS port', self.TLS, 'tls', '', '400')):
            with self.subTest(why):
                done = self.by_tcp(url, f'DOCKER_CERT_PATH=/lab/{folder}', options + ' < /dev/null')
                self.assertEqual(done.returncode, 3, done.stdout[:400] + done.stderr)
                self.assertIn(text, done.stdout)
                self.assertNotIn('There is no Docker Engine on this host', done.stdout)
        for why, options, text in (('no CA', tls, '--tlscacert'), ('files without TLS', '--tlscert /lab/tls/cert.pem', '--tlsverify')):
            with self.subTest(why):
                done = self.by_tcp(self.TLS, 'DOCKER_CERT_PATH=/nonexistent', options)
                self.assertEqual(done.returncode, 2, done.stdout[:400])
                self.assertIn(text, done.stderr)

    def test_certificates_out_of_date(self):
        """A server whose certificate has ended; openssl's, since dockerd makes no difference there."""
        self.lab.sh('h1', """cd /etc/docker/certs
            openssl x509 -req -days -1 -in server.csr -CA ca.pem -CAkey ca-key.pem -extfile extensions -out old.pem 2> /dev/null
            setsid openssl s_server -quiet -accept 2377 -cert old.pem -key server-key.pem < /dev/null > /dev/null 2>&1 &""")
        done = labtest.wait_for(lambda: (lambda d: d if 'refused' not in d.stdout else None)(
            self.by_tcp('tcp://127.0.0.1:2377', 'DOCKER_CERT_PATH=/lab/tls', '--tlsverify')), 'a server')
        self.assertIn("the engine's certificate has expired", done.stdout)
        done = self.by_tcp('tcp://127.0.0.1:2377', 'DOCKER_CERT_PATH=/lab/tls', '--tls --only daemon-icc-disabled')
        self.assertIn('without checking its certificate', done.stdout)

    def test_z_plain_tcp_works_and_is_said_aloud(self):
        self.lab.sh('h1', 'docker kill web app old')  # none of them ends by itself when it is asked to
        self.listen('tcp://127.0.0.1:2375', tls=False)
        self.lab.sh('h1', 'docker start web app old')
        done = self.by_tcp('tcp://127.0.0.1:2375', '', '-o json -a')
        self.assertEqual(done.returncode, 0, done.stderr)
        host = self.expect_like_native(done.stdout)['host']
        self.assertTrue(any('over plain TCP' in n for n in host['notices']), host['notices'])
        done = self.by_tcp('tcp://127.0.0.1:2375', 'DOCKER_CERT_PATH=/lab/tls', '--tlsverify')
        self.assertIn('speaks no TLS on that port', done.stdout)


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
