#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plimsoll as a container: run by the documented lines it sees what it sees on the host itself, and whatever is left out
of them is unknown, never a pass."""
import hashlib
import json
import os
import re
import shlex
import subprocess
import tarfile
import tempfile
import unittest

import labtest

FOLDER = os.path.join(labtest.ROOT, 'deploy', 'container')
CAPABILITIES = ('SYS_PTRACE', 'DAC_READ_SEARCH', 'AUDIT_CONTROL')
OWN_NOTE = 'plimsoll agent'
RANKS = ('fail', 'unknown', 'manual', 'pass', 'not_applicable')


def build(output, **environment):
    """Builds the image; gives its id."""
    done = subprocess.run([os.path.join(FOLDER, 'build'), '--programs', labtest.BUILD, '-o', output], check=True, text=True,
                          stderr=subprocess.PIPE, env=dict(os.environ, **environment))
    return re.search(r'sha256:[0-9a-f]{64}', done.stderr).group()


def documented(word, folder=FOLDER):
    """The documented `docker run` line that ends with this command, as arguments."""
    with open(os.path.join(folder, 'README.md'), encoding='utf-8') as file:
        text = file.read().replace('\\\n', ' ')
    lines = [shlex.split(line) for line in text.splitlines() if line.startswith('    docker run ')]
    return next(line for line in lines if word in line[2:])


def without(argv, *words):
    """The line without an option and its value, which stand next to each other."""
    for at in range(len(argv)):
        if tuple(argv[at:at + len(words)]) == words:
            return argv[:at] + argv[at + len(words):]
    raise AssertionError(f'{words} stands not in {argv}')


def is_own(item):
    return (item['note'] or '').startswith(OWN_NOTE)


def verdict_of(check):
    """Of everything but the items of Plimsoll's own container."""
    others = [item['verdict'] for item in check['items'] if not is_own(item)]
    if len(others) == len(check['items']):
        return check['verdict']
    return min(others, key=RANKS.index, default='not_applicable')


def items_of(check):
    # Containers, images in use, execs of a health check: how many there are is another number a moment later.
    uncounted = re.compile(r'\b\d+ (exec|containers|running|used)')
    return sorted((i['subject'], i['item'], i['verdict'], uncounted.sub(r'N \1', str(i['observed'])), str(i['reason']))
                  for i in check['items'] if not is_own(i))


