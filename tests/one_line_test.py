"""What comes by name costs one folder: a registered name stands in its own folder, and in one line elsewhere at most (a
default, say). Sources are searched for it as a string literal; tests and comments may name what they like.

A kind is a row of KINDS: a function that returns {name: folder or file that is its own}."""

import pathlib
import re
import subprocess
import sys
import unittest

SIMSCHED, SOURCE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])

# Words that have another meaning too: the files that mean something else by it.
HOMONYMS = {
    "fifo": {
        "scx_port/schedulers/simple/scheduler.cc",  # a tunable of scx_simple
        "scx_port/proof/proof.cc",  # the same, as a variable of an export
        "traces/circumstances.cc",  # SCHED_FIFO
    },
    # A tunable of rusty_ml.
    "gate": {"scx_port/schedulers/rusty_ml/options.cc", "ml/collect/collect.cc"},
    # Which fair class a recorded kernel had.
    "eevdf": {"experiment/diagnosis.cc"},
    "cfs": {"experiment/diagnosis.cc"},
}
NO_SOURCES = ("build", "tests", "bench", "docs", "configs", "scripts")


def read(path):
    """(line number, line without its comment)"""
    comment = r"(^|\s)(//|#\s).*" if path.suffix != ".cmake" else r"#.*"
    return [(number, re.sub(comment, "", line)) for number, line in enumerate(path.read_text().splitlines(), 1)]


def sources():
    """{path: lines} of all that is built, but for tests and fuzzers."""
    found = {}
    for path in sorted([*SOURCE.rglob("*.cc"), *SOURCE.rglob("*.h"), *SOURCE.rglob("*.cmake"), SOURCE / "CMakeLists.txt"]):
        inside = path.relative_to(SOURCE)
        if inside.parts[0] in NO_SOURCES or inside.parts[0].startswith("."):
            continue
        if not re.search(r"_(test|fuzz)\.cc$|/testing\.h$|/testing/", str(inside)):
            found[str(inside)] = read(path)
    return found


def owners(names, *patterns):
    """Of each name the folder of the one registration file that has it."""
    own = {}
    for name in names:
        files = [path for pattern in patterns for path in SOURCE.glob(pattern)
                 if f'"{name}"' in path.read_text() and str(path.relative_to(SOURCE)) not in HOMONYMS.get(name, ())]
        if len(files) != 1:
            raise AssertionError(f"'{name}' is registered in {[str(path) for path in files]}")
        own[name] = str(files[0].parent.relative_to(SOURCE)) + "/"
    return own


def first_column(*command):
    """The names in a table that simsched prints, below its heading."""
    lines = subprocess.run([SIMSCHED, *command], capture_output=True, text=True, check=True).stdout.splitlines()
    return [match[1] for line in lines[1:lines.index("")] if (match := re.match(r"\W*(\w+)\s", line))]


def policies():
    return owners(first_column("policies"), "policies/*/policy.cc", "scx_port/schedulers/*/scheduler.cc")


def schedulers():
    """BPF objects and user-space halves go by the name of their folder."""
    folders = [path.parent for path in SOURCE.glob("scx_port/schedulers/*/scheduler.cc")]
    return {folder.name: str(folder.relative_to(SOURCE)) + "/" for folder in folders}


def generators():
    names = [name for name in first_column("workloads") if name != "trace"]  # which is a recording
    return {name: str(path.relative_to(SOURCE)) for name in names for path in SOURCE.glob("workloads/**/*.cc")
            if f"{name}_generator()" in path.read_text()}


def commands():
    """Their names are words that mean much else: what is looked for is the row."""
    return {f"{name}_command": f"app/{name}.cc" for name in rows("app/commands.cc")}


def formats():
    return {name: f"traces/{name}/" for name in rows("traces/formats.cc", "SIMSCHED_FORMATS")}


def machines():
    return {path.stem: "configs/machines/" for path in SOURCE.glob("configs/machines/*.yaml")}


def rows(path, table=""):
    """The names in a list of rows: ROW(name)."""
    text = (SOURCE / path).read_text()
    return re.findall(r"ROW\((\w+)\)", text[text.index(f"#define {table}"):].split("\n\n")[0])


KINDS = [policies, schedulers, generators, commands, formats, machines]
IDENTIFIERS = [commands]  # the others are looked for as string literals


class OneLine(unittest.TestCase):
    def test_a_name_stands_in_its_own_folder_and_one_line_elsewhere(self):
        lines = sources()
        for kind in KINDS:
            names = kind()
            self.assertTrue(names, kind.__name__)
            for name, own in names.items():
                literal = name if kind in IDENTIFIERS else f'"{name}"'
                elsewhere = [f"{path}:{number}: {line.strip()}" for path, content in lines.items()
                             if not path.startswith(own) and path not in HOMONYMS.get(name, ())
                             for number, line in content if literal in line]
                with self.subTest(kind=kind.__name__, name=name):
                    self.assertLessEqual(len(elsewhere), 1, f"'{name}' of {own} stands in\n" + "\n".join(elsewhere))

    def test_homonyms_are_still_there(self):
        for name, places in HOMONYMS.items():
            for path in places:
                self.assertIn(f'"{name}"', (SOURCE / path).read_text(), f"take {path} off the list")

    def test_what_is_listed_is_what_is_registered(self):
        self.assertLess({"eevdf", "cfs", "fifo", "scx_simple", "scx_packet_even"}, set(first_column("policies")))
        self.assertEqual(set(generators()), set(first_column("workloads")) - {"trace"})
        for own in [*commands().values(), *formats().values()]:
            self.assertTrue((SOURCE / own).exists(), own)
        rows = list(SOURCE.glob("scx_port/schedulers/*/*.bpf.c"))
        self.assertEqual({path.parent.name for path in rows}, set(schedulers()))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
