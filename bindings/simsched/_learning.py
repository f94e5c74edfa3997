"""Datasets of decisions, training, searches for models, and policies for a kernel."""

from __future__ import annotations

import json
import os
import pathlib
import typing

from . import _core
from ._config import AnyConfig as _Config, Config
from ._errors import Error
from ._progress import AnyProgress as _Progress, reporter
from ._results import _Path

if typing.TYPE_CHECKING:
    import pandas


def _write(path, content):
    pathlib.Path(path).write_bytes(content if isinstance(content, bytes) else content.encode())


class Dataset:
    """Decisions of policies: columns over the memory that they lie in.

    inputs    {name: uint16 array (rows)}: the fifteen inputs
    moves     uint8 array (rows): 1 where the task was moved
    outcome   float32 array (rows), or (0) where nobody found out; above 0: moving was better
    origin    uint16 array (rows): index of `origins`
    origins   [(recording, machine, policy, seed)]
    """

    def __init__(self, native):
        self._native = native
        self.inputs, self.moves, self.outcome = native.inputs, native.moves, native.outcome
        self.origin, self.origins = native.origin, native.origins

    def __len__(self) -> int:
        return self._native.rows

    def to_frame(self) -> pandas.DataFrame:
        """A row a decision: DataFrame with the inputs, moves, outcome where there is one, and where it is from."""
        import pandas
        frame = pandas.DataFrame({**self.inputs, "moves": self.moves.astype(bool)})
        if len(self.outcome):
            frame["outcome"] = self.outcome
        for i, name in enumerate(("recording", "machine", "policy", "seed")):
            frame[name] = pandas.Series([origin[i] for origin in self.origins]).reindex(self.origin).to_numpy()
        return frame

    def save(self, path: _Path) -> None:
        """Writes it for train(): a .sdat file."""
        _write(path, self._native.to_bytes())

    def __repr__(self):
        return f"<simsched.Dataset: {len(self):,} decisions, {int(self.moves.sum()):,} of them to move>"


def dataset(config: _Config, *, jobs: int = 0, progress: _Progress = None) -> Dataset:
    """Collects decisions, as `simsched dataset` does; or reads a dataset, given the path of a .sdat or .csv file.

    config   path, text or dict (docs/learning.md)

    Returns Dataset. Raises simsched.Error."""
    if isinstance(config, (str, os.PathLike)) and os.fspath(config).endswith((".sdat", ".csv")):
        return Dataset(_core.Dataset.read(os.fspath(config)))
    loaded = Config(config)
    show, end = reporter(progress, "simulating")
    try:
        return Dataset(_core.Dataset.collect(loaded.text, loaded.name, jobs, show))
    except Error as error:
        raise loaded.place(error) from None
    finally:
        end()


class Training:
    """What was learned.

    model      bytes of a model file, or None; model_of names its learner
    rows, moves, fits   int
    """

    def __init__(self, report):
        self._report = report
        self.model, self.model_of = report["model"], report["model_of"]
        self.rows, self.moves, self.fits = report["rows"], report["moves"], report["fits"]

    @property
    def grid(self) -> pandas.DataFrame:
        """A row a net that was tried: DataFrame with net, learning_rate, epochs, accuracy_plain, f1_plain, ..."""
        import pandas
        return pandas.DataFrame([{"net": net, "learning_rate": rate, "epochs": epochs, **_scores(scores)}
                                 for net, rate, epochs, scores in self._report["grid"]])

    @property
    def learners(self) -> pandas.DataFrame:
        """The best net and its rivals: DataFrame with learner, what, ns (a decision, here), in_integers, int8_flips,
        q21_flips (shares), and scores."""
        import pandas
        return pandas.DataFrame([
            {"learner": name, "what": what, "ns": ns, "in_integers": integers, "int8_flips": int8, "q21_flips": q21,
             **_scores(scores)} for name, what, ns, integers, int8, q21, scores in self._report["learners"]])

    def save(self, path: _Path) -> None:
        """Writes the model: {"rusty_ml": {"model": path}} is a policy with it."""
        if self.model is None:
            raise Error("there is no model", os.fspath(path), None, "no learner was found that a policy can run")
        _write(path, self.model)

    def __repr__(self):
        return f"<simsched.Training: {self.fits} fits on {self.rows:,} decisions; model: {self.model_of or 'none'}>"

    def _repr_html_(self):
        return self.learners._repr_html_()


def _scores(scores):
    return {key: value for by, accuracy, f1 in scores for key, value in ((f"accuracy_{by}", accuracy), (f"f1_{by}", f1))}


def train(config: _Config, *, jobs: int = 0, progress: _Progress = None) -> Training:
    """Learns models of policies from decisions, as `simsched train` does.

    config   path, text or dict (docs/learning.md)

    Returns Training. Raises simsched.Error."""
    loaded = Config(config)
    show, end = reporter(progress, "training")
    try:
        return Training(_core.train(loaded.text, loaded.name, jobs, show))
    except Error as error:
        raise loaded.place(error) from None
    finally:
        end()


