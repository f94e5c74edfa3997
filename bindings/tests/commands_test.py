"""explain, compare, validate, recordings: the same as the command."""

import json
import pathlib
import tempfile
import unittest

import simsched
from testing import QUICKSTART, SAMPLE, command, run, small


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="simsched-python-")
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.results = run(QUICKSTART)
        cls.results.save(cls.folder / "base")

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_explain(self):
        chosen = {"policy": "cfs", "vs": "eevdf", "machine": "vm-2c"}
        explanation = simsched.explain(self.results, **chosen)
        printed = command("explain", self.folder / "base", "--policy", "cfs", "--vs", "eevdf", "--machine", "vm-2c",
                          "--json", self.folder / "why.json", "--svg", self.folder / "why.svg")
        self.assertTrue(printed.startswith(str(explanation)))
        self.assertEqual(explanation.to_dict(), json.loads((self.folder / "why.json").read_text()))
        self.assertEqual(explanation.to_svg(), (self.folder / "why.svg").read_text())
        self.assertEqual(str(simsched.explain(self.folder / "base", **chosen)), str(explanation))
        self.assertIn("<svg", explanation._repr_html_())
        for wrong in ({"policy": "bfs"}, {"policy": "cfs"}, {"policy": "cfs", "machine": "juno"}):
            with self.assertRaises(simsched.Error):
                simsched.explain(self.results, **wrong)

    def test_compare(self):
        new = run({"machines": ["vm-2c", "desktop-2llc"], "workload": {"trace": SAMPLE}, "seeds": 3,
                   "policies": [{"eevdf": {"base_slice_ns": "20ms", "label": "eevdf"}}, "cfs"]})
        new.save(self.folder / "new")
        comparison = simsched.compare(self.results, new)
        printed = command("compare", self.folder / "base", self.folder / "new", "--json", self.folder / "c.json",
                          "--markdown", self.folder / "c.md", "--junit", self.folder / "c.xml")
        self.assertTrue(printed.startswith(str(comparison)))
        self.assertEqual(comparison.to_dict(), json.loads((self.folder / "c.json").read_text()))
        self.assertEqual(comparison.to_markdown(), (self.folder / "c.md").read_text())
        self.assertEqual(comparison.to_junit(), (self.folder / "c.xml").read_text())
        self.assertFalse(simsched.compare(self.results, self.results).regressed)

    def test_tolerances(self):
        new = run(QUICKSTART, seeds=3)
        path = self.folder / "tolerances.yaml"
        path.write_text("metrics: {makespan_ns: 0.1%}\n")
        for tolerances in ({"makespan_ns": "0.1%"}, {"metrics": {"makespan_ns": "0.1%"}}, path,
                           "metrics: {makespan_ns: 0.1%}"):
            self.assertFalse(simsched.compare(self.results, new, tolerances).regressed)
        for wrong in ({"makespan": "1%"}, {"makespan_ns": "much"}, {}, 3, "/none"):
            with self.assertRaises(simsched.Error):
                simsched.compare(self.results, new, wrong)

    def test_validate(self):
        fidelity = simsched.validate(SAMPLE, seeds=3, progress=False)
        printed = command("validate", SAMPLE, "--seeds", 3, "--json", self.folder / "f.json")
        self.assertIn(str(fidelity), printed)
        self.assertEqual(fidelity.to_dict(), json.loads((self.folder / "f.json").read_text()))
        self.assertEqual(list(fidelity.metrics["name"]), [row["name"] for row in fidelity.to_dict()["metrics"]])
        for wrong in ({"traces": []}, {"traces": "/none"}, {"traces": SAMPLE, "seeds": 0},
                      {"traces": SAMPLE, "policy": "evdf"}):
            with self.assertRaises(simsched.Error):
                simsched.validate(progress=False, **wrong)

    def test_a_recording(self):
        recording = simsched.load_trace(SAMPLE)
        self.assertEqual(recording.machine.name, "vm-2c")
        self.assertIn("HZ=", str(recording))
        timeline = recording.timeline()
        self.assertGreater(len(timeline.df_tasks_states()), 100)
        self.assertGreater(timeline.df_cpu_residency()["busy_ns"].min(), 0)
        replayed = run({"workload": {"trace": recording}, "policies": ["eevdf"]})
        self.assertEqual(replayed.to_json(), run({"workload": {"trace": SAMPLE}, "policies": ["eevdf"]}).to_json())
        for wrong in ("/none", QUICKSTART):
            with self.assertRaises(simsched.Error):
                simsched.load_trace(wrong)


