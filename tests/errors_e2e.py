"""Bad input: one line that says where, what, and what to do; exit code 2; nothing left behind."""

import e2e

CONFIG = "machine: vm-2c\nworkload: {ping_pong: {}}\npolicies: [eevdf]\n"


class Errors(e2e.EndToEnd):
    def test_usage(self):
        self.assertIn("--help", self.error())
        self.assertIn("there is no command 'runn'; did you mean 'run'?", self.error("runn", "c.yaml"))
        self.assertIn("run --help", self.error("run"))
        self.error("run", "c.yaml", "--no-such-option")
        self.error("run", e2e.QUICKSTART, "--jobs", "0")
        self.error("run", e2e.QUICKSTART, "--seeds", "many")
        self.error("import", e2e.SAMPLE)

    def test_unknown_names(self):
        self.assertIn("eevdf", self.error("run", e2e.QUICKSTART, "--policy", "eevdff"))
        self.assertIn("eevdf", self.error("validate", e2e.SAMPLE, "--policy", "eevdff"))
        self.assertIn("eevdf", self.error("policies", "eevdff"))
        self.assertIn("server", self.error("workloads", "servers"))
        self.assertIn("vm-2c", self.error("topo", "vm-2d"))
        self.error("validate", e2e.SAMPLE, "--machine", "vm-2d")

    def test_missing_files(self):
        self.assertIn("no-such.yaml", self.error("run", "no-such.yaml"))
        self.assertIn("no-such.data", self.error("validate", "no-such.data"))
        self.assertIn("no-such.data", self.error("import", "no-such.data", "-o", "x"))
        self.assertIn("no-such.yaml", self.error("topo", "no-such.yaml"))
        config = self.write("c.yaml", "workload: {trace: no-such.data}\npolicies: [eevdf]\n")
        self.assertIn("c.yaml:1: there is no file no-such.data", self.error("run", config))

    def test_bad_configs(self):
        for lines, place in [
            (CONFIG + "seed: 3\n", "c.yaml:4: "),
            (CONFIG.replace("vm-2c", "vm-2d"), "c.yaml:1: "),
            (CONFIG.replace("vm-2c", "{preset: vm-2c, cpuz: 3}"), "c.yaml:1: "),
            (CONFIG.replace("{}", "{no_such: 1}"), "c.yaml:2: "),
            (CONFIG.replace("{}", "3"), "c.yaml:2: "),
            (CONFIG.replace("ping_pong", "no_such"), "c.yaml:2: "),
            (CONFIG.replace("[eevdf]", "[{eevdf: {no_such: 1}}]"), "c.yaml:3: "),
            (CONFIG.replace("[eevdf]", "[{eevdf: {base_slice_ns: soon}}]"), "c.yaml:3: "),
            (CONFIG.replace("machine: vm-2c", "machines: [vm-2c, vm-2c]"), "c.yaml:1: "),
            (CONFIG + "metrics: [no_such]\n", "c.yaml:4: "),
            (CONFIG + "tasks:\n  - {name: pingg, memory: 30%}\n", "c.yaml:5: no task is called 'pingg'; did you mean 'ping'?"),
            (CONFIG + "tasks:\n  - {name: ping, policy: deadline, period: 1ms}\n", "c.yaml:5: a deadline task has no runtime"),
            (CONFIG + "tasks:\n  - {name: ping, runtime: 1ms, period: 10ms}\n", "c.yaml:5: a runtime is of deadline tasks"),
            (CONFIG.replace("ping_pong", "hogs") + "duration: 1s\ntasks:\n"
             "  - {name: hog, policy: deadline, runtime: 7ms, period: 10ms}\n", "c.yaml:6: hog[1002] asks for 7ms in 10ms"),
            (CONFIG.replace("vm-2c", '"a\\nb"'), "c.yaml:1: "),
            (CONFIG.replace("vm-2c", "no-such.yaml"), "c.yaml:1: there is no file no-such.yaml"),
            (CONFIG.replace("vm-2c", "{hwloc: no-such.xml}"), "c.yaml:1: there is no file no-such.xml"),
            (CONFIG.replace("vm-2c", "/dev/zero"), "/dev/zero: is a device"),
            (CONFIG.replace("[eevdf]", "[{exported: /tmp}]"), "c.yaml:3: '/tmp' is no folder that 'simsched export' wrote"),
            (CONFIG.replace("vm-2c", "juno").replace("[eevdf]", "[{hmp: {down_threshold: 900}}]"),
             "c.yaml:3: down_threshold is 900, above up_threshold, 700"),
            (CONFIG + "metrics: []\n", "c.yaml:4: metrics is empty"),
            (CONFIG.replace("ping_pong", "upf") + "duration: 1s\nmetrics: [packets_voise_served]\n",
             "c.yaml:5: packets_voise_served: no packets are of class 'voise'; did you mean 'voice'?"),
            (CONFIG.replace("ping_pong", "upf"), "c.yaml:2: no task of the workload ever ends the simulation"),
            (CONFIG.replace("{ping_pong: {}}", "{mix: [{hogs: {}, group: web}]}"), "c.yaml:2: there is no group 'web'"),
            ("\x01", "c.yaml"),
            ("- [", "c.yaml"),
            ("", "c.yaml"),
        ]:
            with self.subTest(lines):
                config = self.write("c.yaml", lines)
                self.assertIn(place, self.error("run", config, "-o", "o"))

    def test_cpus_that_a_machine_lacks(self):
        mix = "machine: MACHINE\nduration: 10ms\npolicies: [eevdf]\nworkload:\n  mix:\n  - {hogs: {}, group: g, cpus: \"0-1\"}\n"
        groups = "  groups:\n    g: {weight: 50}\n"
        for machine, lines, place in [
            ("vm-2c", mix.replace("0-1", "0-2,9") + groups, "c.yaml:6: vm-2c has no CPUs 2,9; take of 0-1"),
            ("vm-2c", mix + groups.replace("weight: 50", 'cpus: "2"'), "c.yaml:8: vm-2c has no CPU 2"),
            ("vm-2c", mix + groups.replace("weight: 50", 'changes: [{at: 1ms, cpus: "2"}]'), "c.yaml:8: vm-2c has no CPU 2"),
            ("vm-2c", mix + groups + 'tasks:\n- {name: hog, changes: [{every: 1ms, cpus: ["0", "3"]}]}\n', "c.yaml:10: "),
            ("vm-2c", mix.replace("hogs: {}", "upf: {rings: {cpus: \"5\"}}") + groups, "c.yaml:6: vm-2c has no CPU 5"),
            ("vm-2c", CONFIG.replace("ping_pong: {}", "upf: {rings: {cpus: \"5\"}}"), "c.yaml:2: vm-2c has no CPU 5"),
            ("juno", mix.replace("eevdf", "eevdf, iks").replace("0-1", "5") + groups, "c.yaml:6: juno under iks has no CPU 5"),
        ]:
            with self.subTest(lines):
                config = self.write("c.yaml", lines.replace("MACHINE", machine))
                self.assertIn(place, self.error("run", config, "-o", "o"))

    def test_empty_texts_are_not_left_out(self):
        for option in ["-o", "--csv", "--perfetto"]:
            self.assertIn("is empty", self.error("run", e2e.QUICKSTART, option, ""))
        self.assertIn("--json: is empty", self.error("validate", e2e.SAMPLE, "--json", ""))

    def test_a_recording_shows_no_other_machine(self):
        self.assertIn("iks shows its scheduler another machine than the recorded one",
                      self.error("validate", e2e.SAMPLE, "--policy", "iks", "--machine", "juno"))

    def test_damaged_recordings(self):
        whole = e2e.SAMPLE.read_bytes()
        for name, content in [("empty.data", b""), ("text.data", b"hello"), ("short.data.zst", whole[:len(whole) // 2]),
                              ("header.data", b"PERFILE2" + b"\0" * 20)]:
            with self.subTest(name):
                (self.scratch / name).write_bytes(content)
                self.assertIn(name, self.error("validate", name, "--json", "v.json"))
                self.error("import", name, "-o", "x.simtrace")
                config = self.write("c.yaml", f"machine: vm-2c\nworkload: {{trace: {name}}}\npolicies: [eevdf]\n")
                self.assertIn(name, self.error("run", config))

    def test_hotplug_that_cannot_be(self):
        for change, what in [("{at: 1ms, cpu: 0, online: false}, {at: 2ms, cpu: 1, online: false}", "EBUSY"),
                             ("{at: 1ms, cpu: 2, online: false}", "c.yaml:4: vm-2c has no CPU 2; take of 0-1"),
                             ("{at: 2s, cpu: 1, online: false}", "when the simulation is over")]:
            with self.subTest(change):
                config = self.write("c.yaml", CONFIG + f"hotplug: [{change}]\nduration: 1s\n")
                self.assertIn(what, self.error("run", config))

    def test_a_recording_of_another_machine_asks_for_it(self):
        lines = ["# os release : 6.18.1\n", f" a 5 [{4095:03}] 1.5: sched:sched_switch: prev_comm=a prev_pid=5 "
                 "prev_prio=120 prev_state=S ==> next_comm=b next_pid=6 next_prio=120\n"]
        self.write("big.txt", "".join(lines))
        self.assertIn("was recorded on 4096 CPUs, so not on this computer", self.error("validate", "big.txt"))
        self.assertIn("--machine", self.error("validate", "big.txt"))
        self.assertIn("machine 'vm-2c' has 2", self.error("validate", "big.txt", "--machine", "vm-2c"))
        config = self.write("c.yaml", "workload: {trace: big.txt}\npolicies: [eevdf]\n")
        self.assertIn("machine:", self.error("run", config))
        done = self.simsched("import", "big.txt", "-o", "big.simtrace")
        self.assertIn("assumed     made on 4096 CPUs, all equal, HZ=250, preempt none", done.stdout)
        self.assertIn("made on     Linux 6.18\n", done.stdout)

    def test_what_is_no_recording_of_switches(self):
        self.write("exec.txt", " a 5 [000] 1.5: sched:sched_process_exec: filename=/bin/a pid=5 old_pid=5\n")
        for command in [["validate", "exec.txt"], ["import", "exec.txt", "-o", "x"]]:
            self.assertIn("has no sched_switch events", self.error(*command))

    def test_places_that_cannot_be_written(self):
        self.write("file", "")
        self.assertIn("file", self.error("run", e2e.QUICKSTART, "-o", "file/out"))
        self.error("run", e2e.QUICKSTART, "-o", "out", "--csv", "/proc/no/such/folder.csv")
        self.error("run", e2e.QUICKSTART, "-o", "out", "--perfetto", "/proc/no/such/folder.perfetto")
        self.error("validate", e2e.SAMPLE, "--json", "/proc/no/such/folder.json")
        self.error("import", e2e.SAMPLE, "-o", "/proc/no/such/folder.simtrace")
        self.error("topo", "vm-2c", "--svg", "/proc/no/such/folder.svg", "--json", "m.json")


class KernelFair(e2e.EndToEnd):
    def test_what_cannot_be_compared(self):
        self.assertIn("256 CPUs", self.error("verify", "--kernel-fair", "epyc-2s128c", "--vm", "--kernel", "none"))
        self.assertIn("add --vm", self.error("verify", "--kernel-fair", "vm-8c2n"))
        self.assertIn("hogs_25", self.error("verify", "--kernel-fair", "vm-8c2n", "--kept", ".", "--load", "hogs_2"))
        self.assertIn("--keep", self.error("verify", "--kernel-fair", "vm-8c2n", "--kept", "none"))
        self.assertIn("verify what", self.error("verify"))


e2e.main()
