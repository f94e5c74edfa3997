"""simsched compare: the gate for CI, on what simsched run has written."""

import copy
import json
import xml.etree.ElementTree

import e2e

BASELINE = e2e.SOURCE / "tests/baseline"


class Compare(e2e.EndToEnd):
    def setUp(self):
        super().setUp()
        self.simsched("run", e2e.QUICKSTART, "-q", "-o", "now", "--seeds", 2)
        self.results = json.loads((self.scratch / "now/results.json").read_text())

    def changed(self, change):
        """A copy of the results, with change(run) made to each run."""
        results = copy.deepcopy(self.results)
        for run in results["results"]:
            change(run)
        return self.write("changed.json", json.dumps(results))

    def slower(self):
        def change(run):
            if run["policy"] == "cfs" and run["machine"] == "vm-2c":
                run["metrics"]["makespan_ns"] = run["metrics"]["makespan_ns"] * 105 // 100
        return self.changed(change)

    def test_this_version_is_where_the_last_one_was(self):
        done = self.simsched("compare", BASELINE / "quickstart.json", "now", "--tolerances",
                             BASELINE / "tolerances.yaml", code=None)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_same_is_no_regression(self):
        text = self.simsched("compare", "now", "now/results.json").stdout
        self.assertEqual(text, "no regression: all 20 figures are the same\n")

    def test_what_is_slower_is_found_and_told_in_every_form(self):
        done = self.simsched("compare", "now", self.slower(), "--markdown", "s.md", "--junit", "j.xml", "--json",
                             "c.json", code=1)
        self.assertRegex(done.stdout, r"cfs +makespan_ns .* \+5\.0% ±[\d.]+ +2 % +WORSE\n")
        self.assertIn("1 of 20 figures are worse", done.stdout)
        self.assertRegex((self.scratch / "s.md").read_text(), r"\| vm-2c \| cfs \| `makespan_ns` \|.*\*\*WORSE\*\* \|")
        suites = xml.etree.ElementTree.parse(self.scratch / "j.xml").getroot()
        self.assertEqual((suites.get("tests"), suites.get("failures")), ("20", "1"))
        failed = [case.get("name") for case in suites.iter("testcase") if case.find("failure") is not None]
        self.assertEqual(failed, ["makespan_ns"])
        figures = json.loads((self.scratch / "c.json").read_text())["figures"]
        self.assertEqual([f["policy"] for f in figures if f["verdict"] == "WORSE"], ["cfs"])

    def test_tolerances_come_from_a_file(self):
        tolerances = self.write("t.yaml", "metrics:\n  makespan_ns: 6%\n")
        self.simsched("compare", "now", self.slower(), "--tolerances", tolerances)
        self.assertIn("t.yaml:2: makespan_ns is '6'",
                      self.error("compare", "now", "now", "--tolerances", self.write("t.yaml", "metrics:\n  makespan_ns: 6\n")))

    def test_a_run_that_fails_is_a_regression(self):
        def fail(run):
            if run["seed"] == 2 and run["policy"] == "eevdf" and run["machine"] == "vm-2c":
                run.update(status="stalled", exit_code=42)
        done = self.simsched("compare", "now", self.changed(fail), code=1)
        self.assertIn("FAILED  eevdf on vm-2c, seed 2: stalled", done.stdout)

    def test_markdown_on_standard_output_is_alone_there(self):
        done = self.simsched("compare", "now", self.slower(), "--markdown", "-", code=1)
        self.assertTrue(done.stdout.startswith("### "))
        self.assertIn("figures are worse", done.stderr)


e2e.main()
