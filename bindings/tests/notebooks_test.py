"""Every notebook runs from its first cell to its last, and none is kept with its outputs.

    SIMSCHED_PICTURES=FOLDER  keeps their pictures there"""

import base64
import json
import os
import pathlib
import unittest

import nbclient
import nbformat
from testing import SOURCE

# Not the one that other tests draw with.
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
NOTEBOOKS = sorted((SOURCE / "bindings/notebooks").glob("*.ipynb"))


class Notebooks(unittest.TestCase):
    def test_there_are_six(self):
        self.assertEqual(len(NOTEBOOKS), 6)

    def test_they_are_kept_without_outputs(self):
        for path in NOTEBOOKS:
            for cell in json.loads(path.read_text())["cells"]:
                self.assertFalse(cell.get("outputs"), path.name)
                self.assertIsNone(cell.get("execution_count"), path.name)

    def test_they_run_and_draw(self):
        for path in NOTEBOOKS:
            with self.subTest(path.name):
                notebook = nbformat.read(path, as_version=4)
                client = nbclient.NotebookClient(notebook, timeout=180, kernel_name="python3",
                                                 resources={"metadata": {"path": str(path.parent)}})
                client.execute()
                pictures = [output["data"]["image/png"] for cell in notebook.cells if cell.cell_type == "code"
                            for output in cell.outputs if "image/png" in output.get("data", {})]
                self.assertGreaterEqual(len(pictures), 1)
                folder = os.environ.get("SIMSCHED_PICTURES")
                for i, picture in enumerate(pictures if folder else []):
                    pathlib.Path(folder, f"{path.stem}-{i}.png").write_bytes(base64.b64decode(picture))


if __name__ == "__main__":
    unittest.main()
