"""Policies in Python: they decide as their twins in BPF C, and what they raise is raised."""

import traceback
import unittest

import simsched
from simsched import scx
from simsched.examples import Simple
from testing import SAMPLE, run, small


class Fifo(simsched.Policy):
    def __init__(self, slice_ns=20_000_000, queue=7, note="x", flag=False):
        self.slice_ns, self.queue = slice_ns, queue

    def init(self):
        self.scx.create_dsq(self.queue)

    def enqueue(self, task, enq_flags):
        self.scx.dsq_insert(task, self.queue, self.slice_ns, enq_flags)

    def dispatch(self, cpu, prev):
        self.scx.dsq_move_to_local(self.queue)


def run_with(cls, config=None, **more):
    return run(config or small(["mine"]), policies={"mine": cls}, **more)


class Twins(unittest.TestCase):
    def check(self, mine, theirs, **more):
        config = small([{"mine": {**mine, "label": "p"}}], seeds=2, **more)
        ours = run(config, policies={"mine": Simple}, record=True)
        other = run({**config, "policies": [{"scx_simple": {**theirs, "label": "p"}}]}, record=True)
        for one, two in zip(ours, other):
            self.assertTrue((one.timeline().events == two.timeline().events).all())
            mine, theirs = one.to_dict(), two.to_dict()
            own = [name for name in theirs["counters"]["ext"] if name not in mine["counters"]["ext"]]
            for name in own:
                self.assertFalse(name.startswith(("calls_", "event_")), name)
                del theirs["counters"]["ext"][name]
            self.assertEqual(mine, theirs)

    def test_by_vtime(self):
        self.check({}, {})

    def test_first_in_first_out(self):
        self.check({"fifo": True}, {"fifo": True})

    def test_on_a_bigger_machine(self):
        self.check({}, {}, machine="vm-8c2n")

    def test_of_a_recording(self):
        self.check({}, {}, workload={"trace": SAMPLE})

    def test_with_costs_of_callbacks(self):
        costs = {"costs": {"enqueue": "3us", "dispatch": "5us"}}
        self.check(costs, costs)


class Tunables(unittest.TestCase):
    def test_keywords_are_what_a_config_may_set(self):
        made = []

        class Mine(Fifo):
            def __init__(self, slice_ns=20_000_000, queue=7, note="x", flag=False):
                super().__init__(slice_ns, queue)
                made.append((slice_ns, queue, note, flag))
        run_with(Mine, small(["mine", {"mine": {"slice_ns": "5ms", "queue": 9, "note": "y", "flag": True}}]))
        self.assertEqual(set(made), {(20_000_000, 7, "x", False), (5_000_000, 9, "y", True)})

    def test_an_unknown_one_is_refused_where_it_stands(self):
        with self.assertRaises(simsched.Error) as caught:
            run_with(Fifo, small([{"mine": {"slise_ns": "5ms"}}]))
        self.assertEqual(caught.exception.file, "policies[0].mine.slise_ns")
        self.assertIn("slice_ns", caught.exception.advice)

    def test_classes_that_are_none(self):
        class NoEnqueue:
            pass

        class NoMethod(Fifo):
            tick = 3

        class NoDefault(Fifo):
            def __init__(self, slice_ns):
                pass

        class OddDefault(Fifo):
            def __init__(self, slice_ns=1.5):
                pass
        for wrong in (NoEnqueue, NoMethod, NoDefault, OddDefault, Fifo(), None, 3, lambda: Fifo()):
            with self.assertRaises(simsched.Error, msg=wrong) as caught:
                run_with(wrong)
            self.assertEqual(caught.exception.file, "policies['mine']")
        with self.assertRaises(simsched.Error):
            run(small(), policies={"eevdf": Fifo})


class Raising(unittest.TestCase):
    def test_what_a_callback_raises_is_raised_with_its_trace(self):
        class Mine(Fifo):
            def enqueue(self, task, enq_flags):
                raise ZeroDivisionError("in enqueue of " + task.comm)
        try:
            run_with(Mine)
        except ZeroDivisionError as error:
            self.assertIn("in enqueue of ", str(error))
            self.assertIn("enqueue", [frame.name for frame in traceback.extract_tb(error.__traceback__)])
        else:
            self.fail("nothing was raised")

    def test_in_the_constructor_and_in_every_callback(self):
        class Never(Exception):
            pass

        def raiser(self, *arguments):
            raise Never()
        called = 0
        for op in ("__init__", "init", "init_task", "enable", "select_cpu", "runnable", "enqueue", "dispatch", "running",
                   "stopping", "quiescent", "update_idle", "exit_task", "disable", "set_weight"):
            cls = type("Mine", (Fifo,), {op: raiser} if op != "__init__" else {op: lambda self: raiser(self)})
            with self.assertRaises(Never, msg=op):
                run_with(cls)
            called += 1
        self.assertEqual(called, 15)

    def test_answers_that_are_none(self):
        for answer in (None, "0", 1.5, 2**40, -2**40):
            cls = type("Mine", (Fifo,), {"select_cpu": lambda self, *arguments: answer})
            with self.assertRaisesRegex(TypeError, "Mine.select_cpu"):
                run_with(cls)
        result = run_with(type("Mine", (Fifo,), {"select_cpu": lambda self, *arguments: 99}))[0]
        self.assertNotEqual(result.exit_code, 0)

    def test_what_the_kernel_rejects_ends_the_scheduler_and_not_the_run(self):
        class Mine(Fifo):
            def dispatch(self, cpu, prev):
                self.scx.dsq_move_to_local(12345)

            def exit(self, info):
                exits.append(info)
        exits = []
        result = run_with(Mine)[0]
        self.assertEqual(result.exit_code, 43)
        self.assertIn("12345", hex(12345) and exits[0].message.replace("0x0000000000003039", "12345"))
        self.assertIsInstance(exits[0], simsched.ExitInfo)

    def test_a_scheduler_that_loses_tasks_stalls(self):
        class Mine(Fifo):
            timeout_ns = 500_000_000

            def dispatch(self, cpu, prev):
                pass
        self.assertEqual(run_with(Mine)[0].exit_code, 42)


