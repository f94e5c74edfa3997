"""simsched dataset and train: from simulations to decisions, from decisions to a model, and what is refused on the way."""

import re

import e2e

DATASET = """runs:
  - machines: [desktop-2llc, vm-8c2n]
    workload: {hackbench: {groups: 4}}
    policies: [eevdf]
    seeds: 2
    duration: 1s
sites: [steal, balance]
"""
TRAIN = """data: d.sdat
without: [weight, lag, capacity]
folds: 2
grid: {hidden: [[8]], activation: [relu], learning_rate: [0.01], epochs: [2, 5]}
"""


class Learn(e2e.EndToEnd):
    def setUp(self):
        super().setUp()
        self.write("d.yaml", DATASET)
        self.write("t.yaml", TRAIN)

    def bytes_of(self, name):
        return (self.scratch / name).read_bytes()

    def collect(self):
        return self.simsched("dataset", "d.yaml", "-o", "d.sdat", "--csv", "d.csv").stdout

    def test_from_simulations_to_a_model(self):
        self.assertIn("wrote d.sdat", self.collect())
        self.simsched("dataset", "d.yaml", "-o", "other.sdat", "-q", "-j", 3)
        self.assertEqual(self.bytes_of("d.sdat"), self.bytes_of("other.sdat"))
        text = self.simsched("train", "t.yaml", "-o", "m.smlp", "--grid", "g.csv").stdout
        for part in ["learner", "forest", "leak: F1", "wrote m.smlp"]:
            self.assertIn(part, text)
        self.assertEqual(len((self.scratch / "g.csv").read_text().splitlines()), 3)
        # From the table, and with other jobs: the same model.
        self.write("t.yaml", TRAIN.replace("d.sdat", "d.csv"))
        self.assertEqual(self.simsched("train", "t.yaml", "-o", "again.smlp", "-q", "-j", 3).stdout, "")
        self.assertEqual(self.bytes_of("m.smlp"), self.bytes_of("again.smlp"))
        # A policy that computes other inputs does not take it.
        self.write("run.yaml", "machine: vm-2c\nworkload: {ping_pong: {}}\npolicies: [{scx_gate: {model: m.smlp}}]\n")
        self.assertIn("m.smlp: a model whose inputs are of encoding 1, not 0", self.error("run", "run.yaml", "-o", "o"))
        self.write("short.smlp", "SMLP")
        self.write("run.yaml", "machine: vm-2c\nworkload: {ping_pong: {}}\npolicies: [{scx_gate: {model: short.smlp}}]\n")
        self.assertIn("short.smlp: the model file is cut off", self.error("run", "run.yaml", "-o", "o"))

    def test_a_sample_has_the_classes_that_are_wanted(self):
        self.write("d.yaml", DATASET + "rows: {stay: 200, move: 100}\n")
        self.assertIn("300 decisions, 100 to move and 200 to stay", self.collect())
        self.write("d.yaml", DATASET + "rows: {stay: 200, move: 9999999}\n")
        self.assertRegex(self.error("dataset", "d.yaml", "-o", "x.sdat"), "d.yaml:8: 9999999 decisions to move are wanted")

    def test_poisoned_data_are_refused(self):
        self.collect()
        whole, table = self.bytes_of("d.sdat"), (self.scratch / "d.csv").read_text()
        lines = table.splitlines(keepends=True)

        def refused(data, remedy=TRAIN):
            (self.scratch / "bad").write_bytes(data if isinstance(data, bytes) else data.encode())
            self.write("t.yaml", remedy.replace("d.sdat", "bad"))
            return self.error("train", "t.yaml", "-o", "m.smlp")

        self.assertIn("bad: not a dataset", refused(b""))
        self.assertIn("bad: the dataset is damaged or cut off", refused(whole[:-1]))
        self.assertIn("bad: its inputs are of encoding 9", refused(whole[:8] + bytes([9]) + whole[9:]))
        self.assertIn("bad:1: its inputs are of encoding 2", refused(table.replace("encoding 1", "encoding 2", 1)))
        self.assertIn("bad:3: weight is 'nan'", refused("".join(lines[:2]) + re.sub("^[0-9]+", "nan", lines[2])))
        self.assertIn("bad:2: the heading", refused("".join(lines[:1] + lines[2:])))
        one_class = [line for line in lines[2:] if line.split(",")[15] == "1"]
        self.assertIn("all decisions are to move", refused("".join(lines[:2] + one_class)))
        self.assertIn("the dataset is empty", refused("".join(lines[:2])))
        self.assertIn("t.yaml:1: input 'weight' is the same in all decisions", refused(table, TRAIN.replace("weight, ", "")))
        self.assertIn("fewer than 90 folds", refused(table, TRAIN.replace("folds: 2", "folds: 90\nfolds_by: [grouped]")))

    def test_bad_usage(self):
        self.assertIn("--output", self.error("dataset", "d.yaml"))
        self.assertIn("none.yaml", self.error("dataset", "none.yaml", "-o", "x"))
        self.assertIn("t.yaml:1: there is no file d.sdat", self.error("train", "t.yaml"))
        self.assertIn("no/such", self.error("dataset", "d.yaml", "-o", "/proc/no/such/d.sdat"))
        self.assertIn("did you mean 'train'", self.error("trainn"))


e2e.main()
