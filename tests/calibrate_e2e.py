"""simsched calibrate: costs from a recording are written beside it, read back, and used by validate."""

import shutil

import e2e


class Calibrate(e2e.EndToEnd):
    def copy(self):
        name = "small-build-j4"
        for file in (e2e.SOURCE / "traces/samples").glob(name + ".*"):
            shutil.copy(file, self.scratch)
        return next(self.scratch.glob(name + ".perf.data*"))

    def test_a_recording_is_replayed_with_its_own_costs(self):
        trace = self.copy()
        before = self.simsched("validate", trace, "--seeds", 1, code=None).stdout
        done = self.simsched("calibrate", trace)
        self.assertIn("resched_hardirq", done.stdout)
        costs = self.scratch / "small-build-j4.costs.yaml"
        self.assertIn(f"wrote {costs}", done.stdout)
        self.assertRegex(costs.read_text(), r"(?m)^  resched_hardirq_ns: \[\d+, \d+, \d+, \d+, \d+\]  # \d+ samples$")
        after = self.simsched("validate", trace, "--seeds", 1, code=None).stdout
        self.assertIn("costs of the machine are those of small-build-j4.costs.yaml", after)
        self.assertNotIn("costs.yaml", before)
        # Calibrating anew measures the recording, not what the file says.
        text = costs.read_text()
        self.simsched("calibrate", trace)
        self.assertEqual(costs.read_text(), text)

    def test_a_machine_file_may_name_it(self):
        costs = self.write("c.yaml", "smt_share: 700\ncosts: {stopper_ns: 1234}\n")
        machine = self.write("m.yaml", f"preset: desktop-2llc\ncosts: {costs.name}\n")
        table = self.simsched("topo", machine).stdout
        self.assertRegex(table, r"stopper_ns +1234\n")
        self.assertIn("smt_share 700", table)

    def test_bad_costs(self):
        machine = self.write("m.yaml", "preset: vm-2c\ncosts: c.yaml\n")
        self.assertIn("c.yaml", self.simsched("topo", machine, code=2).stderr)
        self.write("c.yaml", "costs:\n  stopper: 1\n")
        self.assertIn("c.yaml:2: ", self.simsched("topo", machine, code=2).stderr)
        self.write("c.yaml", "costs: {stopper_ns: 1\n")
        self.assertRegex(self.simsched("topo", machine, code=2).stderr, r"c\.yaml:\d+: this is not YAML")


if __name__ == "__main__":
    e2e.main()
