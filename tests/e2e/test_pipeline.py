#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole pipeline inside a real Docker host: the units as they are installed, an agent that is enrolled, a real
dockerd, and what the store and the pages say of it.

PLIMSOLL_BUILD names the build; needs what tests/lab needs."""
import html
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lab'))
import labtest  # noqa: E402

HOST = 'h1'
DATA = '/var/lib/plimsoll'
FACTS, FIRST = 1, 16  # bits of finding_interval's cause columns
MAX_UNCHANGED_BYTES = 1024


class Pipeline(unittest.TestCase):
    """The tests run in the order of their names: each goes on where the one before ended."""

    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(1)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.lab.conf(HOST, 'default')
        cls.install()
        cls.sh(f'plimsoll setup --name localhost --listen 127.0.0.1 --data {DATA} && systemctl start plimsoll-server')
        cls.wait_for_server()
        cls.sh('plimsoll token create | plimsoll-agent enroll --join-file -')

    @classmethod
    def install(cls):
        """As a package does: programs, units and users from `cmake --install`."""
        subprocess.run(['cmake', '--install', labtest.BUILD], check=True, capture_output=True, umask=0o022,
                       env=dict(os.environ, DESTDIR=os.path.join(cls.lab.share(HOST), 'stage')))
        cls.sh('cp -a /lab/stage/. / && systemd-sysusers && systemctl daemon-reload')

    @classmethod
    def sh(cls, script, check=True):
        return cls.lab.sh(HOST, 'export PATH=/usr/local/bin:$PATH; ' + script, check=check)

    @classmethod
    def wait_for_server(cls):
        labtest.wait_for(lambda: cls.sh(f'curl -sf --cacert {DATA}/ca.crt https://localhost:8443/healthz',
                                        check=False).returncode == 0, 'the server answers')

    def run_once(self):
        done = self.sh('plimsoll-agent run --once')
        sent = re.search(r'reports=(\d+) with_facts=(\d+) bytes=(\d+)', done.stderr)
        self.assertIsNotNone(sent, done.stderr)
        return tuple(map(int, sent.groups()))

    def hosts(self):
        return json.loads(self.sh('plimsoll hosts list --json').stdout)

    def host(self):
        hosts = self.hosts()
        self.assertEqual(len(hosts), 1)
        return hosts[0]

    def page(self, path):
        jar = '/root/cookies'
        script = (f'[ -s {jar} ] || {{ link=$(plimsoll signin-link 2> /dev/null); '
                  f'curl -sf -o /dev/null --cacert {DATA}/ca.crt -c {jar} --data "token=${{link##*token=}}" '
                  f'https://localhost:8443/sign-in; }}; '
                  f'curl -sf --cacert {DATA}/ca.crt -b {jar} https://localhost:8443{path}')
        return self.sh(script).stdout

    def store(self, statement):
        """Rows of the store; the server keeps running beside."""
        copy = os.path.join(self.lab.share(HOST), 'store.db')
        self.sh(f"python3 -c \"import sqlite3; a = sqlite3.connect('file:{DATA}/plimsoll.db?mode=ro', uri=True); "
                f"b = sqlite3.connect('/lab/store.db'); a.backup(b)\"")
        with sqlite3.connect(copy) as connection:
            rows = connection.execute(statement).fetchall()
        connection.close()
        os.unlink(copy)
        return rows

    def intervals(self, check):
        return self.store(
            'SELECT f.label, i.verdict, i.opened_changed, i.closed_at IS NOT NULL, i.closed_changed FROM finding f '
            'JOIN rule r ON r.id = f.rule JOIN finding_interval i ON i.finding = f.id '
            f"WHERE r.name = '{check}' ORDER BY i.id")

    def audit(self):
        return json.loads(self.sh('plimsoll audit -q -a -o json').stdout)['benchmarks'][0]

    def test_1_the_first_report_has_facts_and_the_score_of_an_audit(self):
        self.sh(f'systemctl stop plimsoll-server; cp -a {DATA} /root/before; systemctl start plimsoll-server')
        self.wait_for_server()
        self.assertEqual(self.run_once()[:2], (1, 1))
        score, host = self.audit()['score'], self.host()
        for key in ('numerator', 'denominator', 'fail', 'unknown'):
            self.assertEqual(host[key], score[key], key)
        self.assertEqual((host['name'], host['state']), (HOST, 'current'))
        self.assertGreater(host['fail'], 5)

    def test_2_pages_show_it(self):
        host, audit = self.host(), self.audit()
        fleet = self.page('/')
        self.assertIn(f'/hosts/{host["id"]}', fleet)
        self.assertIn(f'{host["percent"]:.1f}', fleet)
        page = self.page('/hosts/' + host['id'])
        self.assertTrue(f'{host["percent"]:.1f} %' in page)
        text = html.unescape(re.sub(r'<[^>]*>', '', page))
        failing = [check for check in audit['checks'] if check['verdict'] == 'fail']
        self.assertGreater(len(failing), 5)
        for check in failing:
            self.assertTrue(f'id="{check["check"]}"' in page, check['check'])
            for item in check['items']:
                if item['verdict'] == 'fail':
                    self.assertTrue(item['item'] in text, f'{check["check"]}: no {item["item"]}')

    def test_3_an_unchanged_host_sends_no_facts(self):
        for _ in range(2):
            reports, with_facts, size = self.run_once()
            self.assertEqual((reports, with_facts), (1, 0))
            self.assertLessEqual(size, MAX_UNCHANGED_BYTES)

    def test_4_a_server_without_the_facts_asks_for_them(self):
        self.sh(f'systemctl stop plimsoll-server; rm -rf {DATA}; cp -a /root/before {DATA}; systemctl start plimsoll-server')
        self.wait_for_server()
        self.assertIsNone(self.host()['percent'])
        self.sh('rm -f /root/cookies')
        self.assertEqual(self.run_once()[:2], (1, 1))
        self.assertIsNotNone(self.host()['percent'])
        self.assertEqual(self.run_once()[:2], (1, 0))

    def test_5_a_change_opens_and_closes_findings_with_their_cause(self):
        check = 'container-privileged'
        self.assertEqual(self.intervals(check), [])
        before = self.host()
        self.sh('docker run -d --name risky --privileged base:1 /bin/sleep 100000')
        self.assertEqual(self.run_once()[1], 1)
        (label, _, opened, closed, _), = self.intervals(check)
        self.assertEqual((label, opened, closed), ('risky', FACTS, 0))
        self.assertGreater(self.host()['critical'], before['critical'])
        self.assertTrue('<bdi>risky</bdi>' in self.page('/hosts/' + before['id']))
        # redeployed under the same name: the same finding goes on
        self.sh('docker rm -f risky; docker run -d --name risky --privileged base:1 /bin/sleep 99999')
        self.run_once()
        self.assertEqual(len(self.intervals(check)), 1)
        self.sh('docker rm -f risky')
        self.run_once()
        (label, _, opened, closed, changed), = self.intervals(check)
        self.assertEqual((label, opened, closed, changed), ('risky', FACTS, 1, FACTS))
        self.assertEqual(self.host()['critical'], before['critical'])
        firsts = self.store('SELECT count(*) FROM finding_interval WHERE opened_changed = %d' % FIRST)
        self.assertGreater(firsts[0][0], 5)

    def test_6_the_units_sandboxes_change_no_verdict(self):
        """The agent as a service sees what root sees; the server runs as a user of its own."""
        alone = self.host()
        self.sh('docker run -d --name marker --privileged base:1 /bin/sleep 100000; '
                'rm -f /var/lib/plimsoll-agent/last-run.json; systemctl start plimsoll-agent')
        labtest.wait_for(lambda: self.host()['critical'] > alone['critical'], 'the service reports')
        score, host = self.audit()['score'], self.host()
        self.sh('systemctl stop plimsoll-agent; docker rm -f marker')
        for key in ('numerator', 'denominator', 'fail', 'unknown'):
            self.assertEqual(host[key], score[key], key)
        user = self.sh('ps -o user= -p $(systemctl show -p MainPID --value plimsoll-server)').stdout.strip()
        self.assertEqual(user, 'plimsoll')

    def test_7_an_acknowledged_report_survives_a_kill(self):
        self.run_once()
        self.sh('docker run -d --name kept --privileged base:1 /bin/sleep 100000; plimsoll-agent run --once; '
                'systemctl kill -s KILL plimsoll-server')
        self.wait_for_server()  # Restart=on-failure
        self.assertEqual([row[0] for row in self.intervals('container-privileged')][-1:], ['kept'])
        self.assertEqual(self.run_once()[:2], (1, 0))

    def test_7b_a_scan_of_the_same_machine_is_told_and_counts_once(self):
        key = shutil.copy(os.path.join(self.lab.folder, 'key'), self.lab.share(HOST))
        os.chmod(key, 0o600)
        self.run_once()
        agents = self.host()
        for _ in range(2):
            self.sh(f'plimsoll scan root@localhost -i /lab/key --host-key-policy accept-new --store --data {DATA}')
        listed = self.hosts()
        self.assertEqual(len(listed), 2, listed)
        scanned, = (host for host in listed if host['id'] != agents['id'])
        for field in ('percent', 'numerator', 'denominator', 'fail', 'critical', 'unknown', 'name'):
            self.assertEqual(scanned[field], agents[field], field)
        self.assertEqual(agents['id'], scanned['looks_like'])
        self.assertIn('SSH', scanned['by'])
        page = self.page('/hosts/' + scanned['id'])
        for words in ('SSH, by libssh2', 'root@localhost', 'direct-streamlocal', 'of one machine', '/hosts/' + agents['id']):
            self.assertTrue(words in page, words)
        tiles = re.findall(r'<li>.*?</li>', self.page('/'), re.S)
        self.assertEqual(re.sub(r'<[^>]*>', '', tiles[0]).split()[0], '1', tiles)
        self.sh(f'plimsoll hosts merge {scanned["id"]} {agents["id"]}')
        self.assertEqual([host['id'] for host in self.hosts() if host['state'] != 'merged'], [agents['id']])
        self.sh(f'plimsoll scan root@localhost -i /lab/key --host-key-policy accept-new --store --data {DATA}')
        self.assertEqual([host['id'] for host in self.hosts() if host['state'] != 'merged'], [agents['id']])

    def test_8_quickstart(self):
        self.sh('systemctl stop plimsoll-server')
        subprocess.run(['cp', '-r', os.path.join(labtest.ROOT, 'deploy'), self.lab.share(HOST)], check=True)
        argv = '/lab/deploy/quickstart --once --data /root/quick --programs /lab --sample-fleet'
        for words in ('enrolled as', 'enrolled already'):
            done = self.sh(argv)
            self.assertIn(words, done.stdout)
            self.assertNotIn('No Docker Engine', done.stdout)
            self.assertIn('container-', self.sh('cat /root/quick/report.html').stdout)
            score = self.audit()['score']
            self.assertIn(f'score        {score["percent"]:.1f} % ({score["numerator"]} of {score["denominator"]};',
                          done.stdout)
            left = self.sh('pgrep -a plimsoll', check=False)
            self.assertEqual(left.stdout, '')


if __name__ == '__main__':
    labtest.main()
