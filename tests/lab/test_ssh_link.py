#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Connections over SSH against a real sshd of this machine, on a private port: who is let in, what is refused before
anything was sent, and streams that carry everything or end."""
import contextlib
import hashlib
import os
import pty
import pwd
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import labtest

PROBE = os.path.join(labtest.BUILD, 'tests', 'lab', 'ssh_link_probe')
SSHD = shutil.which('sshd', path='/usr/sbin:/usr/bin:/sbin')
SANITIZED = 'asan' in labtest.BUILD
USER = pwd.getpwuid(os.getuid()).pw_name


def run(*argv, **more):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **more)


def read(path):
    with open(path, encoding='ascii') as file:
        return file.read()


class Keys:
    """Key pairs, made once."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='plimsoll-keys-')
        self.made = {}

    def __getitem__(self, name):
        """'ed25519', 'ecdsa', 'rsa', then anything: 'ed25519 locked', whose passphrase is 'open sesame'."""
        if name not in self.made:
            path = os.path.join(self.folder, name.replace(' ', '-'))
            run('ssh-keygen', '-q', '-t', name.split()[0], '-N', 'open sesame' if 'locked' in name else '', '-C', name, '-f', path)
            self.made[name] = path
        return self.made[name]

    def public(self, name):
        with open(self[name] + '.pub', encoding='ascii') as file:
            return ' '.join(file.read().split()[:2])

    def fingerprint(self, name):
        return run('ssh-keygen', '-lf', self[name]).stdout.split()[1]


KEYS = Keys()


class Server:
    """A sshd that lets this user in by some keys."""

    def __init__(self, *lines, host_keys=('ed25519 host', 'ecdsa host', 'rsa host'), authorized=('ed25519', 'ecdsa', 'rsa', 'ed25519 locked')):
        self.folder = tempfile.mkdtemp(prefix='plimsoll-sshd-')
        with socket.create_server(('127.0.0.1', 0)) as probe:
            self.port = probe.getsockname()[1]
        self.name = f'[127.0.0.1]:{self.port}'
        self.log = self.path('log')
        with open(self.path('authorized'), 'w', encoding='ascii') as file:
            file.writelines(KEYS.public(key) + '\n' for key in authorized)
        settings = [*lines, f'Port {self.port}', 'ListenAddress 127.0.0.1', 'StrictModes no', 'UsePAM no', 'PidFile none', 'LogLevel DEBUG2',
                    'PermitRootLogin yes', 'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'MaxSessions 64',
                    f'AuthorizedKeysFile {self.path("authorized")}', *(f'HostKey {KEYS[key]}' for key in host_keys)]
        with open(self.path('sshd_config'), 'w', encoding='ascii') as file:
            file.write('\n'.join(settings) + '\n')
        self.known('known', *(f'{self.name} {KEYS.public(key)}' for key in host_keys))

    def path(self, name):
        return os.path.join(self.folder, name)

    def known(self, name, *lines):
        with open(self.path(name), 'w', encoding='ascii') as file:
            file.writelines(line + '\n' for line in lines)
        return self.path(name)

    def __enter__(self):
        if os.getuid() == 0:
            os.makedirs('/run/sshd', mode=0o755, exist_ok=True)
        self.process = subprocess.Popen([SSHD, '-D', '-f', self.path('sshd_config'), '-E', self.log])
        until = time.monotonic() + 20
        while 'Server listening' not in self.read_log():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f'sshd does not start: {self.read_log()}')
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)

    def read_log(self):
        try:
            with open(self.log, encoding='utf-8', errors='replace') as file:
                return file.read()
        except FileNotFoundError:
            return ''

    def sessions(self):
        """Processes of sshd that serve connections, eldest first."""
        return [int(pid) for pid in subprocess.run(['pgrep', '-P', str(self.process.pid)], capture_output=True, text=True, check=False).stdout.split()]

    def command(self, *arguments, key='ed25519', known='known', options=()):
        keys = [f'--key={KEYS[key]}'] if isinstance(key, str) else [f'--key={KEYS[one]}' for one in key]
        return [PROBE, '--host=127.0.0.1', f'--port={self.port}', f'--user={USER}', f'--known={self.path(known)}', *keys, *options, *arguments]

    def probe(self, *arguments, data=b'', env=None, timeout=120, **more):
        return subprocess.run(self.command(*arguments, **more), input=data, env=dict(os.environ, **(env or {})), capture_output=True,
                              timeout=timeout, check=False)

    def ssh(self, *arguments, known='known', key='ed25519'):
        return subprocess.run(['ssh', '-F', 'none', '-o', 'BatchMode=yes', '-o', f'UserKnownHostsFile={self.path(known)}', '-o',
                               'GlobalKnownHostsFile=/dev/null', '-o', 'IdentitiesOnly=yes', '-i', KEYS[key], '-p', str(self.port),
                               f'{USER}@127.0.0.1', *arguments], capture_output=True, text=True, check=False)


