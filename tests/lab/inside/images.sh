#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In a host: tiny images, made offline. imported:1, base:1, bad:latest (ADD, setuid, a secret in ENV, root), good:1.2.
set -e
export DOCKER_BUILDKIT=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p root/{bin,etc,tmp,proc,sys,dev}
cp /bin/busybox root/bin/
for applet in sh ls echo sleep id cat ps wget nc httpd chmod chown mkdir adduser true false mount top; do
	ln -sf busybox root/bin/$applet
done
printf 'root:x:0:0:root:/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n' > root/etc/passwd
printf 'root:x:0:\napp:x:1000:\n' > root/etc/group
tar -C root -cf root.tar .
docker import -c 'CMD ["/bin/sh"]' root.tar imported:1 > /dev/null

build() { # build TAG, Dockerfile on stdin
	cat > Dockerfile
	docker build -q -t "$1" . > /dev/null 2>&1
}
echo hello > f.txt
build base:1 << 'D'
FROM scratch
ADD root.tar /
CMD ["/bin/sh"]
D
build bad:latest << 'D'
FROM base:1
ADD f.txt /f.txt
RUN echo apt-get update
RUN /bin/busybox cp /bin/busybox /bin/su && chmod 4755 /bin/su
ENV DB_PASSWORD=not-a-real-secret
EXPOSE 22 80
CMD ["/bin/sleep","1000000"]
D
build good:1.2 << 'D'
FROM base:1
COPY f.txt /f.txt
LABEL org.opencontainers.image.version="1.2"
USER app
HEALTHCHECK --interval=1s --timeout=1s CMD ["/bin/true"]
CMD ["/bin/sleep","1000000"]
D
