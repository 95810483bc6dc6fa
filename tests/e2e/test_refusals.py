#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What may not get through between an agent and its server, beyond what each one's own tests show; and how a server ends.

Usage: test_refusals.py PLIMSOLL PLIMSOLL-AGENT
"""
import json
import os
import socket
import sqlite3
import ssl
import sys
import threading
import time
import unittest

import test_agent
from plimsoll_server import TIMEOUT_S, Host, Reply, facts, openssl, report
from test_agent import IO, WithBoth, join_string


class ForeignServer:
    """A TLS server with a certificate of its own; keeps what a client says to it."""

    def __init__(self, folder):
        key, certificate = os.path.join(folder, "other.key"), os.path.join(folder, "other.crt")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", certificate, "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost", "-days", "1")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(TIMEOUT_S)
        self.port = self.socket.getsockname()[1]
        self.heard = b""
        self.connections = 0
        self.thread = threading.Thread(target=self.listen)
        self.thread.start()

    def listen(self):
        plain, _ = self.socket.accept()
        self.connections += 1
        plain.settimeout(TIMEOUT_S)
        try:
            with self.context.wrap_socket(plain, server_side=True) as connection:
                self.heard += read_to_end(connection)
        except OSError:
            pass  # the client went away, as it should

    def close(self):
        self.thread.join()
        self.socket.close()


def read_to_end(connection):
    """Everything until the peer closes; an abrupt end counts as one."""
    data = b""
    try:
        while more := connection.recv(65536):
            data += more
    except (ConnectionError, ssl.SSLError):
        pass
    return data


def wait_for(question, what):
    end = time.monotonic() + TIMEOUT_S
    while not question():
        assert time.monotonic() < end, what
        time.sleep(0.01)


def request_of(body):
    return (b"POST /v1/report HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


class Refusals(WithBoth):
    def test_a_foreign_server_hears_no_secret(self):
        foreign = ForeignServer(self.server.folder.name)
        contents = self.server.join()
        address = f"https://localhost:{foreign.port}"
        done = self.agent.enroll(join_string({**contents, "enroll": address}))
        foreign.close()
        self.assertEqual(done.returncode, IO, done.stderr)
        self.assertEqual((foreign.connections, foreign.heard), (1, b""))
        self.assertFalse(os.path.exists(self.agent.path("identity.pem")))
        # the token was not spent on it
        self.assertEqual(self.agent.enroll(join_string(contents)).returncode, 0)

    def test_an_expired_token_is_refused(self):
        contents = self.server.join()
        store = sqlite3.connect(os.path.join(self.server.data, "plimsoll.db"))
        with store:
            changed = store.execute("UPDATE join_token SET expires_at = created_at WHERE id = ?",
                                    (contents["token"].split(".")[0],)).rowcount
        store.close()
        self.assertEqual(changed, 1)
        done = self.agent.enroll(join_string(contents))
        self.assertEqual(done.returncode, IO, done.stderr)
        self.assertIn("the server refuses (401)", done.stderr)

    def test_no_report_goes_to_another_installation_of_the_same_name(self):
        self.enrol()
        ports = ",".join(str(self.server.ports[name]) for name in ("people", "agents", "enrolment"))
        self.server.stop()
        self.server.data += "-other"
        done = self.server.command("setup", "--name", "localhost", "--listen", "127.0.0.1", "--ports", ports)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.server.start()
        done = self.agent.once()
        self.assertEqual(done.returncode, IO, done.stderr)
        self.assertEqual(len(self.agent.waiting()), 1)
        self.assertEqual(json.loads(self.server.command("hosts", "list", "--json").stdout), [])

    def test_a_resumed_session_does_not_let_a_retired_host_in(self):
        host = Host(self.server, "resumed")
        self.assertEqual(host.enroll(self.server.join()["token"]).status, 200)
        context = self.server.tls(**host.files())
        session, _, status = self.post(context, report(1, facts("web1")), None)
        self.assertEqual(status, 200)
        session, resumed, status = self.post(context, report(2, facts("web1")), session)
        self.assertEqual((resumed, status), (True, 200))
        self.assertEqual(self.server.command("hosts", "retire", host.id).returncode, 0)
        _, resumed, status = self.post(context, report(3, facts("web1")), session)
        self.assertEqual((resumed, status), (True, 403))

    def post(self, context, body, session):
        plain = socket.create_connection(("127.0.0.1", self.server.ports["agents"]), TIMEOUT_S)
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as connection:
            connection.sendall(request_of(body))
            answer = read_to_end(connection)
            return connection.session, connection.session_reused, int(answer.split(b" ")[1])


class Ends(WithBoth):
    def test_sigterm_answers_what_is_under_way(self):
        host = Host(self.server, "slow")
        self.assertEqual(host.enroll(self.server.join()["token"]).status, 200)
        # a lock on the store holds the report between its arrival and its commit
        store = sqlite3.connect(os.path.join(self.server.data, "plimsoll.db"), isolation_level=None)
        store.execute("BEGIN IMMEDIATE")
        with self.server.raw("agents", **host.files()) as connection:
            connection.sendall(request_of(report(1, facts("slow-host"))))
            wait_for(lambda: self.is_read(connection), "the server reads the report")
            self.server.process.terminate()
            wait_for(lambda: "event=stopping" in self.server.read_log(), "the server is told to stop")
            store.execute("ROLLBACK")
            store.close()
            answer = read_to_end(connection)
        self.assertEqual(self.server.stop(), 0)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)
        self.assertTrue(Reply(answer.split(b"\r\n\r\n", 1)[1]).accepted)
        self.assertIn("slow-host", self.server.command("hosts", "list").stdout)

    def is_read(self, connection):
        """Whether nothing that the client sent waits in the kernel any more."""
        client, server = (f"{name[1]:04X}" for name in (connection.getsockname(), connection.getpeername()))
        with open("/proc/net/tcp") as file:
            rows = [line.split() for line in file.read().splitlines()[1:]]
        queues = {(row[1].split(":")[1], row[2].split(":")[1]): row[4].split(":") for row in rows}
        return int(queues[client, server][0], 16) == 0 and int(queues[server, client][1], 16) == 0


if __name__ == "__main__":
    test_agent.AGENT = os.path.abspath(sys.argv.pop())
    test_agent.PROGRAM = os.path.abspath(sys.argv.pop())
    unittest.main(verbosity=2)