class Case(unittest.TestCase):
    maxDiff = None

    def works(self, done, out=None):
        self.assertEqual((done.returncode, done.stderr.decode()), (0, ''))
        if out is not None:
            self.assertEqual(done.stdout, out)

    def ends(self, done, code, *texts):
        """With this error and these words in its text."""
        said = done.stderr.decode()
        self.assertEqual(done.returncode, 1, said)
        self.assertEqual(said.split()[:2], ['error', code], said)
        for text in texts:
            self.assertIn(text, said)

    def nothing_was_sent(self, server):
        self.assertNotIn('userauth-request', server.read_log())


class HostKeys(Case):
    def test_each_type_that_is_known(self):
        for key in ('ed25519 host', 'ecdsa host'):
            with self.subTest(key), Server() as server:
                server.known('one', f'{server.name} {KEYS.public(key)}')
                done = server.probe('open', known='one')
                self.works(done, f'ssh-libssh2 {KEYS.public(key).split()[0]} {KEYS.fingerprint(key)}\n'.encode())

    def test_unknown(self):
        with Server() as server:
            self.ends(server.probe('open', known='none'), 'unknown', KEYS.fingerprint('ed25519 host'), 'accept-new')
            self.nothing_was_sent(server)
            self.assertFalse(os.path.exists(server.path('none')))

    def test_accept_new_adds_what_ssh_reads(self):
        for options in ([], ['--hash']):
            with self.subTest(options), Server() as server:
                self.works(server.probe('open', known='new/known', options=['--accept-new', *options]))
                found = run('ssh-keygen', '-F', server.name, '-f', server.path('new/known')).stdout
                self.assertIn(KEYS.public('ed25519 host'), found)
                self.assertEqual(os.stat(server.path('new')).st_mode & 0o777, 0o700)
                self.assertEqual(os.stat(server.path('new/known')).st_mode & 0o777, 0o600)
                self.assertEqual(server.ssh('true', known='new/known').returncode, 0)
                before = read(server.path('new/known'))
                self.works(server.probe('open', known='new/known', options=['--accept-new']))
                self.assertEqual(read(server.path('new/known')), before)

    def test_what_ssh_added_is_known(self):
        for hashed in ('no', 'yes'):
            with self.subTest(hashed), Server() as server:
                subprocess.run(['ssh', '-F', 'none', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=accept-new', '-o', f'HashKnownHosts={hashed}',
                                '-o', f'UserKnownHostsFile={server.path("by-ssh")}', '-i', KEYS['ed25519'], '-p', str(server.port),
                                f'{USER}@127.0.0.1', 'true'], check=True, capture_output=True)
                self.works(server.probe('open', known='by-ssh'))

    def test_changed(self):
        for options in ([], ['--accept-new']):
            with self.subTest(options), Server() as server:
                path = server.known('changed', '# a comment', f'{server.name} {KEYS.public("ed25519 other")}')
                done = server.probe('open', known='changed', options=options)
                self.ends(done, 'changed', KEYS.fingerprint('ed25519 host'), KEYS.fingerprint('ed25519 other'), f'{path}:2')
                self.nothing_was_sent(server)

    def test_another_type_counts_as_changed_like_for_ssh(self):
        with Server(host_keys=['ed25519 host']) as server:
            server.known('type', f'{server.name} {KEYS.public("ecdsa host")}')
            self.assertIn('REMOTE HOST IDENTIFICATION HAS CHANGED', server.ssh('true', known='type').stderr)
            self.ends(server.probe('open', known='type', options=['--accept-new']), 'changed', KEYS.fingerprint('ecdsa host'))
            self.nothing_was_sent(server)

    def test_revoked(self):
        with Server() as server:
            path = server.known('revoked', f'{server.name} {KEYS.public("ed25519 host")}', f'@revoked * {KEYS.public("ed25519 host")}')
            self.ends(server.probe('open', known='revoked', options=['--accept-new']), 'revoked', f'{path}:2')
            self.nothing_was_sent(server)

    def test_authority_needs_the_other_client(self):
        with Server() as server:
            server.known('authority', f'@cert-authority * {KEYS.public("ecdsa host")}')
            self.ends(server.probe('open', known='authority'), 'negotiation', 'certificates need the OpenSSH client')

    def test_alias(self):
        with Server() as server:
            server.known('alias', f'the-machine {KEYS.public("ed25519 host")}')
            self.works(server.probe('open', known='alias', options=['--alias=the-machine']))
            self.ends(server.probe('open', known='alias'), 'unknown')

    def test_verdicts_are_those_of_ssh(self):
        """The same files through both clients: in or not in."""
        key, other = KEYS.public('ed25519 host'), KEYS.public('ed25519 other')
        port = '%d'
        cases = {
            'plain name serves a port': f'127.0.0.1 {key}',
            'plain name with another key': f'127.0.0.1 {other}',
            'pattern': f'[127.0.*]:{port} {key}',
            'pattern over all': f'* {key}',
            'negation': f'*,![127.0.0.1]:{port} {key}',
            'negated plain name': f'*,!127.0.0.1 {key}',
            'question marks': f'[127.0.0.?]:{port} {key}',
            'CR LF': f'[127.0.0.1]:{port} {key}\r',
            'second key': f'[127.0.0.1]:{port} {other}\n[127.0.0.1]:{port} {key}',
            'with the port another, plain the right one': f'[127.0.0.1]:{port} {other}\n127.0.0.1 {key}',
            'type that is not the key\'s': f'[127.0.0.1]:{port} ssh-rsa {key.split()[1]}',
            'tabs': f'[127.0.0.1]:{port}\t{key}',
            'revoked': f'* {key}\n@revoked * {key}',
            'another revoked': f'* {key}\n@revoked * {other}',
            'revoked for others': f'* {key}\n@revoked elsewhere {key}',
            'upper case marker': f'@REVOKED * {key}\n* {key}',
            'many names': ','.join(f'name{i}' for i in range(2000)) + f',[127.0.0.1]:{port} {key}',
        }
        with Server(host_keys=['ed25519 host']) as server:
            for name, lines in cases.items():
                with self.subTest(name):
                    server.known('case', lines.replace('%d', str(server.port)))
                    theirs = server.ssh('true', known='case').returncode == 0
                    self.assertEqual(server.probe('open', known='case').returncode == 0, theirs)


