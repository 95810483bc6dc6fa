#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real server over real TLS: what it answers, and what it refuses. Usage: test_server.py PLIMSOLL"""
import http.client
import json
import os
import re
import socket
import sqlite3
import ssl
import sys
import time
import unittest

from plimsoll_server import TIMEOUT_S, Host, Server, facts, field, openssl, report, run

PROGRAM = None
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
REFUSED = (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected, OSError)


def read_to_end(connection):
    """Everything until the peer closes; an abrupt end counts as one."""
    data = b""
    try:
        while chunk := connection.recv(65536):
            data += chunk
    except (ConnectionError, ssl.SSLError):
        pass
    return data


class WithServer(unittest.TestCase):
    limits = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, cls.limits)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def enrolled(self, name):
        host = Host(self.server, f"{self.id()}-{name}")
        answer = host.enroll(self.server.join()["token"])
        self.assertEqual(answer.status, 200, answer.data)
        return host


    def ends_within(self, connection, seconds, keep_alive=None):
        """Waits for the server to end a connection; sends a byte now and then if told to."""
        started = time.monotonic()
        connection.settimeout(0.1)
        while time.monotonic() - started < seconds:
            try:
                if keep_alive:
                    connection.sendall(keep_alive)
                if connection.recv(1) == b"":
                    return True
            except (TimeoutError, ssl.SSLWantReadError):
                continue
            except REFUSED:
                return True
        return False


class Enrolment(WithServer):
    def test_token_works_once(self):
        join = self.server.join()
        first, second = Host(self.server, "first"), Host(self.server, "second")
        self.assertEqual(first.enroll(join["token"]).status, 200)
        self.assertEqual(first.answer["agents_url"], join["agents"])
        self.assertRegex(first.id, r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$")
        replay = second.enroll(join["token"])
        self.assertEqual(replay.status, 401)
        self.assertIn("error", second.answer)

    def test_two_hosts_cannot_share_a_token_at_the_same_time(self):
        token = self.server.join()["token"]
        hosts = [Host(self.server, f"race-{i}") for i in range(4)]
        connections = []
        for host in hosts:
            connection = self.server.connect("enrolment")
            with open(host.request) as file:
                connection.request("POST", "/v1/enroll", file.read(),
                                   {"Authorization": "Bearer " + token})
            connections.append(connection)
        states = sorted(c.getresponse().status for c in connections)
        for connection in connections:
            connection.close()
        self.assertEqual(states, [200, 401, 401, 401])

    def test_wrong_secrets_are_refused(self):
        token_id, secret = self.server.join()["token"].split(".")
        host = Host(self.server, "wrong")
        for token in ("", "x", ".", token_id, token_id + ".", "." + secret,
                      token_id + "." + secret[:-1], "0" * 12 + "." + secret,
                      token_id + "." + secret + "A"):
            self.assertEqual(host.enroll(token).status, 401, token)
        self.assertEqual(host.enroll(token_id + "." + secret).status, 200)

    def test_bad_request_does_not_use_the_token_up(self):
        token = self.server.join()["token"]
        host = Host(self.server, "tampered")
        with open(host.request) as file:
            good = file.read()
        middle = len(good) // 2
        bad = good[:middle] + ("A" if good[middle] != "A" else "B") + good[middle + 1:]
        for request in ("", "nothing", bad):
            self.assertEqual(host.enroll(token, request).status, 400)
        self.assertEqual(host.enroll(token).status, 200)

    def test_the_server_chooses_the_name(self):
        host = self.enrolled("named")
        out = host.certificate + ".txt"
        openssl("x509", "-in", host.certificate, "-noout", "-text", "-out", out)
        with open(out) as file:
            text = file.read()
        self.assertNotIn("claims-to-be-root", text)
        self.assertIn("URI:plimsoll:host/" + host.id, text)
        self.assertIn("TLS Web Client Authentication", text)
        self.assertNotIn("TLS Web Server Authentication", text)

    def test_nothing_else_is_here(self):
        for method, path, want in (("GET", "/v1/enroll", 405), ("POST", "/", 404),
                                   ("GET", "/healthz", 404), ("POST", "/v1/report", 404),
                                   ("DELETE", "/v1/enroll", 405)):
            self.assertEqual(self.server.request("enrolment", method, path).status, want, path)

    def test_body_is_limited(self):
        connection = self.server.connect("enrolment")
        connection.putrequest("POST", "/v1/enroll")
        connection.putheader("Content-Length", "40000")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 413)
        connection.close()