class Search:
    """A search for a model by what comes of it, a generation at a time: `simsched search`.

    for step in search: ... goes through the generations that are left; run() does so with a bar."""

    def __init__(self, config: _Config, *, generations: int | None = None, jobs: int = 0) -> None:
        loaded = Config(config)
        try:
            self._search = _core.Searching(loaded.text, loaded.name)
        except Error as error:
            raise loaded.place(error) from None
        self.generations = self._search.generations if generations is None else generations
        self.jobs = jobs

    @property
    def generation(self) -> int:
        """How many are over: int."""
        return self._search.generation

    def __iter__(self) -> Search:
        return self

    def __next__(self) -> dict[str, float]:
        if self._search.best is not None and self.generation >= self.generations:
            raise StopIteration
        self._search.advance(self.jobs, self.generation + 1 == self.generations)
        return typing.cast("dict[str, float]", self.best)

    def run(self, progress: _Progress = None) -> Search:
        """All generations that are left. KeyboardInterrupt gives up the one that is under way; run() goes on from there."""
        show, end = reporter(progress, "searching")
        try:
            for _ in self:
                if show:
                    show(self.generation, self.generations)
        finally:
            end()
        return self

    @property
    def best(self) -> dict[str, float] | None:
        """The best on validation: dict with generation, total (0: as the better baseline, less is better), and its parts
        makespan, migrations, wake, all logarithms of ratios. None before the first step."""
        return self._search.best

    @property
    def steps(self) -> pandas.DataFrame:
        """A row a generation: DataFrame with best and median of its candidates, validated where they were."""
        import pandas
        return pandas.DataFrame(self._search.steps, columns=["best", "median", "validated"])

    @property
    def model(self) -> bytes:
        """Bytes of a model file. Raises simsched.Error before the first step, and where only tunables are searched."""
        self._check_begun()
        if not self._search.has_model:
            raise Error("the search has no model", "model", None, "policy() has the tunables that it found")
        return self._search.model

    def policy(self, path: _Path = "") -> dict[str, dict[str, str]]:
        """The best as a policy of a config; `path` is where save() has written its model. Raises simsched.Error before the
        first step."""
        self._check_begun()
        return self._search.policy(os.fspath(path))

    def _check_begun(self) -> None:
        if self.best is None:
            raise Error("nothing was searched yet", "search", None, "call run() first")

    def save(self, path: _Path) -> None:
        """Writes the model."""
        _write(path, self.model)

    def checkpoint(self) -> str:
        """All that the search is: str, for restore() of one with the same config."""
        return self._search.checkpoint

    def restore(self, checkpoint: str) -> None:
        """Goes on from there. Raises simsched.Error for one of another config."""
        self._search.load(checkpoint, "checkpoint")

    def to_svg(self) -> str:
        """A picture of its progress: str."""
        return self._search.svg

    def _repr_svg_(self):
        return self._search.svg if self.best is not None else None

    def test(self, path: _Path) -> dict[str, typing.Any]:
        """What was found, with its model in that file, beside baselines and controls on scenarios that the search has not seen: dict
        (docs/learning.md). Raises simsched.Error where the config has no `test`."""
        return json.loads(self._search.test(os.fspath(path), self.jobs))

    def __repr__(self):
        return f"<simsched.Search: generation {self.generation} of {self.generations}>"


def search(config: _Config, *, generations: int | None = None, jobs: int = 0, progress: _Progress = None) -> Search:
    """Finds a model for a policy by trying many on simulated machines: Search(config).run(). Returns Search."""
    return Search(config, generations=generations, jobs=jobs).run(progress)


def export(subject: _Config, folder: _Path, *, policy: str = "", jobs: int = 0,
           progress: _Progress = None) -> pathlib.Path:
    """Writes a policy as a folder from which a machine loads it into its kernel, as `simsched export` does.

    subject   a shipped policy's name, a .bpf.c file, or a config (path, text or dict), which is simulated: then the best
              by its first metric is exported, or `policy`, the label of one

    Returns the folder: pathlib.Path. Raises simsched.Error, for one written in Python, too."""
    folder = pathlib.Path(folder)
    if folder.exists() and not folder.is_dir():
        raise Error("is no folder", os.fspath(folder), None, "name another")
    is_name = isinstance(subject, (str, os.PathLike)) and "\n" not in os.fspath(subject) and not os.fspath(
        subject).endswith((".yaml", ".yml"))
    if is_name:
        files = _core.export_plain(os.fspath(subject))
    else:
        loaded = Config(subject)
        session = loaded.load()
        show, end = reporter(progress, "simulating")
        try:
            _core.check_export(session, policy)
            files = _core.export_of_runs(session, policy, session.run(None, jobs, False, show))
        except Error as error:
            raise loaded.place(error) from None
        finally:
            end()
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files:
        (folder / name).write_bytes(content)
    (folder / _core.loader_file).chmod(0o755)
    return folder
