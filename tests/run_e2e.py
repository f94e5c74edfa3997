"""simsched run: the table, its files, and that they are the same however it is run."""

import csv
import json

import e2e


class Run(e2e.EndToEnd):
    def run_into(self, folder, config, *arguments):
        output = self.scratch / folder
        self.simsched("run", config, "-o", output, *arguments)
        return output

    def test_quickstart(self):
        done = self.simsched("run", e2e.QUICKSTART)
        for part in ["small-build-j4 on vm-2c, 3 seeds", "eevdf", "cfs", "makespan", " * ", "±"]:
            self.assertIn(part, done.stdout)
        self.assertEqual(done.stderr, "")
        results = json.loads((self.scratch / "results/quickstart/results.json").read_text())
        self.assertEqual(results["schema"], "simsched-results/2")
        runs = [(r["machine"], r["policy"], r["seed"]) for r in results["results"]]
        expected = [(m, p, s) for m in ["vm-2c", "desktop-2llc"] for p in ["eevdf", "cfs"] for s in [1, 2, 3]]
        self.assertEqual(runs, expected)
        for result in results["results"]:
            self.assertEqual(result["status"], "ok")
            self.assertGreater(result["metrics"]["makespan_ns"], 0)

    def test_accounting_adds_up(self):
        output = self.run_into("o", e2e.QUICKSTART, "--seeds", 1)
        for result in json.loads((output / "results.json").read_text())["results"]:
            time = result["task_time"]
            self.assertEqual(time["lifetime_ns"], sum(v for k, v in time.items() if k != "lifetime_ns"))
            cpu = result["cpu_time"]
            self.assertEqual(sum(result["cpu_busy_ns"]), cpu["task_ns"] + cpu["overhead_ns"] + cpu["irq_ns"])

    def test_csv_says_the_same_as_json(self):
        output = self.run_into("o", e2e.QUICKSTART, "--seeds", 2, "--csv", "copy.csv")
        results = json.loads((output / "results.json").read_text())["results"]
        rows = list(csv.DictReader((output / "results.csv").open()))
        self.assertEqual(len(rows), len(results))
        for row, result in zip(rows, results):
            expected = {key: value for key, value in result.items() if isinstance(value, (int, str))} | result["metrics"]
            for group in ["task_time", "cpu_time"]:
                expected |= {f"{group}_{key}": value for key, value in result[group].items()}
            for sched_class, counters in result["counters"].items():
                expected |= {f"{sched_class}_{key}": value for key, value in counters.items()}
            self.assertEqual(row, {key: str(value) for key, value in expected.items()})
        self.assertEqual((self.scratch / "copy.csv").read_bytes(), (output / "results.csv").read_bytes())

    def test_figures_of_tasks_and_groups(self):
        (self.scratch / "c.yaml").write_text("""
machine: vm-2c
workload:
  groups: {web: {max: {quota: 20ms, period: 50ms}, groups: {inner: {}}}}
  mix:
    - {hogs: {tasks: 2}, name: hog, group: inner}
    - {periodic: {tasks: 3}, name: beat, changes: [{at: 100ms, nice: 5}]}
policies: [eevdf, scx_simple]
duration: 1s
output: {folder: o, tasks: true}
""")
        self.simsched("run", "c.yaml", "-q")
        results = json.loads((self.scratch / "o/results.json").read_text())["results"]
        for result in results:
            self.assertEqual(sorted(result["groups"]), ["web", "web/inner"])
            self.assertEqual(len([name for name in result["tasks"] if name.startswith("beat[")]), 3)
            ran = sum(figures["run_ns"] for figures in result["tasks"].values())
            self.assertEqual(ran, sum(result["cpu_busy_ns"]))
            self.assertEqual(ran, sum(figures["run_ns"] for figures in result["names"].values()))
            self.assertEqual(result["groups"]["web"]["usage_ns"], result["names"]["hog"]["run_ns"])
            life = {figures["run_ns"] + figures["wait_ns"] + figures["sleep_ns"]
                    for name, figures in result["tasks"].items() if name.startswith("hog[")}
            self.assertEqual(life, {1_000_000_000})
        fair, ext = results
        self.assertAlmostEqual(fair["groups"]["web"]["usage_ns"], 400_000_000, delta=20_000_000)
        self.assertGreater(ext["groups"]["web"]["usage_ns"], 1_000_000_000)  # a quota is the fair class's
        rows = list(csv.DictReader((self.scratch / "o/tasks.csv").open()))
        self.assertEqual({row["of"] for row in rows}, {"task", "name", "group"})
        self.assertEqual(len(rows), sum(len(r["tasks"]) + len(r["names"]) + len(r["groups"]) for r in results))

    def test_jobs_and_repetition_do_not_matter(self):
        one, two, again = [self.run_into(f"o{i}", e2e.QUICKSTART, "--jobs", jobs, "--perfetto", f"t{i}.perfetto")
                           for i, jobs in enumerate([1, 2, 2])]
        for name in ["results.json", "results.csv"]:
            self.assertEqual((one / name).read_bytes(), (two / name).read_bytes())
            self.assertEqual((two / name).read_bytes(), (again / name).read_bytes())
        for policy in ["", "-cfs"]:
            traces = [(self.scratch / f"t{i}{policy}.perfetto").read_bytes() for i in range(3)]
            self.assertGreater(len(traces[0]), 1000)
            self.assertEqual(traces[0], traces[1])
            self.assertEqual(traces[1], traces[2])

    def test_seeds_matter(self):
        results = json.loads((self.run_into("o", e2e.QUICKSTART, "--policy", "eevdf") / "results.json").read_text())
        makespans = {r["metrics"]["makespan_ns"] for r in results["results"] if r["machine"] == "vm-2c"}
        self.assertGreater(len(makespans), 1)

    def test_one_policy_writes_the_trace_as_named(self):
        self.simsched("run", e2e.QUICKSTART, "-o", "new/", "--policy", "cfs", "--perfetto", "new/one.perfetto")
        self.assertTrue((self.scratch / "new/one.perfetto").exists())

    def test_generators_need_no_recording(self):
        config = self.write("g.yaml", "machine: vm-2c\nworkload: {ping_pong: {}}\npolicies: [eevdf]\n"
                                      "duration: 1s\nmetrics: [wakeups]\noutput: from-config\n")
        done = self.simsched("run", config)
        self.assertIn("ping_pong on vm-2c, 1 seed\n", done.stdout)
        self.assertNotIn("±", done.stdout)
        self.assertTrue((self.scratch / "from-config/results.json").exists())

    def test_files_of_rt_app_are_loads_alone_and_in_a_mix(self):
        self.write("app.json", '{"tasks": {"t": {"loop": 5, "run": 2000, "sleep": 8000}},\n "global": {"frag": 1}}')
        config = self.write("r.yaml", "machine: vm-2c\nworkload: {rtapp: app.json}\npolicies: [eevdf]\n")
        done = self.simsched("run", config)
        self.assertIn("rtapp on vm-2c, 1 seed\n", done.stdout)
        self.assertIn("app.json:2: 'frag' in global is no key of rt-app's", done.stdout)
        config = self.write("m.yaml", "machine: vm-2c\npolicies: [eevdf]\nworkload: {mix: [{rtapp: app.json, "
                                      "name: app}, {rtapp: app.json, start: 1s}, {hogs: {tasks: 1, work: 10ms}}]}\n")
        self.simsched("run", config)
        (result,) = json.loads((self.scratch / "results/m/results.json").read_text())["results"]
        names = result["task_time_by_name"]
        self.assertEqual({name: times["work_ns"] for name, times in names.items() if name != "migration"},
                         {"app": 10_000_000, "t-0": 10_000_000, "hog": 10_000_000})
        self.assertGreater(result["metrics"]["makespan_ns"], 1_050_000_000)
        wrong = self.write("w.yaml", "machine: vm-2c\nworkload:\n  rtapp: none.json\npolicies: [eevdf]\n")
        self.assertIn("w.yaml:3: there is no file none.json", self.error("run", wrong))

    def test_deadline_tasks_have_what_they_reserved(self):
        self.write("app.json", '{"tasks": {"t": {"policy": "SCHED_DEADLINE", "dl-runtime": 10000, "dl-period": 50000, '
                               '"loop": -1, "run": 100000}}, "global": {"duration": 2}}')
        config = self.write("d.yaml", "machine: {preset: vm-2c}\nkernel: {hz: 1000}\npolicies: [eevdf, bfs]\nworkload: {mix: "
                                      "[{rtapp: app.json}, {hogs: {tasks: 4}}, {hogs: {tasks: 1}, name: own, policy: deadline, "
                                      "runtime: 30ms, period: 100ms}]}\nduration: 2s\n")
        done = self.simsched("run", config)
        self.assertNotIn("note ", done.stdout)
        for result in json.loads((self.scratch / "results/d/results.json").read_text())["results"]:
            times = result["task_time_by_name"]
            for name, share in [("t-0", 0.2), ("own", 0.3)]:
                ran = times[name]["lifetime_ns"] - times[name]["throttled_ns"] - times[name].get("wait_ns", 0)
                self.assertAlmostEqual(ran / 2e9, share, delta=0.02)

    def test_kinds_of_work_are_given_by_name(self):
        config = "machine: numa-8n\nworkload: {hogs: {tasks: 64, work: 50ms}}\npolicies: [eevdf]\nduration: 1s\n"
        results = []
        for folder, tasks in [("plain", ""), ("waits", "tasks: [{name: 'h*', memory: 90%, footprint: 64MiB}]\n")]:
            output = self.run_into(folder, self.write(folder + ".yaml", config + tasks))
            results.append(json.loads((output / "results.json").read_text())["results"][0])
        plain, waits = results
        self.assertEqual(plain["task_time"]["slowdown_memory_ns"], 0)
        self.assertGreater(waits["task_time"]["slowdown_memory_ns"], waits["task_time"]["work_ns"] // 10)
        self.assertGreater(waits["metrics"]["makespan_ns"], plain["metrics"]["makespan_ns"])

    def test_the_machine_and_kernel_default_to_the_recording(self):
        config = self.write("m.yaml", f"workload: {{trace: {e2e.SAMPLE}}}\npolicies: [eevdf]\n")
        self.assertIn("on vm-2c", self.simsched("run", config).stdout)
        slow = self.write("hz.yaml", f"workload: {{trace: {e2e.SAMPLE}}}\npolicies: [eevdf]\nkernel: {{hz: 100}}\n")
        self.simsched("run", slow)
        as_recorded, at_100_hz = [json.loads((self.scratch / f"results/{name}/results.json").read_text())["results"][0]
                                  for name in ["m", "hz"]]
        self.assertNotEqual(as_recorded["metrics"]["context_switches"], at_100_hz["metrics"]["context_switches"])

    def test_quiet(self):
        done = self.simsched("run", e2e.QUICKSTART, "-q", "-o", "o")
        self.assertEqual((done.stdout, done.stderr), ("", ""))


e2e.main()
