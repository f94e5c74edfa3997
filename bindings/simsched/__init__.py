"""simsched: which scheduling policy is best for a workload on a machine, by how much, and why.

    import simsched
    results = simsched.run({"machine": "vm-2c", "workload": {"hogs": {}}, "policies": ["eevdf", "cfs"], "seeds": 5})
    results            # the table of `simsched run`
    results.runs       # the same figures as a DataFrame, a row a run

Times are whole nanoseconds, and names say so: makespan_ns. docs/python.md is a tutorial."""

from . import _core, plots
from ._commands import (Comparison, Explanation, Fidelity, Recording, compare, explain, load_trace, validate)
from ._core import CpuSet, Machine, Scx, Snapshot, Task, TraceKind, machine_presets, metrics, scx
from ._errors import Error
from ._learning import Dataset, Search, Training, dataset, export, search, train
from ._policy import OPS, ExitInfo, Policy
from ._results import Results, Run, load_results
from ._run import run
from ._simulation import Simulation
from ._sweep import SweepResults, sweep
from ._timeline import STATES, Timeline

__version__ = _core.version
__all__ = ["Comparison", "CpuSet", "Dataset", "Error", "ExitInfo", "Explanation", "Fidelity", "Machine", "OPS",
           "Policy", "Recording", "Results", "Run", "STATES", "Scx", "Search", "Simulation", "Snapshot", "SweepResults",
           "Task", "Timeline", "TraceKind", "Training", "compare", "dataset", "explain", "export", "load_results",
           "load_trace", "machine_presets", "metrics", "plots", "run", "scx", "search", "sweep", "train", "validate"]
