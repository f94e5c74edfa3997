"""What happened, when and where: arrays over the recorder's own memory, and frames and plots made of them. Names are
those of LISA (Arm's analysis of kernel traces) where it has one; times are nanoseconds here, and say so."""

from __future__ import annotations

import typing

import numpy
import pandas

from . import _core

_PREEMPTED = 0x100
#: States of a task: running, runnable but not running, being woken, asleep, asleep and not to be interrupted, dead.
STATES = {"A": "running", "R": "preempted", "W": "woken, waits", "S": "sleeps", "D": "blocked", "X": "dead"}
_IDLE = 0xFFFFFFFF
_Task = typing.Union[int, str, typing.Sequence[typing.Union[int, str]]]


def _kind(name):
    return int(getattr(_core.TraceKind, name))


def _time_index(frame):
    """By time in seconds, as LISA has it; time_ns has the exact one."""
    frame.insert(0, "time_ns", frame.pop("time").astype("int64"))
    frame.index = pandas.Index(frame["time_ns"] / 1e9, name="Time")
    return frame


class Timeline:
    """The events of a run or of a recording.

    events    structured array over the memory of the recorder (read only, nothing is copied), in order of time: time
              (ns), kind (simsched.TraceKind), cpu, pid, current, other_cpu, dest_cpu, state, prio, value, name (index of
              `names`), ...; docs/python.md says what they mean for each kind
    power     the same of frequencies and idle states in a recording: time, cpu, value, kind
    names     list of str
    end_ns    when the last event was
    """

    def __init__(self, trace, counters=(), machine=None, title=""):
        self._trace, self._counters = trace, list(counters)
        self.machine, self.title = machine, title
        self.events, self.power, self.names = trace.events, trace.power, trace.names
        self.nr_cpus = machine.nr_cpus if machine is not None else trace.nr_cpus
        self.end_ns = int(self.events["time"][-1]) if len(self.events) else 0

    def __repr__(self):
        return (f"<simsched.Timeline {self.title}: {len(self.events):,} events on {self.nr_cpus} CPUs in "
                f"{self.end_ns / 1e9:.6f} s>")

    # ---- frames ----

    def df_events(self, kind: str | None = None) -> pandas.DataFrame:
        """All events, or those of a kind ("switch", "waking", ...): DataFrame by Time in seconds, with time_ns, kind,
        cpu, pid, comm, and the other fields."""
        events = self.events if kind is None else self._of(kind)
        frame = pandas.DataFrame({name: events[name] for name in events.dtype.names if name not in ("name", "kind")})
        kinds = numpy.array([name for name, _ in sorted(_core.TraceKind.__members__.items(), key=lambda item: int(item[1]))])
        frame.insert(1, "kind", kinds[events["kind"]] if len(events) else [])
        frame.insert(2, "comm", self._comm(events["name"]))
        return _time_index(frame)

    def df_tasks(self) -> pandas.DataFrame:
        """Every task that was seen: DataFrame by pid, with comm (its last)."""
        named = self.events[self.events["pid"] > 0]
        frame = pandas.DataFrame({"pid": named["pid"], "comm": self._comm(named["name"])})
        return frame.drop_duplicates("pid", keep="last").sort_values("pid").set_index("pid")

    def df_tasks_states(self) -> pandas.DataFrame:
        """Every change of state of every task: DataFrame by Time, with time_ns, pid, comm, cpu, curr_state, next_state
        (see simsched.STATES; None at the end), delta_ns: how long it was in that state."""
        if not hasattr(self, "_states"):
            self._states = self._tasks_states()
        return self._states.copy()

    def df_task_states(self, task: _Task) -> pandas.DataFrame:
        """The same of one task, by pid or name."""
        states = self.df_tasks_states()
        return states[states["pid"].isin(self.pids(task))]

    def df_task_activation(self, task: _Task, cpu: int | None = None) -> pandas.DataFrame:
        """When a task runs: DataFrame by Time, with time_ns, pid, cpu, duration_ns."""
        states = self.df_task_states(task)
        runs = states[states["curr_state"] == "A"]
        runs = runs if cpu is None else runs[runs["cpu"] == cpu]
        return runs[["time_ns", "pid", "cpu", "delta_ns"]].rename(columns={"delta_ns": "duration_ns"})

    def df_tasks_runtime(self) -> pandas.DataFrame:
        """How long tasks have run: DataFrame by pid, with comm, runtime_ns, activations; the longest first."""
        states = self.df_tasks_states()
        runs = states[states["curr_state"] == "A"].groupby("pid")["delta_ns"].agg(["sum", "count"])
        runs.columns = ["runtime_ns", "activations"]
        frame = self.df_tasks().join(runs).fillna(0).astype({"runtime_ns": "int64", "activations": "int64"})
        return frame.sort_values("runtime_ns", ascending=False, kind="stable")

    def df_task_total_residency(self, task: _Task) -> pandas.DataFrame:
        """How long a task has run on each CPU: DataFrame by cpu, with runtime_ns."""
        runs = self.df_task_activation(task)
        frame = runs.groupby("cpu")["duration_ns"].sum().to_frame("runtime_ns")
        return frame.reindex(range(self.nr_cpus), fill_value=0).rename_axis("cpu")

    def df_latency_wakeup(self, task: _Task | None = None) -> pandas.DataFrame:
        """From a wake-up until the task runs: DataFrame by Time of the wake-up, with time_ns, pid, comm, cpu (where it
        then runs), wakeup_latency_ns."""
        return self._latency("W", "wakeup_latency_ns", task)

    def df_latency_preemption(self, task: _Task | None = None) -> pandas.DataFrame:
        """From a preemption until the task runs again: the same with preempt_latency_ns."""
        return self._latency("R", "preempt_latency_ns", task)

    def df_tasks_wakeups(self) -> pandas.DataFrame:
        """How often tasks were woken: DataFrame by pid, with comm, wakeups; the most first."""
        wakings = self._of("waking")
        counts = pandas.Series(wakings["pid"]).value_counts().rename("wakeups")
        frame = self.df_tasks().join(counts).fillna(0).astype({"wakeups": "int64"})
        return frame.sort_values("wakeups", ascending=False, kind="stable")

    def df_context_switches(self) -> pandas.DataFrame:
        """Switches: DataFrame by cpu, with context_switches."""
        counts = numpy.bincount(self._of("switch")["cpu"], minlength=self.nr_cpus)
        return pandas.DataFrame({"context_switches": counts}, index=pandas.RangeIndex(len(counts), name="cpu"))

    def df_migrations(self) -> pandas.DataFrame:
        """Every migration: DataFrame by Time, with time_ns, pid, comm, from_cpu, to_cpu."""
        events = self._of("migrate")
        return _time_index(pandas.DataFrame({
            "time": events["time"], "pid": events["pid"], "comm": self._comm(events["name"]),
            "from_cpu": events["other_cpu"], "to_cpu": events["dest_cpu"]}))

    def df_cpu_residency(self) -> pandas.DataFrame:
        """How long each CPU ran tasks: DataFrame by cpu, with busy_ns, idle_ns."""
        states = self.df_tasks_states()
        busy = states[states["curr_state"] == "A"].groupby("cpu")["delta_ns"].sum()
        busy = busy.reindex(range(self.nr_cpus), fill_value=0).rename_axis("cpu")
        return pandas.DataFrame({"busy_ns": busy, "idle_ns": self.end_ns - busy})

    def df_cpus_frequency(self) -> pandas.DataFrame:
        """Every change of frequency: DataFrame by Time, with time_ns, cpu, frequency (kHz). Empty on machines whose
        file has no operating points."""
        return self._power("frequency", "frequency")

    def df_cpu_frequency(self, cpu: int) -> pandas.DataFrame:
        """The same of one CPU."""
        frame = self.df_cpus_frequency()
        return frame[frame["cpu"] == cpu]

    def df_cpu_frequency_residency(self, cpu: int) -> pandas.DataFrame:
        """How long a CPU had each frequency: DataFrame by frequency (kHz), with total_time_ns, and active_time_ns of it
        in which a task ran."""
        changes = self.df_cpu_frequency(cpu)
        starts = changes["time_ns"].to_numpy()
        ends = numpy.append(starts[1:], self.end_ns)[: len(starts)]
        active = self._busy_before(cpu, ends) - self._busy_before(cpu, starts)
        frame = pandas.DataFrame({"frequency": changes["frequency"].to_numpy(), "total_time_ns": ends - starts,
                                  "active_time_ns": active})
        return frame.groupby("frequency").sum()

    def df_cpu_frequency_transitions(self, cpu: int) -> pandas.DataFrame:
        """How often a CPU changed to each frequency: DataFrame by frequency (kHz), with transitions."""
        counts = self.df_cpu_frequency(cpu)["frequency"].iloc[1:].value_counts().sort_index()
        return counts.rename_axis("frequency").to_frame("transitions")

    def df_cpus_idle(self) -> pandas.DataFrame:
        """Every change of idle state: DataFrame by Time, with time_ns, cpu, state (-1: not idle)."""
        frame = self._power("idle", "state")
        frame["state"] = frame["state"].where(frame["state"] != _IDLE, -1)
        return frame

    def df_cpu_idle_state_residency(self, cpu: int) -> pandas.DataFrame:
        """How long a CPU was in each idle state: DataFrame by idle_state, with time_ns."""
        changes = self.df_cpus_idle()
        changes = changes[changes["cpu"] == cpu]
        starts = changes["time_ns"].to_numpy()
        frame = pandas.DataFrame({"idle_state": changes["state"].to_numpy(),
                                  "time_ns": numpy.append(starts[1:], self.end_ns)[: len(starts)] - starts})
        return frame[frame["idle_state"] >= 0].groupby("idle_state").sum()

    def counters(self) -> dict[str, pandas.DataFrame]:
        """What classes and schedulers recorded of themselves: dict of DataFrames (time_ns, value) by name."""
        return {counter["name"]: pandas.DataFrame({"time_ns": counter["samples"]["time"],
                                                   "value": counter["samples"]["value"]})
                for counter in self._counters if counter["kind"] == "named"}

    def pids(self, task: _Task) -> list[int]:
        """The pids that are meant by a pid, a name, or a list of them. Raises KeyError."""
        if isinstance(task, (list, tuple, set)):
            return [pid for one in task for pid in self.pids(one)]
        tasks = self.df_tasks()
        found = tasks.index[tasks["comm"] == task] if isinstance(task, str) else tasks.index[tasks.index == task]
        if len(found) == 0:
            raise KeyError(f"no task {task!r} in this timeline; df_tasks() lists them")
        return [int(pid) for pid in found]

    # ---- pictures ----

    def plot_tasks_activation(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """Who runs where: see simsched.plots.tasks_activation()."""
        from . import plots
        return plots.tasks_activation(self, *args, **kwargs)

    def plot_latencies_cdf(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """How long tasks wait after a wake-up: see simsched.plots.latencies_cdf()."""
        from . import plots
        return plots.latencies_cdf(self, *args, **kwargs)

    def plot_task_residency(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """Where a task runs: see simsched.plots.task_residency()."""
        from . import plots
        return plots.task_residency(self, *args, **kwargs)

    def plot_cpu_frequencies(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """Frequencies over time: see simsched.plots.cpu_frequencies()."""
        from . import plots
        return plots.cpu_frequencies(self, *args, **kwargs)

    def plot_utilisation(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        """How busy CPUs are over time: see simsched.plots.utilisation()."""
        from . import plots
        return plots.utilisation(self, *args, **kwargs)

    # ---- what they are made of ----

    def _of(self, kind):
        return self.events[self.events["kind"] == _kind(kind)]

    def _comm(self, indices):
        return numpy.array(self.names, dtype=object)[indices]

    def _tasks_states(self):
        switches = self._of("switch")
        leaving, coming = switches[switches["current"] > 0], switches[switches["pid"] > 0]
        waking, new = self._of("waking"), self._of("wakeup_new")
        states = leaving["state"]
        left = numpy.select(
            [(states & ~numpy.uint16(_PREEMPTED)) == 0, states & 0x30 != 0, states & 2 != 0], ["R", "X", "D"], "S")
        where = [
            (leaving["time"], leaving["current"], leaving["cpu"], left, 0),
            (coming["time"], coming["pid"], coming["cpu"], numpy.full(len(coming), "A"), 2),
            (waking["time"], waking["pid"], waking["other_cpu"], numpy.full(len(waking), "W"), 1),
            (new["time"], new["pid"], new["other_cpu"], numpy.full(len(new), "W"), 1),
        ]
        frame = pandas.DataFrame({
            "time": numpy.concatenate([part[0] for part in where]),
            "pid": numpy.concatenate([part[1] for part in where]),
            "cpu": numpy.concatenate([part[2] for part in where]),
            "curr_state": numpy.concatenate([part[3] for part in where]).astype(object),
            "order": numpy.concatenate([numpy.full(len(part[0]), part[4]) for part in where]),
        })
        frame = frame.sort_values(["pid", "time", "order"], kind="stable")
        # A waking of a task that runs, or waits already, changes nothing.
        before = frame.groupby("pid")["curr_state"].shift(1)
        frame = frame[~((frame["curr_state"] == "W") & before.isin(["A", "W", "R"]))]
        following = frame.groupby("pid")
        frame["next_state"] = following["curr_state"].shift(-1)
        frame["next_state"] = frame["next_state"].where(frame["next_state"].notna(), None)
        frame["delta_ns"] = following["time"].shift(-1).fillna(self.end_ns).astype("int64") - frame["time"]
        frame["comm"] = self.df_tasks()["comm"].reindex(frame["pid"]).to_numpy()
        frame = frame.sort_values(["time", "order"], kind="stable")
        return _time_index(frame[["time", "pid", "comm", "cpu", "curr_state", "next_state", "delta_ns"]].copy())

    def _latency(self, state, column, task):
        states = self.df_tasks_states() if task is None else self.df_task_states(task)
        running_on = states.groupby("pid")["cpu"].shift(-1)
        waits = (states["curr_state"] == state) & (states["next_state"] == "A")
        frame = states.loc[waits, ["time_ns", "pid", "comm", "delta_ns"]].rename(columns={"delta_ns": column})
        frame.insert(3, "cpu", running_on[waits].astype("int64"))
        return frame

    def _power(self, kind, column):
        parts = [pandas.DataFrame({"time": counter["samples"]["time"], "cpu": counter["cpu"],
                                   column: counter["samples"]["value"]})
                 for counter in self._counters if counter["kind"] == kind]
        recorded = self.power[self.power["kind"] == (0 if kind == "frequency" else 1)]
        if len(recorded) or not parts:
            parts.append(pandas.DataFrame({"time": recorded["time"], "cpu": recorded["cpu"],
                                           column: recorded["value"].astype("int64")}))
        return _time_index(pandas.concat(parts).sort_values(["time", "cpu"], kind="stable"))

    def _busy_before(self, cpu, times):
        """How long `cpu` has run tasks until each of `times`."""
        states = self.df_tasks_states()
        runs = states[(states["curr_state"] == "A") & (states["cpu"] == cpu)]
        starts = runs["time_ns"].to_numpy()
        total = numpy.concatenate([[0], numpy.cumsum(runs["delta_ns"].to_numpy())])
        started = numpy.searchsorted(starts, times, side="right")
        ends = numpy.concatenate([[0], starts + runs["delta_ns"].to_numpy()])
        return total[started] - numpy.maximum(ends[started] - times, 0)
