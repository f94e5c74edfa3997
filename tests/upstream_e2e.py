"""The kernel's example schedulers run in the simulator as they are. Fetches them as Debian source packages; where they
cannot be had, says so and is skipped (exit code 77)."""

import json
import subprocess
import sys

import e2e

FOLDER = e2e.SOURCE / "build/schedulers"
PAIRS = ", pair_cpu: [4, 5, 6, 7, 0, 1, 2, 3], pair_id: [0, 1, 2, 3, 0, 1, 2, 3], in_pair_idx: [0, 0, 0, 0, 1, 1, 1, 1], " \
        "maps: {pair_ctx: 4, cgrp_q_arr: filled}"
SCHEDULERS = [("6.12", "simple", ""), ("6.12", "simple", ", fifo_sched: true"), ("6.12", "central", ", central_cpu: 1, loader_cpu: 1"),
              ("6.12", "qmap", ", slice_ns: 5ms"), ("6.12", "flatcg", ""), ("7.3", "simple", ""), ("7.3", "central", ""),
              ("7.3", "flatcg", ""), ("7.3", "cpu0", ""), ("7.3", "pair", PAIRS)]


class Upstream(e2e.EndToEnd):
    def test_every_scheduler_runs_a_build_to_its_end(self):
        text = f"machine: {{name: two-nodes, nodes: 2, cores_per_llc: 4}}\nworkload: {{trace: {e2e.SAMPLE}}}\npolicies:\n  - eevdf\n"
        for i, (version, name, options) in enumerate(SCHEDULERS):
            path = FOLDER / version / f"tools/sched_ext/scx_{name}.bpf.c"
            text += f"  - {{bpf: {path}, label: {version}-{name}-{i}{options}}}\n"
        self.simsched("run", self.write("c.yaml", text), "-o", "o")
        runs = json.loads((self.scratch / "o/results.json").read_text())["results"]
        self.assertEqual(len(runs), 1 + len(SCHEDULERS))
        for run in runs:
            self.assertEqual(run["status"], "ok", run["policy"])
            if run["policy"] != "eevdf":
                self.assertGreater(run["counters"]["ext"]["calls_enqueue"], 10, run["policy"])
                self.assertNotEqual(run["metrics"]["context_switches"], runs[0]["metrics"]["context_switches"])


fetched = subprocess.run([e2e.SOURCE / "scripts/fetch-schedulers", FOLDER], capture_output=True, text=True)
if fetched.returncode == 3:
    print(f"skipped: {fetched.stderr.strip()}")
    sys.exit(77)
if fetched.returncode != 0:
    sys.exit(fetched.stderr)
e2e.main()
