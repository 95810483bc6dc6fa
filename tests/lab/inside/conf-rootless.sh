#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In a host: a rootless dockerd of the user anna (uid 4000) with four containers, beside the rootful one. The steps of
# dockerd-rootless-setuptool.sh by hand, since a host of the lab has no login sessions. Its files lie on a real disk, as
# overlay2 asks for. "conf-rootless.sh start" only starts it again.
set -eu
export DOCKER_HOST=unix:///run/user/4000/docker.sock

start() {
	setsid setpriv --reuid anna --regid anna --init-groups --reset-env /run/anna-dockerd >> /var/log/anna-dockerd.log 2>&1 < /dev/null &
	for _ in $(seq 200); do
		docker version > /dev/null 2>&1 && return 0
		sleep .1
	done
	tail -n 5 /var/log/anna-dockerd.log >&2
	return 1
}

if [ "${1:-}" = start ]; then
	start
	docker start web app old power > /dev/null
	exit
fi
useradd -u 4000 -U -m -d /home/anna -s /bin/bash anna
mkdir -p /lab/anna
chown anna: /lab/anna
mount --bind /lab/anna /home/anna
printf 'anna:400000:65536\n' > /etc/subuid
printf 'anna:400000:65536\n' > /etc/subgid
install -d -o anna -g anna -m 700 /run/user/4000

cat > /run/anna-dockerd <<'EOF'
#!/bin/sh
export HOME=/home/anna XDG_RUNTIME_DIR=/run/user/4000 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd
exec /usr/share/docker.io/contrib/dockerd-rootless.sh "$@"
EOF
chmod 755 /run/anna-dockerd
start
bash /run/lab.d/images.sh
docker run -d --name web -p 8081:80 base:1 /bin/httpd -f > /dev/null
docker run -d --name app good:1.2 > /dev/null
docker run -d --name old --net host -v /etc:/hostetc:ro bad:latest > /dev/null
docker run -d --name power --privileged -v /run/user/4000/docker.sock:/docker.sock good:1.2 > /dev/null
