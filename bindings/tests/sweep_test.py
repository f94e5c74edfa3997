"""Sweeps: the same bytes as the command's, here or on a Dask cluster of which a process is killed."""

import contextlib
import importlib.util
import logging
import os
import pathlib
import signal
import tempfile
import time
import unittest
import unittest.mock

import simsched
from testing import SAMPLE, command

CONFIG = """sweep:
  slice: [1ms, 10ms]
  clients: {from: 4, to: 16, times: 2}
machines: [vm-2c, desktop-2llc]
workload:
  server: {clients: $clients, requests: 200}
policies:
  - cfs
  - eevdf: {base_slice_ns: $slice}
seeds: 4
"""
RUNS = 3 * 2 * 3 * 4  # clients, machines, policies, seeds


class Sweeps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="simsched-python-")))
        cls.config = cls.folder / "s.yaml"
        cls.config.write_text(CONFIG)
        cls.printed = command("sweep", cls.config, "-o", cls.folder / "whole")
        cls.whole = (cls.folder / "whole/sweep.npz").read_bytes()

    def setUp(self):
        self.output = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(dir=self.folder)))

    def sweep(self, config=None, **more):
        return simsched.sweep(config or self.config, self.output, progress=more.pop("progress", False), **more)

    def result(self):
        return (self.output / "sweep.npz").read_bytes()

    def lines(self):
        return sum(path.read_text().count("\n") for path in self.output.glob("runs*.jsonl"))


def interrupt(done, total):
    raise KeyboardInterrupt


