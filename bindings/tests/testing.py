"""What the tests share."""

import os
import pathlib
import subprocess

import simsched

SOURCE = pathlib.Path(os.environ["SIMSCHED_SOURCE"])
COMMAND = os.environ["SIMSCHED"]
QUICKSTART = SOURCE / "configs/quickstart.yaml"
SAMPLE = SOURCE / "traces/samples/small-build-j4.perf.data.zst"


def command(*arguments):
    """Runs `simsched`; returns what it prints."""
    done = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise AssertionError(f"simsched {arguments}: {done.stderr}")
    return done.stdout


def small(policies=("eevdf",), machine="vm-2c", **more):
    """A config that is simulated in milliseconds."""
    return {"machine": machine, "workload": {"fork_join": {"jobs": 4, "total": 12, "work": "2ms"}},
            "policies": list(policies), **more}


def run(config, **more):
    return simsched.run(config, progress=False, **more)
