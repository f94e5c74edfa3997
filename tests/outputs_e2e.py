"""Files that are named with an option: whole or not at all, and nothing that was there comes to harm."""

import csv
import io
import os
import stat
import subprocess

import e2e

FAST = "machine: vm-2c\nworkload: {ping_pong: {}}\npolicies: [eevdf, cfs]\nduration: 50ms\n"


class Outputs(e2e.EndToEnd):
    def setUp(self):
        super().setUp()
        self.write("c.yaml", FAST)
        # Every option that writes a file; %s is its name.
        self.writers = {
            "csv": ["run", "c.yaml", "-q", "-o", "out", "--csv", "%s"],
            "perfetto": ["run", "c.yaml", "-q", "-o", "out", "--policy", "cfs", "--perfetto", "%s"],
            "import": ["import", e2e.SAMPLE, "-o", "%s"],
            "validate": ["validate", e2e.SAMPLE, "--seeds", 1, "--json", "%s"],
            "page": ["validate", e2e.SAMPLE, "--seeds", 1, "--html", "%s"],
            "replay": ["validate", e2e.SAMPLE, "--seeds", 1, "--perfetto", "%s"],
            "svg": ["topo", "vm-2c", "--svg", "%s"],
            "dot": ["topo", "vm-2c", "--dot", "%s"],
            "json": ["topo", "vm-2c", "--json", "%s"],
        }

    def call(self, name, path, stdout=subprocess.PIPE):
        arguments = [str(path) if word == "%s" else str(word) for word in self.writers[name]]
        return subprocess.run([str(e2e.SIMSCHED), *arguments], cwd=self.scratch, stdout=stdout,
                              stderr=subprocess.PIPE, timeout=120)

    def test_folders_are_made(self):
        for name in self.writers.keys() - {"import"}:
            path = self.scratch / "deep" / name / "file"
            done = self.call(name, path)
            self.assertIn(done.returncode, [0, 1], done.stderr)
            self.assertGreater(path.stat().st_size, 0)

    def test_a_device_is_written_to_and_stays(self):
        nodes = ["/dev/null"]
        if os.geteuid() == 0:
            os.mknod(self.scratch / "null", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
            nodes.append(self.scratch / "null")
        for name in self.writers:
            for node in nodes:
                with self.subTest(name, node=node):
                    self.assertIn(self.call(name, node).returncode, [0, 1])
                    self.assertTrue(stat.S_ISCHR(os.stat(node).st_mode))

    def test_a_write_that_fails_is_one_line(self):
        if os.geteuid() == 0:
            os.mknod(self.scratch / "full", 0o600 | stat.S_IFCHR, os.makedev(1, 7))
        for name in self.writers:
            for node in ["/dev/full", *[path for path in [self.scratch / "full"] if path.exists()]]:
                with self.subTest(name, node=node):
                    before = sorted(self.scratch.rglob("*"))
                    done = self.call(name, node)
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertRegex(done.stderr.decode(), r"\Asimsched: error: \S+full: [^\n]*No space left[^\n]*\n\Z")
                    self.assertEqual(done.stdout, b"")
                    self.assertEqual(sorted(self.scratch.rglob("*")), before, "something is left behind")

    def test_links_are_followed_and_modes_kept(self):
        for name in self.writers:
            with self.subTest(name):
                target = self.write(f"{name}.target", "old")
                target.chmod(0o640)
                link = self.scratch / f"{name}.link"
                link.symlink_to(target.name)
                self.assertIn(self.call(name, link).returncode, [0, 1])
                self.assertTrue(link.is_symlink())
                self.assertFalse(target.is_symlink())
                self.assertNotEqual(target.read_bytes(), b"old")
                self.assertEqual(target.stat().st_mode & 0o777, 0o640)

    def test_standard_output(self):
        for name in self.writers:
            with self.subTest(name):
                self.assertIn(self.call(name, f"{name}.file").returncode, [0, 1])
                content = (self.scratch / f"{name}.file").read_bytes()
                for path in ["-", "/dev/stdout"]:
                    done = self.call(name, path)
                    self.assertEqual(done.stdout, content, "nothing else is printed there")
                # A file that the shell opened is added to, not replaced.
                with open(self.scratch / "log", "wb") as log:
                    log.write(b"before ")
                    log.flush()
                    self.call(name, "/dev/stdout", stdout=log)
                self.assertEqual((self.scratch / "log").read_bytes(), b"before " + content)

    def test_text_for_people_goes_to_stderr_then(self):
        done = self.simsched("run", "c.yaml", "-o", "out", "--csv", "-")
        self.assertEqual(len(list(csv.DictReader(io.StringIO(done.stdout)))), 2)
        self.assertIn("best of its metric", done.stderr)

    def test_a_pipe(self):
        os.mkfifo(self.scratch / "pipe")
        reader = subprocess.Popen(["cat", "pipe"], cwd=self.scratch, stdout=subprocess.PIPE)
        self.call("svg", "pipe")
        self.assertIn(b"</svg>", reader.communicate()[0])
        self.assertTrue((self.scratch / "pipe").is_fifo())

    def test_a_device_takes_one_trace_only(self):
        before = sorted(os.listdir("/dev"))
        self.assertIn("one policy", self.error("run", "c.yaml", "-o", "out", "--perfetto", "/dev/null"))
        self.assertEqual(sorted(os.listdir("/dev")), before)

    def test_nobody_listens(self):
        for arguments in [["run", "c.yaml", "-o", "out"], ["run", "c.yaml", "-q", "-o", "out", "--csv", "-"], ["policies"],
                          ["--help"], ["topo", "vm-2c"]]:
            with self.subTest(arguments):
                read, write = os.pipe()
                os.close(read)
                for stdout, reason in [(write, "Broken pipe"), (os.open("/dev/full", os.O_WRONLY), "No space left")]:
                    done = subprocess.run([str(e2e.SIMSCHED), *arguments], cwd=self.scratch, stdout=stdout,
                                          stderr=subprocess.PIPE, text=True, timeout=60)
                    os.close(stdout)
                    self.assertEqual(done.returncode, 2, done.stderr)
                    self.assertRegex(done.stderr, r"\Asimsched: error: [^\n]*" + reason + r"[^\n]*\n\Z")

    def test_the_old_files_stay_when_a_new_one_fails(self):
        self.call("csv", "a.csv")
        old = {path: path.read_bytes() for path in self.scratch.rglob("*") if path.is_file()}
        self.write("c.yaml", FAST + "seeds: 2\n")
        old[self.scratch / "c.yaml"] = (self.scratch / "c.yaml").read_bytes()
        self.assertEqual(self.call("csv", "/dev/full").returncode, 2)
        self.assertEqual({path: path.read_bytes() for path in self.scratch.rglob("*") if path.is_file()}, old)


e2e.main()
