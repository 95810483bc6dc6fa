# SPDX-License-Identifier: Apache-2.0
"""The verdict and the items of every check on hosts of the lab, as files.

expected/NAME.json holds the truth: check -> verdict, reason, and for every item that is not a plain pass its label,
verdict and observed value. PLIMSOLL_BLESS=1 rewrites it; whoever does so reads the difference against the rules and
against inside/conf-NAME.sh, since a wrong expectation is a wrong promise."""
import json
import os
import re

import labtest

EXPECTED = os.path.join(labtest.HERE, 'expected')
STAND_IN = '/usr/local/sbin/runc'  # only where the machine lacks a capability


def plain(text, network):
    """What differs between two runs of the same configuration: the lab's network, task names, ephemeral ports, pids, dates."""
    if text is None:
        return None
    text = text.replace(network, 'NET')
    text = re.sub(r'\b\d+ (exec instances|days old)', r'N \1', text)
    text = re.sub(r'(\d+:\d+) \(\S+:\S+\)', r'\1', text)  # names of ids differ from machine to machine
    text = re.sub(r'^(\S+ \S+); kernel .*', r'\1; KERNEL', text)
    text = re.sub(r'^Engine .*, built .*', 'VERSIONS', text)
    text = re.sub(r'^CA valid \S+ to \S+', 'CA valid DATE to DATE', text)
    text = re.sub(r'\bsvc\.1\.[a-z0-9]{25}\b', 'svc.1.TASK', text)
    return re.sub(r'(?<=:)(3276[89]|32[89]\d\d|49[12]\d\d)\b', 'EPHEMERAL', text)


def summary(check, network):
    items = sorted([plain(i['item'], network), i['verdict'], plain(i['observed'], network)]
                   for i in check['items'] if i['verdict'] != 'pass' and i['item'] != STAND_IN)
    return {'verdict': check['verdict'], 'reason': check['reason'], 'items': items}


def read(name):
    with open(os.path.join(EXPECTED, f'{name}.json')) as file:
        return json.load(file)


def expect(test, lab, checks, name):
    """Holds checks, check -> its member of an audit's JSON, against expected/NAME.json."""
    got = {check: summary(found, lab.network) for check, found in checks.items()}
    if os.environ.get('PLIMSOLL_BLESS'):
        with open(os.path.join(EXPECTED, f'{name}.json'), 'w') as file:
            json.dump(got, file, indent=1, sort_keys=True)
            file.write('\n')
    want = read(name)
    test.assertEqual(sorted(got), sorted(want), f'{name}: the checks')
    for check in want:
        with test.subTest(host=name, check=check):
            test.assertEqual(got[check], want[check])
