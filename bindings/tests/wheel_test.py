"""The wheel installs into an environment of its own, and runs there."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zipfile

from testing import SOURCE

PROGRAM = """
import simsched, sys
assert simsched.__file__.startswith(sys.prefix), simsched.__file__
results = simsched.run({"machine": "vm-2c", "workload": {"hogs": {}}, "policies": ["eevdf", "scx_simple"]}, progress=False)
print(results)
"""


class Wheel(unittest.TestCase):
    def test_it_is_built_installed_and_runs(self):
        with tempfile.TemporaryDirectory(prefix="simsched-wheel-") as name:
            folder = pathlib.Path(name)
            subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps",
                            "--no-index", "-w", folder, SOURCE], check=True,
                           # As the tests are compiled, so that ccache has it.
                           env={**os.environ, "CMAKE_ARGS": "-DSIMSCHED_WERROR=ON"})
            wheel, = folder.glob("simsched-*.whl")
            names = zipfile.ZipFile(wheel).namelist()
            for wanted in ("simsched/__init__.py", "simsched/_core.pyi", "simsched/py.typed"):
                self.assertIn(wanted, names)
            subprocess.run([sys.executable, "-m", "venv", "--system-site-packages", folder / "env"], check=True)
            subprocess.run([folder / "env/bin/pip", "install", "--quiet", "--no-deps", "--no-index", wheel], check=True)
            done = subprocess.run([folder / "env/bin/python", "-c", PROGRAM], cwd=folder, env={"PATH": "/usr/bin:/bin"},
                                  capture_output=True, text=True)
            self.assertIn("scx_simple", done.stdout, done.stderr)


if __name__ == "__main__":
    unittest.main()
