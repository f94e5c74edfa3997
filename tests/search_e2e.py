"""simsched search: a model from simulations, the same however it was interrupted."""

import json
import signal
import subprocess
import time
import xml.etree.ElementTree

import e2e

CONFIG = """policy: scx_gate
baselines: [eevdf, scx_simple]
search: {population: 8, generations: 6, scenarios: 3, validate_every: 2}
train:
  - name: builds
    machine: {llcs_per_node: {any: [1, 2]}, cores_per_llc: {from: 1, to: 3}}
    workload: {fork_join: {jobs: {from: 50%, to: 200%, of: cpus}, total: 20, work: {from: 1ms, to: 5ms}}}
validation:
  scenarios: 3
  families:
    - {name: pairs, machine: {cores_per_llc: 3}, workload: {ping_pong: {pairs: 4, rounds: 50}}}
test:
  scenarios: 4
  families:
    - {name: server, machine: {llcs_per_node: 2, cores_per_llc: 2}, workload: {server: {clients: 6, requests: 10}}}
"""
FILES = ["smlp", "checkpoint", "archive.json", "svg", "test.json"]


class Search(e2e.EndToEnd):
    def setUp(self):
        super().setUp()
        self.config = self.write("s.yaml", CONFIG)

    def files(self, name):
        return {ending: (self.scratch / f"{name}.{ending}").read_bytes() for ending in FILES}

    def test_writes_a_model_and_what_is_to_be_known_of_it(self):
        text = self.simsched("search", self.config, "-o", "m.smlp").stdout
        for part in ["generation 6 of 6", "model against", "95 % interval", "server", "accepted"]:
            self.assertIn(part, text)
        files = self.files("m")
        self.assertTrue(files["smlp"].startswith(b"SMLP"))
        archive = json.loads(files["archive.json"])
        self.assertEqual(len([m for m in archive["members"] if m["accepted"]]), 1)
        test = json.loads(files["test.json"])
        self.assertEqual([len(s["runs"]) for s in test["scenarios"]], [3] * 4)
        root = xml.etree.ElementTree.fromstring(files["svg"])
        self.assertIn("generation 6", " ".join(node.text or "" for node in root.iter()))
        # The model is one that the policy takes.
        self.write("r.yaml", "machine: vm-2c\nworkload: {ping_pong: {}}\npolicies: [{scx_gate: {model: m.smlp}}]\n")
        self.simsched("run", "r.yaml", "-q", "-o", "o")

    def test_the_same_bytes_in_one_go_or_in_parts_with_any_number_of_jobs(self):
        self.simsched("search", self.config, "-o", "whole.smlp", "-q", "--jobs", 1)
        self.assertEqual(self.simsched("search", self.config, "-o", "parts.smlp", "-q", "--generations", 2).stdout, "")
        self.simsched("search", self.config, "-o", "parts.smlp", "-q", "--generations", 4, "--resume", "--jobs", 3)
        self.simsched("search", self.config, "-o", "parts.smlp", "-q", "--resume")
        self.assertEqual(self.files("parts"), self.files("whole"))

    def test_ctrl_c_leaves_what_it_can_go_on_from(self):
        self.simsched("search", self.config, "-o", "whole.smlp", "-q")
        running = subprocess.Popen([str(e2e.SIMSCHED), "search", str(self.config), "-o", "cut.smlp"], cwd=self.scratch,
                                   stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        while running.poll() is None and not (self.scratch / "cut.checkpoint").exists():
            time.sleep(0.005)
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=60)[1]
        self.assertIn(running.returncode, [0, 130])  # 0: it was faster
        if running.returncode:
            self.assertRegex(said, r"\Asimsched: stopped; --resume goes on from generation \d\n\Z")
        self.simsched("search", self.config, "-o", "cut.smlp", "-q", "--resume")
        self.assertEqual(self.files("cut"), self.files("whole"))

    def test_mistakes(self):
        for change, place in [(("scx_gate", "eevdf"), "s.yaml:1: eevdf has no model"),
                              (("population: 8", "population: 1"), "s.yaml:3: "),
                              (("{from: 1, to: 3}", "{from: 3, to: 1}"), "s.yaml:6: family 'builds': a draw goes from 3 down to 1"),
                              (("ping_pong", "ping_pongs"), "s.yaml:11: family 'pairs': "),
                              (("train:", "trained:"), "s.yaml:4: "),
                              (("machine: {llcs", "machine: {nodes: 2000000, llcs"), "s.yaml:"),
                              (("policy:", "- [policy:"), "s.yaml:")]:
            with self.subTest(place):
                config = self.write("s.yaml", CONFIG.replace(*change, 1))
                self.assertIn(place, self.error("search", config, "-o", "m.smlp"))
        self.write("s.yaml", CONFIG)
        self.assertIn("m.checkpoint", self.error("search", self.config, "-o", "m.smlp", "--resume"))
        self.write("m.checkpoint", "{}")
        self.assertIn("m.checkpoint: is not a checkpoint", self.error("search", self.config, "-o", "m.smlp", "--resume"))
        self.assertIn("no/such", self.error("search", self.config, "-o", "no/such/m.smlp"))
        self.assertIn("name it MODEL.smlp", self.error("search", self.config, "-o", "m"))
        self.assertIn("name it MODEL.smlp", self.error("search", self.config, "-o", "m.svg"))
        self.error("search", self.config)
        self.error("search", self.config, "-o", "m.smlp", "--jobs", 0)


e2e.main()
