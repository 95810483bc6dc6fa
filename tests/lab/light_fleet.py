#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hosts by the hundred: each is an sshd of its own in mount, pid and uts namespaces, with a recorded Engine on its
/run/docker.sock, all in one network of their own.

As a module: `with Fleet(N) as fleet`. As a program it is what Fleet starts, the first process of the fleet's namespaces;
everything ends with it, and it ends with its stdin."""
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
RECORDINGS = os.path.join(HERE, '..', 'data', 'recordings')
NETWORK = '10.80'
START_SECONDS = 120

# One host: its own /run, /tmp, homes, machine-id and name; the rest is this machine's, and read-only.
HOST = '''
mount -t tmpfs -o size=1m,mode=755 run /run
mkdir /run/sshd
if [ -S "$FOLDER/h$K.sock" ]; then
    touch /run/docker.sock
    mount --bind "$FOLDER/h$K.sock" /run/docker.sock
fi
printf '%032x\\n' "$((K + 1))" > /run/machine-id
mount --bind /run/machine-id /etc/machine-id
mkdir /run/keys
cp "$FOLDER/key.pub" "$FOLDER/h$K.key" /run/keys
for folder in /tmp /root /home; do mount -t tmpfs -o size=1m,mode=755 none $folder; done
hostname light$K
cd /
exec /usr/sbin/sshd -D -E /run/sshd.log -f /dev/null -o ListenAddress=$ADDRESS -o HostKey=/run/keys/h$K.key -o StrictModes=no \\
    -o AuthorizedKeysFile=/run/keys/key.pub -o UsePAM=no -o PidFile=none -o PermitRootLogin=yes -o LogLevel=ERROR
'''


def address(k):
    return f'{NETWORK}.{k // 250}.{1 + k % 250}'


class Fleet:
    """N light hosts 0..N-1. `within` enters their network; `public_key(k)` is the host key of one."""

    def __init__(self, hosts, client_key, recordings=('default', 'hardened'), without_engine=(), down=()):
        self.hosts = hosts
        self.folder = tempfile.mkdtemp(prefix='plimsoll-light-')
        shutil.copy(client_key, os.path.join(self.folder, 'key.pub'))
        for k in range(hosts):
            subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', self.file(f'h{k}.key')], check=True)
        plan = {'hosts': hosts, 'recordings': list(recordings), 'without_engine': list(without_engine), 'down': list(down)}
        self.process = subprocess.Popen(
            ['unshare', '-m', '-n', '-p', '-f', '--mount-proc', '--kill-child=SIGKILL', sys.executable, '-B',
             os.path.realpath(__file__), self.folder, json.dumps(plan)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        line = self.process.stdout.readline()
        if line != 'ready\n':
            self.__exit__()
            raise AssertionError('the light hosts did not come up')
        with open(f'/proc/{self.process.pid}/task/{self.process.pid}/children') as file:
            self.first = int(file.read().split()[0])
        self.within = ['nsenter', '-t', str(self.first), '-n']
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.folder)

    def file(self, name):
        return os.path.join(self.folder, name)

    def public_key(self, k):
        return self.file(f'h{k}.key.pub')

    def introduce(self, site):
        """Makes the hosts known to a Site; gives their names."""
        for k in range(self.hosts):
            site.know(address(k), 22, self.public_key(k))
        return [site.alias(f'light{k}', address(k), 22) for k in range(self.hosts)]

    def facts(self, k, agent):
        """What the agent finds that runs on the host itself."""
        # By a descriptor: the host covers /tmp and the homes, where the program may have been built.
        with open(agent, 'rb') as program:
            done = self.execute(k, f'/proc/self/fd/{program.fileno()}', 'collect', '--json', keep=(program.fileno(),))
        assert done.returncode in (0, 3), done.stderr  # 3: there is no engine
        return json.loads(done.stdout)['facts']

    def execute(self, k, *argv, keep=()):
        """Runs a command inside one host, as root and without SSH."""
        with open(self.file(f'h{k}.pid')) as file:
            pid = self.outer_pid(int(file.read()))
        return subprocess.run(['nsenter', '-t', str(pid), '-m', '-n', '-p', '-u', 'env', '-i', 'HOME=/root',
                               'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', *argv],
                              capture_output=True, text=True, timeout=START_SECONDS, pass_fds=keep)

    def outer_pid(self, inner):
        """The first process of a host, told by its number inside the fleet: its parent's only child."""
        for entry in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{entry}/status') as file:
                    numbers = re.search(r'^NSpid:\t(.*)$', file.read(), re.M)[1].split()
                if len(numbers) >= 2 and int(numbers[1]) == inner and self.is_ours(entry):
                    with open(f'/proc/{entry}/task/{entry}/children') as file:
                        return int(file.read().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue
        raise AssertionError(f'no process {inner} in the fleet')

    def is_ours(self, pid):
        return os.readlink(f'/proc/{pid}/ns/net') == os.readlink(f'/proc/{self.first}/ns/net')


# ---------------------------------------------------------------- the first process of the namespaces

def read_recording(name):
    """URL without version -> status, headers, body; and every name a container is asked by -> its id."""
    folder = os.path.join(RECORDINGS, name)
    with open(os.path.join(folder, 'index.json')) as file:
        index = json.load(file)
    answers, names = {}, {}
    for url, entry in index.items():
        with open(os.path.join(folder, entry['file']), 'rb') as file:
            answers[url] = (entry['status'], entry['headers'], file.read())
    for container in json.loads(answers['/containers/json?all=1'][2]):
        names[container['Id'][:12]] = container['Id']
        names.update({name.lstrip('/'): container['Id'] for name in container['Names']})
    return answers, names


def look_up(recording, url, k):
    answers, names = recording
    url = re.sub(r'^/v\d+\.\d+/', '/', url)
    container = re.match(r'/containers/([^/?]+)/(.*)', url)
    if container and container[1] in names:
        url = f'/containers/{names[container[1]]}/{container[2]}'
    missing = json.dumps({'message': f'no recording of {url}'}).encode()
    status, headers, body = answers.get(url, (404, {'Content-Type': 'application/json'}, missing))
    if url == '/info':
        body = json.dumps({**json.loads(body), 'Name': f'light{k}', 'ID': f'LIGHT:{k}'}).encode()
    return status, headers, body


async def serve(reader, writer, recording, k):
    try:
        while line := await reader.readline():
            method, url, _ = line.decode().split(' ', 2)
            while await reader.readline() not in (b'\r\n', b''):
                pass
            status, headers, body = look_up(recording, url, k)
            head = ''.join(f'{name}: {value}\r\n' for name, value in headers.items())
            writer.write(f'HTTP/1.1 {status} Recorded\r\n{head}Content-Length: {len(body)}\r\n\r\n'.encode() +
                         (b'' if method == 'HEAD' else body))
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def listen(folder, plan):
    recordings = [read_recording(name) for name in plan['recordings']]
    for k in range(plan['hosts']):
        if k not in plan['without_engine']:
            await asyncio.start_unix_server(lambda r, w, k=k: serve(r, w, recordings[k % len(recordings)], k),
                                            os.path.join(folder, f'h{k}.sock'), backlog=128)


def start_host(folder, k):
    process = subprocess.Popen(['unshare', '-m', '-u', '-p', '-f', '--mount-proc', '--kill-child=SIGKILL', 'sh', '-ec', HOST],
                               env={'PATH': os.environ['PATH'], 'FOLDER': folder, 'K': str(k), 'ADDRESS': address(k)},
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    with open(os.path.join(folder, f'h{k}.pid'), 'w') as file:
        file.write(str(process.pid))


async def wait_for_host(k):
    """sshd has written its greeting."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(address(k), 22)
            greeting = await reader.readline()
            writer.close()
            if greeting.startswith(b'SSH-2.0'):
                return
        except ConnectionError:
            pass
        await asyncio.sleep(0.05)


async def main(folder, plan):
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    subprocess.run(['ip', 'route', 'add', 'local', f'{NETWORK}.0.0/16', 'dev', 'lo'], check=True)
    await listen(folder, plan)
    up = [k for k in range(plan['hosts']) if k not in plan['down']]
    for k in up:
        start_host(folder, k)
    for k in up:
        await asyncio.wait_for(wait_for_host(k), START_SECONDS)
    print('ready', flush=True)
    stdin = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    await stdin.read()


if __name__ == '__main__':
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
