#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In a host: Podman's service on its usual socket, with an image and three containers. vfs, since the host's root is an
# overlay.
set -eu
mkdir -p /etc/containers /run/podman
printf '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/lab/podman"\n' > /etc/containers/storage.conf
setsid podman system service --time=0 unix:///run/podman/podman.sock >> /var/log/podman.log 2>&1 < /dev/null &
for _ in $(seq 100); do
	[ -S /run/podman/podman.sock ] && break
	sleep .1
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
mkdir -p "$folder"/{bin,etc,tmp,proc,sys,dev}
cp /bin/busybox "$folder/bin/"
for applet in sh sleep true httpd; do ln -sf busybox "$folder/bin/$applet"; done
printf 'root:x:0:0:root:/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n' > "$folder/etc/passwd"
tar -C "$folder" -c . | podman import -c 'CMD ["/bin/sleep","1000000"]' - base:1 > /dev/null 2>&1
podman run -d --name web -p 8085:80 base:1 /bin/httpd -f > /dev/null
podman run -d --name power --privileged --network host --pid host -v /etc:/hostetc \
	-v /run/podman/podman.sock:/podman.sock base:1 > /dev/null
podman run -d --name tight --network none --user app --read-only --cap-drop all --security-opt no-new-privileges \
	--memory 64m --cpu-shares 256 --pids-limit 50 --restart on-failure:5 --health-cmd /bin/true base:1 > /dev/null
