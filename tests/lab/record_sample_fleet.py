#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""record_sample_fleet.py - writes deploy/sample-fleet/*.json anew, from real hosts of the lab.

What belongs to the machine that records (the lab's folder and network, the kernel's name) is replaced; everything else
is as `plimsoll audit --save-facts` wrote it. PLIMSOLL_BUILD names the build to use."""
import json
import os
import platform

import labtest

FLEET = os.path.join(labtest.ROOT, 'deploy', 'sample-fleet')
KERNEL = '6.1.0-25-amd64'
MAX_BYTES = 200 << 10

# name, configuration, and what is done besides
HOSTS = (
    ('web-1', 'default', ''),
    ('web-2', 'default', 'docker rm -f web app old; docker network create front; '
                         'docker run -d --name shop --net front --read-only --security-opt no-new-privileges -m 64m '
                         '--pids-limit 50 --restart on-failure:5 --cpu-shares 512 good:1.2'),
    ('db-1', 'hardened', ''),
    ('edge-1', 'hardened', 'docker run -d --name proxy --userns host --net host '
                           '-v /var/run/docker.sock:/var/run/docker.sock:ro good:1.2'),
    ('build-1', 'dangerous', ''),
    ('spare-1', 'default', 'systemctl stop docker.socket docker; rm -f /run/docker.sock'),
)


def record(lab, host, name, configuration, more):
    lab.sh(host, f'hostname {name}; echo {name} > /etc/hostname; systemctl restart docker')
    lab.conf(host, configuration)
    lab.sh(host, more)
    # 3: the Engine of one of them does not answer
    done = lab.execute(host, '/lab/plimsoll', 'audit', '-q', '--save-facts', '/lab/facts.json', check=False)
    assert done.returncode in (0, 3), done.stderr
    with open(os.path.join(lab.share(host), 'facts.json')) as file:
        text = file.read()
    for own, plain in ((os.path.join(lab.folder, host), '/var/lib'), (lab.network, '10.20.0'),
                       (platform.release(), KERNEL)):
        text = text.replace(own, plain)
    text = json.dumps(json.loads(text), separators=(',', ':'), ensure_ascii=False)
    text = text.replace('},{', '},\n{') + '\n'
    assert len(text.encode()) < MAX_BYTES, f'{name}: {len(text)} bytes'
    with open(os.path.join(FLEET, name + '.json'), 'w') as file:
        file.write(text)
    print(f'{name}: {len(text)} bytes')


def main():
    os.makedirs(FLEET, exist_ok=True)
    with labtest.Lab(len(HOSTS)) as lab:
        for number, (name, configuration, more) in enumerate(HOSTS, 1):
            record(lab, f'h{number}', name, configuration, more)


if __name__ == '__main__':
    main()
