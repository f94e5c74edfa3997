"""docs/metrics.md says what `simsched metrics` and the results say: a row that is missing or left over is named."""

import json
import re

import e2e

PAGE = (e2e.SOURCE / "docs/metrics.md").read_text()


def told(text):
    """The tables of the command, each its heading and its rows: a rule shows where the columns are."""
    tables = []
    for table in text.rstrip("\n").split("\n\n"):
        heading, rule, *rows = table.split("\n")
        starts = [match.start() for match in re.finditer("-+", rule)]
        cut = lambda row: [row[a:b].strip() for a, b in zip(starts, [*starts[1:], None])]
        tables.append((cut(heading), [cut(row) for row in rows]))
    return tables


def written(heading):
    """The rows of the page's table with this heading."""
    start = "| " + " | ".join(heading) + " |\n"
    rows = PAGE.partition(start)[2].split("\n\n")[0].split("\n")[1:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [[name.strip("`"), *others] for name, *others in cells]


class Docs(e2e.EndToEnd):
    def test_tables(self):
        tables = told(self.simsched("metrics").stdout)
        self.assertEqual(len(tables), 2)
        for heading, rows in tables:
            page = written(heading)
            names, page_names = [row[0] for row in rows], [row[0] for row in page]
            self.assertEqual([n for n in names if n not in page_names], [], "the page lacks rows")
            self.assertEqual([n for n in page_names if n not in names], [], "the page has rows too many")
            for row, expected in zip(page, rows):
                self.assertEqual(row, expected)

    def test_results_have_what_the_page_says(self):
        self.simsched("run", e2e.QUICKSTART, "--seeds", 1, "-o", "o")
        (_, metrics), (_, times) = told(self.simsched("metrics").stdout)
        for result in json.loads((self.scratch / "o/results.json").read_text())["results"]:
            self.assertEqual(list(result["metrics"]), [row[0] for row in metrics])
            self.assertEqual(list(result["task_time"]), [row[0] for row in times] + ["lifetime_ns"])
            for name in result["cpu_time"]:
                self.assertIn(f"`{name}`", PAGE)


e2e.main()
