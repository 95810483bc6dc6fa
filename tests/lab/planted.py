# SPDX-License-Identifier: Apache-2.0
"""What is wrong on the dangerous host, told from inside/conf-dangerous.sh and inside/images.sh and from nowhere else.

Each row: the words of those scripts that plant the fault, the check that has to find it, and item -> words of what it
shows. LEFT_OUT is what they do wrong by leaving something out. Together they are every failed item of that host:
whoever plants one there adds its row here, by hand."""

STARTED = ['caps', 'dev', 'hostns', 'mounts', 'pids', 'ports', 'priv', 'shared', 'sshd', 'usernshost', 'svc.1.TASK']
IDLE = ['stopped1 [created]', 'stopped2 [created]', 'stopped3 [created]']
EVERY = STARTED + IDLE

PLANTED = [
    ('-H tcp://0.0.0.0:2375', 'daemon-tcp-tls-verify', {'tcp://0.0.0.0:2375': 'plain'}),
    ('--icc=true', 'daemon-icc-disabled', {'bridge': 'enable_icc=true'}),
    ('"insecure-registries": ["10.0.0.0/8"]', 'daemon-no-insecure-registries', {'10.0.0.0/8': '10.0.0.0/8'}),
    ('"debug": true', 'daemon-log-level-info', {'dockerd': 'debug'}),
    ('"log-level": "debug"', 'daemon-log-level-info', {'dockerd': 'debug'}),
    ('"experimental": true', 'daemon-experimental-disabled', {'dockerd': 'true'}),
    ('chmod 666 /etc/docker/daemon.json', 'file-daemon-json-perms', {'/etc/docker/daemon.json': '0666'}),
    ('chown 1000:1000 /etc/docker/daemon.json', 'file-daemon-json-owner', {'/etc/docker/daemon.json': '1000:1000'}),
    ('chmod 777 /etc/docker\n', 'file-etc-docker-perms', {'/etc/docker': '0777'}),
    ('chmod 666 /etc/default/docker', 'file-default-docker-perms', {'/etc/default/docker': '0666'}),
    ('/lib/systemd/system/docker.service', 'file-docker-service-perms', {'/usr/lib/systemd/system/docker.service': '0666'}),
    ('chown 1000 /lib/systemd/system/docker.socket', 'file-docker-socket-unit-owner',
     {'/usr/lib/systemd/system/docker.socket': '1000:0'}),
    ('chmod 777 /etc/docker/certs.d/reg.local:5000/ca.crt', 'file-registry-cert-perms',
     {'/etc/docker/certs.d/reg.local:5000/ca.crt': '0777'}),
    ('chown -R 1000 /etc/docker/certs.d', 'file-registry-cert-owner', {'/etc/docker/certs.d/reg.local:5000/ca.crt': '1000:0'}),
    ('chmod 666 /var/run/docker.sock', 'file-docker-sock-perms', {'/var/run/docker.sock': '0666'}),
    ('swarm init --advertise-addr', 'swarm-bound-to-interface',
     {'dockerd 2377/tcp': '::', 'dockerd 7946/tcp': '::', 'dockerd 7946/udp': '::'}),
    ('swarm init --advertise-addr', 'swarm-autolock', {'cluster': 'false'}),
    ('network create -d overlay --attachable ov1', 'swarm-overlay-encrypted', {'ov1': 'not', 'ingress': 'not'}),
    ('--name priv --privileged', 'container-privileged', {'priv': 'true'}),
    ('--name priv --privileged', 'container-capabilities-restricted', {'priv': 'privileged'}),
    ('--name priv --privileged', 'container-seccomp-not-disabled', {'priv': 'privileged'}),
    ('--name caps --cap-add ALL', 'container-capabilities-restricted', {'caps': 'ALL'}),
    ('--security-opt seccomp=unconfined', 'container-seccomp-not-disabled', {'caps': 'Seccomp 0'}),
    ('--security-opt apparmor=unconfined', 'container-apparmor', {'caps': 'unconfined'}),
    ('--name priv --privileged', 'container-apparmor', {'priv': 'unconfined'}),
    ('--name hostns --net host', 'container-host-network', {'hostns': 'host'}),
    ('--pid host', 'container-host-pid', {'hostns': 'host'}),
    ('--ipc host', 'container-host-ipc', {'hostns': 'host'}),
    ('--uts host', 'container-host-uts', {'hostns': 'host'}),
    ('--userns host', 'container-host-userns', {'usernshost': 'host'}),
    ('--cgroup-parent /foobar', 'container-cgroup-usage', {'usernshost': '/foobar'}),
    ('-v /:/h', 'container-sensitive-host-dirs', {'mounts / -> /h': 'rw'}),
    ('-v /:/h', 'container-docker-socket-mounted', {'mounts / -> /h': 'contains'}),
    ('-v /etc:/e', 'container-sensitive-host-dirs', {'mounts /etc -> /e': 'rw'}),
    ('-v /var/run/docker.sock:/var/run/docker.sock', 'container-docker-socket-mounted',
     {'mounts /var/run/docker.sock -> /var/run/docker.sock': '/var/run/docker.sock'}),
    ('-v /proc:/hp', 'container-sensitive-host-dirs', {'mounts /proc -> /hp': 'rw'}),
    ('-v /sys:/hs', 'container-sensitive-host-dirs', {'mounts /sys -> /hs': 'rw'}),
    ('-v /boot:/hb', 'container-sensitive-host-dirs', {'mounts /boot -> /hb': 'rw'}),
    ('-v /dev:/hd', 'container-sensitive-host-dirs', {'mounts /dev -> /hd': 'rw'}),
    ('-v /lib:/hl', 'container-sensitive-host-dirs', {'mounts /lib -> /hl': 'rw'}),
    ('-v /usr:/hu', 'container-sensitive-host-dirs', {'mounts /usr -> /hu': 'rw'}),
    ('-v /mnt:/m:shared', 'container-mount-propagation-shared', {'shared /m': 'shared'}),
    ('-p 80:80', 'container-privileged-ports', {'ports 80/tcp': '80/tcp -> 0.0.0.0:80'}),
    ('-p 80:80', 'container-bind-interface', {'ports 80/tcp': '0.0.0.0'}),
    ('-p 222:22', 'container-privileged-ports', {'ports 22/tcp': '22/tcp -> 0.0.0.0:222'}),
    ('-p 222:22', 'container-bind-interface', {'ports 22/tcp': '0.0.0.0'}),
    ("-p '[::]:8081:81'", 'container-bind-interface', {'ports 81/tcp': '[::]'}),
    ('--restart always', 'container-restart-policy', {'dev': 'always'}),
    ('service create -q --detach --name svc', 'container-restart-policy', {'svc': 'any'}),
    ('--name sshd sshd:1 /usr/sbin/sshd', 'container-no-sshd', {'sshd': 'sshd'}),
    ('--pids-limit -1', 'container-pids-limit', {'pids': 'unlimited'}),
]

