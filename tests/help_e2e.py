"""What the command says about itself."""

import json

import e2e

COMMANDS = ["run", "explain", "validate", "import", "topo", "policies", "workloads", "metrics", "doctor"]


class Help(e2e.EndToEnd):
    def test_help_lists_the_commands(self):
        text = self.simsched("--help").stdout
        for command in COMMANDS:
            self.assertRegex(text, rf"(?m)^  {command} ")

    def test_each_command_explains_itself(self):
        for command in COMMANDS:
            self.assertIn("Usage: simsched " + command, self.simsched(command, "--help").stdout)
        self.assertIn("workload:", self.simsched("run", "--help").stdout)

    def test_version(self):
        self.assertRegex(self.simsched("--version").stdout, r"\Asimsched \d+\.\d+\.\d+\n\Z")

    def test_lists(self):
        self.assertIn("eevdf", self.simsched("policies").stdout)
        self.assertIn("base_slice_ns", self.simsched("policies", "eevdf").stdout)
        self.assertIn("ping_pong", self.simsched("workloads").stdout)
        self.assertIn("requests", self.simsched("workloads", "server").stdout)
        self.assertIn("wake_latency_ns_p99", self.simsched("metrics").stdout)

    def test_the_run_help_shows_a_config_that_works(self):
        lines = self.simsched("run", "--help").stdout.splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith("  machines:"))
        last = next(i for i, line in enumerate(lines) if line.startswith("  seeds:"))
        text = "\n".join(line[2:] for line in lines[first:last + 1])
        config = self.write("c.yaml", text.replace("build.perf.data.zst", str(e2e.SAMPLE)) + "\n")
        self.assertIn("long-slice", self.simsched("run", config).stdout)

    def test_topo(self):
        self.assertIn("2 CPUs", self.simsched("topo", "vm-2c").stdout)
        self.simsched("topo", "desktop-2llc", "--svg", "m.svg", "--dot", "m.dot", "--json", "m.json")
        self.assertIn("<svg", (self.scratch / "m.svg").read_text())
        self.assertIn("graph", (self.scratch / "m.dot").read_text())
        json.loads((self.scratch / "m.json").read_text())
        self.assertEqual(self.simsched("topo", "m.json").stdout, self.simsched("topo", "desktop-2llc").stdout)

    def test_doctor_always_succeeds(self):
        text = self.simsched("doctor").stdout
        for subject in ["perf", "sched_ext", "kernel BTF", "tracefs", "machine"]:
            self.assertIn(subject, text)


e2e.main()
