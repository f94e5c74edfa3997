"""What the pages show of the command is what it prints: every indented line that begins with '$'.

The lines below it are its output; '...' stands for any lines. A block of YAML or C whose first line is '# NAME.yaml' or
'// NAME.bpf.c' is that file. Each page is one folder, in which its commands run one after the other;
configs/ and traces/ are there. With an argument more, 'write', the pages are written anew."""

import re
import subprocess
import sys
import unittest

import e2e

WRITE = sys.argv[3:] == ["write"]
PAGES = [e2e.SOURCE / "README.md", *sorted((e2e.SOURCE / "docs").glob("*.md"))]


def parts(text):
    """(kind, name, content) of a page: 'file', 'command' and what is neither."""
    pattern = re.compile(r"^```(?:yaml|c)\n(?:#|//) (?P<file>\S+\.(?:yaml|bpf\.c))\n(?P<content>(?:(?!```).*\n)*)```\n"
                         r"|^    \$ (?P<command>.*)\n"
                         r"(?P<output>(?:    (?!\$ ).*\n|\n(?=    (?!\$ )))*)", re.M)
    at = 0
    for match in pattern.finditer(text):
        yield "text", "", text[at:match.start()]
        if match["file"]:
            yield "file", match["file"], match[0]
        else:
            yield "command", match["command"], re.sub(r"^    ", "", match["output"], flags=re.M)
        at = match.end()
    yield "text", "", text[at:]


def same(shown, said):
    pieces = [re.escape(piece) for piece in re.split(r"(?m)^\.\.\.\n", shown)]
    return re.fullmatch("(?s:.*?)".join(pieces), said) is not None


class Sessions(e2e.EndToEnd):
    def run_page(self, page):
        for name in ["configs", "traces"]:
            (self.scratch / name).symlink_to(e2e.SOURCE / name)
        written, commands = "", 0
        for kind, name, content in parts(page.read_text()):
            if kind == "text":
                written += content
            elif kind == "file":
                self.write(name, content.partition("\n")[2].removesuffix("```\n"))
                written += content
            else:
                commands += 1
                done = subprocess.run(["bash", "-c", name.replace("scripts/simsched", "simsched")], cwd=self.scratch,
                                      capture_output=True, text=True, timeout=120,
                                      env={"PATH": f"{e2e.SIMSCHED.parent}:/usr/bin:/bin", "HOME": str(self.scratch)})
                self.assertIn(done.returncode, [0, 1], f"{page.name}: {name}\n{done.stderr}")
                said = re.sub(r"[ \t]+$", "", done.stdout, flags=re.M).rstrip("\n") + "\n"
                if WRITE and not same(content, said):
                    content = said
                self.assertTrue(same(content, said), f"{page.name}: $ {name}\nprints\n{said}\nand the page shows\n{content}")
                written += f"    $ {name}\n" + re.sub(r"^(?=.)", "    ", content, flags=re.M)
        if WRITE:
            page.write_text(written)
        return commands

    def test_nothing_is_lost_on_the_way(self):
        text = "a\n\n```yaml\n# x.yaml\na: 1\n```\n\n    $ simsched run x.yaml\n    one\n\n    two\n\nb\n"
        self.assertEqual([(k, n, c) for k, n, c in parts(text) if k != "text"],
                         [("file", "x.yaml", "```yaml\n# x.yaml\na: 1\n```\n"), ("command", "simsched run x.yaml", "one\n\ntwo\n")])
        self.assertTrue(same("one\n...\ntwo\n", "one\nand\nmore\ntwo\n"))
        self.assertFalse(same("one\n...\ntwo\n", "one\nand\nmore\ntwo\nthree\n"))


def add(page):
    def test(self):
        if self.run_page(page) == 0:
            self.skipTest("it shows no command")
    setattr(Sessions, "test_" + page.stem, test)


for each in PAGES:
    if "    $ " in each.read_text():
        add(each)
unittest.main(argv=sys.argv[:1], verbosity=2)