class Here(Sweeps):
    def test_it_is_the_command_s(self):
        results = self.sweep(jobs=2)
        self.assertEqual(self.result(), self.whole)
        self.assertIn(str(results), self.printed)
        self.assertEqual((len(results), results.exit_code, results.file), (RUNS, 0, self.output / "sweep.npz"))
        self.assertEqual(list(results.runs["clients"][:1]), [4])
        self.assertEqual(results.columns["makespan_ns"].dtype.name, "int64")
        self.assertIn(" 0 of them simulated now", command("sweep", self.config, "-o", self.output))

    def test_it_goes_on_after_an_interruption_and_makes_what_is_new(self):
        with self.assertRaises(KeyboardInterrupt):
            self.sweep(progress=interrupt)
        self.assertIn(self.lines(), range(1, RUNS))
        told = []
        self.sweep(progress=lambda done, total: told.append(total))
        self.assertEqual(self.result(), self.whole)
        self.assertIn(told[-1], range(1, RUNS))
        self.assertEqual(len(self.sweep(seeds=2)), RUNS // 2)

    def test_mistakes(self):
        late = CONFIG.replace("[1ms, 10ms]", "[1ms, soon]")
        self.config.with_name("late.yaml").write_text(late)
        with self.assertRaisesRegex(simsched.Error, r"late.yaml:9: with clients 4: base_slice_ns is 'soon'"):
            self.sweep(self.config.with_name("late.yaml"))
        with self.assertRaises(simsched.Error) as caught:
            self.sweep({"machine": "$box", "workload": {"hogs": {}}, "policies": ["cfs"], "sweep": {"box": ["vm-3x"]}})
        self.assertTrue(caught.exception.file.startswith("sweep.box"), caught.exception)
        for wrong in ({"seeds": 0}, {"jobs": -1}, {"jobs": 1, "client": "tcp://127.0.0.1:1"}):
            with self.subTest(wrong), self.assertRaises(simsched.Error):
                self.sweep(**wrong)
        self.assertEqual(list(self.output.iterdir()), [])

    def test_without_distributed_it_says_what_to_install(self):
        with unittest.mock.patch.dict("sys.modules", {"distributed": None}):
            with self.assertRaisesRegex(simsched.Error, "install python3-distributed"):
                self.sweep(client="tcp://127.0.0.1:1")


@unittest.skipUnless(importlib.util.find_spec("distributed"), "needs python3-distributed")
class OnACluster(Sweeps):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        import distributed
        # Started elsewhere, as workers on other computers are: paths must not depend on where.
        with contextlib.chdir("/"):
            cls.cluster = cls.enterClassContext(distributed.LocalCluster(
                n_workers=2, processes=True, threads_per_worker=1, host="127.0.0.1", dashboard_address=None,
                local_directory=str(cls.folder), silence_logs=logging.CRITICAL))
        cls.client = cls.enterClassContext(distributed.Client(cls.cluster))

    def test_a_worker_that_is_killed_loses_nothing(self):
        killed = []

        def kill(done, total):
            self.assertEqual(total, RUNS)
            busy = [worker for worker, tasks in self.client.processing().items() if tasks]
            if not killed and busy:
                killed.append(pids[busy[0]])
                os.kill(killed[0], signal.SIGKILL)

        pids = self.client.run(os.getpid)
        self.assertEqual(len(set(pids.values()) - {os.getpid()}), 2)
        results = self.sweep(client=self.client, progress=kill)
        self.assertEqual(len(killed), 1)
        self.assertEqual(len(results), RUNS)
        self.assertEqual(self.lines(), RUNS)
        self.assertEqual(self.result(), self.whole)
        self.client.wait_for_workers(2)
        self.assertNotIn(killed[0], self.client.run(os.getpid).values())

    def test_it_goes_on_with_what_was_made_here_and_finds_files_by_their_paths(self):
        config = {"sweep": {"n": ["1ms", "2ms"]}, "workload": {"trace": SAMPLE.name}, "seeds": 2,
                  "policies": ["cfs", {"eevdf": {"base_slice_ns": "$n"}}]}
        told = []
        with contextlib.chdir(SAMPLE.parent):
            self.sweep(config, seeds=1)
            self.sweep(config, client=self.cluster.scheduler_address, progress=lambda *numbers: told.append(numbers))
            self.assertEqual(told[-1], (3, 3))
            here = simsched.sweep(config, self.output / "here", progress=False)
        self.assertEqual(self.result(), here.file.read_bytes())

    def test_an_interruption_leaves_nothing_to_do(self):
        with self.assertRaises(KeyboardInterrupt):
            self.sweep(client=self.client, progress=interrupt)
        done = self.lines()
        self.assertIn(done, range(1, RUNS))
        while self.cluster.scheduler.tasks:
            time.sleep(0.01)
        told = []
        self.sweep(client=self.client, progress=lambda *numbers: told.append(numbers))
        self.assertEqual(told[-1], (RUNS - done, RUNS - done))
        self.assertEqual(self.result(), self.whole)

    def test_what_is_wrong_there_is_an_error_here(self):
        box = self.folder / "box.yaml"
        box.write_text("preset: vm-2c\n")

        class Changed(simsched._core.Sweep):
            def open(self, folder):
                super().open(folder)
                box.write_text("preset: desktop-2llc\n")

        config = self.config.with_name("box-s.yaml")
        config.write_text(CONFIG.replace("[vm-2c, desktop-2llc]", "[box.yaml]"))
        with unittest.mock.patch.object(simsched._core, "Sweep", Changed):
            with self.assertRaisesRegex(simsched.Error, "box-s.yaml: is another sweep on .*; give all the same build"):
                self.sweep(config, client=self.client)
        for work, said in ((wrong, "s.yaml:6: there is no such thing; give another"), (die, "s.yaml: workers died, the last on tcp://")):
            with self.subTest(said), unittest.mock.patch.object(simsched._dask, "_records", work):
                with unittest.mock.patch.object(self.cluster.scheduler, "allowed_failures", 0):
                    with self.assertRaisesRegex(simsched.Error, said):
                        self.sweep(client=self.client)
        self.assertEqual(self.lines(), 0)
        for client in (3, "nowhere"):
            with self.subTest(client), self.assertRaises(simsched.Error):
                self.sweep(client=client)
        self.sweep(client=self.client)
        self.assertEqual(self.result(), self.whole)


def wrong(text, name, *_):
    raise simsched.Error("there is no such thing", name, 6, "give another")


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
