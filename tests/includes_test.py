"""The walls between the rooms: what a target does not link, its files do not include.

    python3 tests/includes_test.py BUILD/rooms.txt SOURCES

rooms.txt has a line a target, as cmake/Room.cmake writes it: its name, the folder whose files are its own, what it
links, and what its tests link."""

import collections
import functools
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

# What the files of a folder may stand on, as docs/architecture.md draws it: these folders and all that those stand on.
ORDER = {
    "base": [],
    "topology": ["base"],
    "workloads": ["topology"],
    "traces": ["base"],
    "replay": ["traces", "workloads"],
    "calibrate": ["topology", "traces"],
    "fit": ["traces", "workloads"],
    "sim": ["traces", "workloads"],
    "policies": ["sim"],
    "bpf": ["base"],
    "ml/model": ["base"],
    "scx_port": ["policies", "replay", "bpf", "ml/model"],
    "traces/record": ["scx_port", "traces"],
    "experiment": ["scx_port"],
    "ml": ["experiment"],
    "report": ["experiment"],
    "sweep": ["report"],
    "app": ["ml", "sweep", "calibrate", "fit"],
    "bindings": ["ml", "sweep"],
    "bench": ["ml", "report"],
}

# Folders whose targets are not built everywhere: the benchmarks, and what needs a libbpf of its own.
NOT_ALWAYS = ("bench", "bindings", "scx_port/live", "scx_port/loader", "scx_port/collect", "traces/record")

# Headers of libraries, and the targets of which one must be linked. Others come with the compiler and the kernel.
LIBRARIES = {
    r"CLI/": ["CLI11::CLI11"],
    r"benchmark/": ["benchmark::benchmark"],
    r"boost/": ["Boost::headers"],
    r"bpf/": ["PkgConfig::libbpf", "libbpf_static"],
    r"fmt/": ["fmt::fmt"],
    r"g(mock|test)/": ["GTest::gtest"],
    r"hwloc\.h": ["PkgConfig::hwloc"],
    r"(libelf|gelf)\.h": ["PkgConfig::libelf"],
    r"nettle/": ["nettle"],
    r"nlohmann/": ["nlohmann_json::nlohmann_json"],
    r"protozero/": ["protozero"],
    r"pybind11/": ["pybind11::module"],
    r"rapidcheck(\.h|/)": ["rapidcheck"],
    r"spdlog/": ["spdlog::spdlog"],
    r"traceevent/": ["PkgConfig::traceevent"],
    r"yaml-cpp/": ["yaml-cpp"],
    r"zip\.h": ["PkgConfig::libzip"],
    r"lzma\.h": ["PkgConfig::lzma"],
    r"zlib\.h": ["z"],
    r"zstd\.h": ["PkgConfig::zstd"],
}

INCLUDE = re.compile(r'\s*#\s*include(?:_next)?\s*([<"])([^>"]+)[>"]')
BPF_HEADERS = "scx_port/include"  # where clang looks for the headers of BPF C

Room = collections.namedtuple("Room", "name folder links test_links")


def is_inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def is_test(path):
    """Built into the test executable, or a header for such files."""
    return path.endswith(("_test.cc", "/testing.h")) or "/testing/" in path


def is_bpf(path):
    return path.endswith((".bpf.c", ".bpf.h")) or is_inside(path, BPF_HEADERS)


def level_of(folder):
    """The entry of ORDER that a room belongs to."""
    return max((known for known in ORDER if is_inside(folder, known)), key=len, default=None)


@functools.cache
def below(level):
    return set(ORDER[level]).union(*(below(under) for under in ORDER[level]))


