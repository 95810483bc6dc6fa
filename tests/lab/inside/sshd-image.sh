#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In a host: image sshd:1 with the host's own sshd and its libraries (about 10 MB).
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p r/run/sshd r/etc/ssh r/root r/var/empty r/bin
copy() {
	mkdir -p "r$(dirname "$1")"
	cp -nL "$1" "r$1"
}
for program in /usr/sbin/sshd /usr/lib/openssh/sshd-session /usr/lib/openssh/sshd-auth; do
	[ -e $program ] || continue
	copy $program
	for library in $(ldd $program | grep -o '/[^ ]*'); do copy "$library"; done
done
for library in /lib/*/libnss_files.so.2; do # glibc before 2.34 loads it to read /etc/passwd
	[ ! -e "$library" ] || copy "$library"
done
cp "$(command -v busybox)" r/bin/busybox
for applet in sh ps sleep; do ln -sf busybox r/bin/$applet; done
printf 'root:x:0:0::/root:/bin/sh\nsshd:x:74:74::/run/sshd:/bin/false\n' > r/etc/passwd
: > r/etc/ssh/sshd_config
ssh-keygen -q -t ed25519 -N '' -f r/etc/ssh/ssh_host_ed25519_key
tar -C r -c . | docker import - sshd:1 > /dev/null
