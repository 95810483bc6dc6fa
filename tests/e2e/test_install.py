#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Installs into a staging folder: the programs run from there, the units fit, the release is hardened.

Usage: test_install.py BUILD-FOLDER BUILD-TYPE PREFIX
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = BUILD_TYPE = PREFIX = None
PROGRAMS = ("plimsoll", "plimsoll-agent")


def run(*argv, **more):
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, **more)
    assert done.returncode == 0, f"{argv}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


class Staged(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="plimsoll-stage-")
        cls.addClassCleanup(folder.cleanup)
        cls.stage = folder.name
        run("cmake", "--install", BUILD, env=dict(os.environ, DESTDIR=cls.stage))

    def path(self, *parts):
        return os.path.join(self.stage + PREFIX, *parts)


class Install(Staged):
    def test_programs_run(self):
        versions = {run(self.path("bin", name), "--version").split()[1].rstrip(",") for name in PROGRAMS}
        self.assertEqual(len(versions), 1)
        self.assertRegex(versions.pop(), r"^\d+\.\d+\.\d+$")

    def test_programs_need_nothing_beside_them(self):
        listed = run(self.path("bin", "plimsoll"), "checks", cwd="/", env={"PATH": "/nonexistent"})
        self.assertIn("5.5", listed)

    def test_units_and_documents_are_there(self):
        for path in ("lib/systemd/system/plimsoll-agent.service", "lib/systemd/system/plimsoll-server.service",
                     "lib/sysusers.d/plimsoll.conf", "share/doc/plimsoll/README.md", "share/doc/plimsoll/LICENSE",
                     "share/doc/plimsoll/WHAT-IS-SENT.md"):
            self.assertTrue(os.path.isfile(self.path(path)), path)

    def test_units_name_no_placeholder_and_pass_systemds_own_check(self):
        for unit in ("plimsoll-agent.service", "plimsoll-server.service"):
            path = self.path("lib/systemd/system", unit)
            with open(path) as file:
                text = file.read()
            self.assertIn(f"ExecStart={PREFIX}/bin/plimsoll", text)
            self.assertNotRegex(text, "@[A-Z_]+@")
            # it looks for the program where the unit says; here that is below the stage
            local = os.path.join(self.stage, unit)
            with open(local, "w") as file:
                file.write(re.sub(r"ExecStart=/\S+/bin/", f"ExecStart={self.path('bin')}/", text))
            if shutil.which("systemd-analyze"):
                done = subprocess.run(["systemd-analyze", "verify", "--man=no", local], capture_output=True, text=True)
                own = [line for line in done.stderr.splitlines() if unit in line]
                self.assertEqual(own, [])


class Hardening(Staged):
    """What readelf sees in the release's programs."""

    def setUp(self):
        if BUILD_TYPE != "Release":
            self.skipTest("only the release is hardened")

    def each(self, *options):
        for name in PROGRAMS:
            with self.subTest(name):
                yield run("readelf", "-W", *options, self.path("bin", name))

    def test_position_independent(self):
        for text in self.each("-h"):
            self.assertRegex(text, r"Type:\s+DYN")
        for text in self.each("-d"):
            self.assertIn("PIE", text)

    def test_relocations_are_read_only_from_the_start(self):
        for text in self.each("-l"):
            self.assertIn("GNU_RELRO", text)
        for text in self.each("-d"):
            self.assertRegex(text, r"BIND_NOW|FLAGS_1.*NOW")

    def test_stack_is_not_executable(self):
        for text in self.each("-l"):
            self.assertRegex(text, r"GNU_STACK\s+\S+ \S+ \S+ \S+ \S+ RW ")

    def test_library_calls_are_fortified(self):
        for text in self.each("--dyn-syms"):
            self.assertIn("__stack_chk_fail", text)
            self.assertRegex(text, r"__\w+_chk@")

    def test_no_search_path_is_built_in(self):
        for text in self.each("-d"):
            self.assertNotRegex(text, r"\((RPATH|RUNPATH)\)")


if __name__ == "__main__":
    PREFIX = sys.argv.pop()
    BUILD_TYPE = sys.argv.pop()
    BUILD = os.path.abspath(sys.argv.pop())
    unittest.main(verbosity=2)
