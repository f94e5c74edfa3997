"""What the end-to-end tests share: the command, its sources, and a scratch folder."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SIMSCHED = pathlib.Path(sys.argv[1]).resolve()
SOURCE = pathlib.Path(sys.argv[2]).resolve()
QUICKSTART = SOURCE / "configs/quickstart.yaml"
SAMPLE = SOURCE / "traces/samples/small-build-j4.perf.data.zst"


class EndToEnd(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="simsched-e2e-")
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def simsched(self, *arguments, code=0):
        """Runs the command in the scratch folder; the exit code must be `code`, where one is wanted."""
        done = subprocess.run([str(SIMSCHED), *map(str, arguments)], cwd=self.scratch, capture_output=True, text=True,
                              timeout=120)
        if code is not None:
            self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def error(self, *arguments):
        """Runs what must be refused: exit code 2, one line on stderr, nothing else said or left. Returns the line."""
        before = sorted(self.scratch.rglob("*"))
        done = self.simsched(*arguments, code=2)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, r"\Asimsched: error: [^\n]+\n\Z")
        self.assertEqual(sorted(self.scratch.rglob("*")), before, "something is left behind")
        return done.stderr

    def write(self, name, text):
        path = self.scratch / name
        path.write_text(text)
        return path


def main():
    unittest.main(argv=sys.argv[:1], verbosity=2)
