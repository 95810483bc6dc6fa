#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real hosts of other Docker releases: 20.10.5, 26.1 and whatever is new. What Plimsoll promises on the release that
expected/*.json was made with holds on these too, but for the differences that this file states, each with its cause.

The roots of the hosts are built by engine-root and kept in PLIMSOLL_ENGINE_ROOTS."""
import json
import os
import re
import shutil
import subprocess
import unittest

import labtest
import test_access
import expectations
import test_flips
import test_stability

ROOTS = os.environ.get('PLIMSOLL_ENGINE_ROOTS', '/var/cache/plimsoll-lab')


class EngineLab(labtest.Lab):
    """Hosts with the root of another Debian; the programs come with the libraries they were built against."""

    def __init__(self, suite, hosts=1):
        root = os.path.join(ROOTS, suite)
        if os.geteuid() != 0:
            raise unittest.SkipTest('needs root')
        built = subprocess.run([os.path.join(labtest.HERE, 'engine-root'), suite, root], capture_output=True, text=True,
                               check=False)
        if built.returncode != 0:
            raise unittest.SkipTest(built.stderr.strip())
        super().__init__(hosts, **{f'LAB_LOWER_h{k}': root for k in range(1, hosts + 1)})

    def __enter__(self):
        super().__enter__()
        for k in range(1, self.hosts + 1):
            for program in ('plimsoll', 'plimsoll-agent'):
                self.bring_libraries(self.share(f'h{k}'), program)
        return self

    @staticmethod
    def bring_libraries(share, program):
        libraries = subprocess.run(['ldd', os.path.join(labtest.BUILD, program)], capture_output=True, text=True,
                                   check=True).stdout
        os.makedirs(f'{share}/bin', exist_ok=True)
        os.makedirs(f'{share}/lib', exist_ok=True)
        for library in re.findall(r'/\S+', libraries):
            shutil.copy(library, f'{share}/lib')
        loader = re.search(r'/\S*/(ld-linux\S*)', libraries).group(1)
        os.rename(f'{share}/{program}', f'{share}/bin/{program}')
        with open(f'{share}/{program}', 'w') as file:
            file.write(f'#!/bin/sh\nexec /lab/lib/{loader} --library-path /lab/lib /lab/bin/{program} "$@"\n')
        os.chmod(f'{share}/{program}', 0o755)

    def facts(self, host):
        return json.loads(self.execute(host, '/lab/plimsoll-agent', 'collect', '--json').stdout)['facts']


class Release:
    """The tests that every release gets. A subclass says which, and what differs there."""
    maxDiff = None
    suite = None
    version = None  # how the server's version starts
    configurations = ()

    @classmethod
    def setUpClass(cls):
        cls.lab = EngineLab(cls.suite, len(cls.configurations))
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        for k, name in enumerate(cls.configurations, 1):
            cls.lab.conf(f'h{k}', name)

    @staticmethod
    def difference(_check, wanted):
        """What this release shows instead of the wanted summary."""
        return wanted

    def test_server_and_api_version(self):
        engine = self.lab.facts('h1')['engine']
        version = self.lab.sh('h1', "docker version -f '{{.Server.Version}} {{.Server.APIVersion}} {{.Server.MinAPIVersion}}'")
        self.assertEqual([engine['version'], engine['api_version'], engine['min_api_version']], version.stdout.split())
        self.assertTrue(engine['version'].startswith(self.version), engine['version'])
        self.assertEqual(engine['kind'], 'docker')

    def test_nothing_is_unread(self):
        for k in range(1, len(self.configurations) + 1):
            bad = [f for f in self.lab.facts(f'h{k}')['fetch'] if f['status'] not in ('ok', 'absent')]
            self.assertEqual(bad, [])

    def test_every_verdict_and_item(self):
        for k, name in enumerate(self.configurations, 1):
            wanted = expectations.read(name)
            got = {c['check']: expectations.summary(c, self.lab.network)
                   for c in self.lab.audit(f'h{k}')['benchmarks'][0]['checks']}
            self.assertEqual(sorted(got), sorted(wanted), f'{name}: the checks')
            for check, want in wanted.items():
                with self.subTest(configuration=name, check=check):
                    self.assertEqual(anywhere(got[check]), anywhere(self.difference(check, want)))


def anywhere(summary):
    """Without what names the host and its distribution, and the sizes of what was built from its files."""
    text = re.sub(r'NET\.1\d', 'NET.N', json.dumps(summary))
    text = re.sub(r'"h[1-3]"', '"HOST"', text)
    text = re.sub(r'\d+\.\d MB', 'SIZE', text)
    return json.loads(re.sub(r'"debian[^"]*"', '"DEBIAN"', text))


