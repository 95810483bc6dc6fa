#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peers that mean harm, against a real server. Usage: test_hostile.py PLIMSOLL [TEST...]"""
import http.client
import os
import resource
import socket
import ssl
import sys
import threading
import time
import unittest

from plimsoll_server import TIMEOUT_S, Host, Server, facts, field, openssl, report

PROGRAM = None
REFUSED = (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected, OSError)
REQUEST = b"POST /v1/report HTTP/1.1\r\nHost: localhost\r\n"


def read_to_end(connection):
    data = b""
    try:
        while chunk := connection.recv(65536):
            data += chunk
    except (ConnectionError, ssl.SSLError, TimeoutError):
        pass
    return data


class WithServer(unittest.TestCase):
    limits = None

    def setUp(self):
        self.server = Server(PROGRAM, self.limits)
        self.addCleanup(self.server.close)

    def enrolled(self, name="host"):
        host = Host(self.server, name)
        self.assertEqual(host.enroll(self.server.join()["token"]).status, 200)
        return host

    def status(self, name):
        with open(f"/proc/{self.server.process.pid}/status") as file:
            return next(line.split()[1] for line in file if line.startswith(name + ":"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))


class Framing(WithServer):
    """What a proxy in between could read otherwise than the server does."""

    def test_ambiguous_lengths_are_refused(self):
        host = self.enrolled()
        for headers in (b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked",
                        b"Transfer-Encoding: identity", b"Transfer-Encoding: xchunked",
                        b"Transfer-Encoding : chunked", b"Transfer-Encoding:\r\n chunked",
                        b"Content-Length: 5, 5", b"Content-Length: -5", b"Content-Length: +5",
                        b"Content-Length: 0x5", b"Content-Length: 5\r\nContent-Length: 6",
                        b"Content-Length: 5\r\nTransfer-Encoding: chunked"):
            connection = self.server.raw("agents", **host.files())
            connection.sendall(REQUEST + headers + b"\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")
            answer = read_to_end(connection)
            connection.close()
            self.assertTrue(answer.startswith(b"HTTP/1.1 400"), (headers, answer[:80]))
        self.assertNotIn("note=", self.server.read_log())  # none reached the handler

    def test_other_protocols_are_refused(self):
        for line in (b"GET /healthz", b"GET /healthz HTTP/9.9", b"PRI * HTTP/2.0",
                     b"CONNECT evil.example:443 HTTP/1.1", b"TRACE / HTTP/1.1",
                     b"GET http://evil.example/healthz HTTP/1.1"):
            connection = self.server.raw("people")
            connection.settimeout(1)
            connection.sendall(line + b"\r\nHost: a\r\nConnection: close\r\n\r\n")
            self.assertNotIn(b" 200 ", read_to_end(connection), line)
            connection.close()

    def test_old_tls_is_refused(self):
        for listener, port in self.server.ports.items():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            plain = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
            with self.subTest(listener), self.assertRaises(ssl.SSLError):
                context.wrap_socket(plain)
            plain.close()


class Certificates(WithServer):
    def signed(self, name, extensions, days="1"):
        """A certificate of the server's own CA, of a kind that it would never issue."""
        host = Host(self.server, name)
        path = os.path.join(self.server.folder.name, name + ".ext")
        with open(path, "w") as file:
            file.write(extensions)
        openssl("x509", "-req", "-in", host.request, "-CA", self.server.ca, "-CAkey",
                os.path.join(self.server.data, "ca.key"), "-days", days, "-extfile", path,
                "-out", host.certificate)
        return host

    def test_odd_certificates_open_nothing(self):
        real = self.enrolled()
        good = "URI:plimsoll:host/" + real.id
        client = "\nextendedKeyUsage=clientAuth\n"
        cases = {
            "two": f"subjectAltName={good},URI:plimsoll:host/other" + client,
            "name": f"subjectAltName=DNS:{real.id}" + client,
            "both": f"subjectAltName={good},DNS:localhost" + client,
            "none": "basicConstraints=CA:FALSE" + client,
            "path": "subjectAltName=URI:plimsoll:host/../../x" + client,
            "upper": "subjectAltName=URI:plimsoll:host/" + real.id.upper() + client,
            "empty": "subjectAltName=URI:plimsoll:host/" + client,
            "scheme": "subjectAltName=URI:https://plimsoll:host/" + real.id + client,
            "server": f"subjectAltName={good}\nextendedKeyUsage=serverAuth\n",
            "unknown": f"subjectAltName={good}" + client,  # right, but never issued
        }
        for name, extensions in cases.items():
            host = self.signed(name, extensions)
            try:
                status, _ = host.report(report(1, facts("forged")))
            except REFUSED:
                status = 0
            self.assertIn(status, (0, 403), name)
        self.assertNotIn("forged", self.server.command("hosts", "list").stdout)
        self.assertTrue(real.report(report(1, facts("real")))[1].accepted)

    def test_ended_certificate_is_refused(self):
        host = self.signed("ended", "subjectAltName=URI:plimsoll:host/x\n"
                           "extendedKeyUsage=clientAuth\n", days="0")
        until = time.monotonic() + 3  # it ends within this second
        while True:
            try:
                host.report(report(1, facts("x")))
            except REFUSED:
                break
            self.assertLess(time.monotonic(), until)

    def test_resumed_session_of_a_retired_host_opens_nothing(self):
        host = self.enrolled()
        context = self.server.tls(**host.files())
        session = None
        for sequence, want in ((1, b"200"), (2, b"200"), (3, b"403")):
            if want == b"403":
                self.server.command("hosts", "retire", host.id)
            plain = socket.create_connection(("127.0.0.1", self.server.ports["agents"]), TIMEOUT_S)
            connection = context.wrap_socket(plain, server_hostname="localhost", session=session)
            body = report(sequence, facts("x"))
            connection.sendall(REQUEST + b"Content-Type: application/x-protobuf\r\n"
                               b"Content-Length: %d\r\n\r\n" % len(body) + body)
            self.assertEqual(connection.recv(12)[9:12], want)
            self.assertEqual(connection.session_reused, sequence > 1)
            session = connection.session
            connection.close()


