# SPDX-License-Identifier: Apache-2.0
"""What a scan over SSH is tested with: private sshds in a lab host, and, on the controller's side, the keys, known_hosts
and ssh_config of one person. Nothing of it stands in anybody's home."""
import json
import os
import shutil
import subprocess
import tempfile

import labtest

SECONDS = 60  # the longest that one command may take, unless a test says otherwise
RELAY = os.path.join(labtest.HERE, 'relay.py')


def keygen(path, *options, passphrase=''):
    options = options if '-t' in options else ('-t', 'ed25519', *options)
    subprocess.run(['ssh-keygen', '-q', '-N', passphrase, '-C', 'test', '-f', path, *options], check=True,
                   stdin=subprocess.DEVNULL)
    return path


class Site:
    """One person's files, and the way into the network where the hosts are: `within` is put before each command."""

    def __init__(self, within=()):
        self.within = list(within)
        self.folder = tempfile.mkdtemp(prefix='plimsoll-ssh-')
        self.home = self.path('home')
        os.mkdir(self.home)
        self.config = self.path('config')
        self.known_hosts = self.path('known_hosts')
        self.key = self.new_key('id_ed25519')
        self.write('config', '')
        self.write('known_hosts', '')
        # Nothing of the tester's own: no agent, no terminal to ask on, no locale.
        self.env = {'PATH': os.environ['PATH'], 'HOME': self.home, 'LC_ALL': 'C.UTF-8',
                    'XDG_RUNTIME_DIR': self.path('run'), 'TMPDIR': self.path('tmp')}
        self.env.update((name, value) for name, value in os.environ.items() if name.endswith('SAN_OPTIONS'))
        for folder in ('run', 'tmp'):
            os.mkdir(self.path(folder), 0o700)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o600, append=False):
        with open(self.path(name), 'a' if append else 'w') as file:
            file.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def new_key(self, name, *options, passphrase=''):
        return keygen(self.path(name), *options, passphrase=passphrase)

    def alias(self, name, address, port, **options):
        """A Host block; keyword arguments are options of ssh_config, a list gives several lines."""
        options = {'HostName': address, 'Port': port, 'User': 'root', 'IdentityFile': self.key,
                   'UserKnownHostsFile': self.known_hosts, 'GlobalKnownHostsFile': '/dev/null', **options}
        lines = [f'Host {name}']
        for option, values in options.items():
            for value in values if isinstance(values, list) else [values]:
                lines.append(f'    {option} {value}')
        self.write('config', '\n'.join(lines) + '\n', append=True)
        return name

    def know(self, address, port, public_key, mark='', file='known_hosts'):
        """Adds a line to known_hosts. public_key: a .pub file."""
        with open(public_key) as key:
            kind, text = key.read().split()[:2]
        name = address if port == 22 else f'[{address}]:{port}'
        self.write(file, f'{mark} {name} {kind} {text}\n'.lstrip(), append=True)

    def run(self, *argv, check=True, seconds=SECONDS, env=None, **more):
        done = subprocess.run([*self.within, *argv], env={**self.env, **(env or {})}, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=seconds, start_new_session=True, **more)
        if check and done.returncode != 0:
            raise AssertionError(f'{" ".join(argv)}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}')
        return done

    def start(self, *argv, env=None, **more):
        return subprocess.Popen([*self.within, *argv], env={**self.env, **(env or {})}, text=True, start_new_session=True,
                                stdin=subprocess.DEVNULL, **more)

    def ssh(self, name, *command, check=True, **more):
        return self.run('ssh', '-F', self.config, '-o', 'BatchMode=yes', name, *command, check=check, **more)

    def relays(self, plans):
        return Relays(self, plans)