class Docker26(Release, unittest.TestCase):
    suite, version, configurations = 'trixie', '26.1.', ('default', 'hardened', 'dangerous')

    def test_the_newest_version_that_both_know_is_spoken(self):
        before = self.daemon_asked('h3')  # where debugging is on
        self.lab.facts('h3')
        labtest.wait_for(lambda: self.daemon_asked('h3') > before, 'a request for /v1.45/info in the log')

    def daemon_asked(self, host):
        return self.lab.sh(host, 'journalctl -u docker --no-pager').stdout.count('GET /v1.45/info')


class Docker20(Release, unittest.TestCase):
    suite, version, configurations = 'bullseye', '20.10.5', ('default', 'dangerous')

    @staticmethod
    def difference(check, wanted):
        text = json.dumps(wanted)
        # 20.10.5 publishes on 0.0.0.0 alone: no binding on [::] is live, and no docker-proxy runs for one.
        text = re.sub(r'(0\.0\.0\.0(?::\w+)?), \[::\](?::\w+)?', r'\1', text)
        if check == 'container-bind-interface':
            text = text.replace('"[::]"', '"[::] (configured, not live)"')
        if check == 'daemon-userland-proxy-disabled':
            text = text.replace('2 docker-proxy', '1 docker-proxy').replace('5 docker-proxy', '2 docker-proxy')
        # Debian 11 names units by /lib.
        return json.loads(text.replace('/usr/lib/systemd/', '/lib/systemd/'))


class DockerNewest(Release, unittest.TestCase):
    """Debian's development branch moves; the root is skipped when it cannot be built."""
    suite, version, configurations = 'sid', '', ('default',)

    @staticmethod
    def difference(check, wanted):
        # containerd 2 has the shim of version 2 alone; its unit file needs no drop-in for the lab's path.
        gone = {'audit-containerd-shim-binary': 'containerd-shim', 'audit-containerd-shim-runc-v1-binary': 'containerd-shim-runc-v1'}
        if check in gone:
            return {'verdict': 'not_applicable', 'reason': f'NA_ABSENT: {gone[check]} does not exist',
                    'items': [['h1', 'not_applicable', None]]}
        if check == 'audit-docker-service-unit':
            return dict(wanted, items=[i for i in wanted['items'] if not i[0].endswith('/path.conf')])
        return wanted

    def test_an_engine_of_today(self):
        major = int(self.lab.facts('h1')['engine']['version'].split('.')[0])
        self.assertGreaterEqual(major, 28)


class Docker26Flips(test_flips.Flips):
    @staticmethod
    def new_lab():
        return EngineLab('trixie')

    def test_options_that_older_releases_do_not_have(self):
        self.lab.daemon_json('h1', {})
        self.expect('daemon-seccomp-profile', 'pass', 'by default')
        self.lab.daemon_json('h1', {'seccomp-profile': 'unconfined'})
        self.expect('daemon-seccomp-profile', 'fail', 'with seccomp-profile=unconfined')
        self.lab.daemon_json('h1', {})
        self.expect('daemon-seccomp-profile', 'pass', 'by default again')

    def test_where_ports_are_published(self):
        check = 'container-bind-interface'
        for options, want in (("-p '[::]:8099:80'", 'fail'), ("-p '[::1]:8099:80'", 'pass'), ('-p 127.0.0.1:8099:80', 'pass')):
            with self.subTest(options=options):
                self.start(options)
                self.expect(check, want, options)
        self.lab.daemon_json('h1', {'ip': '127.0.0.1'})
        self.start('-p 8099:80')
        self.expect(check, 'pass', 'with the daemon option ip')
        self.lab.daemon_json('h1', {})
        self.start('-p 8099:80')
        self.expect(check, 'fail', 'without the daemon option ip')
        self.lab.sh('h1', 'docker rm -f flip')


class Docker26Tls(test_access.Tls, unittest.TestCase):
    @staticmethod
    def new_lab():
        return EngineLab('trixie')


class Docker26Authorization(test_access.Authorization, unittest.TestCase):
    @staticmethod
    def new_lab():
        return EngineLab('trixie')


class Docker20Tls(test_access.Tls, unittest.TestCase):
    @staticmethod
    def new_lab():
        return EngineLab('bullseye')


class Docker20Authorization(test_access.Authorization, unittest.TestCase):
    @staticmethod
    def new_lab():
        return EngineLab('bullseye')


class Docker26Stability(test_stability.Stability):
    @staticmethod
    def new_lab():
        return EngineLab('trixie')


DOCKERFILE = """FROM scratch
ADD root.tar /
ENV API_TOKEN=not-a-real-secret
RUN echo apt-get update
RUN /bin/busybox cp /bin/busybox /bin/su && chmod 4755 /bin/su
COPY f.txt /f.txt
EXPOSE 22
USER app
HEALTHCHECK --interval=1s CMD ["/bin/true"]
CMD ["/bin/sleep","1000"]
"""


