"""The HTML page of results, in a headless browser: everything is drawn, zooming and filtering work, nothing complains."""

import json
import os
import pathlib
import sys

import browser
import e2e

if browser.DRIVER is None:
    if os.environ.get("SIMSCHED_REQUIRE_BROWSER"):
        sys.exit("there is no chromedriver: scripts/install test")
    sys.exit(77)

# Whether anything is painted on a canvas.
PAINTED = """const canvas = document.getElementById(arguments[0]);
return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value !== 0);"""
RANGE = "return timeline.to - timeline.from"
DRAWN = "return Number(document.getElementById('timeline').dataset.drawn)"


class Page(e2e.EndToEnd):
    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def open(self, *arguments):
        self.simsched(*arguments, "--html", "page.html")
        self.browser.open(self.scratch / "page.html")
        self.assertEqual(self.browser.run("return document.documentElement.dataset.ready"), "yes")

    def text(self, selector):
        return self.browser.run("return document.querySelector(arguments[0]).innerText", selector)

    def keep(self, name):
        """A picture for people, where the build keeps its files."""
        folder = pathlib.Path(e2e.SIMSCHED).parent / "screenshots"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.png").write_bytes(self.browser.screenshot())

    def test_of_a_validation_each_metric_has_a_row_and_a_picture(self):
        self.simsched("validate", e2e.SAMPLE, "--seeds", 2, "--html", "page.html", "--json", "v.json", code=None)
        self.browser.open(self.scratch / "page.html")
        metrics = json.loads((self.scratch / "v.json").read_text())["metrics"]
        self.assertEqual(self.browser.run("return document.querySelectorAll('tbody tr').length"), len(metrics))
        self.assertEqual(self.browser.run("return [...document.querySelectorAll('tbody svg circle')].filter(c => "
                                          "c.getBoundingClientRect().width > 5).length"), len(metrics))
        self.assertIn("makespan_ns", self.text("tbody"))
        self.assertIn("tolerance", self.text("header"))
        self.keep("validate")

    def test_of_a_run_everything_is_drawn_and_nothing_complains(self):
        self.open("run", e2e.QUICKSTART, "-q", "-o", "r")
        for canvas in ["runs", "differences", "causes", "cpus", "timeline"]:
            self.assertTrue(self.browser.run(PAINTED, canvas), canvas)
        self.assertIn("cfs", self.text("#ranking"))
        self.assertIn("cc1", self.text("#names"))
        self.assertIn("small-build-j4 on vm-2c, 3 seeds", self.text("#subtitle"))
        self.assertIn("policies: [eevdf, cfs]", self.text("#config"))
        self.assertEqual(self.browser.run("return document.querySelectorAll('#drawing svg').length"), 1)
        self.assertEqual(self.browser.complaints(), [])
        self.keep("run")

    def test_the_ranking_is_that_of_the_results(self):
        self.open("run", e2e.QUICKSTART, "-q", "-o", "r")
        runs = json.loads((self.scratch / "r/results.json").read_text())["results"]
        for policy, row in [("eevdf", 2), ("cfs", 3)]:
            figures = [run["metrics"]["context_switches"] for run in runs
                       if run["policy"] == policy and run["machine"] == "vm-2c"]
            shown = self.text(f"#ranking tr:nth-child({row}) td:nth-child(3)").split()[0]
            self.assertAlmostEqual(float(shown.replace(",", "")), sum(figures) / len(figures), delta=0.5)

    def test_choices_change_what_is_shown(self):
        self.open("run", e2e.QUICKSTART, "-q", "-o", "r")
        self.browser.choose("#machine", 2)
        self.assertIn("on desktop-2llc", self.text("#subtitle"))
        self.assertEqual(self.browser.run("return charts.get('cpus').data.labels.length"), 32)
        self.browser.click("#ranking th:nth-child(4) button")
        self.assertEqual(self.browser.run("return document.getElementById('metric').value"), "migrations")
        back = "return getComputedStyle(document.body).backgroundColor"
        light = self.browser.run(back)
        self.browser.click("#theme")
        self.assertNotEqual(self.browser.run(back), light)
        self.assertEqual(self.browser.complaints(), [])
        self.keep("dark")

    def test_the_timeline_zooms_to_a_microsecond_and_filters(self):
        self.open("run", e2e.QUICKSTART, "-q", "-o", "r")
        whole, all_runs = self.browser.run(RANGE), self.browser.run(DRAWN)
        self.browser.type("#timeline", "+++")
        self.assertAlmostEqual(self.browser.run(RANGE), whole * 0.7**3, delta=2)
        before = self.browser.run("return timeline.from")
        self.browser.type("#timeline", "\ue014")  # the right arrow
        self.assertGreater(self.browser.run("return timeline.from"), before)
        self.browser.type("#timeline", "+" * 50)
        self.assertEqual(self.browser.run(RANGE), 1000)
        self.browser.type("#timeline", "0")
        self.assertEqual(self.browser.run(RANGE), whole)
        self.browser.type("#filter", "LD")
        self.assertLess(self.browser.run(DRAWN), all_runs)
        self.assertGreater(self.browser.run(DRAWN), 0)
        self.browser.type("#filter", "no such task")
        self.assertEqual(self.browser.run(DRAWN), 0)
        self.assertEqual(self.browser.complaints(), [])

    def test_the_timeline_says_whose_a_run_is(self):
        self.open("run", e2e.QUICKSTART, "-q", "-o", "r")
        self.browser.run("""const box = arguments[0]; const canvas = document.getElementById('timeline');
            canvas.dispatchEvent(new PointerEvent('pointermove', {clientX: canvas.getBoundingClientRect().left + 300,
                                                                   clientY: canvas.getBoundingClientRect().top + 30}));""", 0)
        self.assertRegex(self.text("#pointed"), r"CPU 0: \S+ \[\d+\], .* from ")

    def test_results_alone_make_a_page_and_no_name_does_harm(self):
        self.simsched("run", e2e.QUICKSTART, "-q", "-o", "r")
        results = json.loads((self.scratch / "r/results.json").read_text())
        evil = "</script><script>document.title = 'harmed'</script><img src=x onerror=\"document.title='harmed'\">"
        for run in results["results"]:
            run["task_time_by_name"][evil] = run["task_time_by_name"].pop("cc1")
            run["policy"] += evil
            run["workload"] = evil
            run["machine"] += evil
        (self.scratch / "evil").mkdir()
        self.write("evil/results.json", json.dumps(results))
        self.open("report", "evil")
        self.assertEqual(self.browser.run("return document.title"), "evil")
        self.assertIn("<img src=x", self.text("#names"))
        self.assertEqual(self.browser.run("return document.images.length"), 0)
        self.assertEqual(self.browser.complaints(), [])

    def test_bad_input_is_one_line(self):
        self.assertIn("nothing.json", self.error("report", "nothing.json", "--html", "p.html"))
        empty = self.write("empty.json", '{"schema": "simsched-results/2", "results": []}')
        self.assertIn("has no runs", self.error("report", empty, "--html", "p.html"))


e2e.main()