def differences(one, other, path=''):
    if type(one) is not type(other):
        yield path
    elif isinstance(one, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from differences(one.get(key), other.get(key), f'{path}.{key}' if path else key)
    elif isinstance(one, list):
        if len(one) != len(other):
            yield path
        for left, right in zip(one, other):
            yield from differences(left, right, path)
    elif one != other:
        yield path


class Image(unittest.TestCase):
    """The archive itself; needs no engine."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.archive = os.path.join(folder.name, 'image.tar')
        cls.id = build(cls.archive)

    def test_two_builds_are_the_same_bytes(self):
        again = self.archive + '.again'
        self.assertEqual(build(again, TZ='Asia/Tokyo', HOME='/nowhere'), self.id)
        with open(self.archive, 'rb') as one, open(again, 'rb') as other:
            self.assertEqual(hashlib.sha256(one.read()).digest(), hashlib.sha256(other.read()).digest())

    def test_the_same_line_stands_in_both_places_with_the_tag_that_is_built(self):
        self.assertEqual(documented('audit', labtest.ROOT), documented('audit'))
        with tarfile.open(self.archive) as archive:
            tags = json.load(archive.extractfile('manifest.json'))[0]['RepoTags']
        self.assertEqual({word for command in ('audit', 'enroll', 'run') for word in documented(command)
                          if word.startswith('plimsoll:')}, set(tags))

    def test_it_holds_the_programs_their_libraries_and_no_shell(self):
        with tarfile.open(self.archive) as archive:
            manifest = json.load(archive.extractfile('manifest.json'))[0]
            configuration = json.load(archive.extractfile(manifest['Config']))
            with tarfile.open(fileobj=archive.extractfile(manifest['Layers'][0])) as layer:
                members = layer.getmembers()
        programs = {m.name for m in members if m.isreg() and m.mode & 0o111 and '/lib' not in m.name}
        self.assertEqual(programs, {'./usr/bin/plimsoll', './usr/bin/plimsoll-agent'})
        self.assertEqual([m.name for m in members if m.mode & 0o6000 or m.uid or m.gid or m.mtime or m.isdev()], [])
        self.assertEqual(configuration['config']['Entrypoint'], ['/usr/bin/plimsoll'])
        self.assertEqual('sha256:' + manifest['Config'].removesuffix('.json'), self.id)


class Container(unittest.TestCase):
    configuration = 'default'

    @classmethod
    def setUpClass(cls):
        # The stand-in for auditctl would give audit rules to the native run only.
        cls.lab = labtest.Lab(1, LAB_AUDIT='none')
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.lab.conf('h1', cls.configuration)
        cls.lab.sh('h1', 'mkdir -p /home/closed/data; chown -R 1234:1234 /home/closed; chmod 700 /home/closed; '
                         'docker run -d --name closed -v /home/closed/data:/d base:1 sleep 100000')
        cls.id = build(os.path.join(cls.lab.share('h1'), 'image.tar'))
        cls.lab.sh('h1', 'docker load -i /lab/image.tar')

    def facts(self, *argv):
        return json.loads(self.lab.execute('h1', *argv).stdout)['facts']

    def judge(self, argv):
        """check -> its result; the line's command is an audit."""
        done = self.lab.execute('h1', *argv, '-o', 'json', '-a', check=False)
        self.assertTrue(done.stdout.startswith('{'), f'{shlex.join(argv)}\n{done.stdout}{done.stderr}')
        return {c['check']: c for c in json.loads(done.stdout)['benchmarks'][0]['checks']}

    def native(self):
        return self.judge(['/lab/plimsoll', 'audit'])

    def test_the_engine_takes_the_image_under_the_id_that_was_printed(self):
        name = next(word for word in documented('audit') if word.startswith('plimsoll:'))
        self.assertEqual(self.lab.execute('h1', 'docker', 'image', 'inspect', '-f', '{{.Id}}', name).stdout.strip(), self.id)

    def test_its_facts_are_those_of_the_host_itself(self):
        line = documented('audit')
        at = next(i for i, word in enumerate(line) if word.startswith('plimsoll:'))
        inside = self.facts(*line[:at], '--entrypoint', 'plimsoll-agent', line[at], 'collect', '--json')
        native = self.facts('/lab/plimsoll-agent', 'collect', '--json')
        own = [c for c in inside['container'] if c.get('is_agent')]
        self.assertEqual([c['image_ref'] for c in own], [line[at]])
        first = [p for p in inside['process'] if p.get('container_id') == own[0]['id']]
        inside['container'].remove(own[0])
        inside['process'] = [p for p in inside['process'] if p not in first and p['pid'] != first[0]['ppid']]  # the shim
        self.assertEqual(set(differences(native, inside)), {'snapshot.agent_caps', 'image.used'})
        self.assertTrue(native['snapshot']['host_matches_engine'])
        self.assertTrue(native['host']['process_table_seen'])

    def test_its_audit_is_that_of_the_host_itself_but_for_its_own_container(self):
        native, inside = self.native(), self.judge(documented('audit'))
        self.assertEqual(native.keys(), inside.keys())
        for name, check in native.items():
            with self.subTest(name):
                self.assertEqual(verdict_of(inside[name]), check['verdict'])
                self.assertEqual(items_of(inside[name]), items_of(check))
        own = {name for name, check in inside.items() if any(is_own(i) and i['verdict'] == 'fail' for i in check['items'])}
        self.assertLessEqual({'container-host-pid', 'container-sensitive-host-dirs', 'container-docker-socket-mounted'}, own)

    def left_out(self):
        line = documented('audit')
        socket = '/var/run/docker.sock:/var/run/docker.sock'
        yield 'pid', without(line, '--pid', 'host')
        yield 'cgroupns', without(line, '--cgroupns', 'host')
        yield 'tree', without(line, '-v', '/:/host:ro,rslave')
        yield 'socket', without(line, '-v', socket)
        yield 'mounts', without(without(line, '-v', socket), '-v', '/:/host:ro,rslave')
        yield 'pid and tree', without(without(line, '--pid', 'host'), '-v', '/:/host:ro,rslave')
        for capability in CAPABILITIES:
            yield capability, without(line, '--cap-add', capability)
        bare = line
        for capability in CAPABILITIES:
            bare = without(bare, '--cap-add', capability)
        yield 'capabilities', bare
        gid = self.lab.sh('h1', 'stat -c %g /var/run/docker.sock').stdout.strip()
        yield 'root', [*bare[:2], '--user', f'65532:{gid}', *bare[2:]]

    def test_what_is_left_out_is_unknown_and_never_a_pass(self):
        native = self.native()
        lost = {}
        for name, line in self.left_out():
            inside = self.judge(line)
            self.assertEqual(native.keys(), inside.keys())
            moves = {check: (native[check]['verdict'], verdict_of(inside[check])) for check in native
                     if native[check]['verdict'] != verdict_of(inside[check])}
            with self.subTest(name):
                self.assertEqual({check: move for check, move in moves.items() if move[1] != 'unknown'}, {})
                for check in moves:
                    unknown = [inside[check]['reason'], *(i['reason'] for i in inside[check]['items'])]
                    self.assertTrue(any(unknown), f'{check} says why')
            lost[name] = set(moves)
        self.assertLess({'container-no-sshd', 'file-docker-sock-perms'}, lost['tree'])
        self.assertLess({'container-no-sshd', 'daemon-userland-proxy-disabled'}, lost['SYS_PTRACE'])
        self.assertIn('container-privileged', lost['mounts'])
        self.assertEqual(lost['socket'], set(), 'the tree shows the socket')
        self.assertLessEqual(lost['SYS_PTRACE'], lost['capabilities'])

    def test_files_below_closed_folders_take_their_capability(self):
        check = 'container-sensitive-host-dirs'
        line = without(documented('audit'), '--cap-add', 'DAC_READ_SEARCH')
        items = {i['key']: i for i in self.judge(line)[check]['items']}
        self.assertEqual((items['name:closed']['verdict'], items['name:closed']['reason'][:7]), ('unknown', 'UK_PERM'))
        self.assertEqual({i['key']: i for i in self.native()[check]['items']}['name:closed']['verdict'], 'pass')

    def test_a_tree_with_holes_shows_nothing_where_the_host_has_something(self):
        """Parts of the host at their places, and the host without what is mounted below it."""
        line = without(documented('audit'), '-v', '/:/host:ro,rslave')
        parts = ['-v', '/proc:/host/proc:ro', '-v', '/sys:/host/sys:ro', '-v', '/etc:/host/etc:ro']
        bare = ['--mount', 'type=bind,src=/,dst=/host,readonly,bind-nonrecursive=true']
        native = self.native()
        for name, mounts in (('parts', parts), ('not recursive', bare), ('not recursive, with /proc', bare + parts[:2])):
            inside = self.judge([*line[:2], *mounts, *line[2:]])
            moves = {check: (native[check]['verdict'], verdict_of(inside[check])) for check in native
                     if native[check]['verdict'] != verdict_of(inside[check])}
            with self.subTest(name):
                self.assertEqual({check: move for check, move in moves.items() if move[1] != 'unknown'}, {})
                self.assertIn('file-docker-sock-perms', moves)


    def test_podman_runs_the_same_line(self):
        if self.lab.execute('h1', 'podman', '--version', check=False).returncode != 0:
            self.skipTest('podman is not installed')
        self.lab.sh('h1', 'STORAGE_DRIVER=vfs podman load -i /lab/image.tar')
        line = ['env', 'STORAGE_DRIVER=vfs', 'podman', *documented('audit')[1:]]
        native, inside = self.native(), self.judge([*line[:4], '--cap-add', 'AUDIT_WRITE', *line[4:]])
        for name, check in native.items():
            with self.subTest(name):
                self.assertEqual((inside[name]['verdict'], items_of(inside[name])), (check['verdict'], items_of(check)))
        filtered = self.judge(line)['audit-dockerd-binary']
        self.assertEqual((filtered['verdict'], filtered['items'][0]['reason'][:7]), ('unknown', 'UK_PERM'), filtered)


class AgentInAContainer(unittest.TestCase):
    """The documented lines of the agent, against a real server on the same host."""

    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(1, LAB_AUDIT='none')
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        build(os.path.join(cls.lab.share('h1'), 'image.tar'))
        cls.lab.sh('h1', 'docker load -i /lab/image.tar; '
                         '/lab/plimsoll setup --name audit.example --data /srv/plimsoll --listen 0.0.0.0; '
                         'nohup /lab/plimsoll serve --data /srv/plimsoll > /dev/null 2>&1 &')
        labtest.wait_for(lambda: cls.lab.sh('h1', 'test -s /srv/plimsoll/ports.json', check=False).returncode == 0,
                         'the server starts')

    def named(self, argv):
        """The lab has no name server."""
        return [*argv[:2], '--add-host', f'audit.example:{self.lab.network}.11', *argv[2:]]

    def test_it_enrols_reports_and_survives_a_restart(self):
        join = self.lab.sh('h1', '/lab/plimsoll token create --data /srv/plimsoll').stdout
        enrol = self.named([word for word in documented('enroll') if word not in ('<', 'join.txt')])
        self.assertIn('enrolled as', self.lab.execute('h1', *enrol, input=join).stdout)
        self.lab.execute('h1', *self.named(documented('run')))
        labtest.wait_for(lambda: 'current' in self.lab.sh('h1', '/lab/plimsoll hosts list --data /srv/plimsoll').stdout,
                         'the report arrives')
        told = self.lab.sh('h1', 'docker inspect plimsoll-agent; docker logs plimsoll-agent 2>&1').stdout
        self.assertIn('event=delivered', told)
        self.assertNotIn(join.strip()[len('plimsoll-join:'):][:40], told)
        self.lab.sh('h1', 'docker restart plimsoll-agent')
        status = self.lab.sh('h1', 'docker exec plimsoll-agent plimsoll-agent status').stdout
        self.assertRegex(status, r'waiting +0 reports')
        ended = self.lab.sh('h1', "docker stop -t 60 plimsoll-agent; docker inspect -f '{{.State.ExitCode}}' plimsoll-agent")
        self.assertEqual(ended.stdout.split()[-1], '0')


class DangerousContainer(Container):
    configuration = 'dangerous'


if __name__ == '__main__':
    labtest.main()
