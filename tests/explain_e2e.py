"""simsched explain: where every second went, from what simsched run has written."""

import json
import xml.etree.ElementTree

import e2e


class Explain(e2e.EndToEnd):
    def setUp(self):
        super().setUp()
        self.simsched("run", e2e.QUICKSTART, "-q", "-o", "r", "--seeds", 2)
        self.file = self.scratch / "r/results.json"
        self.runs = json.loads(self.file.read_text())["results"]

    def explain(self, *arguments):
        return self.simsched("explain", "r", "--policy", "cfs", "--machine", "vm-2c", *arguments).stdout

    def test_says_in_words_what_makes_the_difference(self):
        text = self.explain("--vs", "eevdf")
        self.assertRegex(text, r"\Acfs against eevdf: small-build-j4 on vm-2c, 2 runs of each\n\n"
                               r"cfs (is [\d.]+ %|takes as long)")
        for part in ["points", "cause", "wait", "By name of tasks", "By CPU", "exactly the sum"]:
            self.assertIn(part, " ".join(text.split()))
        self.assertEqual([line for line in text.splitlines() if len(line) > 80], [])
        self.assertEqual(text, self.explain())  # the first other policy

    def test_sums_are_those_of_the_runs_to_the_nanosecond(self):
        self.explain("--json", "why.json")
        why = json.loads((self.scratch / "why.json").read_text())
        self.assertEqual(why["seeds"], [1, 2])
        for side, policy in [("a", "cfs"), ("b", "eevdf")]:
            runs = [run for run in self.runs if run["policy"] == policy and run["machine"] == "vm-2c"]
            for cause in runs[0]["task_time"]:
                total = sum(run["task_time"][cause] for run in runs)
                self.assertEqual(why["task_time"][cause][side], total)
                for groups in ["by_name", "by_role"]:
                    self.assertEqual(sum(g["task_time"][cause][side] for g in why[groups].values()), total)
            for part in ["task_ns", "overhead_ns", "irq_ns", "idle_ns"]:
                self.assertEqual(sum(cpu[part][side] for cpu in why["by_cpu"]), sum(r["cpu_time"][part] for r in runs))
            self.assertEqual(why["idle_wasted_ns"][side], sum(run["metrics"]["idle_wasted_ns"] for run in runs))
        causes = {k: v["difference"] for k, v in why["task_time"].items()}
        self.assertEqual(causes.pop("lifetime_ns"), sum(causes.values()))

    def test_draws_a_picture(self):
        self.assertIn("wrote why.svg", self.explain("--svg", "why.svg"))
        root = xml.etree.ElementTree.parse(self.scratch / "why.svg").getroot()
        text = " ".join(node.text or "" for node in root.iter() if node.tag.endswith("text"))
        for part in ["cfs against eevdf", "work", "wait", "idle while tasks waited"]:
            self.assertIn(part, text)
        done = self.simsched("explain", "r", "--policy", "cfs", "--machine", "vm-2c", "--svg", "-")
        self.assertTrue(done.stdout.startswith("<svg"))
        self.assertIn("cfs against eevdf", done.stderr)

    def test_mistakes(self):
        self.assertIn("did you mean 'cfs'?", self.error("explain", "r", "--policy", "cfg", "--machine", "vm-2c"))
        self.assertIn("choose one with --machine: vm-2c, desktop-2llc", self.error("explain", "r", "--policy", "cfs"))
        self.assertIn("--vs: 'cfs' is the policy itself", self.error("explain", "r", "--policy", "cfs", "--vs", "cfs",
                                                                     "--machine", "vm-2c"))
        self.assertIn("nowhere", self.error("explain", "nowhere", "--policy", "cfs"))

    def test_a_file_of_an_older_version_says_what_to_do(self):
        for run in self.runs:
            for column in ["task_time_by_name", "task_time_by_role", "cpu_overhead_ns"]:
                del run[column]
        old = self.write("old.json", json.dumps({"schema": "simsched-results/2", "results": self.runs}))
        message = self.error("explain", old, "--policy", "cfs", "--machine", "vm-2c")
        self.assertIn("an older simsched left them out; run the experiment again", message)


e2e.main()
