"""A simulation that stops on the way, and goes back."""

import unittest

import simsched
from simsched.examples import Simple
from testing import run, small


class Steps(unittest.TestCase):
    def test_in_pieces_it_is_the_same_run(self):
        whole = run(small(["eevdf", "cfs"]), record=True)
        simulation = simsched.Simulation(small(["eevdf", "cfs"]), policy="cfs", record=True)
        self.assertEqual(simulation.now_ns, 0)
        times = []
        while simulation.run_until(simulation.now_ns + 1_500_000):
            times.append(simulation.now_ns)
            simulation.step(3)
        self.assertEqual(times, sorted(times))
        self.assertTrue(simulation.over)
        self.assertEqual(simulation.result().to_dict(), whole.find("cfs").to_dict())
        self.assertTrue((simulation.timeline().events == whole.timeline("cfs").events).all())
        self.assertEqual(simulation.timeline().title, "cfs on vm-2c, seed 1")
        self.assertFalse(simulation.run_until("10s"))

    def test_run_and_stop(self):
        simulation = simsched.Simulation(small())
        self.assertEqual(simulation.run().to_dict(), run(small())[0].to_dict())
        simulation = simsched.Simulation(small())
        simulation.run_until("1ms")
        self.assertEqual(simulation.stop().metrics["makespan_ns"], simulation.now_ns)

    def test_a_snapshot_goes_on_as_it_did(self):
        for config, policies in ((small(), None), (small(["scx_simple"]), None), (small(["mine"]), {"mine": Simple})):
            simulation = simsched.Simulation(config, record=True, policies=policies)
            simulation.run_until("3ms")
            snapshot = simulation.snapshot()
            wanted = simulation.run().to_dict()
            events = simulation.timeline().events
            for _ in range(2):
                simulation.restore(snapshot)
                self.assertEqual(simulation.now_ns, snapshot.now_ns)
                self.assertFalse(simulation.over)
                self.assertEqual(simulation.run().to_dict(), wanted)
            self.assertEqual(wanted, run(config, policies=policies)[0].to_dict())
            self.assertGreater(len(events), 0)

    def test_state_in_python_goes_back_too(self):
        class Mine(Simple):
            def __init__(self):
                super().__init__()
                self.seen = {}

            def enqueue(self, task, enq_flags):
                self.seen[task] = self.seen.get(task, 0) + 1
                task.mine = [self.seen[task], task]
                assert task.mine[1] is task
                super().enqueue(task, enq_flags)

            @property
            def counters(self):
                return {"sum": sum(self.seen.values()), "tasks": len(self.seen)}
        simulation = simsched.Simulation(small(["mine"]), policies={"mine": Mine})
        simulation.run_until("3ms")
        snapshot = simulation.snapshot()
        wanted = simulation.run().to_dict()
        simulation.restore(snapshot)
        self.assertEqual(simulation.run().to_dict(), wanted)
        self.assertGreater(wanted["counters"]["ext"]["tasks"], 1)


class Mistakes(unittest.TestCase):
    def test_refused(self):
        simulation = simsched.Simulation(small())
        other = simsched.Simulation(small())
        simulation.run_until("2ms")
        for wrong in (simulation.result, simulation.timeline, lambda: simulation.run_until("1ms"),
                      lambda: simulation.run_until("x"), lambda: other.restore(simulation.snapshot()),
                      lambda: simsched.Simulation(small(), policy="cfs"),
                      lambda: simsched.Simulation(small(), machine="vm-3c"), lambda: simulation.run_until("-1ms")):
            with self.assertRaises(simsched.Error):
                wrong()
        with self.assertRaises(TypeError):
            simulation.run_until(1.5)

    def test_after_an_exception_of_a_callback_only_the_way_back_is_left(self):
        class Mine(Simple):
            def running(self, task):
                if fail:
                    raise ValueError("now")
                super().running(task)
        fail = False
        simulation = simsched.Simulation(small(["mine"]), policies={"mine": Mine})
        simulation.run_until("1ms")
        snapshot = simulation.snapshot()
        fail = True
        with self.assertRaises(ValueError):
            simulation.run()
        with self.assertRaisesRegex(simsched.Error, "in the middle of an event"):
            simulation.run()
        fail = False
        simulation.restore(snapshot)
        self.assertEqual(simulation.run().exit_code, 0)


if __name__ == "__main__":
    unittest.main()
