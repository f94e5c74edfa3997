"""simsched validate and import: the forms of their output. How well a recording is met is tested elsewhere."""

import json

import e2e


class Validate(e2e.EndToEnd):
    def validate(self, trace, *arguments):
        """Exit code 1, outside tolerance, is as good as 0 here."""
        report = self.scratch / "v.json"
        arguments = ["validate", trace, "--json", report, "--seeds", 3, *arguments]
        try:
            done = self.simsched(*arguments)
        except AssertionError:
            done = self.simsched(*arguments, code=1)
        return done, json.loads(report.read_text())

    def test_json_and_table(self):
        done, report = self.validate(e2e.SAMPLE, "--perfetto", "t.perfetto")
        self.assertEqual(done.returncode, 0 if report["ok"] else 1)
        self.assertEqual(report["seeds"], 3)
        metrics = {metric["name"]: metric for metric in report["metrics"]}
        for name in ["makespan_ns", "context_switches", "context_switches_involuntary", "wakeups", "migrations",
                     "migrations_wakeup_task", "migrations_balance", "forks_placed_away_ppm", "wake_latency_ns_p50",
                     "wake_latency_ns_p90", "wake_latency_ns_p99", "wake_latency_ns_mean", "wake_latency_distance_ppm",
                     "cpu0_busy_ns", "cpu1_busy_ns", "run_ns of cc1", "wait_ns of cc1", "waits_free_ppm"]:
            self.assertIsNotNone(metrics[name]["tolerance"], name)
        for name, metric in metrics.items():
            self.assertIn(name, done.stdout)
            self.assertLessEqual(metric["min"], metric["simulated"])
            self.assertLessEqual(metric["simulated"], metric["max"])
            if name.endswith("_ppm"):
                continue
            error = (metric["simulated"] - metric["recorded"]) / max(metric["recorded"], 1)
            self.assertAlmostEqual(metric["error"], error, places=5)
            if metric["verdict"] in ["yes", "NO"]:
                within = abs(error) <= metric["tolerance"] or \
                    abs(metric["simulated"] - metric["recorded"]) <= metric["tolerance_absolute"]
                self.assertEqual(metric["verdict"] == "yes", within, metric)
        for metric in metrics.values():
            self.assertEqual(metric["ok"], metric["verdict"] in ["", "yes"])
        self.assertEqual(report["ok"], all(metric["verdict"] != "NO" for metric in metrics.values()))
        self.assertEqual(bool(report["likely"]), not report["ok"])
        self.assertIn("switches out of idle were not recorded on CPU 1", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^(within|outside) tolerance: replayed \S+ s of \S+ s$")
        self.assertGreater((self.scratch / "t.perfetto").stat().st_size, 1000)

    def test_several_recordings_widen_the_range(self):
        for name in ["a", "b"]:
            self.simsched("import", e2e.SAMPLE, "-o", f"{name}.simtrace")
        one, two = self.validate("a.simtrace")[1], self.validate("a.simtrace", "b.simtrace")[1]
        self.assertEqual(two["traces"], ["a.simtrace", "b.simtrace"])
        for single, double in zip(one["metrics"], two["metrics"]):
            self.assertEqual({**single}, {**double}, "the same recording twice is no more than once")
        self.assertIn("--runs 3", str(one["likely"]))
        self.assertNotIn("--runs 3", str(two["likely"]))
        self.assertIn("--recorded", self.error("validate", "a.simtrace", "b.simtrace", "--recorded", "x.yaml"))

    def test_jobs_do_not_matter(self):
        self.assertEqual(self.validate(e2e.SAMPLE, "--jobs", 1)[1], self.validate(e2e.SAMPLE, "--jobs", 3)[1])

    def test_an_imported_trace_replays_alike(self):
        done = self.simsched("import", e2e.SAMPLE, "-o", "small-build-j4.simtrace")
        self.assertIn("wrote small-build-j4.simtrace", done.stdout)
        results = []
        for name, trace in [("a", e2e.SAMPLE), ("b", "small-build-j4.simtrace")]:
            config = self.write(f"{name}.yaml", f"workload: {{trace: {trace}}}\npolicies: [eevdf, cfs]\nseeds: 2\n")
            self.simsched("run", config)
            results.append((self.scratch / f"results/{name}/results.json").read_bytes())
        self.assertEqual(results[0], results[1])
        recorded, imported = self.validate(e2e.SAMPLE)[1], self.validate("small-build-j4.simtrace")[1]
        self.assertEqual(recorded["metrics"], imported["metrics"])

    def test_doubts_are_printed_by_all_that_replay(self):
        line = (" a-5 [000] d..2 {}: sched_switch: prev_comm=a prev_pid=5 prev_prio=120 prev_state={} ==> next_comm=b "
                "next_pid=6 next_prio=120\n")
        self.write("t.txt", line.format("1.1", "S") + "CPU:0 [LOST 5120 EVENTS]\n" + line.format("1.2", "Q") +
                   line.format("1.3", "S") + line.format("1.4", "S")[:60])
        self.write("t.recorded.yaml", "hz: 1000\nmachine: vm-2c\ntasks: [{tree: nobody, nice: 5}]\n")
        config = self.write("c.yaml", "workload: {trace: t.txt}\npolicies: [eevdf]\n")
        for done in [self.simsched("import", "t.txt", "-o", "t.simtrace"), self.validate("t.txt")[0],
                     self.validate("t.simtrace")[0], self.simsched("run", config)]:
            self.assertIn("5,120 events lost while recording, 1 events that cannot be read", done.stdout)
            self.assertIn("1 end that is cut off", done.stdout)
            self.assertIn("t.txt:3: prev_state 'Q' is none that is known", done.stdout)
            self.assertIn("assumed     Linux 6.12, preempt none, the kernel's own base slice, no autogroup", done.stdout)
            self.assertIn("no task is called 'nobody'", done.stdout)
            self.assertNotIn("HZ=1000, preempt", done.stdout)

    def test_limit_replays_the_beginning(self):
        for name, limit in [("half", ", limit: 800ms"), ("whole", "")]:
            config = self.write(f"{name}.yaml", f"workload: {{trace: {e2e.SAMPLE}{limit}}}\npolicies: [eevdf]\n")
            self.simsched("run", config)
        half, whole = [json.loads((self.scratch / f"results/{name}/results.json").read_text())["results"][0]
                       for name in ["half", "whole"]]
        self.assertLess(half["metrics"]["makespan_ns"], whole["metrics"]["makespan_ns"])


e2e.main()
