"""The type stubs say what the module has."""

import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest

import simsched

USER = """
import simsched
import pandas

results = simsched.run({"machine": "vm-2c"}, seeds=3)
frame: pandas.DataFrame = results.runs
text: str = results.table()
machine = simsched.Machine("vm-2c", cores_per_llc=4)
cpus: int = machine.nr_cpus

class Mine(simsched.Policy):
    def enqueue(self, task: simsched.Task, enq_flags: int) -> None:
        self.scx.dsq_insert(task, simsched.scx.DSQ_GLOBAL, 1)

simulation = simsched.Simulation("c.yaml", policies={"mine": Mine})
more: bool = simulation.run_until("10ms")
"""
WRONG = USER + """
machine.nr_cpu
simsched.run(seeds="three")
number: int = results.table()
"""


@unittest.skipUnless(importlib.util.find_spec("mypy"), "needs python3-mypy")
class Stubs(unittest.TestCase):
    def mypy(self, *arguments):
        folder = pathlib.Path(simsched.__file__).parent.parent
        with tempfile.TemporaryDirectory() as cache:
            return subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, cwd=cache,
                                  env={"PYTHONPATH": str(folder), "MYPYPATH": str(folder), "PATH": "/usr/bin:/bin",
                                       "MYPY_CACHE_DIR": cache})

    def check(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(text)
            file.flush()
            return self.mypy("mypy", "--ignore-missing-imports", file.name)

    def test_they_have_what_the_module_has_and_nothing_else(self):
        done = self.mypy("mypy.stubtest", "simsched._core", "--ignore-positional-only", "--concise")
        of_pybind11 = ("metaclass differs", "*args argument", "__getattr__ is not present")
        problems = [line for line in done.stdout.splitlines() if line.strip() and not any(one in line for one in of_pybind11)]
        self.assertEqual(problems, [], done.stdout + done.stderr)

    def test_what_is_right_passes(self):
        done = self.check(USER)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_what_is_wrong_does_not(self):
        done = self.check(WRONG)
        for said in ('has no attribute "nr_cpu"', '"seeds" to "run"', "Incompatible types in assignment"):
            self.assertIn(said, done.stdout)

    def test_every_public_name_is_documented(self):
        for name in simsched.__all__:
            thing = getattr(simsched, name)
            if not callable(thing):
                continue
            self.assertTrue(thing.__doc__, name)
            if isinstance(thing, type):
                for attribute, value in vars(thing).items():
                    if not attribute.startswith("_") and callable(value) and thing.__module__.startswith("simsched._") \
                            and thing.__module__ != "simsched._core":
                        self.assertTrue(value.__doc__ or attribute.startswith(("to_", "restore")), f"{name}.{attribute}")


if __name__ == "__main__":
    unittest.main()
