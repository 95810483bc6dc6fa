# SPDX-License-Identifier: Apache-2.0
"""A real server on loopback, and clients that speak to it: what the e2e tests are written with."""
import base64
import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile

TIMEOUT_S = 20  # every wait ends here


def run(argv, stdin=None):
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=TIMEOUT_S)


def openssl(*argv):
    done = run(["openssl", *argv])
    assert done.returncode == 0, done.stderr


class Server:
    """An installation in a folder of its own and its running process."""

    def __init__(self, program, limits=None):
        self.program = program
        self.folder = tempfile.TemporaryDirectory(prefix="plimsoll-e2e-")
        self.data = os.path.join(self.folder.name, "data")
        self.log_path = os.path.join(self.folder.name, "log")
        done = self.command("setup", "--name", "localhost", "--name", "127.0.0.1",
                            "--listen", "127.0.0.1", "--ports", "0,0,0")
        assert done.returncode == 0, done.stderr
        if limits:
            os.mkdir(os.path.join(self.data, "server.conf.d"))
            with open(os.path.join(self.data, "server.conf.d", "limits.conf"), "w") as file:
                file.write("[limits]\n" + "".join(f"{k} = {v}\n" for k, v in limits.items()))
        self.start()

    def start(self):
        self.log = open(self.log_path, "a")
        self.process = subprocess.Popen([self.program, "serve", "--data", self.data],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)
        for name in ("people", "agents", "enrolment"):
            line = self.process.stdout.readline()
            assert line.startswith(name), f"serve said {line!r}: {self.read_log()}"
        with open(os.path.join(self.data, "ports.json")) as file:
            self.ports = json.load(file)
        self.ca = os.path.join(self.data, "ca.crt")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(TIMEOUT_S)
        self.process.stdout.close()
        self.log.close()
        return code

    def close(self):
        if self.process.poll() is None:
            self.stop()
        self.folder.cleanup()

    def read_log(self):
        with open(self.log_path) as file:
            return file.read()

    def command(self, *argv):
        return run([self.program, *argv, "--data", self.data])

    def join(self):
        done = self.command("token", "create")
        assert done.returncode == 0, done.stderr
        text = done.stdout.strip().removeprefix("plimsoll-join:")
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))

    def tls(self, certificate=None, key=None):
        context = ssl.create_default_context(cafile=self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if certificate:
            context.load_cert_chain(certificate, key)
        return context

    def connect(self, listener, **files):
        return http.client.HTTPSConnection("localhost", self.ports[listener], timeout=TIMEOUT_S,
                                           context=self.tls(**files))

    def request(self, listener, method, path, body=None, headers=None, **files):
        connection = self.connect(listener, **files)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            answer.data = answer.read()
            return answer
        finally:
            connection.close()

    def raw(self, listener, **files):
        plain = socket.create_connection(("127.0.0.1", self.ports[listener]), TIMEOUT_S)
        return self.tls(**files).wrap_socket(plain, server_hostname="localhost")


class Host:
    """A key, and after enrol() a certificate."""

    def __init__(self, server, name):
        self.server = server
        self.key = os.path.join(server.folder.name, name + ".key")
        self.request = os.path.join(server.folder.name, name + ".csr")
        self.certificate = os.path.join(server.folder.name, name + ".crt")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.key, "-out", self.request, "-subj", "/CN=claims-to-be-root")

    def enroll(self, token, request=None):
        with open(self.request) as file:
            body = request if request is not None else file.read()
        answer = self.server.request("enrolment", "POST", "/v1/enroll", body,
                                     {"Authorization": "Bearer " + token,
                                      "Content-Type": "application/pkcs10"})
        self.answer = json.loads(answer.data)
        if answer.status == 200:
            self.id = self.answer["host_id"]
            with open(self.certificate, "w") as file:
                file.write(self.answer["certificate"])
        return answer

    def files(self):
        return {"certificate": self.certificate, "key": self.key}

    def post(self, path, body, headers=None):
        return self.server.request("agents", "POST", path, body,
                                   {"Content-Type": "application/x-protobuf", **(headers or {})},
                                   **self.files())

    def report(self, body, **headers):
        answer = self.post("/v1/report", body, headers)
        return answer.status, Reply(answer.data)


# --- just enough of protobuf's wire format ---

def varint(number):
    out = bytearray()
    while True:
        out.append((number & 0x7F) | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(out)


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def facts(hostname):
    return field(1, field(1, "machine") + field(3, hostname))


def report(sequence, body, with_facts=True, engine="rootful", sha256=None, taken_at=1800000000):
    digest = sha256 if sha256 is not None else hashlib.sha256(body).digest()
    envelope = (field(1, 1) + field(2, "0.1.0") + field(4, engine) + field(6, sequence) +
                field(7, taken_at) + field(8, digest) + field(9, "local"))
    return field(1, envelope) + (field(2, body) if with_facts else b"")


class Reply:
    def __init__(self, data):
        values, at = {}, 0
        while at < len(data):
            key, at = self.read(data, at)
            number, at = self.read(data, at)
            if key & 7 == 2:
                number, at = data[at:at + number].decode(), at + number
            values[key >> 3] = number
        self.accepted = bool(values.get(1, 0))
        self.need_facts = bool(values.get(2, 0))
        self.next_in_s = values.get(4)
        self.error = values.get(5)
        self.newest_sequence = values.get(6)

    @staticmethod
    def read(data, at):
        number, shift = 0, 0
        while True:
            number |= (data[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if data[at - 1] < 0x80:
                return number, at
