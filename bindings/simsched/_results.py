"""What came of runs."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import typing

from . import _core
from ._errors import Error

if typing.TYPE_CHECKING:
    import pandas

    from ._timeline import Timeline

_Path = typing.Union[str, "os.PathLike[str]"]


def _flat(result):
    """A result as a row: its columns named as those of results.csv."""
    row = {}
    for name, value in result.items():
        if name == "metrics":
            row.update(value)
        elif name in ("task_time", "cpu_time"):
            row.update((f"{name}_{key}", number) for key, number in value.items())
        elif name in ("counters", "packets"):
            for group, values in value.items():
                before = "packets_" if name == "packets" else ""
                row.update((f"{before}{group}_{key}", number) for key, number in values.items())
        elif not isinstance(value, (dict, list)):
            row[name] = value
    return row


class Run:
    """One simulation that is over.

    policy, machine, workload   names: str
    seed                        int
    status, exit_code           "ok" and 0, or why it ended early
    """

    def __init__(self, native):
        self._native = native
        for name in ("policy", "machine", "workload", "seed", "status", "exit_code", "recorded"):
            setattr(self, name, getattr(native, name))

    def to_dict(self) -> dict[str, typing.Any]:
        """Its part of results.json: dict."""
        return json.loads(_core.results_to_json([self._native]))["results"][0]

    @property
    def metrics(self) -> dict[str, int]:
        """Every metric by its name: dict of int."""
        return self.to_dict()["metrics"]

    def timeline(self) -> Timeline:
        """What happened: Timeline. Raises simsched.Error unless recorded."""
        if not self.recorded:
            raise Error("the run was not recorded", "timeline", None, "run it with record=True, or record='first'")
        from ._timeline import Timeline
        return Timeline(_core.trace_of(self._native), _core.counters_of(self._native), _core.machine_of(self._native),
                        f"{self.policy} on {self.machine}, seed {self.seed}")

    def save_perfetto(self, path: _Path) -> None:
        """Writes what happened for ui.perfetto.dev. Raises simsched.Error unless recorded."""
        if not self.recorded:
            raise Error("the run was not recorded", "save_perfetto", None, "run it with record=True, or record='first'")
        pathlib.Path(path).write_bytes(_core.perfetto_of(self._native))

    def __repr__(self):
        return f"<simsched.Run {self.policy} on {self.machine}, seed {self.seed}: {self.status}>"


class Results:
    """Runs, one for each machine, policy and seed, in that order: what simsched.run() returns.

    len(results) is their number, results[i] is one: simsched.Run."""

    def __init__(self, runs, metrics=(), notes=(), references=""):
        self._runs, self.metrics, self.notes, self.references = list(runs), list(metrics), list(notes), references
        self._dict = None

    @property
    def _native(self):
        return [run._native for run in self._runs]

    def __len__(self) -> int:
        return len(self._runs)

    def __getitem__(self, index: int) -> Run:
        return self._runs[index]

    def __add__(self, other: Results) -> Results:
        """The runs of both, to be shown side by side."""
        return Results(self._runs + other._runs, self.metrics, self.notes + other.notes,
                       self.references + other.references)

    def find(self, policy: str | None = None, machine: str | None = None, seed: int | None = None) -> Run:
        """The first run that is so: Run. Raises KeyError."""
        for run in self._runs:
            if all(wanted in (None, own) for wanted, own in
                   ((policy, run.policy), (machine, run.machine), (seed, run.seed))):
                return run
        raise KeyError(f"no run of policy {policy!r} on machine {machine!r} with seed {seed!r}")

    def timeline(self, policy: str | None = None, machine: str | None = None,
                 seed: int | None = None) -> Timeline:
        """What happened in the first recorded run that is so: Timeline. Raises KeyError, or simsched.Error when none is
        recorded."""
        fitting = [run for run in self._runs if all(wanted in (None, own) for wanted, own in (
            (policy, run.policy), (machine, run.machine), (seed, run.seed)))]
        recorded = [run for run in fitting if run.recorded]
        return (recorded[0] if recorded else fitting[0] if fitting else self.find(policy, machine, seed)).timeline()

    def to_json(self) -> str:
        """results.json as `simsched run` writes it, byte for byte: str."""
        return _core.results_to_json(self._native)

    def to_dict(self) -> dict[str, typing.Any]:
        """What results.json holds (docs/results.md): dict."""
        return json.loads(self.to_json())

    def to_csv(self) -> str:
        """results.csv as `simsched run` writes it: str."""
        return _core.results_to_csv(self._native)

    def save(self, folder: _Path) -> None:
        """Writes results.json and results.csv into `folder`, which is made if need be. Raises OSError."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.json").write_text(self.to_json())
        (folder / "results.csv").write_text(self.to_csv())

    @property
    def _results(self):
        if self._dict is None:
            self._dict = self.to_dict()["results"]
        return self._dict

    @property
    def runs(self) -> pandas.DataFrame:
        """A row a run: DataFrame. Columns are machine, policy, workload, seed, status, exit_code, every metric by its
        name (whole numbers, units in the names), and with a prefix what else a run adds up: task_time_work_ns,
        cpu_time_idle_ns, fair_pulled, packets_all_latency_ns_p99. A run that lacks one has <NA>."""
        return _frame([_flat(result) for result in self._results])

    @property
    def tasks(self) -> pandas.DataFrame:
        """A row a task: DataFrame with machine, policy, workload, seed, task ("name[pid]"), name, pid, and figures
        (run_ns, wait_ns, sleep_ns, switches, ...). Empty unless the config says `output: {tasks: true}`."""
        frame = self._grouped("tasks", "task")
        if len(frame):
            parts = frame["task"].str.extract(r"^(.*)\[(\d+)\]$")
            frame.insert(5, "name", parts[0])
            frame.insert(6, "pid", parts[1].astype("int64"))
        return frame

    @property
    def names(self) -> pandas.DataFrame:
        """The same of all tasks of a name: DataFrame with machine, policy, workload, seed, name, and figures."""
        return self._grouped("names", "name")

    @property
    def task_time(self) -> pandas.DataFrame:
        """Where the time of tasks went, by name: DataFrame with machine, policy, workload, seed, name, tasks, and
        nanoseconds by cause, which add up to lifetime_ns. What no task of a run had is 0."""
        return self._grouped("task_time_by_name", "name").fillna(0)

    @property
    def cpu_time(self) -> pandas.DataFrame:
        """A row a CPU of a run: DataFrame with machine, policy, workload, seed, cpu, busy_ns, overhead_ns, irq_ns (both
        are part of busy_ns)."""
        import pandas
        return pandas.DataFrame([
            {**_which(result), "cpu": cpu, "busy_ns": busy, "overhead_ns": result["cpu_overhead_ns"][cpu],
             "irq_ns": result["cpu_irq_ns"][cpu]}
            for result in self._results for cpu, busy in enumerate(result["cpu_busy_ns"])])

    @property
    def packets(self) -> pandas.DataFrame:
        """A row a class of packets of a run, and one for "all": DataFrame. Empty without packets."""
        return self._grouped("packets", "class")

    def _grouped(self, column, named):
        return _frame([{**_which(result), named: name, **figures} for result in self._results
                       for name, figures in result.get(column, {}).items()])

    def table(self, metrics: typing.Sequence[str] | None = None, width: int | None = None, colour: bool = False) -> str:
        """The tables of `simsched run`: str. `metrics`: names, instead of the config's; `width`: columns that there are,
        0 for as many as it takes; by default those of the terminal."""
        if width is None:
            width = shutil.get_terminal_size((0, 0)).columns
        text = _core.tables(self._native, list(metrics or self.metrics), width, colour)
        return text + (f"\n{self.references}" if self.references else "")

    def __repr__(self):
        return self.table() if self._runs else "<simsched.Results: no runs>"

    def _repr_html_(self):
        return _html_tables(self.table(width=0)) if self._runs else None


