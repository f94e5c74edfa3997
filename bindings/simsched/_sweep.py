"""Sweeps, on this computer or on the workers of a Dask cluster."""

from __future__ import annotations

import io
import os
import pathlib
import typing

from . import _core, _dask
from ._config import AnyConfig as _Config, Config
from ._errors import Error
from ._progress import AnyProgress as _Progress, reporter
from ._results import _Path, _html_tables

if typing.TYPE_CHECKING:
    import distributed
    import numpy.typing
    import pandas


class SweepResults:
    """What a sweep found. str() is what `simsched sweep` prints: who is best where.

    file        its columns, as numpy.load() reads them: pathlib.Path of sweep.npz
    exit_code   0, or that of the first run that failed: int
    len() is the number of runs.
    """

    def __init__(self, file, found):
        import numpy
        self.file, self.exit_code, self._text = file, found["exit_code"], found["text"]
        with numpy.load(io.BytesIO(found["npz"])) as arrays:
            self._columns = dict(arrays)

    @property
    def columns(self) -> dict[str, numpy.typing.NDArray[typing.Any]]:
        """The variables that repeat the experiment, then what a row of results.csv has, each with a value a run: dict of
        arrays of int64, text, or float64 (NaN where a run lacks a figure). Units are in the names."""
        return self._columns

    @property
    def runs(self) -> pandas.DataFrame:
        """The same as a row a run, in the order of experiments, machines, policies, seeds: DataFrame."""
        import pandas
        return pandas.DataFrame(self._columns)

    def __len__(self) -> int:
        return len(self._columns["seed"])

    def __str__(self):
        return self._text

    __repr__ = __str__

    def _repr_html_(self):
        return _html_tables(self._text)


def sweep(config: _Config, output: _Path | None = None, *, seeds: int | None = None, jobs: int = 0,
          client: distributed.Client | str | None = None, progress: _Progress = None) -> SweepResults:
    """Simulates an experiment with variables (docs/sweeps.md), as `simsched sweep` does, with the same bytes.

    config    the path of a config, its text, or the same as a dict
    output    folder of the runs and of sweep.npz, which either may go on with; by default as the command has it
    seeds     so many, instead of the config's
    jobs      simulations at a time; 0: as the config says, else one a CPU. Not with a client
    client    a distributed.Client, or the address of a scheduler: its workers simulate, here are the files that are
              written. What a worker that died was at, others do. All have the same build of simsched, and find what the
              config names under the same paths
    progress  True, False, or a function of (done, total) runs to simulate; None: a bar in notebooks and on terminals

    Whatever ends it, the runs that are done are in `output`, and the same call goes on from there. Returns SweepResults.
    Raises simsched.Error for what is wrong with the config, with file and line, and for workers that cannot do it;
    KeyboardInterrupt ends it.
    """
    if client is not None and jobs:
        raise Error(f"is {jobs}, and there is a client", "jobs", None, "workers have so many threads as they were given")
    loaded = Config(config)
    try:
        plan = _core.Sweep(loaded.text, loaded.name, seeds)
        plan.check(jobs)
        folder = pathlib.Path(output or plan.output or pathlib.Path("results", pathlib.Path(loaded.name).stem))
        plan.open(os.fspath(folder))
        show, end = reporter(progress, "simulating")
        try:
            if client is None:
                plan.simulate(jobs, show)
            else:
                _dask.simulate(plan, loaded, seeds, client, show)
            return SweepResults(folder / "sweep.npz", plan.results())
        finally:
            end()
            plan.close()  # a traceback that is kept would keep the folder locked
    except Error as error:
        raise loaded.place(error) from None