class Agents(WithServer):
    def test_only_our_certificates_come_in(self):
        path = os.path.join(self.server.folder.name, "foreign")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", path + ".key", "-out", path + ".crt", "-days", "1",
                "-subj", "/O=Plimsoll/CN=Plimsoll CA", "-addext", "subjectAltName=URI:plimsoll:host/x")
        server_files = {"certificate": os.path.join(self.server.data, "server.crt"),
                        "key": os.path.join(self.server.data, "server.key")}
        for name, files in (("no certificate", {}),
                            ("another CA", {"certificate": path + ".crt", "key": path + ".key"}),
                            ("the server's own", server_files)):
            with self.subTest(name), self.assertRaises(REFUSED):
                self.server.request("agents", "POST", "/v1/report", b"", **files)

    def test_report_then_hash_then_duplicate(self):
        host = self.enrolled("a")
        body = facts("web1")
        status, reply = host.report(report(1, body))
        self.assertEqual((status, reply.accepted, reply.next_in_s), (200, True, 3600), reply.error)
        status, reply = host.report(report(2, body, with_facts=False))
        self.assertEqual((status, reply.accepted, reply.newest_sequence), (200, True, 2))
        status, reply = host.report(report(2, body, with_facts=False))
        self.assertEqual((status, reply.accepted), (200, True))
        status, reply = host.report(report(1, facts("other")))
        self.assertEqual((status, reply.accepted, reply.newest_sequence), (409, False, 2))

    def test_late_report_is_taken_and_changes_nothing(self):
        host = self.enrolled("a")
        host.report(report(9, facts("newest")))
        status, reply = host.report(report(3, facts("older")))
        self.assertEqual((status, reply.accepted, reply.newest_sequence), (200, True, 9))
        listing = self.server.command("hosts", "show", host.id).stdout
        self.assertIn("newest", listing)

    def test_foreign_hash_does_not_resolve(self):
        first, second = self.enrolled("a"), self.enrolled("b")
        body = facts("secret-of-the-first")
        self.assertTrue(first.report(report(1, body))[1].accepted)
        status, reply = second.report(report(1, body, with_facts=False))
        self.assertEqual((status, reply.accepted, reply.need_facts), (200, False, True))
        status, reply = first.report(report(2, body, with_facts=False, engine="rootless:1000"))
        self.assertTrue(reply.need_facts)

    def test_malformed_reports_are_refused(self):
        host = self.enrolled("a")
        body = facts("web1")
        cases = {
            "garbage": b"\xff" * 100,
            "no envelope": b"",
            "hash of something else": report(1, body, sha256=b"\0" * 32),
            "short hash": report(1, body, sha256=b"\0" * 31),
            "engine key": report(1, body, engine="../../etc"),
            "sequence": report(2 ** 63, body),
            "facts that are none": report(1, b"\x0a\xff"),
            "text that is none": report(1, facts("web1").replace(b"web1", b"\xff\xfe\xfd\xfc")),
        }
        for name, data in cases.items():
            with self.subTest(name):
                status, reply = host.report(data)
                self.assertEqual((status, reply.accepted), (400, False))
                self.assertTrue(reply.error)
        status, reply = host.report(report(1, body), **{"Content-Encoding": "gzip"})
        self.assertEqual(status, 400)
        status, reply = host.report(b"no zstd", **{"Content-Encoding": "zstd"})
        self.assertEqual(status, 400)

    def test_oversized_body_is_refused(self):
        host = self.enrolled("a")
        connection = self.server.connect("agents", **host.files())
        connection.putrequest("POST", "/v1/report")
        connection.putheader("Content-Length", str(9 << 20))
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 413)
        connection.close()

    def test_transfer_encoding_is_refused(self):
        host = self.enrolled("a")
        for value in ("chunked", "gzip, chunked", "identity"):
            with self.subTest(value):
                connection = self.server.raw("agents", **host.files())
                connection.sendall(b"POST /v1/report HTTP/1.1\r\nHost: localhost\r\n"
                                   b"Transfer-Encoding: " + value.encode() + b"\r\n\r\n0\r\n\r\n")
                self.assertTrue(read_to_end(connection).startswith(b"HTTP/1.1 400"))
                connection.close()

    def test_two_lengths_are_refused(self):
        host = self.enrolled("a")
        connection = self.server.raw("agents", **host.files())
        connection.sendall(b"POST /v1/report HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
                           b"Content-Length: 5\r\n\r\n")
        self.assertTrue(read_to_end(connection).startswith(b"HTTP/1.1 400"))
        connection.close()

    def test_other_methods_and_paths(self):
        host = self.enrolled("a")
        for method, path, want in (("GET", "/v1/report", 405), ("POST", "/", 404),
                                   ("PUT", "/v1/report", 405), ("POST", "/v1/report/", 404),
                                   ("POST", "/v1/enroll", 404), ("GET", "/healthz", 404)):
            answer = self.server.request("agents", method, path, **host.files())
            self.assertEqual(answer.status, want, f"{method} {path}")

    def test_retired_host_is_shut_out_on_its_open_connection(self):
        host = self.enrolled("a")
        connection = self.server.connect("agents", **host.files())
        headers = {"Content-Type": "application/x-protobuf"}
        connection.request("POST", "/v1/report", report(1, facts("web1")), headers)
        answer = connection.getresponse()
        answer.read()
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.server.command("hosts", "retire", host.id).returncode, 0)
        connection.request("POST", "/v1/report", report(2, facts("web1")), headers)
        answer = connection.getresponse()
        answer.read()
        self.assertEqual(answer.status, 403)
        connection.close()
        with open(host.request) as file:
            self.assertEqual(host.post("/v1/renew", file.read()).status, 403)

    def test_renewal_gives_a_certificate_for_the_same_host(self):
        host = self.enrolled("a")
        before = host.id
        renewed = Host(self.server, "renewed")
        with open(renewed.request) as file:
            answer = host.post("/v1/renew", file.read())
        self.assertEqual(answer.status, 200)
        document = json.loads(answer.data)
        self.assertEqual(document["host_id"], before)
        with open(renewed.certificate, "w") as file:
            file.write(document["certificate"])
        for one in (host, renewed):
            self.assertTrue(one.report(report(1, facts("web1")))[1].accepted)

    def test_what_was_acknowledged_survives_a_kill(self):
        host = self.enrolled("a")
        self.assertTrue(host.report(report(1, facts("durable-host")))[1].accepted)
        self.server.process.kill()
        self.server.process.wait(TIMEOUT_S)
        self.server.process.stdout.close()
        self.server.log.close()
        self.server.start()
        self.assertIn("durable-host", self.server.command("hosts", "list").stdout)
        status, reply = host.report(report(2, facts("durable-host"), with_facts=False))
        self.assertTrue(reply.accepted)


