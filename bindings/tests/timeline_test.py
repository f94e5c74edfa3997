"""Timelines: arrays without copies, and frames that agree with the figures of the run."""

import gc
import unittest

import numpy
import simsched
from testing import SAMPLE, run, small


class Arrays(unittest.TestCase):
    def test_they_lie_in_the_recorders_memory_and_keep_it(self):
        results = run(small(), record=True)
        timeline = results[0].timeline()
        events = timeline.events
        again = results[0].timeline().events
        self.assertEqual(events.__array_interface__["data"][0], again.__array_interface__["data"][0])
        self.assertFalse(events.flags.owndata)
        self.assertFalse(events.flags.writeable)
        with self.assertRaises(ValueError):
            events.flags.writeable = True
        copy = events.copy()
        del results, timeline, again
        gc.collect()
        run(small(seeds=3), record=True)
        self.assertTrue((events == copy).all())

    def test_events_are_in_order_and_of_known_kinds(self):
        events = run(small(), record=True)[0].timeline().events
        self.assertTrue((numpy.diff(events["time"]) >= 0).all())
        kinds = {int(kind) for kind in simsched.TraceKind.__members__.values()}
        self.assertLessEqual(set(events["kind"].tolist()), kinds)

    def test_only_what_was_recorded(self):
        results = run(small(["eevdf", "cfs"], seeds=2), record="first")
        self.assertEqual([result.recorded for result in results], [True, False, True, False])
        self.assertEqual(results.timeline("cfs").title, "cfs on vm-2c, seed 1")
        for wrong in (results[1].timeline, lambda: results[1].save_perfetto("/tmp/none"),
                      lambda: run(small()).timeline(), lambda: results.timeline(seed=2)):
            with self.assertRaises(simsched.Error):
                wrong()
        with self.assertRaises(KeyError):
            results.timeline("bfs")

    def test_recording_changes_no_result(self):
        self.assertEqual(run(small(seeds=2), record=True).to_json(), run(small(seeds=2)).to_json())


