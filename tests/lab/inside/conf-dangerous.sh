#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In a host: as much as possible wrong.
address=$(ip -4 -o addr show eth0 | awk '{ sub("/.*", "", $4); print $4 }')
mkdir -p /etc/docker /etc/systemd/system/docker.service.d
printf '[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H unix:///var/run/docker.sock -H tcp://0.0.0.0:2375 --containerd=/run/containerd/containerd.sock $DOCKER_OPTS\n' \
	> /etc/systemd/system/docker.service.d/exec.conf
systemctl daemon-reload
cat > /etc/docker/daemon.json << 'J'
{
  "insecure-registries": ["10.0.0.0/8"],
  "iptables": true,
  "debug": true,
  "log-level": "debug",
  "experimental": true,
  "default-ulimits": {},
  "shutdown-timeout": 3
}
J
chmod 666 /etc/docker/daemon.json
chmod 777 /etc/docker
chown 1000:1000 /etc/docker/daemon.json
useradd -m labuser -G docker 2> /dev/null || usermod -aG docker labuser
echo 'DOCKER_OPTS="--icc=true"' > /etc/default/docker
chmod 666 /etc/default/docker /lib/systemd/system/docker.service
chown 1000 /lib/systemd/system/docker.socket
mkdir -p /etc/docker/certs.d/reg.local:5000
touch /etc/docker/certs.d/reg.local:5000/ca.crt
chmod 777 /etc/docker/certs.d/reg.local:5000/ca.crt
chown -R 1000 /etc/docker/certs.d
systemctl restart docker
chmod 666 /var/run/docker.sock
chown root:root /var/run/docker.sock
bash /run/lab.d/images.sh
docker swarm init --advertise-addr "$address" > /dev/null
docker network create -d overlay --attachable ov1 > /dev/null
echo x | docker secret create sec1 - > /dev/null

sleeper="/bin/sleep 100000"
run() { # what cannot start stays as a created container
	docker run -d "$@" > /dev/null || docker create "$@" > /dev/null
}
run --name priv --privileged bad $sleeper
run --name caps --cap-add ALL --security-opt seccomp=unconfined --security-opt apparmor=unconfined bad $sleeper
run --name hostns --net host --pid host --ipc host --uts host bad $sleeper
run --name usernshost --userns host --cgroup-parent /foobar bad $sleeper
run --name mounts -v /:/h -v /etc:/e -v /var/run/docker.sock:/var/run/docker.sock -v /proc:/hp -v /sys:/hs -v /boot:/hb \
	-v /dev:/hd -v /lib:/hl -v /usr:/hu bad $sleeper
run --name shared -v /mnt:/m:shared bad $sleeper
run --name ports -p 80:80 -p 222:22 -p '[::]:8081:81' -P bad $sleeper
run --name dev --device /dev/fuse:/dev/fuse:rwm --ulimit nofile=100:200 --restart always bad $sleeper
bash /run/lab.d/sshd-image.sh
run --name sshd sshd:1 /usr/sbin/sshd -D -e
run --name pids --pids-limit -1 --memory-swappiness 60 bad $sleeper
for i in 1 2 3; do
	docker create --name "stopped$i" base:1 > /dev/null
	docker tag base:1 "extra$i:latest"
done
docker service create -q --detach --name svc --no-resolve-image base:1 /bin/sleep 1000 > /dev/null
for _ in $(seq 100); do
	[ -n "$(docker ps -q -f name=svc.1)" ] && break
	sleep .1
done
