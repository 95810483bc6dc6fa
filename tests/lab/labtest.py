# SPDX-License-Identifier: Apache-2.0
"""What the lab's tests share: real Docker hosts that start with a test case and end with it."""
import faulthandler
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, '..', '..'))
BUILD = os.environ.get('PLIMSOLL_BUILD', os.path.join(ROOT, 'build', 'release'))
SKIP = 77  # ctest's SKIP_RETURN_CODE
COMMAND_SECONDS = 120  # the longest that one command of a test may take: many times what any takes on a slow machine
TEST_SECONDS = 540  # all of a test; less than ctest's own limit, which tells nobody where the test stood
SHOWN_LINES = 40


def claim_number():
    """A number for a lab's names and network that no other lab of this machine has, and what holds it: a socket's
    abstract name, which is free again with the end of the last process that has it."""
    for number in range(120):
        if os.path.exists(f'/run/netns/pl{number}'):  # left behind by one that was killed together with its guard
            continue
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f'\0plimsoll-lab-{number}')
            return number, holder
        except OSError:
            holder.close()
    raise AssertionError('no number is left for a lab; see /run/netns')


class Lab:
    """N hosts h1..hN. Programs of the build stand in /lab of each. `down` removes every trace, and a guard sees to it
    where this process is killed."""

    def __init__(self, hosts=1, **variables):
        number, self.claim = claim_number()
        self.folder = tempfile.mkdtemp(prefix='plimsoll-lab-')
        os.rmdir(self.folder)
        self.network = f'10.{100 + number}.0'
        self.env = dict(os.environ, LAB=self.folder, LAB_NS=f'pl{number}', LAB_NET=self.network, **variables)
        self.hosts = hosts

    def run(self, *arguments, check=True, **more):
        """Runs `lab ARGUMENTS`. Every command of the tests in a host comes by here, so that none can hang unseen."""
        if 'input' not in more:
            more['stdin'] = subprocess.DEVNULL
        try:
            return subprocess.run([os.path.join(HERE, 'lab'), *arguments], env=self.env, check=check, text=True,
                                  **{'timeout': COMMAND_SECONDS, **more})
        except subprocess.TimeoutExpired as error:
            told = [as_text(part) for part in (error.stdout, error.stderr) if part]
            if arguments[0] in ('exec', 'conf'):
                told.append(self.what_runs(arguments[1]))
            raise AssertionError('\n'.join([f'lab {" ".join(arguments)}: not within {error.timeout} s', *told])) from None

    def what_runs(self, host):
        """Processes of a host whose command hangs, and what its daemons last said."""
        script = f'ps -eo pid,ppid,stat,etime,wchan:20,args --forest | cut -c1-160; journalctl --no-pager -n {SHOWN_LINES} -o cat | cut -c1-300'
        try:
            return subprocess.run([os.path.join(HERE, 'lab'), 'exec', host, 'sh', '-c', script], env=self.env, check=False,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=10).stdout
        except subprocess.TimeoutExpired:
            return f'{host} does not tell what runs'

    def __enter__(self):
        probe = self.run('check', check=False, capture_output=True)
        if probe.returncode == SKIP:
            raise unittest.SkipTest(probe.stderr.strip())
        self.guard = self.start_guard()
        try:
            self.run('up', str(self.hosts))
            for k in range(1, self.hosts + 1):
                for program in ('plimsoll', 'plimsoll-agent'):
                    copy = shutil.copy(os.path.join(BUILD, program), self.share(f'h{k}'))
                    os.chmod(copy, 0o755)  # whatever the umask of the build
        except BaseException:
            self.down(check=False)
            raise
        return self

    def __exit__(self, *_):
        self.down()

    def down(self, check=True):
        try:
            self.run('down', check=check)
        finally:
            os.close(self.guard)
            self.claim.close()

    def start_guard(self):
        """A process outside this one's tree that waits for its end, whatever ends it, and takes the hosts down then."""
        waited_for, held = os.pipe()
        try:
            subprocess.run(['setsid', '--fork', 'sh', '-c', 'cat; [ ! -e "$LAB/up" ] || exec "$0" down', os.path.join(HERE, 'lab')],
                           env=self.env, stdin=waited_for, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
                           pass_fds=[self.claim.fileno()])
        finally:
            os.close(waited_for)
        return held

    def share(self, host):
        return os.path.join(self.folder, host, 'share')

    def conf(self, host, name):
        self.run('conf', host, name)

    def execute(self, host, *argv, check=True, **more):
        done = self.run('exec', host, *argv, check=False, capture_output=True, **more)
        if check and done.returncode != 0:
            raise AssertionError(f'{host}: {" ".join(argv)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}')
        return done

    def sh(self, host, script, check=True):
        return self.execute(host, 'bash', '-c', script, check=check)

    def audit(self, host, *options, exit_codes=(0,)):
        """Audits inside the host as root; gives the benchmark of the JSON result."""
        done = self.execute(host, '/lab/plimsoll', 'audit', '-o', 'json', '-a', *options, check=False)
        if done.returncode not in exit_codes:
            raise AssertionError(f'audit of {host}: exit {done.returncode}\n{done.stdout[:2000]}\n{done.stderr}')
        return json.loads(done.stdout)

    def verdicts(self, host, *options, exit_codes=(0,)):
        """check -> {verdict, reason, items} of the first benchmark."""
        result = self.audit(host, *options, exit_codes=exit_codes)
        return {c['check']: c for c in result['benchmarks'][0]['checks']}

    def verdict(self, host, check):
        return self.verdicts(host, '--only', check)[check]

    def restart_docker(self, host):
        """Restarts dockerd by systemd and waits for its answer; the start limit of systemd is reset each time."""
        self.sh(host, 'systemctl reset-failed docker docker.socket; systemctl restart docker || '
                      '{ journalctl -u docker --no-pager | tail -n 5; exit 1; }; docker version > /dev/null')

    def daemon_json(self, host, options):
        self.execute(host, 'sh', '-c', 'cat > /etc/docker/daemon.json; chmod 644 /etc/docker/daemon.json',
                     input=json.dumps(options))
        self.restart_docker(host)


def as_text(part):
    """What a command that was cut off had said; subprocess gives it as bytes even where text was asked for."""
    return part.decode(errors='replace') if isinstance(part, bytes) else part


def wait_for(question, what, seconds=60):
    """Asks until the answer is true; a bounded wait for an event of another process."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f'{what}: not within {seconds} s')


def eventually(claim, seconds=60):
    """Repeats what asserts something until it holds, and gives its answer: for what becomes true a moment after a
    command has returned. Where it never does, its last failure stands."""
    end = time.monotonic() + seconds
    while True:
        try:
            return claim()
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def main(seconds=TEST_SECONDS):
    """unittest.main() with ctest's skip code when every test was skipped; prints each skip with its reason. A test that
    does not end says on what line it stands."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    program = unittest.main(module='__main__', exit=False, verbosity=2)
    result = program.result
    for test, reason in result.skipped:
        print(f'SKIP: {test}: {reason}')
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIP if result.testsRun and len(result.skipped) == result.testsRun else 0)