class Negotiation(Case):
    def test_what_could_not_be_agreed_on_is_named(self):
        cases = [
            (['MACs hmac-sha2-256-etm@openssh.com'], {}, 'no MAC algorithms in common: the server has hmac-sha2-256-etm@openssh.com'),
            (['Ciphers aes256-gcm@openssh.com,chacha20-poly1305@openssh.com'], {}, 'no ciphers in common: the server has aes256-gcm@openssh.com'),
            (['KexAlgorithms sntrup761x25519-sha512@openssh.com'], {}, 'no key exchange methods in common'),
            ([], {'host_keys': ['rsa host']}, 'a host key of type ssh-rsa only'),
        ]
        for lines, more, text in cases:
            with self.subTest(lines), Server(*lines, **more) as server:
                self.ends(server.probe('open'), 'negotiation', text)
                self.nothing_was_sent(server)

    def test_host_key_of_rsa_that_is_not_known(self):
        with Server(host_keys=['rsa host']) as server:
            self.ends(server.probe('open', known='none', options=['--accept-new']), 'negotiation',
                      'no host key types in common: the server has rsa-sha2-512')

    def test_key_of_rsa_is_not_tried(self):
        with Server() as server:
            self.ends(server.probe('open', key='rsa'), 'negotiation', KEYS['rsa'])
            self.nothing_was_sent(server)

    def test_key_of_rsa_is_told_when_others_fail(self):
        with Server() as server:
            self.ends(server.probe('open', key=['rsa', 'ed25519 other']), 'auth', KEYS['ed25519 other'],
                      f'held back, since libssh2 cannot sign with it as this server asks: {KEYS["rsa"]}', '--transport openssh')


