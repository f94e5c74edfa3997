"""What is installed, or unpacked from the package, needs nothing of the sources, and anybody may run it."""

import os
import shutil
import subprocess

import e2e

BUILD = e2e.SIMSCHED.parent
OWN = """#include <scx/common.bpf.h>
#ifndef FROM_WHERE_IT_WAS_INSTALLED
#error other headers
#endif
char _license[] SEC("license") = "GPL";
SCX_OPS_DEFINE(own_ops, .name = "own");
"""
CONFIG = """machine: vm-2c
workload: {hogs: {tasks: 3}}
duration: 20ms
policies: [eevdf, {bpf: own.bpf.c}, scx_rusty]
"""


class Package(e2e.EndToEnd):
    def anybody(self, *command):
        """Runs as another user, where root can."""
        if os.getuid() == 0:
            shutil.chown(self.scratch, "nobody")
            command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
        done = subprocess.run([*map(str, command)], cwd=self.scratch, capture_output=True, text=True, timeout=120,
                              env={"PATH": "/usr/bin:/bin", "HOME": str(self.scratch)})
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def try_out(self, prefix):
        simsched = prefix / "bin/simsched"
        own = simsched.resolve().parent
        self.assertIn("cfs", self.anybody(simsched, "run", own / "configs/quickstart.yaml", "-o", "quick"))
        # A source of one's own is compiled with the headers that were installed.
        common = own / "scx_port/include/scx/common.bpf.h"
        common.write_text("#define FROM_WHERE_IT_WAS_INSTALLED\n" + common.read_text())
        self.write("own.bpf.c", OWN)
        self.write("c.yaml", CONFIG)
        self.assertIn("own", self.anybody(simsched, "run", "c.yaml"))
        self.anybody(simsched, "export", "c.yaml", "--policy", "scx_rusty", "-o", "exported")
        self.assertIn("simsched-loader", self.anybody("exported/simsched-loader", "--help"))
        self.assertIn("--causes", self.anybody(prefix / "bin/simsched-record", "--help"))
        for program in ["simsched-loader", "simsched-collect", "simsched-record-calls"]:
            self.anybody(prefix / "bin" / program, "--help")
        self.assertTrue((prefix / "share/man/man1/simsched-run.1").exists())
        self.assertIn("complete -F", (prefix / "share/bash-completion/completions/simsched").read_text())
        self.assertIn("json-schema", (prefix / "share/simsched/simsched.schema.json").read_text())

    def test_installed(self):
        prefix = self.scratch / "there"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], check=True, capture_output=True)
        self.try_out(prefix)

    def test_the_package(self):
        if shutil.which("dpkg-shlibdeps") is None:
            self.skipTest("there is no dpkg-dev")
        subprocess.run(["cpack", "-G", "DEB", "-B", self.scratch, "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip"], cwd=BUILD,
                       check=True, capture_output=True)
        (package,) = self.scratch.glob("simsched_*.deb")
        fields = subprocess.run(["dpkg-deb", "-f", package], check=True, capture_output=True, text=True).stdout
        for part in ["Depends: ", "libc6", "libyaml-cpp", "Recommends: ", "clang"]:
            self.assertIn(part, fields)
        subprocess.run(["dpkg-deb", "-x", package, self.scratch / "root"], check=True)
        self.try_out(self.scratch / "root/usr")

    def test_a_clone_that_was_copied_builds_its_own_sources(self):
        """Of scripts/simsched, with a cmake and a ninja that only tell what they are asked."""
        for name in ["old", "new"]:
            clone = self.scratch / name
            (clone / "scripts").mkdir(parents=True)
            shutil.copy(e2e.SOURCE / "scripts/simsched", clone / "scripts")
            for script in ["install", "fetch-libbpf"]:
                (clone / "scripts" / script).write_text("#!/bin/sh\n")
                (clone / "scripts" / script).chmod(0o755)
        tools = self.scratch / "tools"
        tools.mkdir()
        (tools / "cmake").write_text('#!/bin/sh\nmkdir -p build/release && cd build/release && touch build.ninja &&\n'
                                     'echo "CMAKE_HOME_DIRECTORY:INTERNAL=${PWD%/build/release}" > CMakeCache.txt\n')
        (tools / "ninja").write_text('#!/bin/sh\nsed -n "s/^CMAKE_HOME_DIRECTORY:INTERNAL=/echo of /p" "$2/CMakeCache.txt"'
                                     ' > "$2/simsched"; chmod +x "$2/simsched"\n')
        for tool in tools.iterdir():
            tool.chmod(0o755)

        def run(clone):
            return subprocess.run([self.scratch / clone / "scripts/simsched"], check=True, capture_output=True, text=True,
                                  env={"PATH": f"{tools}:/usr/bin:/bin"}).stdout.strip()
        self.assertEqual(run("old"), f"of {self.scratch}/old")
        shutil.copytree(self.scratch / "old/build", self.scratch / "new/build")
        self.assertEqual(run("new"), f"of {self.scratch}/new")
        self.assertEqual(run("old"), f"of {self.scratch}/old")


e2e.main()
