"""simsched export, simsched-loader and simsched verify, as far as a kernel without sched_ext lets them."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest.mock

import e2e

LOADER = e2e.SIMSCHED.parent / "simsched-loader"
EXPERIMENT = f"""
machine: desktop-2llc
workload: {{trace: {e2e.SAMPLE}}}
policies:
  - eevdf
  - scx_simple
  - scx_rusty: {{slice_us_overutil: 2000, balancer: as_coded, label: coded}}
seeds: 2
"""


class Export(e2e.EndToEnd):
    def export(self, *arguments, to="out"):
        self.simsched("export", *arguments, "-o", to)
        return self.scratch / to

    def manifest(self, folder):
        return json.loads((folder / "manifest.json").read_text())

    def test_folder_is_complete_and_reproducible(self):
        for policy in "scx_simple", "scx_packet", "scx_rusty", "scx_gate":
            first = self.export(policy, to="a")
            names = sorted(path.name for path in first.iterdir())
            model = ["model.bin"] if policy == "scx_gate" else []
            self.assertEqual(names, ["README.md", "manifest.json", *model, "policy.bpf.o", "simsched-loader",
                                     f"simsched-{policy}.service"])
            self.assertTrue(os.access(first / "simsched-loader", os.X_OK))
            again = self.export(policy, to="b")
            for name in names:
                self.assertEqual((first / name).read_bytes(), (again / name).read_bytes(), name)
            shutil.rmtree(first)

    def test_no_path_of_this_machine_is_in_it(self):
        for policy in "scx_simple", "scx_rusty":
            for path in self.export(policy).iterdir():
                self.assertFalse(str(e2e.SOURCE).encode() in path.read_bytes(), path.name)

    def test_winner_of_an_experiment_with_its_results(self):
        config = self.write("e.yaml", EXPERIMENT)
        folder = self.export(config)
        results = self.manifest(folder)["results"]
        hosted = {entry["policy"]: entry["metrics"]["makespan_ns"] for entry in results if entry["policy"] != "eevdf"}
        self.assertEqual(len(results), 3)
        self.assertEqual(self.manifest(folder)["policy"], min(hosted, key=hosted.get))

    def test_chosen_policy_keeps_its_options(self):
        config = self.write("e.yaml", EXPERIMENT)
        folder = self.export(config, "--policy", "coded")
        self.assertEqual(self.manifest(folder)["user_half"],
                         {"name": "rusty", "options": [{"name": "slice_us_overutil", "value": "2000"},
                                                       {"name": "balancer", "value": "as_coded"}]})
        # What was exported is simulated as what it was exported from.
        again = self.write("again.yaml", EXPERIMENT + f"  - {{exported: {folder}, label: exported}}\n")
        text = again.read_text().replace("seeds: 2\n", "") + "seeds: 1\n"
        again.write_text(text)
        self.simsched("run", again, "-q", "-o", "r")
        runs = {run.pop("policy"): run for run in json.loads((self.scratch / "r/results.json").read_text())["results"]}
        self.assertEqual(runs["exported"], runs["coded"])

    def test_what_a_loader_sets_up_is_in_the_manifest(self):
        folder = self.export(e2e.SOURCE / "scx_port/host/testdata/set_up.yaml")
        loader = self.manifest(folder)["loader"]
        self.assertEqual({member["name"]: member for member in loader["ops"]}["tick"], {"name": "tick", "function": ""})
        self.assertEqual(loader["filled_maps"], ["of_maps"])
        config = self.write("x.yaml", f"machine: vm-8c2n\nworkload: {{hogs: {{tasks: 4}}}}\nduration: 1s\npolicies: [{{exported: {folder}}}]\n")
        # It reports an error wherever something of it is missing.
        self.simsched("run", config, "-q", "-o", "r")
        run = json.loads((self.scratch / "r/results.json").read_text())["results"][0]
        ext = run["counters"]["ext"]
        self.assertEqual((ext["total"], ext["repeated"]), (42, 10))

        def broken(change):
            text = self.manifest(folder)
            change(text["loader"])
            (folder / "manifest.json").write_text(json.dumps(text))
            return self.error("run", config, "-o", "r")

        self.assertIn("manifest.json: program 'gone' is none", broken(lambda it: it["run"][0].update(program="gone")))
        self.assertIn("has another context", broken(lambda it: it["run"][0].update(program="learn", context="00")))
        self.assertIn("'of_cpu' does not fit", broken(lambda it: it.update(run=[], map_entries=[
            {"map": "of_cpu", "key": "00000000", "value": "00"}])))
        self.assertIn("no map 'x'", broken(lambda it: it.update(map_entries=[], filled_maps=["x"])))

    def test_any_source_with_variables(self):
        source = self.write("own.bpf.c", """
