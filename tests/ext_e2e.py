"""sched_ext policies: those that come with simsched, others from source, and what is wrong with bad ones."""

import json

import e2e

# A scheduler that works, with a place for what it does wrong.
SCHEDULER = """
#include <scx/common.bpf.h>
char _license[] SEC("license") = "GPL";
UEI_DEFINE(uei);
const volatile u64 slice_us = 20000;
const volatile bool fail = true;
u64 counters[8], nr_enqueued;
struct task_struct *kept;
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, u32); __type(value, u64); } map SEC(".maps");
%(globals)s
void BPF_STRUCT_OPS(own_enqueue, struct task_struct *p, u64 enq_flags)
{
	nr_enqueued++;
	if (fail && nr_enqueued == 100) { %(wrong)s }
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, slice_us * 1000, enq_flags);
}
s32 BPF_STRUCT_OPS_SLEEPABLE(own_init) { return 0; }
void BPF_STRUCT_OPS(own_exit, struct scx_exit_info *ei) { UEI_RECORD(uei, ei); }
SCX_OPS_DEFINE(own_ops, .enqueue = (void *)own_enqueue, .init = (void *)own_init, .exit = (void *)own_exit,
	       .timeout_ms = 1000, .name = "own");
"""

RECURSION = """
static __noinline u64 deep(u64 n) { u64 frame[8]; for (int i = 0; i < 8; i++) frame[i] = n + i;
	return n == 0 ? frame[3] : deep(n - 1) + ((volatile u64 *)frame)[n & 7]; }
"""

# What goes wrong, in which exit code it ends, and what the one line says.
HOSTILE = {
    "null-write": ("*(volatile u64 *)0 = 1;", 43, "writes 8 bytes at 0x0"),
    "wild": ("nr_enqueued = *(volatile u64 *)0xdeadbeef00;", 43, "reads 8 bytes at 0xdeadbeef00"),
    "index": ("counters[nr_enqueued * 7] = 1;", 43, "out of its bounds"),
    "map": ("u32 key = 100; u64 *value = bpf_map_lookup_elem(&map, &key); *value = 1;", 43, "writes 8 bytes at 0x0"),
    "kernel": ("*(volatile int *)&p->pid = 1;", 43, "writes"),
    "endless": ("for (volatile u64 i = 0; i < ~0ULL; i++) ;", 44, "does not return"),
    "recursion": ("nr_enqueued += deep(1000000);", 43, ""),
    "bogus-dsq": ("scx_bpf_dsq_insert(p, 0xbad, 0, enq_flags); return;", 43, "non-existent DSQ 0xbad for"),
    "own-error": ('scx_bpf_error("enough: %d", 7);', 43, "enough: 7"),
    "stall": ("return;", 42, "failed to run for 1."),
}

BUILD = f"machine: vm-2c\nworkload: {{trace: {e2e.SAMPLE}}}\n"