class Relays:
    """relay.py while a block runs; `ports` inside it, `tallies` after it."""

    def __init__(self, site, plans):
        self.process = subprocess.Popen([*site.within, 'python3', '-B', RELAY], env=site.env, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdin.write(json.dumps(plans) + '\n')
        self.process.stdin.flush()
        self.ports = json.loads(self.process.stdout.readline())
        self.tallies = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            said = self.process.communicate(timeout=SECONDS)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        self.tallies = json.loads(said)


class Door:
    """The sshds of one lab host. The person's key opens all of them, for every user that the host has."""

    def __init__(self, lab, site, host):
        self.lab, self.site, self.host = lab, site, host
        self.address = f'{lab.network}.{10 + int(host[1:])}'
        self.port = 2200
        self.folder = os.path.join(lab.share(host), 'ssh')
        os.mkdir(self.folder)
        os.chmod(lab.share(host), 0o755)
        self.authorize(site.key + '.pub')
        self.host_keys = {}
        self.added = []

    def authorize(self, public_key, prefix=''):
        path = os.path.join(self.folder, 'authorized_keys')
        with open(public_key) as key, open(path, 'a') as file:
            file.write(prefix + key.read())
        os.chmod(path, 0o644)

    def host_key(self, name, *options):
        """A private key of the host, as the controller sees its file; ed25519 unless options say otherwise."""
        if name not in self.host_keys:
            self.host_keys[name] = keygen(os.path.join(self.folder, name), *options)
        return self.host_keys[name]

    def sshd(self, name, *lines, host_key='host', first='', known=True, later=False, **options):
        """Starts an sshd with lines of sshd_config and makes an alias of its name. first: a script that runs before, in a
        mount namespace of this sshd's own. later: open() starts it, with others. options: of ssh_config, for the alias."""
        self.port += 1
        key = self.host_key(host_key)
        text = [f'Port {self.port}', f'HostKey /lab/ssh/{host_key}', 'AuthorizedKeysFile /lab/ssh/authorized_keys',
                'StrictModes no', 'UsePAM no', 'PidFile none', 'PermitRootLogin yes', 'LogLevel DEBUG1',
                'PasswordAuthentication no', 'KbdInteractiveAuthentication no', 'PrintMotd no', 'PrintLastLog no', *lines]
        with open(os.path.join(self.folder, name + '.conf'), 'w') as file:
            file.write('\n'.join(text) + '\n')
        with open(os.path.join(self.folder, name + '.first'), 'w') as file:
            file.write(first)
        self.added.append(name)
        if not later:
            self.open()
        if known:
            self.site.know(self.address, self.port, key + '.pub')
        return self.site.alias(name, self.address, self.port, **options)

    def open(self):
        """Those with a script of their own do not re-execute themselves (-r): it may have hidden the program."""
        self.lab.sh(self.host, f"""
            [ -e /lab/ssh/sshd ] || cp /usr/sbin/sshd /lab/ssh
            for name in {' '.join(self.added)}; do
                if [ -s /lab/ssh/$name.first ]; then
                    unshare -m --propagation slave bash -e -c '
                        . /lab/ssh/$1.first
                        exec /lab/ssh/sshd -r -f /lab/ssh/$1.conf -E /lab/ssh/$1.log' sshd $name || exit
                else
                    /lab/ssh/sshd -r -f /lab/ssh/$name.conf -E /lab/ssh/$name.log || exit
                fi
            done""")
        self.added = []

    def log(self, name):
        with open(os.path.join(self.folder, name + '.log'), errors='replace') as file:
            return file.read()


def snapshot(lab, host, folders=('/tmp', '/root', '/home', '/run', '/var', '/etc', '/dev/shm', '/usr/local')):
    """path -> kind, mode, owner, size, times of what stands in a host, without what its daemons write by themselves."""
    own = ('/run/docker', '/run/containerd', '/run/systemd', '/run/log', '/run/udev', '/run/dbus', '/var/lib/docker',
           '/var/lib/containerd', '/var/log/journal', '/var/log/wtmp', '/var/log/lastlog', '/var/log/btmp', '/run/utmp',
           '/run/sudo', '/run/lab.audit')
    pruned = ' -o '.join(f'-path {path}' for path in own)
    done = lab.execute(host, 'sh', '-c', f'find {" ".join(folders)} \\( {pruned} \\) -prune -o '
                       "-printf '%p\\t%y %m %U:%G %s %T@ %C@\\0'")
    found = dict(line.split('\t', 1) for line in done.stdout.split('\0') if line)
    del found['/run']  # systemd makes and removes files there now and then; what stays is in the list
    return found


def processes_below(pid):
    """Every process that descends from pid."""
    below = {}
    for entry in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{entry}/stat') as file:
                parent = int(file.read().rsplit(')', 1)[1].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        below.setdefault(parent, []).append(int(entry))
    found, left = [], [pid]
    while left:
        more = below.get(left.pop(), [])
        found += more
        left += more
    return found