class People(WithServer):
    def link(self):
        done = self.server.command("signin-link")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def sign_in(self, token, **headers):
        return self.server.request("people", "POST", "/sign-in", "token=" + token,
                                   {"Content-Type": "application/x-www-form-urlencoded", **headers})

    def session(self):
        answer = self.sign_in(self.link().split("token=")[1])
        self.assertEqual(answer.status, 303)
        return answer.headers["Set-Cookie"].split(";")[0]

    def page(self, path, cookie):
        return self.server.request("people", "GET", path, headers={"Cookie": cookie})

    def test_session_is_required(self):
        for path in ("/", "/hosts/x", "/checks/container-privileged", "/style.css", "/nothing",
                     "/%2e%2e/etc/passwd"):
            answer = self.server.request("people", "GET", path)
            self.assertEqual(answer.status, 401, path)
            answer = self.page(path, "__Host-plimsoll=" + "A" * 43)
            self.assertEqual(answer.status, 401, path)
        self.assertEqual(self.server.request("people", "GET", "/healthz").status, 200)

    def test_link_works_once_and_looking_at_it_does_not_count(self):
        link = self.link()
        path, token = link[link.index("/sign-in"):], link.split("token=")[1]
        for _ in range(2):
            self.assertEqual(self.server.request("people", "GET", path).status, 200)
        answer = self.sign_in(token)
        self.assertEqual((answer.status, answer.headers["Location"]), (303, "/"))
        cookie = answer.headers["Set-Cookie"]
        self.assertTrue(cookie.startswith("__Host-plimsoll="))
        for flag in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(flag, cookie)
        self.assertEqual(self.sign_in(token).status, 401)
        self.assertEqual(self.sign_in("A" * 43).status, 401)
        self.assertEqual(self.sign_in("").status, 400)

    def test_another_site_cannot_sign_in_here(self):
        token = self.link().split("token=")[1]
        self.assertEqual(self.sign_in(token, Origin="https://evil.example").status, 403)
        own = f"https://localhost:{self.server.ports['people']}"
        self.assertEqual(self.sign_in(token, Origin=own).status, 303)

    def test_pages_show_what_was_reported(self):
        host = self.enrolled("a")
        cookie = self.session()
        answer = self.page("/hosts/" + host.id, cookie)
        self.assertEqual(answer.status, 200)
        self.assertIn(b"No report yet", answer.data)
        self.assertTrue(host.report(report(1, facts("<script>web1")))[1].accepted)
        fleet = self.page("/", cookie)
        self.assertEqual(fleet.status, 200)
        self.assertIn(b"/hosts/" + host.id.encode(), fleet.data)
        self.assertIn(b"&lt;script&gt;web1", fleet.data)
        self.assertNotIn(b"<script>web1", fleet.data)
        page = self.page("/hosts/" + host.id, cookie)
        self.assertEqual(page.status, 200)
        self.assertIn(b"container-privileged", page.data)
        self.assertNotIn(b"<script>web1", page.data)
        check = self.page("/checks/container-privileged", cookie)
        self.assertEqual(check.status, 200)
        for path in ("/checks/none", "/hosts/none", "/nothing"):
            self.assertEqual(self.page(path, cookie).status, 404, path)

    def test_security_headers_are_on_every_answer(self):
        cookie = self.session()
        for path, cookies in (("/", cookie), ("/", ""), ("/nothing", cookie), ("/healthz", ""),
                              ("/sign-in", "")):
            answer = self.page(path, cookies)
            for name, want in SECURITY_HEADERS.items():
                self.assertIn(want, answer.headers.get(name, ""), f"{path}: {name}")
            self.assertNotIn(b"no-referrer", answer.data, path)  # it would win over the header

    def test_signing_out_ends_the_session(self):
        cookie = self.session()
        page = self.page("/", cookie).data.decode()
        form_token = re.search(r'name="form_token" value="([0-9a-f]+)"', page).group(1)
        headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}

        def sign_out(token):
            return self.server.request("people", "POST", "/sign-out", "form_token=" + token, headers)
        self.assertEqual(sign_out("0" * 64).status, 403)
        self.assertEqual(self.page("/", cookie).status, 200)
        self.assertEqual(sign_out(form_token).status, 303)
        self.assertEqual(self.page("/", cookie).status, 401)

    def test_secrets_are_not_logged(self):
        link = self.link()
        token = link.split("token=")[1]
        self.server.request("people", "GET", link[link.index("/sign-in"):])
        cookie = self.sign_in(token).headers["Set-Cookie"].split(";")[0].split("=", 1)[1]
        join = self.server.join()["token"]
        Host(self.server, "logged").enroll(join)
        log = self.server.read_log()
        self.assertIn("path=/sign-in", log)
        for secret in (token, cookie, join.split(".")[1]):
            self.assertNotIn(secret, log)

    def test_a_path_cannot_forge_a_log_line(self):
        connection = self.server.raw("people")
        connection.sendall(b'GET /a"\xe2\x80\xaeb\\=c HTTP/1.1\r\nHost: localhost\r\n'
                           b"Connection: close\r\n\r\n")
        self.assertTrue(read_to_end(connection).startswith(b"HTTP/1.1 401"))
        connection.close()
        log = self.server.read_log()
        self.assertIn(r'path="/a\"<U+202E>b\\=c"', log)
        for line in log.splitlines():
            self.assertRegex(line, r"^time=\S+ event=[a-z]+( |$)")