class Docker26Variations(unittest.TestCase):
    maxDiff = None
    """One host, whose daemon is changed from test to test."""
    @classmethod
    def setUpClass(cls):
        cls.lab = EngineLab('trixie')
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.lab.conf('h1', 'default')

    def test_both_builders_leave_the_same_facts(self):
        self.lab.execute('h1', 'sh', '-c', 'mkdir -p /lab/b; cat > /lab/b/Dockerfile', input=DOCKERFILE)
        self.lab.sh('h1', 'id=$(docker create imported:1); docker export "$id" > /lab/b/root.tar; docker rm "$id"; '
                          'echo x > /lab/b/f.txt')
        for tag, buildkit in (('classic:1', 0), ('buildkit:1', 1)):
            self.lab.sh('h1', f'cd /lab/b && DOCKER_BUILDKIT={buildkit} docker build -t {tag} .')
        facts = self.lab.facts('h1')
        images = {i['repo_tag'][0]: i for i in facts['image'] if i.get('repo_tag')}
        steps = {}
        for tag in ('classic:1', 'buildkit:1'):
            image = images[tag]
            self.assertEqual([image['user'], image['health_test0'], image['exposed_port']], ['app', 'CMD', ['22/tcp']])
            self.assertIn({'name': 'API_TOKEN', 'non_empty': True}, image['env_name'])
            # BuildKit writes the protocol of a port even where the Dockerfile does not
            steps[tag] = [(h['instruction'], h['text'].removesuffix('/tcp')) for h in facts['image_history'] if h['image_id'] == image['id']]
        self.assertEqual(steps['buildkit:1'], steps['classic:1'])
        self.assertIn(('run', 'echo apt-get update'), steps['buildkit:1'])
        self.assertNotIn('not-a-real-secret', json.dumps(facts))

    def test_an_engine_that_refuses_old_versions(self):
        """What Engine 29 does by itself: nothing below 1.44 is answered."""
        override = '/etc/systemd/system/docker.service.d/minimum.conf'
        before = {check: c['verdict'] for check, c in self.lab.verdicts('h1').items()}
        self.lab.sh('h1', f"printf '[Service]\\nEnvironment=DOCKER_MIN_API_VERSION=1.44\\n' > {override}; systemctl daemon-reload")
        try:
            self.lab.restart_docker('h1')
            self.lab.sh('h1', 'docker start web app old')
            code = self.lab.sh('h1', 'curl -s -o /dev/null -w "%{http_code}" --unix-socket /run/docker.sock http://d/v1.43/info')
            self.assertEqual(code.stdout, '400')
            self.assertEqual(self.lab.facts('h1')['engine']['min_api_version'], '1.44')
            after = {check: c['verdict'] for check, c in self.lab.verdicts('h1').items()}
            self.assertEqual(after, before)
        finally:
            self.lab.sh('h1', f'rm {override}; systemctl daemon-reload')
            self.lab.restart_docker('h1')
            self.lab.sh('h1', 'docker start web app old')

    def test_the_image_store_of_containerd(self):
        self.lab.daemon_json('h1', {'features': {'containerd-snapshotter': True}})
        try:
            self.lab.conf('h1', 'default')
            facts = self.lab.facts('h1')
            engine = facts['engine']
            self.assertEqual([engine['driver'], engine['driver_type']], ['overlayfs', 'io.containerd.snapshotter.v1'])
            self.assertEqual([f for f in facts['fetch'] if f['status'] not in ('ok', 'absent')], [])
            tags = sorted(tag for image in facts['image'] for tag in image.get('repo_tag', []))
            self.assertEqual(tags, ['bad:latest', 'base:1', 'good:1.2', 'imported:1'])
            self.assertTrue(all(image['inspect_status'] == image['history_status'] == 'ok' for image in facts['image']))
            listed = {image['id'] for image in facts['image']}
            self.assertTrue(all(container['image_id'] in listed for container in facts['container']))
            wanted = {check: want['verdict'] for check, want in expectations.read('default').items()}
            # here there is one
            wanted.update({'audit-daemon-json': 'fail', 'file-daemon-json-owner': 'pass', 'file-daemon-json-perms': 'pass'})
            got = {check: c['verdict'] for check, c in self.lab.verdicts('h1').items()}
            self.assertEqual(got, wanted)
            self.assertEqual(got['daemon-storage-driver-not-aufs'], 'pass')
        finally:
            self.lab.sh('h1', 'docker rm -f web app old')
            self.lab.daemon_json('h1', {})


if __name__ == '__main__':
    labtest.main(seconds=3500)
