"""simsched sweep: whatever happens on the way, the same bytes in the end."""

import csv
import json
import os
import pathlib
import re
import signal
import struct
import subprocess
import time
import unittest
import zipfile

import e2e

CONFIG = """sweep:
  slice: [1ms, 10ms]
  clients: {from: 4, to: 16, times: 2}
machines: [vm-2c, desktop-2llc]
workload:
  server: {clients: $clients, requests: 200}
policies:
  - cfs
  - eevdf: {base_slice_ns: $slice}
seeds: 4
"""
RUNS = 3 * 2 * 3 * 4  # clients, machines, policies, seeds


def column(path, name):
    """What numpy.load(path)[name].tolist() is."""
    data = zipfile.ZipFile(path).read(name + ".npy")
    header = data[10:10 + struct.unpack("<H", data[8:10])[0]].decode()
    type_, rows = re.search(r"'descr': '(\S+)'", header)[1], int(re.search(r"\((\d+),\)", header)[1])
    body = data[10 + len(header):]
    if type_ == "<i8":
        return list(struct.unpack(f"<{rows}q", body))
    width = int(type_[2:])
    return [body[4 * width * i:4 * width * (i + 1)].decode("utf-32-le").rstrip("\0") for i in range(rows)]


class Sweep(e2e.EndToEnd):
    def setUp(self):
        super().setUp()
        self.config = self.write("s.yaml", CONFIG)

    def sweep(self, folder, *options):
        return self.simsched("sweep", self.config, "-o", folder, *options).stdout

    def result(self, folder):
        return (self.scratch / folder / "sweep.npz").read_bytes()

    def records(self, folder):
        return sum(path.read_text().count("\n") for path in (self.scratch / folder).glob("runs*.jsonl"))

    def test_a_table_and_a_file_of_columns(self):
        text = self.sweep("o", "--csv", "o.csv")
        self.assertIn(f"{RUNS} runs, {RUNS} of them simulated now", text)
        self.assertRegex(text, r"(?m)^machine +clients +best +makespan_ns +to cfs$")
        self.assertRegex(text, r"(?m)^desktop-2llc +16 +\S")
        npz = self.scratch / "o/sweep.npz"
        self.assertEqual(len(column(npz, "clients")), RUNS)
        rows = list(csv.DictReader((self.scratch / "o.csv").read_text().splitlines()))
        for name in ["clients", "machine", "policy", "seed", "makespan_ns", "status"]:
            self.assertEqual([str(value) for value in column(npz, name)], [row[name] for row in rows], name)
        # A row is what `simsched run` says of the same experiment.
        one = CONFIG[CONFIG.index("machines"):].replace("$clients", "8").replace("$slice", "10ms")
        self.simsched("run", self.write("one.yaml", one), "-q", "-o", "one")
        for result in json.loads((self.scratch / "one/results.json").read_text())["results"]:
            same = [row for row in rows if row["clients"] == "8" and
                    all(row[key] == str(result[key]) for key in ["machine", "policy", "seed"])]
            self.assertEqual([row["makespan_ns"] for row in same], [str(result["metrics"]["makespan_ns"])])

    def test_numpy_reads_it(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("there is no numpy")
        self.sweep("o", "-q")
        data = numpy.load(self.scratch / "o/sweep.npz")
        self.assertEqual(data["makespan_ns"].dtype, numpy.int64)
        self.assertEqual(set(data["policy"]), {"cfs", "eevdf(base_slice_ns=1ms)", "eevdf(base_slice_ns=10ms)"})

    def test_the_same_bytes_with_any_number_of_jobs_or_killed_at_any_moment(self):
        self.sweep("whole", "-j", 1, "-q")
        self.sweep("three", "-j", 3, "-q")
        self.assertEqual(self.result("three"), self.result("whole"))
        for how in [signal.SIGKILL, signal.SIGINT] * 3:
            running = subprocess.Popen([e2e.SIMSCHED, "sweep", self.config, "-o", "cut", "-q"], cwd=self.scratch,
                                       stderr=subprocess.PIPE, text=True)
            before = self.records("cut")
            while running.poll() is None and self.records("cut") <= before:
                time.sleep(0.002)
            running.send_signal(how)
            said = running.communicate(timeout=60)[1]
            if running.returncode == 130:
                self.assertEqual(said, "simsched: stopped; the same command goes on from here\n")
        done = self.records("cut")
        self.assertGreater(done, 0)
        self.assertIn(f"{RUNS - done} of them simulated now", self.sweep("cut"))
        self.assertEqual(self.result("cut"), self.result("whole"))

    def test_shards_merged_are_the_whole(self):
        self.sweep("whole", "-q")
        self.assertIn("shard 2/3", self.sweep("parts", "--shard", "2/3"))
        self.assertIn(f"{RUNS * 2 // 3} of {RUNS} runs are not there yet",
                      self.simsched("sweep", self.config, "-o", "parts", "--merge", code=2).stderr)
        self.sweep("parts", "--shard", "1/3", "-q")
        self.sweep("parts", "--shard", "3/3", "-q")
        self.assertIn(" 0 of them simulated now", self.sweep("parts", "--merge"))
        self.assertEqual(self.result("parts"), self.result("whole"))

    def test_merging_opens_nothing_for_writing(self):
        self.sweep("o", "-q")
        runs = self.scratch / "o/runs.jsonl"
        runs.rename(self.scratch / "o/runs-1-of-1.jsonl")
        (self.scratch / "o/runs-1-of-1.jsonl").chmod(0o444)
        self.sweep("o", "--merge")
        self.assertFalse(runs.exists())
        if os.geteuid() != 0:
            (self.scratch / "o").chmod(0o555)
            self.assertIn("sweep.npz is left out", self.simsched("sweep", self.config, "-o", "o", "--merge").stderr)
            (self.scratch / "o").chmod(0o755)

    def test_a_line_that_is_no_run_is_an_error_and_stays(self):
        self.sweep("o", "-q")
        runs = self.scratch / "o/runs.jsonl"
        first, *rest = runs.read_bytes().splitlines(keepends=True)
        text = first + b"<<<<<<< HEAD\n" + b"".join(rest)
        runs.write_bytes(text)
        self.assertIn("runs.jsonl:2: is no run of a sweep; ", self.error("sweep", self.config, "-o", "o"))
        self.assertEqual(runs.read_bytes(), text)

    def test_the_script_for_slurm_does_it(self):
        self.sweep("whole", "-q")
        script = self.write("job.sh", self.sweep("it's here", "--slurm", 3))
        self.assertIn("#SBATCH --array=1-3", script.read_text())
        for task in "123":
            subprocess.run(["bash", script], check=True, cwd="/", env={**os.environ, "SLURM_ARRAY_TASK_ID": task})
        for task in "21":
            done = subprocess.run(["bash", script, "merge"], check=True, cwd="/", capture_output=True, text=True,
                                  env={**os.environ, "SLURM_ARRAY_TASK_ID": task})
        self.assertIn(" 0 of them simulated now", done.stdout)
        self.assertEqual(self.result("it's here"), self.result("whole"))

    def test_only_what_is_new_is_simulated(self):
        self.sweep("o", "-q")
        self.config = self.write("s.yaml", CONFIG.replace("[1ms, 10ms]", "[1ms, 10ms, 3ms]"))
        self.assertIn(f"{3 * 2 * 4} of them simulated now", self.sweep("o"))
        self.assertIn(" 0 of them simulated now", self.sweep("o", "--seeds", 3))

    def test_mistakes(self):
        for change, said in [(("$clients", "$client"), "s.yaml:6: no variable is called 'client'; did you mean 'clients'?"),
                             (("[1ms, 10ms]", "[1ms, soon]"), "s.yaml:9: with clients 4: base_slice_ns is 'soon'"),
                             (("times: 2", "times: 0"), "s.yaml:3: times is 0"),
                             (("requests: 200", "requests: $slice"), "s.yaml:2: with slice 1ms, clients 4: "),
                             (("sweep:\n", "sweep:\n  spare: [1]\n"), "s.yaml:2: $spare stands nowhere"),
                             (("machines: [vm-2c, desktop-2llc]", "machine: {preset: $slice}"), "with slice 1ms, clients 4: there is no preset")]:
            with self.subTest(said):
                config = self.write("s.yaml", CONFIG.replace(*change, 1))
                self.assertIn(said, self.error("sweep", config, "-o", "o"))
        config = self.write("s.yaml", CONFIG)
        self.assertIn("run it with simsched sweep", self.error("run", config))
        for shard in ["0/3", "4/3", "x", "1", "1/", "1/3x"]:
            self.assertIn("--shard", self.error("sweep", config, "-o", "o", "--shard", shard))
        self.error("sweep", config, "-o", "o", "--shard", "1/2", "--merge")
        self.assertIn("s.yaml", self.error("sweep", config, "-o", "s.yaml"))
        self.write("n.yaml", CONFIG.replace("clients: {", "seed: {").replace("$clients", "$seed"))
        self.assertIn("n.yaml:3: results have a column 'seed' of their own", self.error("sweep", "n.yaml", "-o", "n"))
        self.assertFalse((self.scratch / "n").exists())

    def test_the_help_shows_a_sweep_that_works(self):
        lines = self.simsched("sweep", "--help").stdout.splitlines()
        first = lines.index("  sweep:")
        last = next(i for i, line in enumerate(lines) if line.startswith("  seeds:"))
        help_ = self.write("help.yaml", "\n".join(line[2:] for line in lines[first:last + 1]) + "\n")
        self.assertIn("shard 1/240", self.simsched("sweep", help_, "-o", "h", "--shard", "1/240").stdout)


e2e.main()