class Limits(WithServer):
    limits = {"handshake_deadline_ms": 500, "request_deadline_ms": 1000,
              "connections_per_address": 6, "connections_per_host": 2}

    def test_plaintext_is_never_answered(self):
        for listener, port in self.server.ports.items():
            with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                data = read_to_end(connection)
            self.assertNotIn(b"HTTP", data, listener)

    def test_trickled_request_ends(self):
        with self.server.raw("people") as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nX: ")
            self.assertTrue(self.ends_within(connection, 5, keep_alive=b"x"))

    def test_idle_connection_ends(self):
        with self.server.raw("people") as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(connection.recv(12).startswith(b"HTTP/1.1 200"))
            while connection.recv(4096)[-3:] != b"ok\n":
                pass
            self.assertTrue(self.ends_within(connection, 5))

    def test_one_address_has_a_bound(self):
        held = [socket.create_connection(("127.0.0.1", self.server.ports["people"]), TIMEOUT_S)
                for _ in range(6)]
        with self.assertRaises(REFUSED):
            self.server.request("people", "GET", "/healthz")
        for connection in held:
            connection.close()
        until = time.monotonic() + TIMEOUT_S
        while True:  # the server notices the ends of the others
            try:
                self.assertEqual(self.server.request("people", "GET", "/healthz").status, 200)
                break
            except REFUSED:
                self.assertLess(time.monotonic(), until)

    def test_one_host_has_a_bound(self):
        host = self.enrolled("a")
        held = [self.server.raw("agents", **host.files()) for _ in range(2)]
        with self.assertRaises((*REFUSED, AssertionError)):
            status, _ = host.report(report(1, facts("web1")))
            self.assertEqual(status, 200)
        for connection in held:
            connection.close()

    def test_long_headers_are_refused(self):
        with self.server.raw("people") as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 40000 + b"\r\n\r\n")
            self.assertIn(read_to_end(connection)[:12], (b"HTTP/1.1 400", b"HTTP/1.1 413", b""))


