"""simsched reference: what it writes is what the command reads, and the pages in docs/ are what it writes."""

import importlib.util
import json
import re
import subprocess
import unittest

import e2e

COMMANDS = re.findall(r"ROW\((\w+)\)", (e2e.SOURCE / "app/commands.cc").read_text().split("\n\n")[2])


def tables(schema):
    """The keys of every mapping in the schema that allows no others."""
    if isinstance(schema, list):
        for item in schema:
            yield from tables(item)
    elif isinstance(schema, dict):
        if schema.get("additionalProperties") is False:
            yield set(schema["properties"])
        for value in schema.values():
            yield from tables(value)


class Reference(e2e.EndToEnd):
    def reference(self, kind):
        return self.simsched("reference", kind).stdout

    def test_the_page_of_commands_is_up_to_date(self):
        self.assertEqual((e2e.SOURCE / "docs/cli.md").read_text(), self.reference("cli"),
                         "write it again: simsched reference cli -o docs/cli.md")

    def test_a_man_page_for_every_command(self):
        self.simsched("reference", "man", "-o", "man")
        self.assertEqual(sorted(path.name for path in (self.scratch / "man").iterdir()),
                         sorted(["simsched.1", *(f"simsched-{name}.1" for name in COMMANDS)]))
        for name in COMMANDS:
            text = (self.scratch / f"man/simsched-{name}.1").read_text().replace("\\-", "-")
            for option in re.findall(r"^  (?:-\w,)?(--[\w-]+)", self.simsched(name, "--help").stdout, re.M):
                self.assertIn(option, text)
        try:
            done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", *sorted((self.scratch / "man").iterdir())],
                                  capture_output=True, text=True)
        except FileNotFoundError:
            return
        self.assertEqual(done.stderr, "")

    def test_bash_completes(self):
        self.write("c.bash", self.reference("completion"))

        def complete(*words):
            script = ('source c.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _simsched; '
                      'printf "%s\\n" "${COMPREPLY[@]}"')
            return subprocess.run(["bash", "-c", script, "bash", *words], cwd=self.scratch, check=True,
                                  capture_output=True, text=True).stdout.splitlines()
        self.write("mine.yaml", "")
        self.write("two words.yaml", "")
        self.assertEqual(complete("simsched", "sw"), ["sweep"])
        self.assertLess({"run", "sweep", "--version"}, set(complete("simsched", "")))
        self.assertEqual(complete("simsched", "run", "--see"), ["--seeds"])
        self.assertEqual(complete("simsched", "run", "mi"), ["mine.yaml"])
        self.assertEqual(complete("simsched", "run", "tw"), ["two words.yaml"])
        self.assertEqual(complete("simsched", "reference", "ma"), ["machine-schema", "man"])
        self.assertEqual(complete("simsched", "run", "mine.yaml", "--policy", "muq"), ["muqss"])
        self.assertEqual(complete("simsched", "workloads", "fork"), ["fork_join"])
        self.assertEqual(complete("simsched", "topo", "vm-8"), ["vm-8c2n"])

    def test_the_schema_has_what_the_page_of_experiments_has(self):
        page = (e2e.SOURCE / "docs/config.md").read_text()
        schema = json.loads(self.reference("schema"))
        self.assertLess({"machine", "workload", "policies", "seeds"}, set(schema["properties"]))
        written = set(re.findall(r"`(\w+)`", page))
        own = set(schema["properties"]) | set(schema["definitions"]["group"]["properties"])
        own |= set(schema["properties"]["kernel"]["anyOf"][0]["properties"])
        for item in schema["properties"]["tasks"]["anyOf"][0]["items"]["anyOf"][0]["properties"]:
            own.add(item)
        self.assertEqual(sorted(own - written - {"slice_ns", "sweep"}), [], "the page lacks keys")

    @unittest.skipUnless(importlib.util.find_spec("jsonschema") and importlib.util.find_spec("yaml"), "no jsonschema")
    def test_the_schema_takes_the_configs_that_there_are_and_no_mistakes(self):
        import jsonschema
        import yaml
        schema = json.loads(self.reference("schema"))
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        texts = [path.read_text() for path in (e2e.SOURCE / "configs").rglob("*.yaml")]
        for page in ["config", "sweeps", "recipes", "tutorial"]:
            path = e2e.SOURCE / f"docs/{page}.md"
            texts += re.findall(r"```yaml\n(.*?)```", path.read_text(), re.S) if path.exists() else []
        taken = 0
        for text in texts:
            config = yaml.safe_load(text)
            if not config or "policies" not in config or "workload" not in config:
                continue
            taken += 1
            self.assertEqual([error.message for error in validator.iter_errors(config)], [], text)
        self.assertGreater(taken, 15)
        good = {"machine": "vm-2c", "workload": {"hogs": {"tasks": 3}}, "policies": ["cfs", {"eevdf": {"base_slice_ns": "3ms"}}]}
        self.assertEqual(list(validator.iter_errors(good)), [])
        for change in [{"workload": {"mix": "$parts"}}, {"workload": {"mix": [{"hogs": "$hogs"}, "$part"]}},
                       {"policies": [{"eevdf": "$tunables"}]}, {"kernel": "$kernel"}]:
            self.assertEqual([error.message for error in validator.iter_errors({**good, **change})], [], change)
        for change in [{"duration": "1.5"}, {"policies": []}, {"seeds": []},
                       {"tasks": [{"name": "x", "changes": [{"at": "1s", "policy": "dedline"}]}]}, {"polices": []}, {"policies": ["cfsx"]}, {"policies": [{"eevdf": {"slice": 1}}]},
                       {"workload": {"hogs": {"task": 3}}}, {"workload": {"hogs": {"tasks": 0}}}, {"duration": "3 ms"},
                       {"workload": {"upf": {"rings": {"cpu": 3}}}}, {"workload": {"upf": {"classes": [{"five_qi": 0}]}}},
                       {"machine": {"preset": "vm-2c", "costs": {"stopper": 3}}},
                       {"kernel": {"hz": 5}}, {"tasks": [{"name": "x", "nice": 20}]}, {"kernel": {"preempt": "fully"}}]:
            self.assertNotEqual(list(validator.iter_errors({**good, **change})), [], change)

    @unittest.skipUnless(importlib.util.find_spec("jsonschema") and importlib.util.find_spec("yaml"), "no jsonschema")
    def test_the_schema_of_machines_takes_those_that_there_are_and_no_mistakes(self):
        import jsonschema
        import yaml
        schema = json.loads(self.reference("machine-schema"))
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        page = (e2e.SOURCE / "docs/machines.md").read_text()
        machines = [yaml.safe_load(path.read_text()) for path in (e2e.SOURCE / "configs/machines").glob("*.yaml")]
        for text in re.findall(r"```yaml\n(.*?)```", page, re.S):
            machine = yaml.safe_load(text)
            machines.append(machine.get("machine", machine))
        self.assertGreater(len(machines), 20)
        for machine in machines:
            self.assertEqual([error.message for error in validator.iter_errors(machine)], [], machine)
        self.assertEqual(sorted(set(schema["properties"]) - set(re.findall(r"\b\w+\b", page))), [], "the page lacks keys")
        for mistake in [{"node": 2}, {"nodes": 0}, {"cpus": [{"cpu": 3}]}, {"costs": {"stopper": 3}}, {"smt": 2},
                        {"core_types": {"big": {"opps": [{"ghz": 3}]}}}, {"memory": {"latency": 80}}, {"smt_numbering": "odd"}]:
            self.assertNotEqual(list(validator.iter_errors(mistake)), [], mistake)

    def test_mistakes(self):
        self.assertIn("did you mean 'schema'?", self.error("reference", "shema"))
        self.assertIn("name a folder for them with -o", self.error("reference", "man"))


e2e.main()
