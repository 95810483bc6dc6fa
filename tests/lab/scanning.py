# SPDX-License-Identifier: Apache-2.0
"""`plimsoll scan` as tests run it: always a sweep, with everything that it can say kept in a folder."""
import json
import os
import shutil
import subprocess
import threading
import time

import labtest

PATIENCE_S = 120  # beyond every deadline of its own


class Host:
    """What a scan says of one target. `reason` is why it was not audited, or not whole; `verdicts` is check -> check of
    the report; `facts` and `envelope` are what was collected. None: there was no report."""

    def __init__(self, row, folder, name):
        self.name = name
        self.row = row
        self.audited = row['audit'] is not None
        self.reason = row.get('reason')
        self.message = row.get('message')
        self.transport = row.get('transport')
        self.transport_reason = row.get('transport_reason')
        self.engine_way = row.get('engine_way')
        self.same_machine = row.get('same_machine')
        self.verdicts = self.report = self.facts = self.envelope = self.observed = None
        if not self.audited:
            return
        with open(os.path.join(folder, 'audits', name + '.json')) as file:
            self.report = json.load(file)
        self.verdicts = {check['check']: check for check in self.report['benchmarks'][0]['checks']}
        with open(os.path.join(folder, 'facts', name + '.json')) as file:
            collected = json.load(file)
        self.facts, self.envelope, self.observed = (collected.get(key) for key in ('facts', 'envelope', 'observed'))

    @property
    def facts_hash(self):
        return self.envelope and self.envelope['facts_sha256']


class Scan:
    """One run. `argv` first, then run(), or read() where somebody else ran it."""

    serial = 0

    def __init__(self, site, program, targets, transport=None, jobs=None, seconds_each=None, options=()):
        Scan.serial += 1
        self.site = site
        self.targets = targets
        self.folder = site.path(f'scan{Scan.serial}')
        os.mkdir(self.folder)
        for name in ('audits', 'facts'):
            os.mkdir(os.path.join(self.folder, name))
        inventory = os.path.join(self.folder, 'inventory')
        with open(inventory, 'w') as file:
            file.write(''.join(f'{target}\n' for target in targets))
        self.rows_path = os.path.join(self.folder, 'rows')
        self.argv = [program, 'scan', '-F', site.config, '--inventory', inventory, '-a', '-o', f'ndjson={self.rows_path}',
                     '-o', f'json={self.folder}/audits/', '--save-facts', os.path.join(self.folder, 'facts')]
        self.argv += ['--transport', transport] if transport else []
        self.argv += ['--jobs', str(jobs)] if jobs else []
        self.argv += ['--timeout', str(seconds_each)] if seconds_each else []
        self.argv += options
        self.patience = PATIENCE_S + (seconds_each or 0)

    def run(self, env=None, watch=None):
        """watch: called with the process's number, again and again, while it runs."""
        with open(os.path.join(self.folder, 'out'), 'w+') as out, open(os.path.join(self.folder, 'err'), 'w+') as err:
            began = time.monotonic()
            process = self.site.start(*self.argv, env=env, stdout=out, stderr=err)
            watcher = threading.Thread(target=keep_calling, args=(watch, process))
            if watch:
                watcher.start()
            try:
                self.code = process.wait(self.patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
            finally:
                if watch:
                    watcher.join()
            self.wall = time.monotonic() - began
            for name, file in (('stdout', out), ('stderr', err)):
                file.seek(0)
                setattr(self, name, file.read())
        return self.read()

    def read(self):
        self.rows = {}
        if os.path.exists(self.rows_path):
            with open(self.rows_path) as file:
                self.rows = {row['target']: row for row in map(json.loads, file) if 'target' in row}
        return self

    def host(self, name):
        if name not in self.rows:
            raise AssertionError(f'nothing about {name}: {getattr(self, "stderr", "")[-2000:]}')
        return Host(self.rows[name], self.folder, name)

    def forget(self):
        shutil.rmtree(self.folder)


def keep_calling(watch, process):
    while process.poll() is None:
        watch(process.pid)
        time.sleep(0.005)


class Scanner:
    def __init__(self, site, build=None):
        self.site = site
        self.program = os.path.join(build or labtest.BUILD, 'plimsoll')

    def prepare(self, *targets, **options):
        return Scan(self.site, self.program, targets, **options)

    def scan(self, *targets, env=None, watch=None, **options):
        return self.prepare(*targets, **options).run(env, watch)


def differences(ours, theirs, path=''):
    """Paths below which two JSON values differ, with both."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [d for key in sorted(set(ours) | set(theirs)) for d in differences(ours.get(key), theirs.get(key), f'{path}.{key}')]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [d for i, pair in enumerate(zip(ours, theirs)) for d in differences(*pair, f'{path}[{i}]')]
    return [] if ours == theirs else [(path, ours, theirs)]


def without_peer(facts):
    """Facts without who listens on the Engine's socket: over SSH nobody can ask the kernel by connecting, and the table of
    sockets does not tell where two were bound to one path, or one to another path (a bind mount)."""
    facts = json.loads(json.dumps(facts))
    facts['fetch'] = [row for row in facts['fetch'] if row['source'] != 'peer']
    for dockerd in facts.get('dockerd', ()):
        dockerd.pop('found_by', None)
    return facts


def claims_more(part, whole):
    """What a report that saw less says and one that saw all does not: every verdict has to be the same, or unknown; and
    whatever passes has to pass there too. Gives the offences."""
    offences = []
    for name, check in part.items():
        other = whole[name]
        if check['verdict'] not in (other['verdict'], 'unknown'):
            offences.append(f'{name}: {check["verdict"]}, but of the whole host {other["verdict"]}')
        passed = {item_key(item) for item in other.get('items', ()) if item['verdict'] == 'pass'}
        for item in check.get('items', ()):
            if item['verdict'] == 'pass' and item_key(item) not in passed:
                offences.append(f'{name}: {item_key(item)} passes, but not on the whole host')
    return offences


def item_key(item):
    return item.get('label'), item.get('discriminator')
