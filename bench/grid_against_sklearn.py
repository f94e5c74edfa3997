"""The grid search of `simsched train` beside scikit-learn's, on the same decisions, scaling, nets, folds' number and cores.

    python3 bench/grid_against_sklearn.py build/release/simsched decisions.sdat.csv [--rows N] [--fits N] [--jobs N]

Wants the table that `simsched dataset --csv` writes, and Debian's python3-sklearn. 48 points x 5 folds by F1, plain
stratified folds; both stop a net early by what it scores on a tenth held back (patience 10, tolerance 1e-4, batches of 256,
L2 1e-4). `--rows` takes a part of the decisions, `--fits` has scikit-learn do only so many of the 240 fits, spread over
the grid by whole points, and takes the mean for the others: all of them can take hours.
"""

import argparse
import csv
import itertools
import os
import pathlib
import resource
import subprocess
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a process a core

import numpy
from joblib import Parallel, delayed
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import MinMaxScaler

os.environ["PYTHONWARNINGS"] = "ignore"  # that a net has not converged after so many epochs is what the grid is about

HIDDEN = [(10,), (15,), (20,), (10, 5)]
ACTIVATION = ["relu", "tanh"]
RATE = [0.001, 0.003, 0.01]
EPOCHS = [20, 60]
FOLDS = 5


def sub_table(table, rows, folder):
    """The head of the table and `rows` of its decisions, evenly spread; and they as an array."""
    lines = table.read_text().splitlines(keepends=True)
    head, body = lines[:2], lines[2:]
    if rows and rows < len(body):
        body = [body[i * len(body) // rows] for i in range(rows)]
    path = folder / "decisions.csv"
    path.write_text("".join(head + body))
    return path, numpy.array([[int(v) for v in line.split(",")[:16]] for line in body], dtype=numpy.float64)


def cpu_seconds(who=resource.RUSAGE_CHILDREN):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def simsched(binary, table, folder, jobs):
    config = folder / "train.yaml"
    config.write_text(f"data: {table}\nfolds_by: [plain]\nrivals: []\ngrid: {{hidden: [[10], [15], [20], [10, 5]], "
                      f"activation: [relu, tanh], learning_rate: {RATE}, epochs: {EPOCHS}}}\n")
    before, start = cpu_seconds(), time.monotonic()
    subprocess.run([binary, "train", config, "-q", "-j", str(jobs), "--grid", folder / "grid.csv"], check=True)
    wall, cpu = time.monotonic() - start, cpu_seconds() - before
    with open(folder / "grid.csv") as file:
        scores = [float(row["f1_plain"]) for row in csv.DictReader(file)]
    return wall, cpu, scores


def fit(x, y, train, test, hidden, activation, rate, epochs):
    before, start = cpu_seconds(resource.RUSAGE_SELF), time.monotonic()
    scaler = MinMaxScaler().fit(x[train])
    net = MLPClassifier(hidden, activation=activation, learning_rate_init=rate, max_iter=epochs, batch_size=256, alpha=1e-4,
                        early_stopping=True, n_iter_no_change=10, tol=1e-4, random_state=1)
    net.fit(scaler.transform(x[train]), y[train])
    score = f1_score(y[test], net.predict(scaler.transform(x[test])))
    return score, time.monotonic() - start, cpu_seconds(resource.RUSAGE_SELF) - before


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("simsched", type=pathlib.Path)
    parser.add_argument("table", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--fits", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        table, rows = sub_table(arguments.table, arguments.rows, folder)
        x, y = rows[:, :15], rows[:, 15].astype(int)
        print(f"{len(y)} decisions, {int(y.sum())} to move; {arguments.jobs} at a time", flush=True)
        wall, cpu, ours = simsched(arguments.simsched.resolve(), table, folder, arguments.jobs)
        print(f"simsched      240 fits  {wall:9.1f} s  {cpu:9.1f} s of CPU  best F1 {max(ours):.4f}", flush=True)

    points = list(itertools.product(HIDDEN, ACTIVATION, RATE, EPOCHS))  # in the order of the grid's table
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=1).split(x, y))
    fits = [(p, f) for p in range(len(points)) for f in range(FOLDS)]
    chosen = fits
    if arguments.fits and arguments.fits < len(fits):
        some = max(arguments.fits // FOLDS, 1)  # whole points, spread over the grid
        chosen = [((7 * i + 3) % len(points), f) for i in range(some) for f in range(FOLDS)]
    start = time.monotonic()
    done = Parallel(n_jobs=arguments.jobs)(delayed(fit)(x, y, *folds[f], *points[p]) for p, f in chosen)
    wall_theirs = (time.monotonic() - start) * len(fits) / len(chosen)
    cpu_theirs = sum(d[2] for d in done) * len(fits) / len(chosen)
    told = "" if len(chosen) == len(fits) else f" (of {len(chosen)} fits, as if all took their mean)"
    by_point = {}
    for (p, _), (score, _, _) in zip(chosen, done):
        by_point.setdefault(p, []).append(score)
    theirs = {p: sum(scores) / len(scores) for p, scores in by_point.items()}
    print(f"scikit-learn  240 fits  {wall_theirs:9.1f} s  {cpu_theirs:9.1f} s of CPU  best F1 {max(theirs.values()):.4f}{told}")
    apart = [ours[p] - theirs[p] for p in theirs]
    best = max(ours[p] for p in theirs) - max(theirs.values())
    print(f"F1 at the same {len(theirs)} points: {numpy.mean(apart):+.4f} in the mean, {min(apart):+.4f} to {max(apart):+.4f}; "
          f"the best of them {best:+.4f}")
    print(f"{wall_theirs / wall:.1f} times as fast by the clock, {cpu_theirs / cpu:.1f} by CPU time")


main()