class Ext(e2e.EndToEnd):
    def scheduler(self, name, wrong="", extra=""):
        return self.write(f"{name}.bpf.c", SCHEDULER % {"wrong": wrong, "globals": extra})

    def results(self, folder):
        return json.loads((self.scratch / folder / "results.json").read_text())["results"]

    def test_shipped_policies_on_three_machines(self):
        self.simsched("run", e2e.SOURCE / "configs/sched_ext.yaml", "-o", "o", "--seeds", 1)
        runs = self.results("o")
        self.assertEqual(len(runs), 24)
        for run in runs:
            self.assertEqual(run["status"], "ok", run["policy"])
            if run["policy"] == "eevdf":
                continue
            ext = run["counters"]["ext"]
            self.assertGreater(ext["calls_enqueue"], 0)
            if run["policy"].startswith("scx_rusty"):
                parts = ["wake_sync", "sync_prev_idle", "prev_idle", "greedy_idle", "pinned", "direct", "direct_greedy",
                         "direct_greedy_far", "dsq", "greedy_local", "greedy_xnuma"]
                self.assertEqual(sum(ext[part] for part in parts), ext["total"])
                self.assertGreater(ext["total"], 100)
            if run["policy"] == "scx_gate":
                self.assertEqual(ext["stay"] + ext["move"] + ext["fallback"], ext["decided"])
                self.assertGreater(ext["decided"], 100)

    def test_a_scheduler_from_source_and_its_options(self):
        self.scheduler("own")
        config = self.write("c.yaml", BUILD + "policies:\n  - {bpf: own.bpf.c, fail: false}\n"
                                      "  - {bpf: own.bpf.c, fail: false, slice_us: 1000, label: short}\n"
                                      "  - {bpf: own.bpf.c, fail: false, costs: {enqueue: 50us}, label: dear}\n")
        self.simsched("run", config, "-o", "o")
        plain, short, dear = self.results("o")
        self.assertEqual(plain["policy"], "own(fail=false)")
        self.assertGreater(short["metrics"]["context_switches_involuntary"],
                           plain["metrics"]["context_switches_involuntary"])
        self.assertGreater(dear["cpu_time"]["overhead_ns"], plain["cpu_time"]["overhead_ns"] + 10_000_000)

    def test_a_model_from_a_file(self):
        model = (e2e.SOURCE / "tests/fuzz/corpus/model_file/q21.bin").read_bytes()
        (self.scratch / "m.bin").write_bytes(model)
        (self.scratch / "cut.bin").write_bytes(model[:1000])
        text = BUILD + "policies: [scx_gate, scx_gate: {model: %s}]\n"
        self.simsched("run", self.write("c.yaml", text % "m.bin"), "-o", "o")
        random, other = self.results("o")
        self.assertNotEqual(random["counters"]["ext"]["stay"], other["counters"]["ext"]["stay"])
        done = self.simsched("run", self.write("c.yaml", text % "cut.bin"), "-o", "p", code=2)
        self.assertIn("the model file is cut off", done.stderr)

    def test_hostile_schedulers_end_alone(self):
        text = BUILD + "policies:\n  - eevdf\n"
        for name, (wrong, _, _) in HOSTILE.items():
            self.scheduler(name, wrong, RECURSION if name == "recursion" else "")
            text += f"  - {{bpf: {name}.bpf.c, label: {name}}}\n"
        text += "  - scx_simple\n"
        done = self.simsched("run", self.write("c.yaml", text), "-o", "o", "--jobs", 2, code=43)
        runs = {run["policy"]: run for run in self.results("o")}
        for name, (_, code, message) in HOSTILE.items():
            self.assertEqual(runs[name]["exit_code"], code, runs[name]["status"])
            self.assertIn(message, runs[name]["status"])
            self.assertIn(runs[name]["status"], done.stdout)
            self.assertNotRegex(done.stdout, rf"(?m)^{name} .*\*", "what was thrown out is best of nothing")
            # Thrown out, and every task lived on under the fair class.
            self.assertGreater(runs[name]["metrics"]["makespan_ns"], 1_000_000_000)
        quiet = self.simsched("run", self.scratch / "c.yaml", "-q", "-o", "q", code=43)
        self.assertEqual(quiet.stdout, "")
        lines = quiet.stderr.splitlines()
        self.assertEqual(sum(line.startswith("simsched: error: ") for line in lines), len(HOSTILE))
        defaults = "ended with an error; options that its loader may set are as in its source: slice_us, fail"
        self.assertEqual(sorted(line for line in lines if not line.startswith("simsched: error: ")),
                         [f"simsched: note: {name} {defaults}" for name in ["own-error", "stall"]])
        for name in HOSTILE:
            self.assertIn(f"simsched: error: {name} on vm-2c, seed 1: {runs[name]['status']}\n", quiet.stderr)
        alone = self.write("alone.yaml", BUILD + "policies: [eevdf, scx_simple]\n")
        self.simsched("run", alone, "-o", "a")
        for run in self.results("a"):
            self.assertEqual(run, runs[run["policy"]])

    def test_exit_codes(self):
        for name in ["stall", "endless", "null-write"]:
            wrong, code, _ = HOSTILE[name]
            self.scheduler(name, wrong)
            config = self.write("c.yaml", BUILD + f"policies: [{{bpf: {name}.bpf.c}}]\n")
            self.simsched("run", config, "-o", "o", code=code)

    def test_the_first_published_packet_scheduler_stalls(self):
        # A task that may use CPU 1 only, beside load: nobody ever kicks CPU 1, and even CPUs may not take it.
        circumstances = e2e.SAMPLE.with_name("small-build-j4.recorded.yaml").read_text()
        recorded = self.write("bound.yaml", circumstances + "tasks: [{tree: cc1, cpus: '1'}]\n")
        config = self.write("c.yaml", f"machine: vm-2c\nworkload: {{trace: {e2e.SAMPLE}, recorded: {recorded}}}\n"
                                      "policies:\n  - scx_packet: {mode: first}\n")
        done = self.simsched("run", config, "-o", "o", code=42)
        self.assertRegex(self.results("o")[0]["status"], r"runnable task stall.*: \S+\[\d+\] failed to run for \d+\.\d{3}s")
        self.assertIn("runnable task stall", done.stdout)

    def test_jobs_do_not_matter(self):
        config = self.write("c.yaml", BUILD + "policies: [scx_simple, scx_packet, scx_rusty]\nseeds: 2\n")
        for jobs in [1, 2, 4]:
            self.simsched("run", config, "-o", f"o{jobs}", "--jobs", jobs)
        for jobs in [2, 4]:
            self.assertEqual((self.scratch / "o1/results.json").read_bytes(),
                             (self.scratch / f"o{jobs}/results.json").read_bytes())

    def test_hotplug_restarts_a_scheduler_that_cannot_handle_it(self):
        config = self.write("c.yaml", BUILD + "policies: [scx_simple, eevdf]\n"
                                      "hotplug: [{at: 200ms, cpu: 1, online: false}, {at: 900ms, cpu: 1, online: true}]\n")
        self.simsched("run", config, "-o", "o")
        simple, eevdf = self.results("o")
        self.assertEqual(simple["counters"]["ext"]["restarts"], 2)
        self.assertEqual(simple["status"], "ok")
        self.assertEqual(eevdf["status"], "ok")

    def test_bad_input(self):
        self.scheduler("own")
        self.write("broken.bpf.c", "#include <scx/common.bpf.h>\nint x = y;\n")
        self.write("none.bpf.c", '#include <scx/common.bpf.h>\nchar _license[] SEC("license") = "GPL";\n')
        for policy, message in [
            ("{bpf: missing.bpf.c}", "c.yaml:4: there is no file missing.bpf.c"),
            ("{bpf: broken.bpf.c}", "broken.bpf.c:2"),
            ("{bpf: none.bpf.c}", "none"),
            ("{bpf: own.bpf.c, slice_u: 3}", "slice_us"),
            ("{bpf: own.bpf.c, slice_us: many}", "slice_us"),
            ("{bpf: own.bpf.c, maps: {mop: 3}}", "map"),
            ("{bpf: own.bpf.c, costs: {enqueu: 3}}", "costs.enqueue"),
            ("{scx_rusty: {balancer: maybe}}", "as_designed"),
            ("{scx_simple: {fif: true}}", "fifo"),
        ]:
            self.assertIn(message, self.error("run", self.write("c.yaml", BUILD + f"policies:\n  - {policy}\n")))


e2e.main()
