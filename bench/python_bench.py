"""What Python costs: the module beside the command, and a policy in Python beside its twin in BPF C.

    PYTHONPATH=build/python/package python3 bench/python_bench.py build/python/simsched

CPU time, the least of several: the machine has neighbours."""

import json
import resource
import subprocess
import sys
import tempfile
import time

import simsched
from simsched.examples import Simple

ROUNDS = 5
LOAD = {"machine": "vm-8c2n", "workload": {"fork_join": {"jobs": 12, "total": 12000, "work": "3ms"}}}


def of_command(config):
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/c.yaml", "w") as file:
            json.dump(config, file)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.argv[1], "run", f"{folder}/c.yaml", "-o", folder, "-q", "--jobs", "1"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def of_module(config, **more):
    before = time.process_time()
    results = simsched.run(config, jobs=1, progress=False, **more)
    frame = results.runs
    return time.process_time() - before, frame


def least(measure, *arguments, **more):
    return min((measure(*arguments, **more) for _ in range(ROUNDS)), key=lambda one: one[0] if isinstance(one, tuple) else one)


def main():
    import pandas  # not part of what is measured
    config = {**LOAD, "policies": ["eevdf"], "seeds": 16}
    of_module(config)
    command = least(of_command, config)
    module, _ = least(of_module, config)
    print(f"an experiment that takes the command {command:.3f} s: {module:.3f} s from Python, DataFrame and all "
          f"({module / command - 1:+.1%})")
    twin, _ = least(of_module, {**LOAD, "policies": ["scx_simple"], "seeds": 4})
    python, frame = least(of_module, {**LOAD, "policies": ["mine"], "seeds": 4}, policies={"mine": Simple})
    calls = int(frame.filter(like="ext_calls_").sum().sum())
    print(f"scx_simple in BPF C {twin:.3f} s, in Python {python:.3f} s: {calls:,} callbacks, "
          f"{(python - twin) / calls * 1e9:,.0f} ns more each, its kfuncs among them; {python / twin:.1f} times as long")


main()
