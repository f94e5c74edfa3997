"""Builds the module by CMake, in build/python, and lays it into the package; pyproject.toml has the rest."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = pathlib.Path(__file__).resolve().parent
# For exports and proofs; they are there where scripts/fetch-libbpf has been run.
PROGRAMS = ("simsched-loader", "simsched-guest")


class Build(build_ext):
    def build_extension(self, ext):
        build = ROOT / "build/python"
        environment = {**os.environ, "CCACHE_BASEDIR": str(ROOT), "CCACHE_NOHASHDIR": "true"}
        subprocess.run(["cmake", "--preset", "python", f"-DPython_EXECUTABLE={sys.executable}",
                        *shlex.split(os.environ.get("CMAKE_ARGS", ""))], cwd=ROOT, check=True, env=environment)
        listed = subprocess.run(["ninja", "-C", build, "-t", "targets", "all"], check=True, capture_output=True, text=True)
        programs = [name for name in PROGRAMS if f"\n{name}: " in listed.stdout]
        subprocess.run(["ninja", "-C", build, "bindings", *programs], check=True, env=environment)
        module, = (build / "package/simsched").glob("_core.*.so")
        target = pathlib.Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(module, target)
        for name in programs:
            shutil.copy2(build / name, target.parent / name)


version = re.search(r"project\(simsched VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
setup(version=version, ext_modules=[Extension("simsched._core", [])], cmdclass={"build_ext": Build})
