"""Policies in Python."""

from __future__ import annotations

import dataclasses
import inspect

from . import _core
from ._errors import Error

#: The callbacks of sched_ext that a policy may have, and their arguments after self.
OPS = {
    "select_cpu": "task, prev_cpu, wake_flags", "enqueue": "task, enq_flags", "dequeue": "task, deq_flags",
    "dispatch": "cpu, prev", "tick": "task", "runnable": "task, enq_flags", "running": "task",
    "stopping": "task, runnable", "quiescent": "task, deq_flags", "yield_": "task, to", "set_weight": "task, weight",
    "set_cpumask": "task, cpus", "update_idle": "cpu, idle", "cpu_acquire": "cpu",
    "cpu_release": "cpu, reason, task", "cpu_online": "cpu", "cpu_offline": "cpu", "init_task": "task, fork",
    "exit_task": "task, cancelled", "enable": "task", "disable": "task", "dump": "", "init": "", "exit": "info",
    "timer": "key",
}


@dataclasses.dataclass(frozen=True)
class ExitInfo:
    """Why a scheduler ends: what exit() is given."""
    kind: int
    exit_code: int
    reason: str
    message: str


class Policy:
    """A scheduler: a class whose methods are the callbacks of sched_ext (simsched.OPS), each as the kernel calls it. All
    but enqueue may be left out; then what the kernel does by default is done. A config knows it by the name that
    run(policies={"mine": Mine}) gives it.

        class Mine(simsched.Policy):
            def __init__(self, slice_ns=20_000_000):       # what a config may set: {mine: {slice_ns: 5ms}}
                self.slice_ns = slice_ns
            def init(self):
                return self.scx.create_dsq(0)              # self.scx has the kfuncs: simsched.Scx
            def enqueue(self, task, enq_flags):            # a simsched.Task
                self.scx.dsq_insert(task, 0, self.slice_ns, enq_flags)
            def dispatch(self, cpu, prev):
                self.scx.dsq_move_to_local(0)

    select_cpu returns the number of a CPU, init and init_task None or a negative errno. flags, timeout_ns and
    dispatch_max_batch are the kernel's; `counters`, a dict of whole numbers, becomes part of the results. A new object is
    made for each simulation: what changes belongs to self or to tasks, not to the class. What a callback raises ends the
    run and is raised there."""

    scx: _core.Scx
    flags = 0
    timeout_ns = 0
    dispatch_max_batch = 0


def parameters(name, cls):
    """What a config may set of a policy: [(name, default)], from the keywords that the class takes."""
    where = f"policies[{name!r}]"
    if not isinstance(cls, type):
        raise Error("is not a class", where, None, "give the class itself; a new object is made for each simulation")
    if not callable(getattr(cls, "enqueue", None)):
        raise Error(f"{cls.__name__} has no method 'enqueue'", where, None, "see help(simsched.Policy)")
    for op, arguments in OPS.items():
        method = getattr(cls, op, None)
        if method is not None and not callable(method):
            raise Error(f"{cls.__name__}.{op} is no method", where, None, f"write def {op}(self, {arguments})")
    if cls.__init__ is object.__init__:
        return []
    found = []
    for parameter in list(inspect.signature(cls.__init__).parameters.values())[1:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.default is parameter.empty:
            raise Error(f"{cls.__name__}.__init__ needs '{parameter.name}'", where, None, "give it a default")
        found.append((parameter.name, parameter.default))
    return found
