"""scripts/record, as far as it does without perf."""

import importlib.util
import os
import pathlib
import subprocess
import sys
import unittest

import e2e

SCRIPTS = e2e.SOURCE / "scripts"


class Record(e2e.EndToEnd):
    def test_usage(self):
        self.assertIn("--causes", subprocess.run([SCRIPTS / "record", "--help"], capture_output=True, text=True).stdout)
        self.assertEqual(subprocess.run([SCRIPTS / "record"], capture_output=True).returncode, 2)

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is one CPU")
    def test_tasks_that_run_already_keep_their_cpus(self):
        cpu = min(os.sched_getaffinity(0))
        bound = self.write("bound task", "#!/bin/sh\nread line\n")
        bound.chmod(0o755)
        task = subprocess.Popen(["taskset", "-c", str(cpu), bound], stdin=subprocess.PIPE)
        try:
            while pathlib.Path(f"/proc/{task.pid}/comm").read_text() != "bound task\n":
                pass
            lines = subprocess.run([sys.executable, SCRIPTS / "describe_tasks.py"], capture_output=True, text=True).stdout
        finally:
            task.communicate()
        self.assertIn(f'  - {{tree: "bound task", cpus: "{cpu}"}}\n', lines)
        # As the sidecar of a recording has them.
        (self.scratch / "r.perf.data.zst").symlink_to(e2e.SAMPLE)
        self.write("r.recorded.yaml", f"kernel: \"6.18\"\nhz: 250\npreempt: full\nmachine: vm-2c\ntasks:\n{lines}")
        self.simsched("validate", "r.perf.data.zst", "--seeds", 1, code=None)
        self.assertNotIn("error", self.simsched("import", "r.perf.data.zst", "-o", "r.simtrace").stderr)

    def test_names_of_any_kind(self):
        spec = importlib.util.spec_from_file_location("describe_tasks", SCRIPTS / "describe_tasks.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        proc = self.scratch / "proc"

        def thread(pid, name, cpus, flags=0):
            folder = proc / f"{pid}/task/{pid}"
            folder.mkdir(parents=True)
            (folder / "status").write_text(f"Name:\t{name}\nTgid:\t{pid}\nCpus_allowed_list:\t{cpus}\n")
            (folder / "stat").write_text(f"{pid} ({name}) S 1 1 1 0 -1 {flags} 0\n")
        thread(1, "a) (b", "0")
        thread(2, "two", "0")
        thread(3, "two", "1")
        thread(4, "kworker/0:1", "0", module.KTHREAD)
        self.assertEqual(module.allowed_by_name(proc), {"a) (b": {"0"}, "two": {"0", "1"}})


e2e.main()