class Floods(WithServer):
    limits = {"connections_per_address": 2000}

    def setUp(self):
        # the server inherits it
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (140, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        super().setUp()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def hold(self, listener, n):
        held = []
        for _ in range(n):
            held.append(socket.create_connection(("127.0.0.1", self.server.ports[listener])))
            self.addCleanup(held[-1].close)
        return held

    def test_connections_never_use_up_the_descriptors(self):
        pid = self.server.process.pid
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (70, 140))  # worse than it was at the start
        self.hold("people", 120)
        time.sleep(0.5)
        before = len(self.server.read_log())
        self.hold("enrolment", 30)
        time.sleep(2)
        self.assertLess(len(self.server.read_log()) - before, 2000)  # one line a second
        self.assertIsNone(self.server.process.poll())

    def test_the_soft_limit_is_raised(self):
        with open(f"/proc/{self.server.process.pid}/limits") as file:
            line = next(line for line in file if line.startswith("Max open files"))
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        self.assertEqual(int(line.split()[3]), min(hard, 3 * 1024 + 64 + 4 * os.cpu_count()))


class Load(WithServer):
    def test_concurrent_reports_of_one_host_are_all_filed(self):
        host = self.enrolled()
        states = []

        def send(first):
            for sequence in range(first, 41, 4):
                states.append(host.report(report(sequence, facts(f"name{sequence}")))[0])
        threads = [threading.Thread(target=send, args=(first,)) for first in (1, 2, 3, 4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(states, [200] * 40)
        self.assertIn("name40", self.server.command("hosts", "list").stdout)

    def test_nothing_leaks(self):
        host = self.enrolled()
        sequence = 0

        def load(n):
            nonlocal sequence
            for _ in range(n // 4):
                sequence += 1
                host.report(report(sequence, facts(f"name{sequence % 7}")))
                self.server.request("people", "GET", "/sign-in")
                self.server.request("people", "GET", "/healthz")
                self.server.request("enrolment", "POST", "/v1/nothing")
        load(200)
        until = time.monotonic() + TIMEOUT_S
        before, memory = self.descriptors(), int(self.status("VmRSS"))
        load(400)
        while self.descriptors() > before and time.monotonic() < until:
            time.sleep(0.05)
        self.assertLessEqual(self.descriptors(), before)
        # an address sanitizer, with its terabytes, keeps what is freed and counts leaks itself
        if int(self.status("VmSize")) < 1 << 30:
            self.assertLess(int(self.status("VmRSS")) - memory, 16 << 10)


class Quota(WithServer):
    limits = {"host_bytes_per_hour": 1 << 20}

    def test_one_host_cannot_fill_the_disk(self):
        loud, quiet = self.enrolled("loud"), self.enrolled("quiet")
        states = []
        for sequence in range(1, 8):
            noise = os.urandom(128 << 10).hex()  # does not compress by more than half
            body = facts("loud") + b"".join(field(21, field(1, noise[at:at + 60000]))
                                            for at in range(0, len(noise), 60000))
            status, reply = loud.report(report(sequence, body))
            states.append((status, reply.accepted))
        self.assertEqual(states, [(200, True)] * 3 + [(429, False)] * 4)
        self.assertTrue(quiet.report(report(1, facts("quiet")))[1].accepted)


class Files(WithServer):
    def test_what_is_secret_is_private(self):
        self.enrolled()
        self.server.command("signin-link")
        public = {"ca.crt", "server.crt"}
        for folder, _, names in os.walk(self.server.data):
            self.assertEqual(os.stat(folder).st_mode & 0o077, 0, folder)
            for name in set(names) - public:
                path = os.path.join(folder, name)
                self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)

    def test_database_of_a_newer_program_is_left_alone(self):
        import sqlite3
        self.assertEqual(self.server.stop(), 0)
        path = os.path.join(self.server.data, "plimsoll.db")
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 9999")
        database.close()
        with open(path, "rb") as file:
            before = file.read()
        for command in ("serve", "hosts list", "token create"):
            done = self.server.command(*command.split())
            self.assertNotEqual(done.returncode, 0, command)
            self.assertIn("newer", done.stderr)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
