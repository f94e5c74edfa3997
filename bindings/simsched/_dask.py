"""Runs of a sweep on the workers of a Dask cluster. A run's record comes back by value, and whoever asks keeps it: there
is no file that two write, and what a worker that died had not sent is made again, with the same bytes."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import uuid

from . import _core
from ._errors import Error

#: A thread of a worker gets so many tasks, or more: little is lost with it, and all end at about the same time.
_TASKS_EACH = 16
#: Runs of a task. More would spare nothing, and keep those that are done from the disk.
_MOST_RUNS = 64


@functools.lru_cache(maxsize=2)
def _sweep(text, name, seeds, _asked):
    return _core.Sweep(text, name, seeds)


def _records(text, name, seeds, asked, runs):
    """On a worker: the records of runs, given as (number, key). A sweep is read once by each process for each that is
    asked for, as files may have changed since the last."""
    sweep = _sweep(text, name, seeds, asked)
    for number, key in runs:
        if number >= len(sweep) or sweep.key(number) != key:
            raise Error(f"is another sweep on {platform.node()} than where it was asked for", name, None,
                        "give all the same build of simsched, and the same files under the same paths")
    return [sweep.run(number) for number, _ in runs]


@contextlib.contextmanager
def _connected(client):
    """The client, or one of an address, which is closed again."""
    try:
        import distributed
    except ImportError as error:
        raise Error(f"cannot be used: {error}", "client", None, "install python3-distributed (pip: distributed)") from None
    if isinstance(client, str):
        try:
            own = distributed.Client(client)
        except (OSError, ValueError) as error:
            raise Error(f"cannot be reached: {error}", client, None, "give the address of a Dask scheduler") from None
        with own:
            yield own
    elif isinstance(client, distributed.Client) and not client.asynchronous:
        yield client
    else:
        raise Error(f"is a {type(client).__name__}", "client", None,
                    "give a distributed.Client that is not asynchronous, or the address of a scheduler")


def simulate(sweep, config, seeds, client, show):
    """Adds the runs that `sweep`, which is open, lacks."""
    missing = sweep.missing()
    # Absolute, so that paths in it mean the same wherever a worker was started.
    name = os.path.abspath(config.name)
    with _connected(client) as connected:
        from distributed import as_completed
        from distributed.client import CancelledError
        from distributed.scheduler import KilledWorker
        threads = max(1, sum(connected.nthreads().values()))
        size = min(_MOST_RUNS, max(1, len(missing) // (threads * _TASKS_EACH)))
        # Each has all that it needs: what is scattered would be lost with the worker that holds it.
        plan = (config.text, name, seeds, uuid.uuid4().hex)
        tasks = [connected.submit(_records, *plan, missing[first:first + size], pure=False)
                 for first in range(0, len(missing), size)]
        done = 0
        try:
            for task in as_completed(tasks):
                for record in task.result():
                    sweep.add(record)
                    done += 1
                task.release()  # or the worker would hold it
                if show:
                    show(done, len(missing))
        except KilledWorker as error:
            raise Error(f"workers died, the last on {error.last_worker.address}", config.name, None,
                        "look at their logs, for memory above all; the same call goes on from here") from None
        except CancelledError:
            raise Error("the scheduler was lost, or tasks were cancelled", config.name, None,
                        "the same call goes on from here") from None
        except ImportError as error:
            raise Error(f"a worker cannot do it: {error}", config.name, None,
                        "give all workers the same build of simsched") from None
        except Error as error:
            raise Error(error.what, config.name if error.file == name else error.file, error.line,
                        error.advice) from None
        finally:
            for task in tasks:  # what nobody holds is not begun; to cancel it would wait for a scheduler that is lost
                task.release()
