"""run(): the same as `simsched run`, and errors that say where."""

import json
import os
import pathlib
import pickle
import signal
import tempfile
import threading
import time
import unittest

import pandas
import simsched
from testing import QUICKSTART, SAMPLE, command, run, small


class LikeTheCommand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="simsched-python-")
        cls.printed = command("run", QUICKSTART, "-o", cls.folder.name)
        cls.json = pathlib.Path(cls.folder.name, "results.json").read_text()
        cls.results = run(QUICKSTART)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_results_json_is_the_same_to_the_byte(self):
        self.assertEqual(self.results.to_json(), self.json)
        self.assertEqual(self.results.to_dict(), json.loads(self.json))

    def test_csv_is_the_same_and_save_writes_both(self):
        csv = pathlib.Path(self.folder.name, "results.csv").read_text()
        self.assertEqual(self.results.to_csv(), csv)
        with tempfile.TemporaryDirectory() as folder:
            self.results.save(pathlib.Path(folder, "a", "b"))
            self.assertEqual(pathlib.Path(folder, "a/b/results.json").read_text(), self.json)
            self.assertEqual(simsched.load_results(pathlib.Path(folder, "a/b")).to_json(), self.json)

    def test_the_table_is_the_one_that_is_printed(self):
        self.assertIn(self.results.table(width=0), self.printed)
        for note in self.results.notes:
            self.assertIn(note, self.printed)
        self.assertIn("makespan", self.results._repr_html_())

    def test_the_data_frame_has_every_figure(self):
        frame = self.results.runs
        self.assertEqual(len(frame), 12)
        for row, result in zip(frame.to_dict("records"), json.loads(self.json)["results"]):
            for name, value in result["metrics"].items():
                self.assertEqual(row[name], value, name)
            for group in ("task_time", "cpu_time"):
                for name, value in result[group].items():
                    self.assertEqual(row[f"{group}_{name}"], value)
            for cls, values in result["counters"].items():
                for name, value in values.items():
                    self.assertEqual(row[f"{cls}_{name}"], value)
            self.assertEqual((row["policy"], row["machine"], row["workload"], row["seed"]),
                             (result["policy"], result["machine"], result["workload"], result["seed"]))
        csv = pandas.read_csv(pathlib.Path(self.folder.name, "results.csv"))
        self.assertEqual(list(csv.columns), list(frame.columns))

    def test_the_same_whatever_the_number_of_jobs(self):
        self.assertEqual(run(QUICKSTART, jobs=1, seeds=2).to_json(), run(QUICKSTART, jobs=3, seeds=2).to_json())

    def test_where_time_went_adds_up(self):
        frame = self.results.task_time
        parts = [name for name in frame.columns if name.endswith("_ns") and name != "lifetime_ns"]
        self.assertTrue((frame[parts].sum(axis=1) == frame["lifetime_ns"]).all())
        self.assertEqual(len(self.results.cpu_time), 3 * 2 * (2 + 32))


class Configs(unittest.TestCase):
    def test_a_dict_its_text_and_a_file_are_the_same(self):
        config = small(seeds=2)
        text = ("machine: vm-2c\nworkload: {fork_join: {jobs: 4, total: 12, work: 2ms}}\n"
                "policies: [eevdf]\nseeds: 2\n")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "c.yaml")
            path.write_text(text)
            wanted = run(path).to_json()
        self.assertEqual(run(config).to_json(), wanted)
        self.assertEqual(run(text).to_json(), wanted)

    def test_figures_of_each_task(self):
        results = run(small(output={"tasks": True}))
        tasks = results.tasks
        listed = results.to_dict()["results"][0]["tasks"]
        self.assertEqual(len(tasks), len(listed))
        self.assertEqual(list(tasks["task"]), list(listed))
        for row in tasks.to_dict("records"):
            for figure, value in listed[row["task"]].items():
                self.assertEqual(row[figure], value)
            self.assertEqual(row["task"], f"{row['name']}[{row['pid']}]")
        self.assertEqual(len(run(small()).tasks), 0)

    def test_a_column_that_not_every_run_has_stays_whole(self):
        frame = run(small(["eevdf", "scx_simple"])).runs
        self.assertEqual(str(frame["ext_calls_enqueue"].dtype), "Int64")
        self.assertTrue(frame["ext_calls_enqueue"].isna().tolist(), [True, False])

    def test_a_recording_by_path_from_the_current_folder(self):
        results = run({"workload": {"trace": SAMPLE}, "policies": ["eevdf"]})
        self.assertEqual(results[0].machine, "vm-2c")

    def test_seeds_instead_of_those_of_the_config(self):
        self.assertEqual(list(run(small(seeds=1), seeds=3).runs["seed"]), [1, 2, 3])

    def test_results_side_by_side(self):
        both = run(small()) + run(small(["cfs"]))
        self.assertIn("cfs", repr(both))
        self.assertEqual(both.find(policy="cfs").policy, "cfs")
        with self.assertRaises(KeyError):
            both.find(policy="none")


