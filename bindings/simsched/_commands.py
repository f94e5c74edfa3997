"""What the sub-commands of `simsched` do, as functions."""

from __future__ import annotations

import collections.abc
import json
import os
import pathlib
import typing

from . import _core
from ._config import AnyConfig as _Config, Config
from ._errors import Error
from ._progress import AnyProgress as _Progress, reporter
from ._results import Results, _Path, load_results

if typing.TYPE_CHECKING:
    import pandas

    from ._timeline import Timeline

_AnyResults = typing.Union[Results, _Path]


def _results(results):
    return results if isinstance(results, Results) else load_results(results)


class Explanation:
    """Why one policy took longer than another. str() is what `simsched explain` prints; a notebook shows the causes as
    bars beside each other."""

    def __init__(self, found):
        self._text, self._json, self._svg = found["text"], found["json"], found["svg"]

    def to_dict(self) -> dict[str, typing.Any]:
        """All sums, in nanoseconds (docs/results.md): dict."""
        return json.loads(self._json)

    def to_svg(self) -> str:
        return self._svg

    def __str__(self):
        return self._text

    __repr__ = __str__

    def _repr_html_(self):
        import html
        return f'{self._svg}<pre style="line-height: 1.25; overflow-x: auto">{html.escape(self._text)}</pre>'


def explain(results: _AnyResults, policy: str, vs: str = "", machine: str = "") -> Explanation:
    """Why `policy` took longer than `vs` (by default the first other one), by cause, by name of task and by CPU.

    results   Results, or the path of what `simsched run` wrote
    machine   which, when there are several

    Returns Explanation. Raises simsched.Error."""
    return Explanation(_core.explain(_results(results)._native, policy, vs, machine))


class Comparison:
    """Two results: what became worse. str() is what `simsched compare` prints.

    regressed   whether something is worse by more than is allowed, and by more than chance: bool
    """

    def __init__(self, found):
        self.regressed = found["regressed"]
        self._found = found

    def to_dict(self) -> dict[str, typing.Any]:
        """Every figure (docs/ci.md): dict."""
        return json.loads(self._found["json"])

    def to_markdown(self) -> str:
        return self._found["markdown"]

    def to_junit(self) -> str:
        return self._found["junit"]

    def __str__(self):
        return self._found["text"]

    __repr__ = __str__
    _repr_markdown_ = to_markdown


def compare(base: _AnyResults, new: _AnyResults,
            tolerances: _Config | None = None) -> Comparison:
    """Whether `new` is worse than `base`: runs are paired by machine, policy and seed.

    base, new    Results, or paths
    tolerances   which metrics are judged, and how strictly: a dict {metric: "1%"}, the path of a YAML file, or its text;
                 by default those of the table, the makespan by 2 %, counts by 5 %, latencies by 10 %

    Returns Comparison. Raises simsched.Error."""
    text, name = None, "tolerances"
    if isinstance(tolerances, collections.abc.Mapping):
        text = Config(tolerances if set(tolerances) == {"metrics"} else {"metrics": tolerances}).text
    elif tolerances is not None:
        config = Config(tolerances)
        text, name = config.text, config.name
    return Comparison(_core.compare(_results(base)._native, _results(new)._native, text, name))


class Recording:
    """What was recorded of a scheduler. In a config it stands for its path: {"workload": {"trace": recording}}.

    path      str
    machine   that it was recorded on: Machine
    nr_tasks  int
    """

    def __init__(self, path: _Path, recorded: _Path = "", machine: _Path = "") -> None:
        self.path = os.fspath(path)
        self._native = _core.Recording(self.path, os.fspath(recorded), os.fspath(machine))
        self._machine_given = bool(machine)
        self.machine, self.nr_tasks = self._native.machine, self._native.nr_tasks

    def timeline(self) -> Timeline:
        """What happened: Timeline, over the memory of the recording."""
        from ._timeline import Timeline
        return Timeline(self._native.trace, (), self.machine, pathlib.Path(self.path).name)

    def __fspath__(self) -> str:
        return self.path

    def __str__(self):
        """What is in it, what was missing, and how it was understood."""
        return self._native.text

    def __repr__(self):
        return f"<simsched.Recording {self.path}: {self.nr_tasks:,} tasks on {self.machine.name}>"


def load_trace(path: _Path, recorded: _Path = "", machine: _Path = "") -> Recording:
    """Reads a recording, of `perf sched record` or any other format that `simsched import` knows.

    recorded   how it was recorded; by default NAME.recorded.yaml beside it
    machine    that it was recorded on, by default as that says: a preset's name or a file

    Returns Recording. Raises simsched.Error."""
    return Recording(path, recorded, machine)


class Fidelity:
    """How well replays match recordings. str() is what `simsched validate` prints.

    ok   whether every metric could be one of a real run: bool
    """

    def __init__(self, found):
        self.ok, self._found = found["ok"], found

    def to_dict(self) -> dict[str, typing.Any]:
        """docs/results.md has the schema: dict."""
        return json.loads(self._found["json"])

    @property
    def metrics(self) -> pandas.DataFrame:
        """A row a metric: DataFrame with name, recorded, simulated, error, tolerance, ok, ..."""
        import pandas
        return pandas.DataFrame(self.to_dict()["metrics"])

    def __str__(self):
        return self._found["text"]

    __repr__ = __str__

    def _repr_html_(self):
        import html
        return f'<pre style="line-height: 1.25; overflow-x: auto">{html.escape(str(self))}</pre>'


def validate(traces: _Path | typing.Sequence[_Path], *, policy: str = "eevdf", seeds: int = 5, jobs: int = 0,
             progress: _Progress = None) -> Fidelity:
    """Replays recordings where they were made, and says whether the replays could be real runs.

    traces   the path of a recording, a Recording, or a list of several of one command
    policy   that they were recorded under
    seeds    replays of each

    Returns Fidelity. Raises simsched.Error."""
    traces = [traces] if isinstance(traces, (str, os.PathLike)) else list(traces)
    recordings = [trace if isinstance(trace, Recording) else load_trace(trace) for trace in traces]
    show, end = reporter(progress, "replaying")
    try:
        return Fidelity(_core.validate([recording._native for recording in recordings],
                                       [recording.path for recording in recordings], policy, seeds, jobs,
                                       any(recording._machine_given for recording in recordings), show))
    finally:
        end()
