#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ten collections of a busy, unchanged host give one hash; a change gives another."""
import hashlib
import json
import unittest

import labtest


class Stability(unittest.TestCase):
    @staticmethod
    def new_lab():
        return labtest.Lab(1)

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.new_lab()
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        cls.lab.conf('h1', 'default')
        # health checks run every second in `app`; this one forks all the time, and execs come and go
        cls.lab.sh('h1', 'docker run -d --name busy base:1 sh -c "while :; do ls /bin > /dev/null; cat /etc/passwd > /dev/null; done"')
        cls.lab.sh('h1', 'nohup sh -c "while sleep .1; do docker exec app true; done" > /dev/null 2>&1 &')

    def facts(self):
        text = self.lab.execute('h1', '/lab/plimsoll-agent', 'collect', '--json').stdout
        return json.loads(text)

    def test_ten_collections_of_a_busy_host_have_one_hash(self):
        collections = [self.facts() for _ in range(10)]
        texts = [json.dumps(c['facts'], indent=1) for c in collections]
        for i, text in enumerate(texts):
            if text != texts[0]:
                lines = [(a, b) for a, b in zip(texts[0].splitlines(), text.splitlines()) if a != b]
                self.fail(f'collection {i} differs: {lines[:5]}')
        hashes = {c['envelope']['facts_sha256'] for c in collections}
        self.assertEqual(len(hashes), 1)
        sequences = [c['envelope'].get('taken_at') for c in collections]
        self.assertEqual(sequences, sorted(sequences))

    def test_a_change_changes_the_hash(self):
        before = self.facts()['envelope']['facts_sha256']
        self.lab.sh('h1', 'docker run -d --name extra base:1 /bin/sleep 1000')
        after = self.facts()['envelope']['facts_sha256']
        self.assertNotEqual(before, after)
        self.lab.sh('h1', 'docker rm -f extra')

    def test_the_hash_is_over_the_bytes_that_are_sent(self):
        self.lab.execute('h1', '/lab/plimsoll-agent', 'collect', '-o', '/lab/report.pb')
        with open(f'{self.lab.share("h1")}/report.pb', 'rb') as file:
            data = file.read()
        fields = dict(walk(data))
        envelope = dict(walk(fields[1]))
        self.assertEqual(hashlib.sha256(fields[2]).digest(), envelope[8])


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def walk(data):
    """(field, value) of a packed message's top level."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            assert key & 7 == 2, key
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value


if __name__ == '__main__':
    labtest.main()