def _which(result):
    return {name: result[name] for name in ("machine", "policy", "workload", "seed")}


def _frame(rows):
    """Columns in order of first appearance. Numbers stay whole, also where some rows have none: <NA>."""
    import pandas
    columns = {name: None for row in rows for name in row}
    for name in columns:
        values = [row.get(name) for row in rows]
        if any(value is None for value in values) and all(value is None or isinstance(value, int) for value in values):
            columns[name] = pandas.array(values, dtype="Int64")
        else:
            columns[name] = values
    return pandas.DataFrame(columns)


def load_results(path: _Path) -> Results:
    """Reads what `simsched run` or Results.save() has written: the file, or the folder that it lies in. Returns Results.
    Raises simsched.Error for what is none."""
    file = pathlib.Path(path)
    if file.is_dir():
        file /= "results.json"
    try:
        text = file.read_text()
    except (OSError, ValueError) as error:
        raise Error(f"cannot be read: {getattr(error, 'strerror', None) or error}", os.fspath(file), None,
                    "give a results.json, or the folder that it lies in") from None
    return Results([Run(run) for run in _core.results_from_json(text, os.fspath(file))])


def _html_tables(text):
    import html
    return f'<pre style="line-height: 1.25; overflow-x: auto">{html.escape(text)}</pre>'