class Objects(unittest.TestCase):
    def test_tasks_and_kfuncs_outlive_nothing(self):
        kept = []

        class Mine(Fifo):
            def enqueue(self, task, enq_flags):
                kept.append((self.scx, task))
                super().enqueue(task, enq_flags)
        run_with(Mine)
        kernel, task = kept[0]
        for use in (kernel.now, lambda: task.pid, lambda: kernel.dsq_insert(task, 0, 1), lambda: kernel.machine):
            with self.assertRaises(RuntimeError):
                use()
        self.assertIn("gone", repr(task))

        class Other(Fifo):
            def enqueue(self, task, enq_flags):
                self.scx.dsq_insert(kept[0][1], 7, 1)
        with self.assertRaises(ValueError):
            run_with(Other)

    def test_a_task_is_the_same_object_as_long_as_it_lives(self):
        class Mine(Fifo):
            def enable(self, task):
                task.mine = task.pid

            def enqueue(self, task, enq_flags):
                seen.append(task.mine == task.pid and task.weight == 100 and len(task.cpus) == 2 and task.nice == 0)
                super().enqueue(task, enq_flags)
        seen = []
        run_with(Mine)
        self.assertTrue(seen and all(seen))

    def test_a_walk_over_a_queue(self):
        class Mine(Fifo):
            def dispatch(self, cpu, prev):
                walk = self.scx.dsq_tasks(self.queue)
                tasks = list(walk)
                counts.append(len(tasks))
                assert len(tasks) == self.scx.dsq_nr_queued(self.queue)
                assert tasks == list(self.scx.dsq_tasks(self.queue, reverse=True))[::-1]
                for task in (walk := self.scx.dsq_tasks(self.queue)):
                    if cpu in task.cpus and walk.move(task, scx.DSQ_LOCAL, slice=3_000_000):
                        break
                walks.append(walk)
        counts, walks = [], []
        self.assertEqual(run_with(Mine)[0].exit_code, 0)
        self.assertGreater(max(counts), 1)
        with self.assertRaises(RuntimeError):
            next(walks[0])

        class Kept(Fifo):
            def dispatch(self, cpu, prev):
                self.walk = getattr(self, "walk", None) or self.scx.dsq_tasks(self.queue)
                next(self.walk, None)
                super().dispatch(cpu, prev)
        with self.assertRaisesRegex(RuntimeError, "callback"):
            run_with(Kept)

    def test_hostile_arguments(self):
        class Mine(Fifo):
            def enqueue(self, task, enq_flags):
                for call in (lambda: self.scx.dsq_insert(None, 0, 1), lambda: self.scx.dsq_insert(task, -1, 1),
                             lambda: self.scx.dsq_insert(task, 0, 2**64), lambda: self.scx.kick_cpu(2**40),
                             lambda: self.scx.local_dsq_nr(99), lambda: self.scx.dsq_tasks(999),
                             lambda: setattr(task, "slice", -1), lambda: self.scx.pick_idle_cpu(["x"]),
                             lambda: self.scx.pick_idle_cpu([-3])):
                    try:
                        call()
                    except (TypeError, ValueError, IndexError, KeyError, simsched.Error, RuntimeError):
                        refused.append(True)
                assert self.scx.pick_idle_cpu([60000]) < 0
                super().enqueue(task, enq_flags)
        refused = []
        run_with(Mine)
        self.assertEqual(len(refused) % 9, 0)
        self.assertTrue(refused)
        with self.assertRaises(TypeError):
            simsched.Scx()
        with self.assertRaises(TypeError):
            simsched.Task()

    def test_timers_and_counters(self):
        class Mine(Fifo):
            def __init__(self):
                super().__init__()
                self.counters = {"ticks": 0}

            def init(self):
                super().init()
                self.scx.set_timer(1, self.scx.now() + 1_000_000)

            def timer(self, key):
                self.counters["ticks"] += key
                self.scx.set_timer(key, self.scx.now() + 1_000_000)
        result = run_with(Mine)[0].to_dict()
        self.assertAlmostEqual(result["counters"]["ext"]["ticks"], result["metrics"]["makespan_ns"] / 1e6, delta=2)


if __name__ == "__main__":
    unittest.main()