class Frames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.results = run({"machine": "vm-2c", "workload": {"trace": SAMPLE}, "policies": ["eevdf"],
                       "output": {"tasks": True}}, record=True)
        cls.result = cls.results.to_dict()["results"][0]
        cls.timeline = cls.results.timeline()

    def test_switches_migrations_and_wake_ups_are_those_of_the_results(self):
        metrics = self.result["metrics"]
        self.assertEqual(self.timeline.df_context_switches()["context_switches"].sum(), metrics["context_switches"])
        self.assertEqual(len(self.timeline.df_migrations()), metrics["migrations"])
        self.assertEqual(self.timeline.end_ns, metrics["makespan_ns"])

    def test_run_times_of_tasks_are_those_of_the_results(self):
        runtime = self.timeline.df_tasks_runtime()
        listed = {f"{row.comm}[{pid}]": row.runtime_ns for pid, row in runtime.iterrows()}
        ran = {name: task["run_ns"] for name, task in self.result["tasks"].items()}
        self.assertEqual({name: time for name, time in ran.items() if time != listed.get(name)}, {})

    def test_every_nanosecond_of_a_task_is_in_one_state(self):
        states = self.timeline.df_tasks_states()
        for pid, own in states.groupby("pid"):
            self.assertEqual(own["delta_ns"].sum(), self.timeline.end_ns - own["time_ns"].iloc[0], pid)
            self.assertEqual(own["next_state"].tolist()[:-1], own["curr_state"].tolist()[1:])
        self.assertLessEqual(set(states["curr_state"]), set(simsched.STATES))

    def test_busy_time_of_cpus_is_that_of_tasks(self):
        residency = self.timeline.df_cpu_residency()
        self.assertEqual(residency["busy_ns"].sum(), self.timeline.df_tasks_runtime()["runtime_ns"].sum())
        self.assertTrue((residency["busy_ns"] + residency["idle_ns"] == self.timeline.end_ns).all())

    def test_one_task(self):
        name = self.timeline.df_tasks_runtime()["comm"].iloc[0]
        by_cpu = self.timeline.df_task_total_residency(name)["runtime_ns"]
        runs = self.timeline.df_task_activation(name)
        self.assertEqual(by_cpu.sum(), runs["duration_ns"].sum())
        self.assertEqual(len(self.timeline.df_task_activation(name, cpu=0)) + len(
            self.timeline.df_task_activation(name, cpu=1)), len(runs))
        with self.assertRaises(KeyError):
            self.timeline.df_task_states("nobody")

    def test_latencies(self):
        waits = self.timeline.df_latency_wakeup()
        median = numpy.sort(waits["wakeup_latency_ns"])[(len(waits) - 1) // 2]
        self.assertAlmostEqual(median, self.result["metrics"]["wake_latency_ns_p50"], delta=0.1 * median)
        self.assertTrue((waits["wakeup_latency_ns"] >= 0).all())
        self.assertGreater(len(self.timeline.df_latency_preemption()), 0)

    def test_events_by_kind(self):
        self.assertEqual(len(self.timeline.df_events()), len(self.timeline.events))
        wakings = self.timeline.df_events("waking")
        self.assertEqual(set(wakings["kind"]), {"waking"})
        self.assertEqual(self.timeline.df_tasks_wakeups()["wakeups"].sum(), len(wakings))
        self.assertEqual(wakings.index.name, "Time")


class Power(unittest.TestCase):
    def test_frequencies_and_idle_states(self):
        timeline = run(small(machine="juno", kernel={"governor": "schedutil", "idle_governor": "menu"}),
                       record=True).timeline()
        self.assertGreater(len(timeline.df_cpus_frequency()), 0)
        for cpu in range(timeline.nr_cpus):
            residency = timeline.df_cpu_frequency_residency(cpu)
            self.assertTrue((residency["active_time_ns"] <= residency["total_time_ns"]).all())
            self.assertLessEqual(residency["total_time_ns"].sum(), timeline.end_ns)
            transitions = timeline.df_cpu_frequency_transitions(cpu)["transitions"].sum()
            self.assertEqual(transitions, max(0, len(timeline.df_cpu_frequency(cpu)) - 1))
        idle = timeline.df_cpu_idle_state_residency(0)
        self.assertLessEqual(idle["time_ns"].sum(), timeline.end_ns)
        self.assertGreater(len(idle), 0)

    def test_a_machine_without_has_none(self):
        timeline = run(small(), record=True).timeline()
        self.assertEqual(len(timeline.df_cpus_frequency()), 0)
        self.assertEqual(len(timeline.df_cpu_frequency_residency(0)), 0)
        self.assertEqual(len(timeline.df_cpu_idle_state_residency(0)), 0)


class Pictures(unittest.TestCase):
    def test_each_is_labelled(self):
        results = run(small(["eevdf", "cfs"], machine="juno", seeds=2, kernel={"governor": "schedutil"}), record=True)
        timeline = results.timeline()
        name = timeline.df_tasks_runtime()["comm"].iloc[0]
        for ax in (timeline.plot_tasks_activation(), timeline.plot_tasks_activation(0, 5_000_000, tasks=name),
                   timeline.plot_latencies_cdf(), timeline.plot_task_residency(name), timeline.plot_cpu_frequencies(),
                   timeline.plot_utilisation(), simsched.plots.metric(results), simsched.plots.causes(results), simsched.plots.causes(results, blocked=True),
                   simsched.plots.fidelity(simsched.validate(SAMPLE, seeds=2, progress=False)),
                   simsched.plots.latencies_cdf([results.timeline("eevdf"), results.timeline("cfs")])):
            ax.figure.canvas.draw()
            self.assertTrue(ax.get_xlabel())
            self.assertTrue(ax.get_title(loc="left"))
            self.assertGreater(len(ax.lines) + len(ax.patches) + len(ax.collections) + len(ax.images), 0)


if __name__ == "__main__":
    unittest.main()
