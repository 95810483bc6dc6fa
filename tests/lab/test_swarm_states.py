#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real hosts of a swarm: manager, worker, and a manager that is locked after a restart. The verdict and the items of
every check; see expectations.py."""
import unittest

import labtest
from expectations import expect


class SwarmStates(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.lab = labtest.Lab(2)
        cls.lab.__enter__()
        cls.addClassCleanup(cls.lab.__exit__, None, None, None)
        address = f'{cls.lab.network}.11'
        for host in ('h1', 'h2'):
            cls.lab.execute(host, 'bash', '/run/lab.d/images.sh')
        cls.lab.sh('h1', f'docker swarm init --advertise-addr {address}; docker network create -d overlay back')
        token = cls.lab.sh('h1', 'docker swarm join-token -q worker').stdout.strip()
        cls.lab.sh('h2', f'docker swarm join --token {token} {address}:2377')
        cls.lab.sh('h1', 'docker service create -q --detach --no-resolve-image --name svc --network back --stop-grace-period 1s '
                         '--constraint node.role==manager base:1 /bin/sleep 100000')
        labtest.wait_for(lambda: 'svc.1' in cls.lab.sh('h1', 'docker ps --format "{{.Names}}"').stdout, 'the task runs')

    def test_1_manager_and_worker(self):
        worker = self.lab.verdicts('h2')
        expect(self, self.lab, self.lab.verdicts('h1'), 'swarm-manager')
        expect(self, self.lab, worker, 'swarm-worker')
        for name, check in worker.items():
            if name.startswith('swarm-') and check['verdict'] not in ('not_applicable', 'manual'):
                self.assertIn(name, ('swarm-overlay-encrypted', 'swarm-disabled-if-unused', 'swarm-bound-to-interface'),
                              'judged on the managers')

    def test_2_locked_manager(self):
        # Whether a task's container outlives a restart into the locked state is a race within the engine.
        self.lab.sh('h1', 'docker service rm svc')
        labtest.wait_for(lambda: not self.lab.sh('h1', 'docker ps -aq').stdout, 'the end of the task')
        self.lab.sh('h1', 'docker swarm update --autolock=true')
        self.lab.restart_docker('h1')
        state = self.lab.sh('h1', 'docker info --format "{{.Swarm.LocalNodeState}}"').stdout.strip()
        self.assertEqual(state, 'locked')
        locked = self.lab.verdicts('h1')
        expect(self, self.lab, locked, 'swarm-locked')
        self.assertEqual(locked['swarm-autolock']['verdict'], 'pass')
        for name, check in locked.items():
            if name.startswith('swarm-') and name not in ('swarm-autolock', 'swarm-disabled-if-unused'):
                self.assertNotIn(check['verdict'], ('pass', 'fail'), f'{name}: nothing of the swarm is seen')


if __name__ == '__main__':
    labtest.main()