class Learning(unittest.TestCase):
    RUNS = {"runs": [{"machine": "vm-8c2n", "workload": {"hackbench": {"groups": 2, "loops": 60}},
                      "policies": ["eevdf"], "seeds": 2}], "sites": ["steal", "balance"]}

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="simsched-python-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def test_a_dataset_and_a_model_are_those_of_the_command(self):
        data = simsched.dataset(self.RUNS, progress=False)
        data.save(self.folder / "mine.sdat")
        (self.folder / "d.yaml").write_text(json.dumps(self.RUNS))
        command("dataset", self.folder / "d.yaml", "-o", self.folder / "theirs.sdat", "-q")
        self.assertEqual((self.folder / "mine.sdat").read_bytes(), (self.folder / "theirs.sdat").read_bytes())
        again = simsched.dataset(self.folder / "mine.sdat")
        self.assertEqual(len(again), len(data))
        frame = data.to_frame()
        self.assertEqual(len(frame), len(data))
        self.assertEqual(frame["moves"].sum(), data.moves.sum())
        self.assertFalse(data.moves.flags.owndata or data.moves.flags.writeable)
        self.assertEqual(set(frame["machine"]), {"vm-8c2n"})

        config = {"data": self.folder / "mine.sdat", "without": ["weight", "lag", "capacity", "cost", "site"], "folds": 2,
                  "grid": {"hidden": [[4]], "activation": ["relu"], "learning_rate": [0.01], "epochs": [5]},
                  "rivals": ["logistic"]}
        training = simsched.train(config, progress=False)
        training.save(self.folder / "mine.smlp")
        (self.folder / "t.yaml").write_text(json.dumps({**config, "data": str(config["data"])}))
        command("train", self.folder / "t.yaml", "-o", self.folder / "theirs.smlp", "-q")
        self.assertEqual((self.folder / "mine.smlp").read_bytes(), (self.folder / "theirs.smlp").read_bytes())
        self.assertEqual(len(training.grid), 1)
        self.assertIn("f1_grouped", training.learners.columns)
        results = run(small([{"rusty_ml": {"model": self.folder / "mine.smlp"}}], machine="vm-8c2n"))
        self.assertEqual(results[0].exit_code, 0)

    SEARCH = {"policy": "scx_gate", "baselines": ["eevdf"],
              "search": {"method": "sep_cma_es", "population": 4, "generations": 3, "scenarios": 1},
              "train": [{"name": "t", "machine": {"cores_per_llc": {"from": 2, "to": 3}},
                         "workload": {"fork_join": {"jobs": 4, "total": 8, "work": "2ms"}}}],
              "validation": {"scenarios": 1, "families": [
                  {"name": "v", "machine": {"preset": "vm-2c"},
                   "workload": {"fork_join": {"jobs": 3, "total": 8, "work": "2ms"}}}]}}

    def test_a_search_goes_on_where_it_was(self):
        whole = simsched.search(self.SEARCH, progress=False)
        self.assertEqual(whole.generation, 3)
        self.assertEqual(len(whole.steps), 3)
        first = simsched.search(self.SEARCH, generations=1, progress=False)
        second = simsched.Search(self.SEARCH)
        second.restore(first.checkpoint())
        second.run(progress=False)
        self.assertEqual(second.model, whole.model)
        self.assertIn("<svg", whole.to_svg())
        (self.folder / "s.yaml").write_text(json.dumps(self.SEARCH))
        command("search", self.folder / "s.yaml", "-o", self.folder / "s.smlp", "-q")
        self.assertEqual((self.folder / "s.smlp").read_bytes(), whole.model)
        self.assertEqual(whole.policy(self.folder / "s.smlp"), {"scx_gate": {"model": str(self.folder / "s.smlp")}})
        self.assertEqual(run(small([whole.policy(self.folder / "s.smlp")]))[0].exit_code, 0)
        with self.assertRaises(simsched.Error):
            whole.test(self.folder / "s.smlp")
        with self.assertRaises(simsched.Error):
            simsched.Search(self.SEARCH).model

    def test_a_search_for_tunables(self):
        search = simsched.search({**self.SEARCH, "policy": "eevdf", "model": "none", "baselines": ["cfs"],
                                  "tunables": {"base_slice_ns": {"from": 1000000, "to": 9000000, "start": 3000000}}},
                                 generations=1, progress=False)
        self.assertEqual(list(search.policy()["eevdf"]), ["base_slice_ns"])
        with self.assertRaises(simsched.Error):
            search.model

    def test_mistakes_say_where(self):
        with self.assertRaises(simsched.Error) as caught:
            simsched.dataset({"runs": [small(["eevdv"])]}, progress=False)
        self.assertEqual(caught.exception.file, "runs[0].policies[0]")
        with self.assertRaises(simsched.Error):
            simsched.train({"data": "/none.sdat"}, progress=False)
        with self.assertRaises(simsched.Error):
            simsched.Search({**self.SEARCH, "policy": "eevdf"})


class Export(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="simsched-python-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def test_what_cannot_be_exported_is_refused_before_anything_is_simulated(self):
        from simsched.examples import Simple
        for subject in (small(["eevdf"]), "evdf", "/none.bpf.c", "/none.yaml", Simple):
            with self.assertRaises((simsched.Error, TypeError)):
                simsched.export(subject, self.folder / "x", progress=False)
        self.assertFalse((self.folder / "x").exists())

    def test_the_files_are_those_of_the_command(self):
        try:
            simsched.export("scx_simple", self.folder / "mine")
        except simsched.Error as error:
            self.skipTest(str(error))
        command("export", "scx_simple", "-o", self.folder / "theirs", "-q")
        for file in sorted((self.folder / "theirs").iterdir()):
            self.assertEqual((self.folder / "mine" / file.name).read_bytes(), file.read_bytes(), file.name)
        best = simsched.export(small(["eevdf", "scx_simple"]), self.folder / "best", progress=False)
        self.assertIn("scx_simple", (best / "manifest.json").read_text())


if __name__ == "__main__":
    unittest.main()
