#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Images and the fixes that their checks print: build as they say not to, audit; do what they print, audit again.

The images are built offline, so `apt-get` is a script in the base that does nothing: what counts is the build
record; and an account is a line of /etc/passwd, since the lab's busybox has no adduser."""
import unittest

import labtest

BAD = '''FROM tools:1
ADD f.txt /f.txt
RUN apt-get update
RUN apt-get install -y nothing
RUN touch /tmp/x && chmod u+s /tmp/x
ARG NPM_TOKEN=not-a-real-token
RUN echo trusted > /tmp/y
CMD ["/bin/sleep","100000"]
'''
GOOD = '''FROM tools:1
COPY f.txt /f.txt
RUN apt-get update && apt-get install -y --no-install-recommends nothing && rm -rf /var/lib/apt/lists/*
RUN echo app2:x:10001:10001::/:/bin/sh >> /etc/passwd
USER 10001
HEALTHCHECK --interval=30s --timeout=3s CMD /bin/true || exit 1
CMD ["/bin/sleep","100000"]
'''
TOOLS = '''FROM base:1
COPY apt-get /bin/apt-get
'''


class ImageFixes(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(1)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.lab.sh('h1', 'bash /run/lab.d/images.sh; mkdir /b; echo x > /b/f.txt; '
                         'printf "#!/bin/sh\\n" > /b/apt-get; chmod 755 /b/apt-get')
        cls.build('tools:1', TOOLS)

    @classmethod
    def build(cls, tag, dockerfile):
        cls.lab.execute('h1', 'sh', '-c', f'cd /b && cat > Dockerfile && DOCKER_BUILDKIT=0 docker build -q -t {tag} .',
                        input=dockerfile)

    def items(self, *options):
        """check -> {label: (verdict, observed, note)} of items that speak of fix:1 or the container."""
        checks = self.lab.verdicts('h1', *options)
        return {name: {i['item']: (i['verdict'], i['observed'], i['note']) for i in check['items']}
                for name, check in checks.items()}

    def test_a_dockerfile_mended_as_printed(self):
        self.build('fix:1', BAD)
        self.lab.sh('h1', 'docker run -d --name mine fix:1')
        got = self.items('--only', 'image-*')
        self.assertEqual(got['image-user-created']['mine'][:2], ('fail', 'User=""'))
        self.assertEqual(got['image-healthcheck']['fix:1'][:2], ('fail', 'none'))
        self.assertEqual(got['image-no-update-alone']['fix:1 step 5'], ('fail', 'apt-get update', 'step 5 of 10'))
        self.assertEqual(got['image-copy-not-add']['fix:1 step 4'][:2], ('manual', 'ADD to /f.txt'))
        self.assertEqual(got['image-no-setuid-setgid']['fix:1 step 7'][:2], ('manual', 'chmod u+s'))
        self.assertEqual(got['image-no-secrets']['fix:1 ARG NPM_TOKEN'][0], 'manual')
        self.assertNotIn('not-a-real', str(got))

        self.build('fix:1', GOOD)
        self.lab.sh('h1', 'docker rm -f mine; docker run -d --name mine fix:1; docker image prune -f')
        got = self.items('--only', 'image-*')
        self.assertEqual(got['image-user-created']['mine'][:2], ('pass', 'User="10001"'))
        self.assertEqual(got['image-healthcheck']['fix:1'][:2], ('pass', 'CMD-SHELL'))
        self.assertEqual(got['image-no-update-alone']['fix:1'][:2], ('pass', 'no lone update'))
        self.assertEqual(got['image-copy-not-add']['fix:1'][:2], ('pass', 'no ADD'))
        self.assertEqual(got['image-no-setuid-setgid']['fix:1'][:2], ('manual', 'no such chmod recorded'))
        self.assertEqual(got['image-no-secrets']['fix:1'][:2], ('manual', 'no telling name found'))
        self.lab.sh('h1', 'docker rm -f mine')

    def test_a_step_of_the_base_names_it(self):
        self.build('lone:1', 'FROM base:1\nRUN echo x ; /bin/true\nCOPY apt-get /bin/apt-get\nRUN apt-get update\n')
        self.build('child:1', 'FROM lone:1\nRUN /bin/true\n')
        got = self.items('--only', 'image-no-update-alone')['image-no-update-alone']
        self.assertEqual(got['lone:1 step 5'], ('fail', 'apt-get update', 'step 5 of 5'))
        self.assertEqual(got['child:1 step 5'], ('fail', 'apt-get update', 'step 5 of 6, from base lone:1'))
        self.lab.sh('h1', 'docker rmi child:1 lone:1')

    def test_the_effective_user_decides_in_the_later_benchmark(self):
        self.lab.sh('h1', 'docker run -d --name root base:1 /bin/sleep 1000; '
                          'docker create --name never -u app base:1 /bin/sleep 1')
        for release, verdict, observed in (('1.6.0', 'fail', 'User=""'), ('1.8.0', 'fail', 'euid 0')):
            got = self.items('--benchmark', release, '--only', 'image-user-created')['image-user-created']
            self.assertEqual(got['root'][:2], (verdict, observed), release)
            self.assertEqual(got['never [created]'][:2], ('pass', 'User="app"'), release)
        self.lab.sh('h1', 'docker rm -f root; docker run -d --name root --user 10001:10001 base:1 /bin/sleep 1000')
        for release, observed in (('1.6.0', 'User="10001:10001"'), ('1.8.0', 'euid 10001')):
            got = self.items('--benchmark', release, '--only', 'image-user-created')['image-user-created']
            self.assertEqual(got['root'][:2], ('pass', observed), release)
        self.lab.sh('h1', 'docker rm -f root never')

    def test_trusted_registries(self):
        self.lab.sh('h1', 'docker tag base:1 reg.example.org:5000/base:1; docker tag good:1.2 evil.example/good:1; '
                          'docker rmi good:1.2')
        got = self.items('--only', 'image-trusted-base',
                         '--parameter', 'trusted_registries=reg.example.org:5000')['image-trusted-base']
        self.assertEqual(got['evil.example/good:1'][:2], ('fail', 'evil.example'))
        self.assertEqual(got['base:1 (+1)'][:2], ('pass', 'docker.io, reg.example.org:5000'))
        self.assertEqual(got['bad:latest'][:2], ('fail', 'docker.io'))
        self.lab.sh('h1', 'docker tag evil.example/good:1 good:1.2; docker rmi evil.example/good:1 '
                          'reg.example.org:5000/base:1')

    def test_capabilities_of_the_community_benchmark(self):
        names = ('DAC_READ_SEARCH', 'SYS_MODULE', 'SYS_ADMIN', 'SYS_PTRACE')
        for name in names:
            check = f'community-cap-{name.lower().replace("_", "-")}'
            for options, verdict, observed in ((f'--cap-add {name}', 'fail', name),
                                               ('--cap-add ALL', 'fail', 'ALL'),
                                               (f'--cap-add ALL --cap-drop {name}', 'pass', 'not held'),
                                               (f'--cap-drop {name}', 'pass', 'not held')):
                self.lab.sh('h1', f'docker create --name capped {options} base:1')
                got = self.items('--benchmark', 'community', '--only', check)[check]
                self.assertEqual(got['capped [created]'][:2], (verdict, observed), options)
                self.lab.sh('h1', 'docker rm capped')

    def test_sprawl_is_counted_and_goes(self):
        self.lab.sh('h1', 'docker container prune -f; docker image prune -f')
        got = self.items('--only', 'ops-*')
        before = got['ops-image-sprawl']['all images'][1]
        self.build('gone:1', 'FROM base:1\nRUN echo gone\n')
        self.lab.sh('h1', 'docker build -q -t gone:1 - > /dev/null <<< "FROM base:1\nRUN echo other"; '
                          'docker run --name ended base:1 /bin/true')
        got = self.items('--only', 'ops-*')
        self.assertIn(' 1 untagged', got['ops-image-sprawl']['all images'][1])
        self.assertIn('1 exited', got['ops-container-sprawl']['all containers'][1])
        self.assertIsNone(got['ops-container-sprawl']['all containers'][2])
        self.lab.sh('h1', 'docker container prune -f; docker image prune -f; docker rmi gone:1')
        self.assertEqual(self.items('--only', 'ops-*')['ops-image-sprawl']['all images'][1], before)

    def test_the_enterprise_section_is_asked_for_by_name_only(self):
        self.assertFalse([c for c in self.lab.verdicts('h1') if c.startswith('ee-')])
        got = self.lab.verdicts('h1', '--benchmark', 'enterprise')
        self.assertEqual(len(got), 8)
        self.assertEqual({c['verdict'] for c in got.values()}, {'manual'})


if __name__ == '__main__':
    labtest.main()
