"""Policies in Python to read and to copy."""

from . import scx
from ._policy import Policy

_SHARED_DSQ = 0
_U64 = (1 << 64) - 1


def _before(a, b):
    """time_before() of 64-bit clocks that wrap."""
    return (a - b) & _U64 > _U64 >> 1


class Simple(Policy):
    """scx_simple, decision by decision: one queue for the whole machine, ordered by weighted virtual time or, with
    `fifo`, first come, first served. scx_port/schedulers/simple/simple.bpf.c is the same in BPF C."""

    def __init__(self, fifo=False):
        self.fifo = fifo
        self.vtime_now = 0

    def init(self):
        return self.scx.create_dsq(_SHARED_DSQ)

    def select_cpu(self, task, prev_cpu, wake_flags):
        cpu, is_idle = self.scx.select_cpu_dfl(task, prev_cpu, wake_flags)
        if is_idle:
            self.scx.dsq_insert(task, scx.DSQ_LOCAL, scx.SLICE_DFL)
        return cpu

    def enqueue(self, task, enq_flags):
        if self.fifo:
            self.scx.dsq_insert(task, _SHARED_DSQ, scx.SLICE_DFL, enq_flags)
            return
        # A sleeper may save up one slice, and no more.
        earliest = (self.vtime_now - scx.SLICE_DFL) & _U64
        vtime = earliest if _before(task.dsq_vtime, earliest) else task.dsq_vtime
        self.scx.dsq_insert_vtime(task, _SHARED_DSQ, scx.SLICE_DFL, vtime, enq_flags)

    def dispatch(self, cpu, prev):
        self.scx.dsq_move_to_local(_SHARED_DSQ)

    def running(self, task):
        if not self.fifo and _before(self.vtime_now, task.dsq_vtime):
            self.vtime_now = task.dsq_vtime

    def stopping(self, task, runnable):
        left = task.slice
        if not self.fifo and left < scx.SLICE_DFL:
            task.dsq_vtime = (task.dsq_vtime + (scx.SLICE_DFL - left) * 100 // task.weight) & _U64

    def enable(self, task):
        task.dsq_vtime = self.vtime_now

    def exit(self, info):
        self.ended = info