class Walls:
    def __init__(self, rooms_text, source):
        self.source = pathlib.Path(source)
        self.owned = []  # a target may own several folders
        for line in rooms_text.splitlines():
            name, folder, links, test_links = line.split("|")
            self.owned.append(Room(name, folder, links.split(";"), test_links.split(";")))
        self.rooms = {room.name: room for room in self.owned}

    def owner(self, path):
        owners = [room for room in self.owned if is_inside(path, room.folder)]
        return max(owners, key=lambda room: len(room.folder), default=None)

    def reach(self, links):
        """All that is linked by linking `links`."""
        found, left = set(), list(links)
        while left:
            name = left.pop()
            if name in found:
                continue
            found.add(name)
            if name in self.rooms:
                left += self.rooms[name].links
        return found

    def files(self):
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cc", "*.c"], cwd=self.source,
                                capture_output=True, text=True)
        if listed.returncode == 0 and listed.stdout:
            paths = listed.stdout.splitlines()
        else:  # not a git checkout
            paths = [str(path.relative_to(self.source)) for path in self.source.rglob("*")]
        folders = tuple(name + "/" for name in ORDER)
        return sorted(path for path in set(paths)
                      if path.startswith(folders) and path.endswith((".h", ".cc", ".c")) and (self.source / path).exists())

    def resolve(self, path, quote, included):
        """The project's file that is meant; None for a library's."""
        folders = [self.source / path / ".."] if quote == '"' else []
        if is_bpf(path):
            folders.append(self.source / BPF_HEADERS)
        if quote == '"':
            folders.append(self.source)
        for folder in folders:
            found = pathlib.Path(folder.resolve() / included).resolve()
            if found.is_file() and found.is_relative_to(self.source):
                return str(found.relative_to(self.source))
        return None

    def check_file(self, path):
        room = self.owner(path)
        if room is None:
            return [] if path.startswith(NOT_ALWAYS) else [f"{path}: belongs to no target: see simsched_owns()"]
        linked = self.reach([room.name, *room.links, *(room.test_links if is_test(path) else [])])
        problems = []
        for number, line in enumerate((self.source / path).read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            quote, included = match.groups()
            what = f"{path}:{number}: {room.name} includes {included}"
            meant = self.resolve(path, quote, included)
            if meant is not None:
                other = self.owner(meant)
                if other is None:
                    problems.append(f"{what}, which belongs to no target")
                elif other.name not in linked:
                    problems.append(f"{what} and would have to link {other.name}, which it does not")
                elif is_test(meant) and not is_test(path):
                    problems.append(f"{what}, which is for tests")
            elif quote == '"':
                problems.append(f"{what}, which is not there")
            else:
                targets = next((targets for pattern, targets in LIBRARIES.items() if re.match(pattern, included)), None)
                if targets and not is_bpf(path) and not linked.intersection(targets):
                    problems.append(f"{what} and would have to link {' or '.join(targets)}, which it does not")
        return problems

    def check_links(self):
        """Upward links, and circles."""
        problems = []
        for room in self.owned:
            level = level_of(room.folder)
            if level is None:
                problems.append(f"{room.name}: {room.folder}/ has no place in the order of rooms")
                continue
            for link in room.links:
                under = level_of(self.rooms[link].folder) if link in self.rooms else None
                if under is not None and under != level and under not in below(level):
                    problems.append(f"{room.name} links {link}: {under}/ stands on {level}/, or beside it")
                if link in self.rooms and room.name in self.reach(self.rooms[link].links):
                    problems.append(f"{room.name} links {link}, which links it in turn")
        return problems


class Includes(unittest.TestCase):
    def setUp(self):
        self.walls = Walls(pathlib.Path(ROOMS).read_text(), pathlib.Path(SOURCE).resolve())

    def test_a_file_includes_what_its_target_links(self):
        files = self.walls.files()
        self.assertGreater(len(files), 300)
        problems = [problem for path in files for problem in self.walls.check_file(path)]
        if problems:
            self.fail("\n" + "\n".join(problems))

    def test_no_link_points_back_up(self):
        problems = self.walls.check_links()
        if problems:
            self.fail("\n" + "\n".join(problems))


class WallsThatAreBroken(unittest.TestCase):
    """The test itself, on a small project with one fault each."""

    ROOMS = ("base|base||GTest::gtest\n"
             "topology|topology|base|topology;topology_load;GTest::gtest\n"
             "topology_load|topology/load|topology;yaml-cpp|\n"
             "scx_include|scx_port/include|base|\n"
             "scx_schedulers|scx_port/schedulers|scx_include|\n")
    FILES = ("base/units.h", "base/testing.h", "topology/machine.h", "topology/load/load.h", "scx_port/include/scx/common.bpf.h",
             "scx_port/schedulers/x/x.h")

    def problems(self, path, *lines, rooms=ROOMS):
        with tempfile.TemporaryDirectory(prefix="simsched-walls-") as folder:
            source = pathlib.Path(folder).resolve()
            for name in (*self.FILES, path):
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                (source / name).write_text("".join(f"#include {line}\n" for line in lines) if name == path else "")
            walls = Walls(rooms, source)
            return [problem for file in walls.files() for problem in walls.check_file(file)]

    def test_what_is_linked_may_be_included(self):
        self.assertEqual(self.problems("topology/load/a.cc", '"base/units.h"', '"topology/machine.h"', "<yaml-cpp/yaml.h>",
                                       "<vector>"), [])
        self.assertEqual(self.problems("topology/a_test.cc", '"topology/load/load.h"', "<gtest/gtest.h>"), [])
        self.assertEqual(self.problems("scx_port/schedulers/x/x.bpf.c", "<scx/common.bpf.h>", '"x.h"', "<bpf/bpf.h>"), [])

    def test_what_is_not_linked_may_not(self):
        for path, line, target in (
                ("base/a.h", '"topology/machine.h"', "topology"), ("topology/a.cc", '"topology/load/load.h"', "topology_load"),
                ("topology/a_fuzz.cc", '"load/load.h"', "topology_load"), ("topology/a.cc", "<yaml-cpp/yaml.h>", "yaml-cpp"),
                ("topology/a.cc", "<gtest/gtest.h>", "GTest::gtest"),
                ("scx_port/include/a.bpf.h", '"../schedulers/x/x.h"', "scx_schedulers")):
            problem, = self.problems(path, "<map>", line)
            self.assertTrue(problem.startswith(f"{path}:2: "), problem)
            self.assertIn(f"would have to link {target},", problem)

    def test_what_is_there_for_tests_only(self):
        self.assertIn("for tests", *self.problems("topology/a.cc", '"base/testing.h"'))
        self.assertEqual(self.problems("topology/a_test.cc", '"base/testing.h"'), [])

    def test_what_is_nobodys(self):
        self.assertIn("which is not there", *self.problems("base/a.cc", '"base/b.h"'))
        self.assertIn("belongs to no target", *self.problems("sim/a.cc"))

    def test_links_that_point_up(self):
        def problems(rooms):
            return Walls(rooms, ".").check_links()
        self.assertEqual(problems(self.ROOMS), [])
        self.assertIn("base links topology: topology/ stands on base/", problems("base|base|topology|\ntopology|topology||\n")[0])
        self.assertIn("replay links sim", *problems("replay|replay|sim|\nsim|sim||\n"))
        self.assertIn("has no place", *problems("new|new||\n"))
        circle = problems("a|topology|b|\nb|topology/load|a|\n")
        self.assertIn("a links b, which links it in turn", circle[0])


if __name__ == "__main__":
    ROOMS, SOURCE = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
