"""Experiments."""

from __future__ import annotations

from . import _core
from ._config import AnyConfig as _Config, Config
from ._errors import Error
from ._progress import AnyProgress as _Progress, reporter
from ._results import Results, Run


def run(config: _Config, *, seeds: int | None = None, jobs: int = 0, record: bool | str = False,
        progress: _Progress = None, policies: dict[str, type] | None = None) -> Results:
    """Simulates an experiment: machines x policies x seeds.

    config    the path of a config (docs/config.md), its text, or the same as a dict, in which a Machine may stand where
              a machine is named. Paths in a file are relative to it, in others to the current folder
    seeds     so many, instead of the config's
    jobs      simulations at a time; 0: as the config says, else one a CPU. The results are the same
    record    keep timelines (Run.timeline): of all runs (True), or of the first seed of each ("first")
    progress  True, False, or a function of (done, total) runs; None: a bar in notebooks and on terminals
    policies  classes of schedulers written in Python, by the name that the config calls them; then one job

    Returns Results. Raises simsched.Error for what is wrong with the config; KeyboardInterrupt ends it.
    """
    loaded = Config(config)
    session = loaded.load(policies)
    show, end = reporter(progress, "simulating")
    try:
        runs = session.run(seeds, jobs, record, show)
    except Error as error:
        raise loaded.place(error) from None
    finally:
        end()
    return Results([Run(run) for run in runs], session.metrics, session.notes, session.references(runs))
