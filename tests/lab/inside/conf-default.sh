#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In a host: an untouched daemon and three containers.
set -e
bash /run/lab.d/images.sh
docker run -d --name web -p 8080:80 base:1 /bin/httpd -f > /dev/null
docker run -d --name app good:1.2 > /dev/null
docker run -d --name old bad:latest > /dev/null