#include <scx/common.bpf.h>
char _license[] SEC("license") = "GPL";
const volatile u64 slice_us = 20000;
struct options { u32 a; u64 limit_ns; };
struct options options = {1, 2};
u64 used;
UEI_DEFINE(uei);
void BPF_STRUCT_OPS(own_enqueue, struct task_struct *p, u64 enq_flags)
{
	used += options.a + options.limit_ns;
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, slice_us * 1000, enq_flags);
}
void BPF_STRUCT_OPS(own_exit, struct scx_exit_info *ei) { UEI_RECORD(uei, ei); }
SCX_OPS_DEFINE(own_ops, .enqueue = (void *)own_enqueue, .exit = (void *)own_exit, .name = "own");
""")
        config = self.write("e.yaml", f"machine: vm-2c\nworkload: {{trace: {e2e.SAMPLE}}}\n"
                            f"policies:\n  - {{bpf: {source}, slice_us: 5ms, options: {{a: 7, limit_ns: 3us}}}}\n")
        variables = {v["name"]: v for v in self.manifest(self.export(config))["variables"]}
        self.assertEqual(variables["slice_us"]["bytes"], (5000).to_bytes(8, "little").hex())
        self.assertEqual(variables["options.limit_ns"]["bytes"],
                         (7).to_bytes(8, "little").hex() + (3000).to_bytes(8, "little").hex())

    def test_what_cannot_be_exported(self):
        self.assertIn("names no policy that can be exported", self.error("export", e2e.QUICKSTART, "-o", "x"))
        self.assertIn("neither a policy that can be exported nor", self.error("export", "eevdf", "-o", "x"))
        config = self.write("e.yaml", EXPERIMENT)
        self.assertIn("no policy 'nope'", self.error("export", config, "--policy", "nope", "-o", "x"))
        source = self.write("mit.bpf.c", """
#include <scx/common.bpf.h>
char _license[] SEC("license") = "MIT";
void BPF_STRUCT_OPS(own_enqueue, struct task_struct *p, u64 f) { scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, 0, f); }
SCX_OPS_DEFINE(own_ops, .enqueue = (void *)own_enqueue, .name = "own");
""")
        self.assertIn("its licence is 'MIT'", self.error("export", source, "-o", "x"))


class Loader(e2e.EndToEnd):
    def loader(self, *arguments, code=2):
        done = subprocess.run([str(LOADER), *map(str, arguments)], cwd=self.scratch, capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    def refusal(self, *arguments):
        line = self.loader(*arguments)
        self.assertRegex(line, r"\Asimsched-loader: error: [^\n]+\n\Z")
        return line

    def test_foreign_and_damaged_folders(self):
        self.assertIn("is not a folder", self.refusal("nowhere"))
        self.simsched("export", "scx_simple", "-o", "x")
        folder = self.scratch / "x"
        good = (folder / "policy.bpf.o").read_bytes()
        (folder / "policy.bpf.o").write_bytes(good[:-1])
        self.assertIn("is not the object that the manifest names", self.refusal("x"))
        (folder / "policy.bpf.o").write_bytes(good)
        (folder / "manifest.json").write_text("{}")
        self.assertIn("has no 'schema'", self.refusal("x"))
        (folder / "manifest.json").unlink()
        self.refusal("x")

    def test_kernel_without_sched_ext(self):
        if pathlib.Path("/sys/kernel/sched_ext/state").exists():
            self.skipTest("this kernel has sched_ext")
        self.simsched("export", "scx_simple", "-o", "x")
        self.assertIn("no sched_ext", self.refusal("x"))
        self.assertIn("no sched_ext", self.loader("x", "--check"))
        self.assertIn("no sched_ext", self.error("verify", "x", "--live"))

    def test_usage(self):
        self.assertIn("--nope", self.refusal("--nope"))


class Verify(e2e.EndToEnd):
    def test_log_that_differs(self):
        self.simsched("export", "scx_simple", "-o", "x")
        key = [5, 100_000_000, 20_000_000, 0, 0, 0, 0, 0]  # slept long: a slice behind the queue

        def log(out):
            record = (1).to_bytes(8, "little") + (0).to_bytes(4, "little") + (1).to_bytes(4, "little")
            record += b"".join(value.to_bytes(8, "little") for value in key) + out.to_bytes(8, "little")
            (self.scratch / "log").write_bytes(record * 10)
            return "log"

        self.assertIn("10 decisions of 1 kinds, 0 different",
                      self.simsched("verify", "x", "--log", log(80_000_000)).stdout)
        differs = self.simsched("verify", "x", "--log", log(80_000_001), code=1)
        self.assertIn("10 different", differs.stdout)
        self.assertIn("the kernel's 80000001, here 80000000", differs.stdout)
        (self.scratch / "log").write_bytes(b"short")
        self.assertIn("is no log of decisions", self.error("verify", "x", "--log", "log"))
        (self.scratch / "log").write_bytes(b"")
        self.assertIn("holds no decisions", self.error("verify", "x", "--log", "log"))

    def test_a_virtual_machine_that_dies_at_once(self):
        self.simsched("export", "scx_simple", "-o", "x")
        machine = self.write("qemu-system-x86_64", "#!/bin/sh\necho no memory >&2\nexit 1\n")
        machine.chmod(0o755)
        kernel = self.write("vmlinuz", "")
        with unittest.mock.patch.dict(os.environ, PATH=f"{self.scratch}:{os.environ['PATH']}"):
            said = self.simsched("verify", "x", "--vm", "--quick", "--kernel", kernel, code=1).stdout
        self.assertIn("it died (QEMU ended with 1): no memory", said)


if __name__ == "__main__":
    e2e.main()