class Mistakes(unittest.TestCase):
    def error(self, config, **more):
        with self.assertRaises(simsched.Error) as caught:
            run(config, **more)
        return caught.exception

    def test_file_line_what_and_advice(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "bad.yaml")
            path.write_text("machine: vm-2c\nworkload: hogs\npolicies: [eevdv]\n")
            error = self.error(path)
        self.assertEqual((error.file, error.line), (str(path), 3))
        self.assertIn("eevdv", error.what)
        self.assertIn("eevdf", error.advice)
        self.assertEqual(str(error), f"{path}:3: {error.what}; {error.advice}")

    def test_of_a_dict_the_place_in_the_dict(self):
        error = self.error(small(["eevdf", {"eevdf": {"base_slice_ns": "3 parsecs"}}]))
        self.assertEqual((error.file, error.line), ("policies[1].eevdf.base_slice_ns", None))
        self.assertEqual(self.error({**small(), "workload": {"hogs": {"task": 3}}}).file, "workload.hogs.task")
        self.assertEqual(self.error({**small(), "machine": "vm-3c"}).file, "machine")

    def test_what_cannot_be_in_a_config(self):
        self.assertEqual(self.error({**small(), "seeds": float("nan")}).file, "seeds")
        self.assertIn("object", self.error({**small(), "seeds": object()}).what)
        circle = small()
        circle["policies"].append(circle["policies"])
        self.assertIn("contains itself", self.error(circle).what)
        for config in (None, 3, {}, "", "nothing.yaml", [], {"policies": []}, "a: b", "\n"):
            self.error(config)
        for more in ({"seeds": 0}, {"seeds": 10**9}, {"jobs": -1}, {"jobs": 10**6}, {"record": "last"}):
            self.error(small(), **more)

    def test_an_error_can_be_sent_to_another_process(self):
        error = self.error(small(["eevdv"]))
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((str(again), again.file, again.advice), (str(error), error.file, error.advice))

    def test_results_that_are_none(self):
        for path in ("/nothing", SAMPLE, QUICKSTART):
            with self.assertRaises(simsched.Error):
                simsched.load_results(path)


class Long(unittest.TestCase):
    LONG = {"machine": "vm-2c", "workload": {"ping_pong": {"rounds": 1_000_000_000}}, "policies": ["eevdf"]}

    def test_ctrl_c_ends_it(self):
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        began = time.monotonic()
        with self.assertRaises(KeyboardInterrupt):
            run(self.LONG)
        self.assertLess(time.monotonic() - began, 30)

    def test_progress_is_told_and_may_end_it(self):
        told = []
        simsched.run(small(seeds=4), jobs=1, progress=lambda done, total: told.append((done, total)))
        self.assertEqual(told[-1], (4, 4))
        self.assertEqual(sorted(told), told)

        def stop(done, total):
            raise RuntimeError("enough")
        with self.assertRaisesRegex(RuntimeError, "enough"):
            simsched.run(small(seeds=4), progress=stop)

    def test_other_threads_of_python_go_on(self):
        count = 0
        running = True

        def work():
            nonlocal count
            while running:
                count += 1
                time.sleep(0.001)
        thread = threading.Thread(target=work)
        thread.start()
        before = count
        run({"machine": "numa-8n", "workload": {"fork_join": {"jobs": 64, "total": 3000}}, "policies": ["eevdf"]})
        after = count
        running = False
        thread.join()
        self.assertGreater(after, before)


if __name__ == "__main__":
    unittest.main()