class OwnDeadlines(WithServer):
    """Deadlines for a handshake and a try for a token do not hang on the one for requests."""
    limits = {"handshake_deadline_ms": 500, "enrolments_per_minute": 3}

    def test_silence_before_the_handshake_ends(self):
        for port in self.server.ports.values():
            with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
                self.assertTrue(self.ends_within(connection, 5))

    def test_guessing_tokens_is_slow(self):
        host = Host(self.server, "guess")
        states = [host.enroll("a.b").status for _ in range(8)]
        self.assertIn(429, states)
        self.assertEqual(set(states), {401, 429})


class Parameters(unittest.TestCase):
    """What a site decided, for all hosts and by label: a new decision judges known facts anew."""

    FACTS = field(1, field(1, "machine")) + field(3, field(1, 1) + field(43, "pending"))
    BY_PARAMETERS = 4  # finding_interval.opened_changed

    def setUp(self):
        self.server = Server(PROGRAM)
        self.addCleanup(self.server.close)

    def failing(self, host):
        done = self.server.command("hosts", "list", "--json")
        return {row["id"]: row["fail"] for row in json.loads(done.stdout)}[host.id]

    def causes(self, host):
        with sqlite3.connect(f"file:{self.server.data}/plimsoll.db?mode=ro", uri=True) as database:
            return database.execute(
                "SELECT r.name, i.opened_changed, i.closed_at IS NULL FROM finding_interval i"
                " JOIN finding f ON f.id = i.finding JOIN rule r ON r.id = f.rule"
                " JOIN engine e ON e.id = f.engine WHERE e.host = ? AND i.verdict = 1", (host.id,)).fetchall()

    def decide(self, text):
        self.server.stop()
        folder = os.path.join(self.server.data, "server.conf.d")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "site.conf"), "w") as file:
            file.write(text)
        self.server.start()

    def enrolled(self, name, *labels):
        host = Host(self.server, name)
        self.assertEqual(host.enroll(self.server.join()["token"]).status, 200)
        self.assertEqual(host.report(report(1, self.FACTS))[0], 200)
        done = self.server.command("hosts", "label", host.id, *labels)
        self.assertEqual((done.returncode, done.stdout), (0, "".join(label + "\n" for label in labels)))
        return host

    def test_a_decision_holds_for_its_hosts_and_judges_unchanged_ones_anew(self):
        one, other = self.enrolled("one", "env=prod"), self.enrolled("other")
        self.assertEqual((self.failing(one), self.failing(other)), (0, 0))
        self.decide("[parameters]\nswarm_intended = yes\n[parameters env=prod]\nswarm_intended = no\n")
        for host in (one, other):
            status, reply = host.report(report(2, self.FACTS, with_facts=False))
            self.assertEqual((status, reply.accepted), (200, True), reply.error)
        self.assertEqual((self.failing(one), self.failing(other)), (1, 0))
        self.assertEqual(self.causes(one), [("swarm-disabled-if-unused", self.BY_PARAMETERS, 1)])
        self.assertEqual(self.server.command("hosts", "label", one.id, "env-").stdout, "")
        one.report(report(3, self.FACTS, with_facts=False))
        self.assertEqual(self.failing(one), 0)
        self.assertEqual(self.causes(one), [("swarm-disabled-if-unused", self.BY_PARAMETERS, 0)])

    def test_a_bad_decision_stops_the_start_and_says_where(self):
        self.server.stop()
        path = os.path.join(self.server.data, "server.conf")
        with open(path, "a") as file:
            file.write("\n[parameters]\nnode_cert_max_hours = 90d\n")
        with open(path) as file:
            line = file.read().splitlines().index("node_cert_max_hours = 90d") + 1
        done = self.server.command("serve")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"server.conf' line {line}: [parameters] node_cert_max_hours: '90d' is no number", done.stderr)

    def test_labels_are_all_or_none(self):
        host = self.enrolled("one", "env=prod", "site=hel")
        for words in (("role=db", "env"), ("role=db", "bad key=1"), ("role=db", "k=")):
            done = self.server.command("hosts", "label", host.id, *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn("is no label KEY=VALUE", done.stderr)
        done = self.server.command("hosts", "label", host.id, "env=test", "site-")
        self.assertEqual(done.stdout, "env=test\n")


class Ends(unittest.TestCase):
    def test_stopping_answers_and_leaves_zero(self):
        server = Server(PROGRAM)
        try:
            idle = server.raw("people")
            self.assertEqual(server.request("people", "GET", "/healthz").status, 200)
            self.assertEqual(server.stop(), 0)
            self.assertEqual(read_to_end(idle), b"")
            idle.close()
            self.assertIn("event=stopped", server.read_log())
        finally:
            server.close()

    def test_setup_overwrites_nothing(self):
        server = Server(PROGRAM)
        try:
            with open(server.ca) as file:
                before = file.read()
            again = server.command("setup", "--name", "localhost")
            self.assertEqual(again.returncode, 2)
            with open(server.ca) as file:
                self.assertEqual(file.read(), before)
        finally:
            server.close()


class Commands(unittest.TestCase):
    def test_usage_errors(self):
        server = Server(PROGRAM)
        try:
            for argv in (["token"], ["token", "make"], ["token", "create", "--ttl", "1"],
                         ["hosts"], ["hosts", "list", "x"], ["hosts", "show"],
                         ["hosts", "show", "nobody"], ["hosts", "forget", "nobody"],
                         ["signin-link", "--lifetime", "1"]):
                done = server.command(*argv)
                self.assertEqual(done.returncode, 2, f"{argv}: {done.stderr}")
                self.assertTrue(done.stderr.startswith("plimsoll "), done.stderr)
                self.assertEqual(done.stdout, "")
        finally:
            server.close()

    def test_no_installation_says_what_to_do(self):
        for argv in (["serve"], ["token", "create"], ["hosts", "list"]):
            done = run([PROGRAM, *argv, "--data", "/nonexistent"])
            self.assertEqual(done.returncode, 2)
            self.assertIn("plimsoll setup", done.stderr)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
