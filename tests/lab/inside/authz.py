#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""In a host: an authorization plugin that allows everything, on /run/docker/plugins/labauthz.sock."""
import http.server
import json
import os
import socketserver

PATH = '/run/docker/plugins/labauthz.sock'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        self.rfile.read(int(self.headers.get('Content-Length') or 0))
        answer = {'Implements': ['authz']} if self.path == '/Plugin.Activate' else {'Allow': True, 'Msg': '', 'Err': ''}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/vnd.docker.plugins.v1+json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

    def address_string(self):
        return ''


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


os.makedirs(os.path.dirname(PATH), exist_ok=True)
if os.path.exists(PATH):
    os.unlink(PATH)
Server(PATH, Handler).serve_forever()