LEFT_OUT = {
    # nobody watches anything
    'audit-containerd-binary': ['/usr/bin/containerd'],
    'audit-containerd-shim-binary': ['/usr/bin/containerd-shim'],
    'audit-containerd-shim-runc-v1-binary': ['/usr/bin/containerd-shim-runc-v1'],
    'audit-containerd-shim-runc-v2-binary': ['/usr/bin/containerd-shim-runc-v2'],
    'audit-containerd-sock': ['/run/containerd/containerd.sock'],
    'audit-daemon-json': ['/etc/docker/daemon.json'],
    'audit-default-docker': ['/etc/default/docker'],
    'audit-docker-service-unit': ['/usr/lib/systemd/system/docker.service', '/etc/systemd/system/docker.service.d/exec.conf',
                                  '/etc/systemd/system/docker.service.d/path.conf'],  # the last one is the lab's own
    'audit-docker-socket-unit': ['/run/docker.sock'],
    'audit-dockerd-binary': ['/usr/sbin/dockerd'],
    'audit-etc-docker': ['/etc/docker'],
    'audit-run-containerd': ['/run/containerd'],
    'audit-runc-binary': ['/usr/sbin/runc'],
    'audit-var-lib-docker': ['/var/lib/docker'],
    # options of the daemon
    'daemon-authorization-plugin': ['dockerd'],
    'daemon-no-new-privileges': ['dockerd'],
    'daemon-remote-logging': ['dockerd'],
    'daemon-userland-proxy-disabled': ['dockerd'],
    'daemon-userns-remap': ['dockerd'],
    # options of containers; the host's network is none of Docker's, its limit of processes stands above
    'container-cpu-priority': EVERY,
    'container-default-bridge': [name for name in EVERY if name != 'hostns'],
    'container-health-runtime': EVERY,
    'container-memory-limit': EVERY,
    'container-no-new-privileges': EVERY,
    'container-pids-limit': EVERY,
    'container-readonly-rootfs': EVERY,
    # lines of Dockerfiles; every container is made of one without USER
    'image-healthcheck': ['bad:latest', 'base:1 (+3)', 'imported:1', 'sshd:1'],
    'image-user-created': EVERY,
}

# What no check may fail for, but has to show to whoever judges it.
SHOWN = [
    ('--device /dev/fuse:/dev/fuse:rwm', 'container-host-devices', {'dev /dev/fuse -> /dev/fuse rwm': '/dev/fuse'}),
    ('-v /dev:/hd', 'container-host-devices', {'mounts /dev -> /hd rw': '/dev'}),
    ('--ulimit nofile=100:200', 'container-ulimit-override', {'dev nofile': 'nofile=100:200'}),
    ('"default-ulimits": {}', 'daemon-default-ulimit', {'dockerd': 'none'}),
    ('EXPOSE 22 80', 'container-only-needed-ports', {'ports 22/tcp': '22/tcp', 'ports 80/tcp': '80/tcp'}),
    ('ADD f.txt /f.txt', 'image-copy-not-add', {'bad:latest step 3': 'ADD'}),
    ('chmod 4755 /bin/su', 'image-no-setuid-setgid', {'bad:latest step 5': '4755'}),
    ('ENV DB_PASSWORD=', 'image-no-secrets', {'bad:latest ENV DB_PASSWORD': ''}),
]

# What looks like a fault and is none: the words, the check, and the item that must not be found.
BAIT = [
    ('RUN echo apt-get update', 'image-no-update-alone', 'bad:latest'),
    ('"iptables": true', 'daemon-iptables-enabled', 'dockerd'),
    ('chown root:root /var/run/docker.sock', 'file-docker-sock-owner', '/var/run/docker.sock'),
    ('--pid host', 'container-no-sshd', 'hostns'),
    ('HEALTHCHECK --interval=1s', 'image-healthcheck', 'good:1.2'),
]

# The hardened host is not perfect: its base image has no health check. Everything else passes or is for people to judge.
HARDENED = {'image-healthcheck': ['base:1']}
