#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The fixes that `plimsoll explain` prints, run as they are printed: a host where the checks fail, their commands,
settings and options, and another audit that passes. Only the words that a text writes in capitals, its example
addresses and the paths of audit rules are filled in. Images have test_image_fixes.py.

Not run here:
  host-container-partition: needs a disk; the kernel's block devices are the machine's
  host-hardened, host-docker-version-current, host-kernel-updated, host-nonessential-services-removed: update or
      remove software of the distribution, and a person judges the result
  daemon-rootless: dockerd-rootless-setuptool.sh needs a login session, which a host of the lab has not
  daemon-storage-driver-*, daemon-base-device-size-default, daemon-no-legacy-registry-v1: the engine at hand cannot be
      made to fail them
  daemon-default-ulimit: a person judges; its setting is applied with the others, so that it is one the daemon takes
  daemon-seccomp-profile: the engine at hand takes no "unconfined" in daemon.json
  container-apparmor, container-selinux: need a kernel with the module
  container-no-sshd: the fix is another image
  container-exec-*, container-image-latest, swarm-secrets-used, swarm-ca-cert-rotation, swarm-planes-separated: always
      a person's to judge
  swarm-autolock-key-rotation: a person's to judge; its command is run
  ops-*, ee-*: habits and other products"""
import json
import os
import re
import subprocess
import unittest

import labtest

PROGRAMS = 'auditctl augenrules chmod chown docker echo find gpasswd ss systemctl'.split()
# What stands between two commands of one step, or between a command and words about it.
SEAMS = (r',? then |, or |,? and |,? or one |, for each |, after |; | \(|\)$|\) |(?<=\w)\. |'
         rf'(?:: |\)?, )(?=(?:{"|".join(PROGRAMS)}) )')
REMOVED = r'[Rr]emove "([a-z-]+)"'


class Fix:
    """The fix of a check as it is printed."""

    def __init__(self, check):
        done = subprocess.run([os.path.join(labtest.BUILD, 'plimsoll'), 'explain', check], check=True, text=True,
                              capture_output=True)
        text = done.stdout.split('\nFix\n')[1].split('\nImpact\n')[0].split('\nFix on a rootless engine\n')[0]
        self.check = check
        self.steps = [' '.join(step.split()) for step in re.split(r'(?m)^ *\d+\. ', text)[1:]]

    def commands(self, *numbers):
        """The commands of all steps, or of those named (from 1)."""
        steps = [self.steps[n - 1] for n in numbers] if numbers else self.steps
        clauses = [clause.strip() for step in steps for clause in re.split(SEAMS, step)]
        return [clause for clause in clauses if clause.split(' ')[0] in PROGRAMS]

    def settings(self, **filled):
        """What to set in daemon.json, and the keys to remove."""
        wanted, removed = {}, []
        for step in self.steps:
            removed += re.findall(REMOVED, step)
            step, position = fill(step, **filled), 0
            while (found := re.compile(r'"([a-z-]+)": ').search(step, position)):
                value, position = json.JSONDecoder().raw_decode(step, found.end())
                if found[1] not in removed:
                    wanted[found[1]] = value
        return wanted, removed

    def printed(self, fragment):
        if not any(fragment in step for step in self.steps):
            raise AssertionError(f'{self.check} does not print {fragment!r}: {self.steps}')
        return fragment


def fill(text, **filled):
    for word, value in filled.items():
        text = re.sub(rf'\b{word}\b', value, text)
    return text


AUDIT = ['audit-dockerd-binary', 'audit-run-containerd', 'audit-var-lib-docker', 'audit-etc-docker',
         'audit-docker-service-unit', 'audit-containerd-sock', 'audit-docker-socket-unit', 'audit-default-docker',
         'audit-daemon-json', 'audit-containerd-config-toml', 'audit-sysconfig-docker', 'audit-containerd-binary',
         'audit-containerd-shim-binary', 'audit-containerd-shim-runc-v1-binary',
         'audit-containerd-shim-runc-v2-binary', 'audit-runc-binary']

CERTS = '/etc/docker/certs'
# The daemon as it should not be: all of it at once.
BAD_DAEMON = {'insecure-registries': ['10.0.0.0/8'], 'debug': True, 'experimental': True, 'iptables': False,
              'cgroup-parent': '/foobar'}
BAD_LISTEN = '/etc/systemd/system/docker.service.d/listen.conf'
RELOADED = ['daemon-live-restore', 'daemon-no-insecure-registries']
RESTARTED = ['daemon-icc-disabled', 'daemon-log-level-info', 'daemon-iptables-enabled', 'daemon-tcp-tls-verify',
             'daemon-userns-remap', 'daemon-cgroup-parent-default', 'daemon-authorization-plugin',
             'daemon-remote-logging', 'daemon-no-new-privileges', 'daemon-userland-proxy-disabled',
             'daemon-experimental-disabled']

SERVICE_UNIT, SOCKET_UNIT = '/lib/systemd/system/docker.service', '/lib/systemd/system/docker.socket'
CERT_FOLDER = '/etc/docker/certs.d/r.example:5000'
# check, command that makes it fail
FILES = [
    ('file-docker-service-owner', f'chown 7:0 {SERVICE_UNIT}'),
    ('file-docker-service-perms', f'chmod 0777 {SERVICE_UNIT}'),
    ('file-docker-socket-unit-owner', f'chown 0:7 {SOCKET_UNIT}'),
    ('file-docker-socket-unit-perms', f'chmod 0666 {SOCKET_UNIT}'),
    ('file-etc-docker-owner', 'chown 7:7 /etc/docker'),
    ('file-etc-docker-perms', 'chmod 0777 /etc/docker'),
    ('file-registry-cert-owner', f'chown -R 7 {CERT_FOLDER}'),
    ('file-registry-cert-perms', f'chmod 0777 {CERT_FOLDER}/*'),
    ('file-tls-ca-cert-owner', f'chown 7 {CERTS}/ca.pem'),
    ('file-tls-ca-cert-perms', f'chmod 0666 {CERTS}/ca.pem'),
    ('file-server-cert-owner', f'chown 7 {CERTS}/cert.pem'),
    ('file-server-cert-perms', f'chmod 0666 {CERTS}/cert.pem'),
    ('file-server-key-owner', f'chown 7 {CERTS}/key.pem'),
    ('file-server-key-perms', f'chmod 0644 {CERTS}/key.pem'),
    ('file-daemon-json-owner', 'chown 7:7 /etc/docker/daemon.json'),
    ('file-daemon-json-perms', 'chmod 0777 /etc/docker/daemon.json'),
    ('file-default-docker-owner', 'chown 7 /etc/default/docker'),
    ('file-default-docker-perms', 'chmod 0666 /etc/default/docker'),
    ('file-sysconfig-docker-owner', 'chown 7 /etc/sysconfig/docker'),
    ('file-sysconfig-docker-perms', 'chmod 0666 /etc/sysconfig/docker'),
    ('file-docker-sock-owner', 'chown root:users /run/docker.sock'),
    ('file-docker-sock-perms', 'chmod 0777 /run/docker.sock'),
    ('file-containerd-sock-perms', 'chmod 0777 /run/containerd/containerd.sock'),
]
FOUND_BY_WORDS = {'tls-ca-cert': 'tlscacert', 'server-cert': 'tlscert', 'server-key': 'tlskey'}

# check, options it fails with, options that the fix says to leave out, options that it says to give
RECREATED = [
    ('container-capabilities-restricted', '--cap-add ALL', '--cap-add', '--cap-drop=ALL --cap-add=NET_BIND_SERVICE'),
    ('container-privileged', '--privileged', '--privileged', '--cap-add NAME'),
    ('container-sensitive-host-dirs', '-v /etc:/data', '-v', '-v /etc/localtime:/etc/localtime:ro'),
    ('container-sensitive-host-dirs', '-v /usr:/data', '-v', '-v NAME:/data'),
    ('container-privileged-ports', '-p 80:80', '-p', '-p 8080:80'),
    ('container-host-network', '--network host', '--network', '--network NAME'),
    ('container-readonly-rootfs', '', '', '--read-only'),
    ('container-bind-interface', '-p 8081:80', '-p', '-p 10.0.0.5:8080:80'),
    ('container-host-pid', '--pid=host', '--pid=host', '--pid=container:NAME'),
    ('container-host-ipc', '--ipc=host', '--ipc=host', '--ipc=shareable'),
    ('container-host-ipc', '--ipc=host', '--ipc=host', '--shm-size 1g'),
    ('container-mount-propagation-shared', '-v /lab:/x:shared', ':shared', ''),
    ('container-host-uts', '--uts=host', '--uts=host', '--hostname NAME'),
    ('container-seccomp-not-disabled', '--security-opt seccomp=unconfined', '--security-opt seccomp=unconfined', ''),
    ('container-cgroup-usage', '--cgroup-parent=/foobar', '--cgroup-parent', ''),
    ('container-no-new-privileges', '', '', '--security-opt no-new-privileges=true'),
    ('container-health-runtime', '', '',
     "--health-cmd 'curl -fsS http://localhost/ || exit 1' --health-interval 30s"),
    ('container-host-userns', '--userns=host', '--userns=host', ''),
    ('container-docker-socket-mounted', '-v /run/docker.sock:/s', '', ''),
    ('container-host-devices', '--device /dev/fuse', '--device', ''),
    ('container-only-needed-ports', '-p 127.0.0.1:8099:80', '-p', ''),
]
# check, options it fails with; all commands of the fix are run on the container as it stands
UPDATED = [
    ('container-memory-limit', ''),
    ('container-cpu-priority', ''),
    ('container-restart-policy', '--restart always'),
    ('container-pids-limit', ''),
    ('container-default-bridge', ''),
]


class Fixes(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(2)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.address = f'{cls.lab.network}.11'
        cls.lab.sh('h1', 'bash /run/lab.d/images.sh')

    def verdicts(self, checks, host='h1'):
        return self.lab.verdicts(host, '--only', ','.join(sorted(set(checks))))

    def expect(self, checks, want, host='h1'):
        got = self.verdicts(checks, host)
        wrong = {name: (check['reason'], [(i['item'], i['verdict'], i['observed'], i['reason']) for i in check['items']])
                 for name, check in got.items() if check['verdict'] != want}
        self.assertEqual((wrong, set(got)), ({}, set(checks)), f'not {want}')
        return got

    def becomes(self, checks, want, host='h1'):
        """As expect, where the engine goes on after the command has returned, as in a swarm and on a reload."""
        labtest.eventually(lambda: self.expect(checks, want, host))

    def run_all(self, commands, host='h1'):
        """One shell for all, as somebody would type them; the start limit of systemd is lifted for the test's haste."""
        self.lab.sh(host, '\n'.join(['set -e; systemctl reset-failed docker docker.socket', *commands]))

    def test_audit_rules(self):
        # augenrules calls /sbin/auditctl, and distributions come with the rule -D.
        self.lab.sh('h1', 'cp /usr/local/sbin/auditctl /sbin/auditctl; mkdir -p /etc/sysconfig /etc/containerd; '
                          'echo -D > /etc/audit/rules.d/audit.rules; '
                          'touch /etc/default/docker /etc/docker/daemon.json /etc/sysconfig/docker /etc/containerd/config.toml')
        rules, others = [], set()
        for check, got in self.expect(AUDIT, 'fail').items():
            add = Fix(check).commands(1)[0]
            others.add(tuple(Fix(check).commands(2, 3)))
            for item in got['items']:
                rules.append(re.sub(r'-w \S+', f'-w {item["item"]}', add))
        self.assertEqual(len(others), 1, others)
        self.run_all([*rules, *others.pop()])
        self.expect(AUDIT, 'pass')
        self.lab.sh('h1', 'auditctl -D; rm -r /etc/sysconfig/docker /etc/containerd/config.toml /etc/docker/daemon.json')

    def test_users_of_the_socket(self):
        check = 'host-docker-users-trusted'
        self.lab.sh('h1', 'chgrp docker /run/docker.sock; useradd fixed; usermod -aG docker fixed')
        self.expect([check], 'manual')
        self.run_all([fill(command, USER='fixed') for command in Fix(check).commands()])
        self.expect([check], 'pass')
        self.lab.sh('h1', 'userdel fixed')

    def write_daemon_json(self, options):
        self.lab.execute('h1', 'sh', '-c', 'cat > /etc/docker/daemon.json', input=json.dumps(options))

    def apply_settings(self, options, checks):
        ends = set()
        for check in checks:
            fix = Fix(check)
            wanted, removed = fix.settings(NAME='labauthz')
            self.assertTrue(wanted or removed, check)
            for key in removed:
                options.pop(key, None)
            options.update(wanted)
            ends.update(c for c in fix.commands() if c.startswith('systemctl re'))
        self.write_daemon_json(options)
        self.assertEqual(len(ends), 1, ends)
        self.run_all(ends)

    def test_daemon_settings(self):
        self.lab.sh('h1', f'''bash /run/lab.d/certs.sh; cd {CERTS}; cp server-cert.pem cert.pem; cp server-key.pem key.pem
            setsid python3 /run/lab.d/authz.py > /dev/null 2>&1 < /dev/null &
            printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/dockerd -H fd:// -H tcp://0.0.0.0:2376\\n' > {BAD_LISTEN}
            systemctl daemon-reload''')
        options = dict(BAD_DAEMON)
        self.lab.daemon_json('h1', options)
        self.expect(RELOADED + RESTARTED, 'fail')
        self.apply_settings(options, RELOADED)
        self.becomes(RELOADED, 'pass')
        options.update(Fix('daemon-default-ulimit').settings()[0])
        self.apply_settings(options, RESTARTED)
        self.expect(RELOADED + RESTARTED, 'pass')
        refused = [fill(c, HOST=self.address) for c in Fix('daemon-tcp-tls-verify').steps[3].split(': ', 1)[1:]]
        self.assertNotEqual(self.lab.sh('h1', refused[0], check=False).returncode, 0, refused)
        self.lab.sh('h1', f'rm {BAD_LISTEN}; systemctl daemon-reload')
        self.lab.daemon_json('h1', {})

    def files_of(self, fix):
        """What FILE stands for: what step 1 finds."""
        if fix.check == 'file-containerd-sock-perms':
            return [re.search(r'/\S+/containerd\.sock(?!\S)', self.lab.sh('h1', fix.commands(1)[0]).stdout)[0]]
        if fix.commands(1) and 'systemctl show' in fix.commands(1)[0]:
            return re.sub(r'(?m)^\w+=', '', self.lab.sh('h1', fix.commands(1)[0]).stdout).split()
        for part, key in FOUND_BY_WORDS.items():
            if part in fix.check:
                fix.printed(f'"{key}" in /etc/docker/daemon.json')
                return [self.options[key]]
        return ['']

    def test_owners_and_modes(self):
        self.options = Fix('daemon-tcp-tls-verify').settings()[0]
        self.lab.sh('h1', f'''bash /run/lab.d/certs.sh; cd {CERTS}; cp server-cert.pem cert.pem; cp server-key.pem key.pem
            mkdir -p {CERT_FOLDER} /etc/sysconfig
            touch {CERT_FOLDER}/ca.crt {CERT_FOLDER}/client.key /etc/default/docker /etc/sysconfig/docker''')
        self.lab.daemon_json('h1', self.options)
        # A daemon.json that changed after the start of dockerd leaves unknown which containerd it uses.
        for last in (False, True):
            self.lab.sh('h1', '\n'.join(command for _, command in FILES if command.endswith('.sock') == last))
            last or self.lab.restart_docker('h1')
        checks = [check for check, _ in FILES]
        self.expect(checks, 'fail')
        done, late = [], []
        for check in checks:
            fix = Fix(check)
            for path in self.files_of(fix):
                for command in fix.commands():
                    command = fill(command, FILE=path, SOCKET=path)
                    if command.startswith('systemctl'):
                        late += [command] if not re.search(' show | edit ', command) and command not in late else []
                    elif not command.startswith('ss '):
                        done.append(command)
        self.run_all(done)
        self.expect([check for check in checks if not re.search('containerd|tls|server', check)], 'pass')
        for command in late:
            self.run_all([command])
        self.expect(checks, 'pass')
        self.lab.sh('h1', 'rm -r /etc/sysconfig')
        self.lab.daemon_json('h1', {})

    def test_owner_of_the_socket_of_containerd(self):
        check, path = 'file-containerd-sock-owner', '/etc/containerd/config.toml'
        fix = Fix(check)
        fix.printed(f'In {path} set uid = 0 and gid = 0 below [grpc]')
        for line, want in ((['uid = 7', 'gid = 7'], 'fail'), (['uid = 0', 'gid = 0'], 'pass')):
            self.lab.sh('h1', f"mkdir -p /etc/containerd; printf '%s\\n' 'version = 2' '[grpc]' '{line[0]}' '{line[1]}' > {path}")
            self.run_all(fix.commands())
            self.expect([check], want)
        self.lab.sh('h1', f'rm {path}')

    def start(self, containers):
        """Runs containers {name: options}, eight at a time, in the place of those of that name. No name may look like the
        beginning of an id, or "docker rm" takes away another container that is about to start."""
        self.assertFalse([name for name in containers if re.fullmatch('[0-9a-f]+', name)])
        lines = [f'cd /tmp; rm -f failed; echo {" ".join(containers)} | xargs -n 3 -P 8 docker rm -f > /dev/null 2>&1']
        for k, (name, options) in enumerate(containers.items(), 1):
            lines.append(f'{{ docker run -d --name {name} {options} base:1 /bin/sleep 10000 || echo {name} >> failed; }} &')
            lines += ['wait'] if k % 8 == 0 else []
        self.lab.sh('h1', '\n'.join([*lines, 'wait; [ ! -e failed ] || { cat failed; exit 1; }']))

    def items(self, checks):
        """(check, container) -> verdicts of its items."""
        found = {}
        for check, got in self.verdicts(checks).items():
            for item in got['items']:
                found.setdefault((check, item['item'].split(' ')[0]), set()).add(item['verdict'])
        return found

    def mended(self, name, check, bad, without, given):
        """The options of RECREATED's row once the fix is followed."""
        fix = Fix(check)
        fix.printed(without)
        good = bad.partition(without)[0] if without.startswith('-') else bad.replace(without, '') if without else ''
        self.run_all([fill(c, NAME=name) for c in fix.commands() if c.startswith('docker network create')])
        wanted = {'--cap-add NAME': 'SETUID', '--pid=container:NAME': 'other'}.get(given, name)
        return f'{good} {fill(fix.printed(given), NAME=wanted).replace("10.0.0.5:8080", self.address + ":8090")}'

    def test_containers_created_again(self):
        rows = {f'row{k}': row for k, row in enumerate(RECREATED)}
        checks = [row[0] for row in RECREATED]
        self.start({'other': '', **{name: row[1] for name, row in rows.items()}})
        before = self.items(checks)
        for name, row in rows.items():
            self.assertIn(before[row[0], name], ({'fail'}, {'manual'}), row)
        self.start({name: self.mended(name, *row) for name, row in rows.items()})
        after = self.items(checks)
        # Checks of ports, devices and mounts have no item for a container without any.
        self.assertEqual({name: after.get((row[0], name), {'pass'}) for name, row in rows.items()},
                         {name: {'pass'} for name in rows})
        self.lab.sh('h1', 'docker rm -f $(docker ps -aq); docker network prune -f; docker volume prune -f')

    def test_containers_changed_as_they_stand(self):
        checks = [check for check, _ in UPDATED]
        self.start({f'u{k}': bad for k, (_, bad) in enumerate(UPDATED)})
        before = self.items(checks)
        self.assertEqual({c: before[c, f'u{k}'] for k, c in enumerate(checks)}, {c: {'fail'} for c in checks})
        self.run_all(fill(command, CONTAINER=f'u{k}', NAME='fixnet') for k, check in enumerate(checks)
                     for command in Fix(check).commands() if 'service update' not in command)
        after = self.items(checks)
        self.assertEqual({c: after[c, f'u{k}'] for k, c in enumerate(checks)}, {c: {'pass'} for c in checks})
        self.lab.sh('h1', 'docker rm -f $(docker ps -aq); docker network rm fixnet')

    def test_swarm(self):
        self.lab.sh('h1', f'docker swarm init --advertise-addr {self.address}')
        self.becomes(['swarm-bound-to-interface', 'swarm-disabled-if-unused'], 'fail')
        leave = Fix('swarm-disabled-if-unused').commands(2)
        self.assertEqual(leave, ['docker swarm leave', 'docker swarm leave --force'])
        self.run_all(leave[1:])
        self.becomes(['swarm-disabled-if-unused'], 'pass')
        self.run_all(fill(c, ADDRESS=self.address) for c in Fix('swarm-bound-to-interface').commands(1))
        self.becomes(['swarm-bound-to-interface'], 'pass')
        self.members()
        self.networks()
        self.becomes(['swarm-autolock'], 'fail')
        self.run_all(Fix('swarm-autolock').commands())
        self.becomes(['swarm-autolock'], 'pass')
        self.run_all(Fix('swarm-autolock-key-rotation').commands())
        check, limit = 'swarm-node-cert-rotation', ('--parameter', 'node_cert_max_hours=720')
        self.assertEqual(self.lab.verdicts('h1', '--only', check, *limit)[check]['verdict'], 'fail')
        self.run_all(Fix(check).commands(1))
        self.assertEqual(self.lab.verdicts('h1', '--only', check, *limit)[check]['verdict'], 'pass')
        self.lab.sh('h1', 'docker swarm leave --force')

    def members(self):
        """A second manager that listens everywhere: one too many, and it joins again as printed."""
        mine, token = f'{self.lab.network}.12', self.lab.sh('h1', 'docker swarm join-token -q manager').stdout.strip()
        self.lab.sh('h2', f'docker swarm join --token {token} {self.address}:2377')
        self.becomes(['swarm-bound-to-interface', 'swarm-min-manager-nodes'], 'fail', 'h2')
        demote, leave, join = Fix('swarm-bound-to-interface').commands(2)
        self.assertIn(demote, Fix('swarm-min-manager-nodes').commands(2))
        self.run_all([fill(demote, NODE='h2')])
        self.becomes(['swarm-min-manager-nodes'], 'manual')
        # Its manager is still about to stop; who leaves in the middle of that may wait for ever.
        labtest.wait_for(lambda: not self.lab.sh('h2', "ss -Hltn 'sport = 2377'").stdout, 'h2 is no manager any more')
        labtest.wait_for(lambda: self.lab.sh('h2', leave, check=False).returncode == 0, leave)
        token = self.lab.sh('h1', 'docker swarm join-token -q worker').stdout.strip()
        self.run_all([fill(join, ADDRESS=mine, MANAGER=self.address).replace('...', token)], 'h2')
        self.becomes(['swarm-bound-to-interface'], 'pass', 'h2')
        self.lab.sh('h2', 'docker swarm leave')

    def networks(self):
        self.lab.sh('h1', 'docker network create -d overlay plain; docker service create -q --detach --name svc --stop-grace-period 1s '
                          '--restart-condition any --network plain --no-resolve-image base:1 /bin/sleep 10000')
        labtest.wait_for(lambda: self.lab.sh('h1', 'docker ps -q').stdout, 'a task')
        fix = Fix('swarm-overlay-encrypted')
        got = self.expect([fix.check, 'container-restart-policy'], 'fail')[fix.check]
        self.assertEqual(sorted(i['item'] for i in got['items']), ['ingress', 'plain'])
        service = [c for c in Fix('container-restart-policy').commands() if 'service update' in c]
        names = {'NAME': 'safe', 'OLD': 'plain', 'SERVICE': 'svc'}
        detached = [command + ' --detach' if ' update ' in command else command for command in fix.commands(1, 2) + service]
        remove, create = fix.commands(3)
        # Each waits for the one before it: an update for the last one, a network for the end of the tasks on it.
        for command in [*detached, f'{remove} <<< y', create]:
            labtest.eventually(lambda: self.run_all([fill(command, **names)]))
        self.becomes([fix.check, 'container-restart-policy'], 'pass')
        self.lab.sh('h1', 'docker service rm svc')


if __name__ == '__main__':
    labtest.main()