class SigningIn(Case):
    def agent(self, *names):
        folder = tempfile.mkdtemp(prefix='plimsoll-agent-')
        path = os.path.join(folder, 'agent')
        process = subprocess.Popen(['ssh-agent', '-D', '-a', path], stdout=subprocess.DEVNULL)
        self.addCleanup(shutil.rmtree, folder)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        while not os.path.exists(path):
            time.sleep(0.02)
        for name in names:
            run('ssh-add', '-q', KEYS[name], env=dict(os.environ, SSH_AUTH_SOCK=path))
        return f'--agent={path}'

    def test_file_of_each_type(self):
        """libssh2 1.10 leaks 112 bytes for a file of an ECDSA key; the sanitizer finds whose they are by whole stacks."""
        with Server() as server:
            with open(server.path('suppressions'), 'w', encoding='ascii') as file:
                file.write('leak:libssh2.so\n')
            env = {'LSAN_OPTIONS': f'suppressions={server.path("suppressions")}:print_suppressions=0',
                   'ASAN_OPTIONS': 'detect_leaks=1:fast_unwind_on_malloc=0'}
            for key in ('ed25519', 'ecdsa'):
                with self.subTest(key):
                    self.works(server.probe('open', key=key, env=env if key == 'ecdsa' else None))

    def test_agent(self):
        with Server() as server:
            agent = self.agent('rsa', 'ed25519 other', 'ecdsa')
            self.works(server.probe('open', key=(), options=[agent]))
            self.ends(server.probe('open', key=(), options=[agent, '--identities-only']), 'auth', 'there is no key')
            self.works(server.probe('open', key='ecdsa', options=[agent, '--identities-only']))  # by the agent
            public = KEYS['ecdsa'] + '.pub'
            self.works(server.probe('open', key=(), options=[agent, '--identities-only', f'--key={public}']))

    def test_agent_has_the_key_that_its_file_locks(self):
        with Server() as server:
            agent = self.agent()
            askpass = self.askpass('open sesame')
            run('ssh-add', '-q', KEYS['ed25519 locked'], env=dict(os.environ, SSH_AUTH_SOCK=agent[8:], SSH_ASKPASS=askpass,
                                                                  SSH_ASKPASS_REQUIRE='force'), stdin=subprocess.DEVNULL)
            self.works(server.probe('open', key='ed25519 locked', options=[agent]))

    def test_agent_that_is_gone_counts_as_none(self):
        with Server() as server:
            self.works(server.probe('open', options=['--agent=/nonexistent/agent']))

    def test_agent_that_says_nothing_costs_some_time_only(self):
        with Server() as server, tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as silent:
            silent.bind(os.path.join(folder, 'agent'))
            silent.listen()
            began = time.monotonic()
            self.works(server.probe('open', options=[f'--agent={folder}/agent', '--connect-ms=8000']))
            self.assertGreater(time.monotonic() - began, 1.5)
            self.ends(server.probe('open', key=(), options=[f'--agent={folder}/agent', '--connect-ms=1000']), 'auth', 'there is no key')

    def askpass(self, answer):
        folder = tempfile.mkdtemp(prefix='plimsoll-askpass-')
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, 'askpass')
        with open(path, 'w', encoding='ascii') as file:
            file.write(f'#!/bin/sh\nprintf "%s\\n" "$*" >> "{folder}/asked"\necho "{answer}"\n')
        os.chmod(path, 0o755)
        self.asked = os.path.join(folder, 'asked')
        return path

    def test_passphrase_from_the_program(self):
        with Server() as server:
            env = {'SSH_ASKPASS': self.askpass('open sesame')}
            self.works(server.probe('open', key='ed25519 locked', options=['--ask'], env=env))
            self.assertEqual(read(self.asked), f"Enter passphrase for key '{KEYS['ed25519 locked']}': \n")

    def on_a_terminal(self, server, answer):
        """What the terminal shows and how the probe ends."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.pop('SSH_ASKPASS', None)
            os.execv(PROBE, server.command('open', key='ed25519 locked', options=['--ask']))
        shown = b''
        asked = 0
        with contextlib.suppress(OSError):
            while more := os.read(terminal, 4096):
                shown += more
                if shown.count(b'passphrase for key') > asked:
                    asked += 1
                    os.write(terminal, answer)
        os.close(terminal)
        return shown.decode(), os.waitpid(pid, 0)[1]

    def test_passphrase_from_the_terminal(self):
        with Server() as server:
            shown, status = self.on_a_terminal(server, b'open sesame\r')
            self.assertEqual(status, 0, shown)
            self.assertNotIn('sesame', shown)
            self.assertIn('ssh-libssh2 ssh-ed25519', shown)

    def test_interrupt_on_the_terminal(self):
        with Server() as server:
            _, status = self.on_a_terminal(server, b'ope\x03')
            self.assertEqual(os.WTERMSIG(status), signal.SIGINT)

    def test_wrong_passphrase_is_asked_for_three_times(self):
        with Server() as server:
            env = {'SSH_ASKPASS': self.askpass('wrong')}
            self.ends(server.probe('open', key='ed25519 locked', options=['--ask'], env=env), 'auth', 'no passphrase or damaged',
                      KEYS['ed25519 locked'])
            self.assertEqual(len(read(self.asked).splitlines()), 3)

    def test_nobody_is_asked_unless_wanted(self):
        with Server() as server:
            env = {'SSH_ASKPASS': self.askpass('open sesame')}
            self.ends(server.probe('open', key='ed25519 locked', env=env), 'auth', 'ssh-add')
            self.assertFalse(os.path.exists(self.asked))

    def test_refusal_names_what_was_tried(self):
        with Server() as server:
            self.ends(server.probe('open', key='ed25519 other'), 'auth', f'refused: {KEYS["ed25519 other"]}')
            agent = self.agent('ed25519 other')
            self.ends(server.probe('open', key=(), options=[agent]), 'auth', 'ssh-ed25519 of the agent (ed25519 other)')

    def test_server_that_wants_a_password(self):
        with Server('PubkeyAuthentication no', 'PasswordAuthentication yes') as server:
            self.ends(server.probe('open'), 'auth', 'the server asks for password')

    def test_too_many_attempts(self):
        with Server('MaxAuthTries 2') as server:
            done = server.probe('open', key=['ed25519 a', 'ed25519 b', 'ed25519 c', 'ed25519'])
            self.ends(done, 'auth', 'the server takes no more attempts')


class Reaching(Case):
    def test_nobody_listens(self):
        with Server() as server:
            command = server.command('open')
            with socket.create_server(('127.0.0.1', 0)) as closed:
                command[2] = f'--port={closed.getsockname()[1]}'
            self.ends(subprocess.run(command, capture_output=True, check=False), 'refused', 'Connection refused')

    def test_nobody_speaks(self):
        """Accepted by the kernel, then silence: at once, behind the version, in the middle of a line."""
        for greeting in (b'', b'SSH-2.0-x\r\n', b'SSH-2.'):
            with self.subTest(greeting), socket.create_server(('127.0.0.1', 0)) as silent:
                kept = []

                def greet():
                    kept.append(silent.accept()[0])
                    kept[0].send(greeting)
                threading.Thread(target=greet, daemon=True).start()
                began = time.monotonic()
                done = subprocess.run([PROBE, '--host=127.0.0.1', f'--port={silent.getsockname()[1]}', '--user=x', '--known=/nonexistent',
                                       '--connect-ms=700', 'open'], capture_output=True, check=False)
                self.ends(done, 'timeout')
                self.assertLess(time.monotonic() - began, 5)
                kept[0].close()

    def test_another_protocol(self):
        for greeting in (b'HTTP/1.1 400 Bad Request\r\n\r\n', b'SSH-2.0-x\r\n\0\0\0\2\0\0', b'SSH-2.0-x\r\n' + b'\xff' * 5000, b'\0' * 100000):
            with self.subTest(greeting[:20]), socket.create_server(('127.0.0.1', 0)) as other:
                def serve():
                    with contextlib.suppress(OSError), other.accept()[0] as connection:
                        connection.sendall(greeting)
                        connection.shutdown(socket.SHUT_WR)
                        while connection.recv(65536):
                            pass
                threading.Thread(target=serve, daemon=True).start()
                done = subprocess.run([PROBE, '--host=127.0.0.1', f'--port={other.getsockname()[1]}', '--user=x', '--known=/nonexistent',
                                       '--connect-ms=3000', 'open'], capture_output=True, check=False)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(done.stderr.decode().split()[1], ('lost', 'negotiation', 'timeout'))

    def test_no_such_name(self):
        done = subprocess.run([PROBE, '--host=nosuch.invalid', '--user=x', '--known=/nonexistent', 'open'], capture_output=True, check=False)
        self.ends(done, 'resolve', 'nosuch.invalid')


class Streams(Case):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().__enter__()
        cls.addClassCleanup(cls.server.__exit__)

    def test_command_with_input_output_and_words(self):
        done = self.server.probe('run', 'echo "out of it"; printf "one\\033[2J\\ntwo\\n" >&2; cat', data=b'into it\n')
        self.assertEqual((done.returncode, done.stdout), (0, b'out of it\ninto it\n'))
        self.assertEqual(done.stderr, b'words one?[2J\ntwo\n')

    def test_200_megabytes_each_way(self):
        size = (20 if SANITIZED else 200) << 20
        data = os.urandom(1 << 20) * (size >> 20)
        done = self.server.probe('run', 'cat', data=data)
        self.works(done)
        self.assertEqual(hashlib.sha256(done.stdout).digest(), hashlib.sha256(data).digest())

    def test_slow_reader_holds_the_server_back(self):
        """What nobody takes is not kept here meanwhile."""
        command = self.server.command('run', 'head -c 100000000 /dev/zero', options=['--slow-us=30000'])
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            self.assertEqual(len(process.stdout.read(6 << 20)), 6 << 20)
            with open(f'/proc/{process.pid}/status', encoding='ascii') as file:
                peak_kb = int(next(line for line in file if line.startswith('VmHWM')).split()[1])
            process.kill()
        if not SANITIZED:
            self.assertLess(peak_kb, 20 << 10)

    def test_stderr_without_end_is_not_kept(self):
        done = self.server.probe('run', 'head -c 20000000 /dev/zero | tr "\\0" x >&2; echo done')
        self.assertEqual(done.stdout, b'done\n')
        self.assertEqual(len(done.stderr), len('words \n') + 4096)

    def test_sixteen_at_a_time(self):
        done = self.server.probe('many', '16', 'head -c 3000000 /dev/zero')
        self.works(done, (hashlib.sha256(bytes(3000000)).hexdigest() + '\n').encode() * 16)

    def test_not_seventeen(self):
        done = self.server.probe('many', '17', 'sleep 1; echo x')
        self.ends(done, 'shell', 'more than 16 streams')
        self.assertEqual(len(done.stdout.split()), 16)

    def test_half_close(self):
        """The end of the input reaches the command, whose answer comes after it."""
        self.works(self.server.probe('run', 'wc -c', data=b'x' * 100000), b'100000\n')

    def test_output_may_end_before_the_input(self):
        self.works(self.server.probe('run', 'exec 1>&-; cat > /dev/null', data=b'x' * 3000000), b'')

    def test_command_that_takes_no_input(self):
        """The writer learns that nobody reads instead of waiting for ever."""
        self.works(self.server.probe('run', 'true', data=b'x' * 20000000, timeout=30), b'')

    def echo(self, folder):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(folder, 'sock'))
        listener.listen()

        def serve():
            with contextlib.suppress(OSError), listener.accept()[0] as connection:
                got = b''
                while more := connection.recv(65536):
                    got += more
                connection.sendall(got[::-1])
        threading.Thread(target=serve, daemon=True).start()
        self.addCleanup(listener.close)

    def test_reach_a_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            self.echo(folder)
            self.works(self.server.probe('reach', f'{folder}/sock', data=b'abc' * 500000), b'cba' * 500000)

    def test_reach_no_socket(self):
        self.ends(self.server.probe('reach', '/nonexistent/sock'), 'shell', 'does not forward, or the socket cannot be opened')

    def test_no_forwarding(self):
        with Server('AllowTcpForwarding no') as server, tempfile.TemporaryDirectory() as folder:
            self.echo(folder)
            self.ends(server.probe('reach', f'{folder}/sock'), 'shell')

    def test_no_session(self):
        with Server('MaxSessions 0') as server:
            self.ends(server.probe('run', 'true'), 'shell', 'the server opens no session')


class Rekeying(Case):
    def test_keys_that_change_in_the_middle(self):
        """Both ways, and while several streams run."""
        with Server('RekeyLimit 1M') as server:
            data = os.urandom(12 << 20)
            self.works(server.probe('run', 'cat', data=data), data)
            done = server.probe('many', '8', 'head -c 3000000 /dev/zero')
            self.works(done, (hashlib.sha256(bytes(3000000)).hexdigest() + '\n').encode() * 8)
            self.assertGreater(server.read_log().count('rekey'), 5)


class Relay:
    """Between a client and a server; the connection ends when so many bytes went by."""

    def __init__(self, port, most):
        self.to, self.left = port, most
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        client = self.listener.accept()[0]
        self.listener.close()
        with client, socket.create_connection(('127.0.0.1', self.to)) as server:
            poller = select.poll()
            sides = {client.fileno(): (client, server), server.fileno(): (server, client)}
            for fd in sides:
                poller.register(fd, select.POLLIN)
            while self.left > 0:
                for fd, _ in poller.poll():
                    source, target = sides[fd]
                    with contextlib.suppress(OSError):
                        if data := source.recv(min(self.left, 4096)):
                            target.sendall(data)
                            self.left -= len(data)
                            continue
                    return


class Cuts(Case):
    def test_connection_that_ends_at_some_byte(self):
        """Either it is lost before it stood, or its stream ends; never a wait, a crash, a descriptor left."""
        outcomes = set()
        with Server() as server:
            server.known('alias', f'the-machine {KEYS.public("ed25519 host")}')
            for most in [*range(0, 6000, 173), *range(6000, 40000, 4999)]:
                with self.subTest(most):
                    relay = Relay(server.port, most)
                    command = server.command('run', 'echo begun; head -c 20000 /dev/zero', known='alias', options=['--alias=the-machine'])
                    command[2] = f'--port={relay.port}'
                    began = time.monotonic()
                    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
                    relay.thread.join(10)
                    self.assertFalse(relay.thread.is_alive())
                    self.assertLess(time.monotonic() - began, 8)
                    if done.returncode == 1:
                        outcomes.add(done.stderr.split()[1].decode())
                    else:
                        self.assertEqual(done.returncode, 0, done.stderr)
                        outcomes.add('whole' if len(done.stdout) == 20006 else 'part')
        self.assertLessEqual(outcomes, {'lost', 'part', 'whole'})
        self.assertLessEqual({'lost', 'part', 'whole'}, outcomes)


class Transports(Case):
    """What holds whichever client carries it."""

    def test_streams_by_either_client(self):
        with Server() as server, tempfile.TemporaryDirectory() as folder:
            for transport in ('libssh2', 'openssh', 'auto'):
                with self.subTest(transport):
                    options = [f'--transport={transport}']
                    done = server.probe('open', options=options)
                    name = 'openssh' if transport == 'openssh' else 'libssh2'
                    self.works(done, f'ssh-{name} ssh-ed25519 {KEYS.fingerprint("ed25519 host")}\n'.encode())
                    data = os.urandom(3000000)
                    self.works(server.probe('run', 'cat', data=data, options=options), data)

    def test_auto_changes_over_for_what_libssh2_cannot_do(self):
        cases = [
            (Server('MACs hmac-sha2-256-etm@openssh.com'), 'ed25519'),
            (Server('Ciphers aes256-gcm@openssh.com'), 'ed25519'),
            (Server(host_keys=['rsa host']), 'ed25519'),
            (Server(), 'rsa'),
        ]
        for server, key in cases:
            with server:
                done = server.probe('open', key=key, options=['--transport=auto'])
                self.assertEqual(done.stdout.split()[:1], [b'ssh-openssh'], done.stderr)

    def test_auto_stays_when_a_key_changed_or_nobody_is_let_in(self):
        with Server() as server:
            server.known('changed', f'{server.name} {KEYS.public("ed25519 other")}')
            self.ends(server.probe('open', known='changed', options=['--transport=auto']), 'changed')
            self.ends(server.probe('open', key='ed25519 other', options=['--transport=auto']), 'auth')
            self.assertEqual(server.read_log().count('Connection from'), 2)


class Ends(Case):
    def probe_until(self, server, *arguments, options=()):
        """The probe while it runs a command that has printed its first line."""
        process = subprocess.Popen(server.command(*arguments, options=options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b'begun\n')
        return process

    def is_over(self, process, seconds):
        began = time.monotonic()
        out, words = process.communicate(timeout=60)
        self.assertLess(time.monotonic() - began, seconds)
        self.assertEqual(process.returncode, 0, words)
        return out

    def test_server_is_killed(self):
        with Server() as server:
            for command in ('echo begun; sleep 60', 'echo begun; cat /dev/zero'):
                with self.subTest(command):
                    process = self.probe_until(server, 'run', command)
                    for pid in server.sessions():
                        os.kill(pid, signal.SIGKILL)
                        children = subprocess.run(['pgrep', '-P', str(pid)], capture_output=True, text=True, check=False)
                        for child in children.stdout.split():
                            os.kill(int(child), signal.SIGKILL)
                    self.is_over(process, 5)

    def test_cut_by_another_thread(self):
        with Server() as server:
            for command in ('echo begun; sleep 60', 'echo begun; cat /dev/zero'):
                with self.subTest(command):
                    process = self.probe_until(server, 'run', command, options=['--cut-ms=300'])
                    self.is_over(process, 5)

    def test_lost_connection_opens_nothing(self):
        with Server() as server:
            done = server.probe('again', '600', 'true', options=['--cut-ms=200'])
            self.ends(done, 'lost', 'cut')

    def test_silent_server_is_noticed(self):
        if 'PLIMSOLL_LONG' not in os.environ:
            self.skipTest('takes a minute: PLIMSOLL_LONG=1')
        with Server() as server:
            process = self.probe_until(server, 'run', 'echo begun; sleep 300')
            pids = [int(pid) for one in server.sessions() for pid in
                    [one, *run('pgrep', '-P', str(one)).stdout.split()]]
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            try:
                self.is_over(process, 75)
            finally:
                for pid in pids:
                    os.kill(pid, signal.SIGKILL)

    def cpu_of(self, process):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return usage.ru_utime + usage.ru_stime

    def test_waiting_costs_nothing(self):
        """Three seconds of nothing: no stream, a stream without bytes, one whose reader waits, one whose server waits."""
        cases = {
            'no stream': ['hold', '3000'],
            'quiet stream': ['run', 'sleep 3'],
            'full input': ['run', 'sleep 3'],
            'waiting reader': ['run', 'head -c 30000000 /dev/zero'],
        }
        with Server() as server:
            base = self.cpu_of(subprocess.Popen(server.command('open'), stdout=subprocess.DEVNULL))
            for name, arguments in cases.items():
                with self.subTest(name):
                    options = ['--slow-us=3000000'] if name == 'waiting reader' else []
                    with open('/dev/zero' if name == 'full input' else '/dev/null', 'rb') as data:
                        source = subprocess.Popen(['head', '-c', '9000000'], stdin=data, stdout=subprocess.PIPE)
                        process = subprocess.Popen(server.command(*arguments, options=options), stdin=source.stdout, stdout=subprocess.PIPE)
                        source.stdout.close()
                        if name == 'waiting reader':
                            time.sleep(3)
                            os.kill(process.pid, signal.SIGTERM)
                            _, _, usage = os.wait4(process.pid, 0)
                            process.returncode = 0
                            cost = usage.ru_utime + usage.ru_stime
                        else:
                            cost = self.cpu_of(process)
                        process.stdout.close()
                        source.wait()
                    self.assertLess(cost - base, 0.25)


def setUpModule():
    for name, found in (('sshd', SSHD), ('ssh', shutil.which('ssh')), (PROBE, os.path.exists(PROBE))):
        if not found:
            raise unittest.SkipTest(f'{name} is not there')
    unittest.addModuleCleanup(shutil.rmtree, KEYS.folder)


if __name__ == '__main__':
    labtest.main()
