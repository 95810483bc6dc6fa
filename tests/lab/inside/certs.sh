#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In a host: a CA, a server and a client certificate in /etc/docker/certs.
set -e
mkdir -p /etc/docker/certs
cd /etc/docker/certs
address=$(ip -4 -o addr show eth0 | awk '{ sub("/.*", "", $4); print $4 }')
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=labca -keyout ca-key.pem -out ca.pem 2> /dev/null
printf 'subjectAltName=IP:%s,IP:127.0.0.1,DNS:%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$address" "$(hostname)" > extensions
for role in server client; do
	openssl req -newkey rsa:2048 -nodes -subj /CN=$role -keyout $role-key.pem -out $role.csr 2> /dev/null
	openssl x509 -req -days 30 -in $role.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -extfile extensions \
		-out $role-cert.pem 2> /dev/null
done
chmod 400 ./*-key.pem
chmod 444 ca.pem ./*-cert.pem
