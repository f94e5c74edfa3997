"""Exported policies on stock kernels in a virtual machine: one with all checks, the others with the short ones; and the
kernel's own fair class on a machine's shape, against the simulated one. Where
there is no QEMU or no kernel, says so and is skipped (exit code 77), or fails where SIMSCHED_REQUIRE_VM is set."""

import json
import os
import shutil
import subprocess
import sys
import unittest

import e2e

KERNELS = e2e.SOURCE / "build/kernels"
SECONDS = 900  # emulation, maybe on a busy machine


class VirtualMachine(e2e.EndToEnd):
    def verify(self, *arguments, code=0):
        done = subprocess.run([e2e.SIMSCHED, "verify", *arguments], cwd=self.scratch, capture_output=True, text=True,
                              timeout=SECONDS)
        print(done.stdout)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def prove(self, policy, *options, on=None, source=None):
        self.simsched("export", source or policy, "-o", "out")
        chosen = kernels if on is None else [kernels[on]]
        files = [word for kernel in chosen for word in ("--kernel", KERNELS / kernel / "vmlinuz")]
        said = self.verify("out", "--vm", "--keep", "kept", *files, *options)
        self.assertNotIn("FAILED", said)
        for kernel in chosen:
            self.assertIn(f"{policy} on {kernel}", said)
        self.assertRegex(said, r"parity +\d{6,} decisions of \d+ kinds, 0 different")
        # What was recorded there is a recording like any other.
        self.assertRegex(self.simsched("import", next((self.scratch / "kept").glob("*-trace.txt")), "-o", "t").stdout,
                         r"tasks +\d+")

    def test_simple_with_all_checks(self):
        self.prove("scx_simple")

    def test_packet(self):
        self.prove("scx_packet", "--quick", on=1)

    def test_gate(self):
        self.prove("scx_gate", "--quick", on=0)

    def test_one_that_its_loader_sets_up(self):
        self.simsched("export", e2e.SOURCE / "scx_port/host/testdata/set_up.yaml", "-o", "out")
        said = self.verify("out", "--vm", "--quick", "--kernel", KERNELS / kernels[0] / "vmlinuz")
        self.assertNotIn("FAILED", said)
        self.assertRegex(said, r'"repeated":[1-9]\d*,"total":42')

    @unittest.skipUnless(os.environ.get("SIMSCHED_VM_LEARNED"), "SIMSCHED_VM_LEARNED is not set: some minutes each")
    def test_learned(self):
        for policy in "rusty_ml", "upf_ml":
            with self.subTest(policy):
                self.prove(policy, "--quick")

    @unittest.skipUnless(os.environ.get("SIMSCHED_VM_LEARNED"), "SIMSCHED_VM_LEARNED is not set: some minutes each")
    def test_experts(self):
        data = self.write("data.yaml", "runs: [{machine: vm-8c2n, workload: {hackbench: {groups: 2}}, policies: [eevdf], seeds: 2}]\n")
        self.simsched("dataset", data, "-o", "d.sdat")
        for learner in "logistic", "tree":
            config = self.write(f"{learner}.yaml", f"data: d.sdat\nrivals: [{learner}]\nfolds: 2\nwithout: [weight, lag, capacity, cost]\n"
                                "grid: {hidden: [[4]], activation: [relu], learning_rate: [0.01], epochs: [2]}\n"
                                f"model: {{learner: {learner}}}\n")
            self.simsched("train", config, "-o", f"{learner}.smlp")
        experts = self.write("experts.yaml", "machine: vm-8c2n\nworkload: hogs\npolicies:\n"
                             "  - rusty_ml: {experts: [logistic.smlp, tree.smlp], epoch: 100ms, label: taught}\n")
        self.prove("taught", "--quick", on=0, source=experts)

    def test_the_fair_class_against_the_kernels(self):
        machine = self.write("m.yaml", "nodes: 2\ncores_per_llc: 2\nthreads_per_core: 2\n")
        loads = [word for load in ("hogs_50", "fork_join_50", "pairs_50", "storm_50") for word in ("--load", load)]
        command = ["verify", "--kernel-fair", machine, "--kernel", KERNELS / kernels[0] / "vmlinuz", *loads]
        done = subprocess.run([e2e.SIMSCHED, *command, "--vm", "--keep", "kept", "--json", "o.json"], cwd=self.scratch,
                              capture_output=True, text=True, timeout=SECONDS)
        print(done.stdout)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        result = json.loads((self.scratch / "o.json").read_text())
        self.assertEqual(result["ok"], done.returncode == 0)
        self.assertIn("SD_NUMA", result["domains"])
        rows = {load["name"]: {row["name"]: row for row in load["rows"]} for load in result["loads"]}
        # What is sure of any kernel: hogs find a CPU each, on both nodes, and both do the same.
        for figure in ("work on the first node", "CPUs idle beside waiting tasks"):
            self.assertTrue(rows["hogs_50"][figure]["ok"], rows["hogs_50"][figure])
        self.assertGreater(rows["hogs_50"]["forks: remote"]["kernel_low"], 0)
        self.assertGreater(rows["fork_join_50"]["forks: LLC"]["kernel_high"], 0)
        self.assertGreater(sum(row["kernel_high"] for name, row in rows["pairs_50"].items() if name.startswith("wakes")), 99)
        # What was kept gives the same again.
        again = self.simsched("verify", "--kernel-fair", machine, *loads, "--kept", "kept", code=done.returncode).stdout
        self.assertEqual(again, done.stdout)

    def test_the_fair_class_against_the_kernels_on_unequal_cores(self):
        done = subprocess.run([e2e.SIMSCHED, "verify", "--kernel-fair", "juno", "--vm", "--load", "hogs_25", "--json", "o.json"],
                              cwd=self.scratch, capture_output=True, text=True, timeout=SECONDS)
        print(done.stdout)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        result = json.loads((self.scratch / "o.json").read_text())
        self.assertIn("SD_ASYM_CPUCAPACITY", result["domains"])
        rows = {row["name"]: row for row in result["loads"][0]["rows"]}
        # A hog begins on a little CPU, as these come first, and does not stay there.
        self.assertTrue(rows["work on the busiest LLC"]["ok"], rows)
        self.assertGreater(rows["work on the busiest LLC"]["kernel_low"], 80)
        self.assertGreaterEqual(rows["migrations by the stopper"]["kernel_low"], 1)

    def test_rusty(self):
        self.prove("scx_rusty", "--quick")


def cannot(why):
    required = os.environ.get("SIMSCHED_REQUIRE_VM")
    print(f"{'FAILED' if required else 'skipped'}: no scheduler was tried on a real kernel: {why}")
    sys.exit(1 if required else 77)


if not shutil.which("qemu-system-x86_64"):
    cannot("there is no qemu-system-x86_64; scripts/install vm")
fetched = subprocess.run([e2e.SOURCE / "scripts/fetch-kernels", KERNELS], capture_output=True, text=True)
if fetched.returncode == 3:
    cannot(fetched.stderr.strip())
if fetched.returncode != 0:
    sys.exit(fetched.stderr)
kernels = [line.split("/")[-2] for line in fetched.stdout.split()]
e2e.main()
