"""Machines and sets of CPUs."""

import pickle
import unittest

import numpy
import simsched
from testing import run, small


class Machines(unittest.TestCase):
    def test_a_preset(self):
        machine = simsched.Machine("epyc-2s128c")
        self.assertEqual((machine.nr_cpus, machine.nr_cores, machine.nr_llcs, machine.nr_nodes), (256, 128, 16, 2))
        self.assertEqual(machine.distances.shape, (2, 2))
        self.assertEqual(machine.distances[0, 0], 10)
        self.assertTrue((machine.distances == machine.distances.T).all())
        self.assertEqual(len(machine.siblings(0)), 2)
        self.assertEqual(machine.cpu(0)["node"], 0)
        self.assertIn("epyc", repr(machine))
        self.assertIn("<svg", machine._repr_svg_())
        self.assertIn("epyc-2s128c", simsched.machine_presets())

    def test_changes_and_keys(self):
        self.assertEqual(simsched.Machine("vm-2c", name="slow", smt_share=512).name, "slow")
        machine = simsched.Machine(name="mine", nodes=2, cores_per_llc=3)
        self.assertEqual((machine.name, machine.nr_cpus), ("mine", 6))
        again = simsched.Machine(machine, name="slower", costs={"context_switch_ns": numpy.int64(9000)})
        self.assertEqual((again.name, again.nr_cpus), ("slower", 6))

    def test_what_is_wrong_is_named_by_its_place(self):
        with self.assertRaises(simsched.Error) as caught:
            simsched.Machine("vm-2c", costs={"context_switch_ns": -1})
        self.assertEqual((caught.exception.file, caught.exception.line), ("costs.context_switch_ns", None))

    def test_every_preset_survives_being_written(self):
        for name in simsched.machine_presets():
            machine = simsched.Machine(name)
            again = pickle.loads(pickle.dumps(machine))
            self.assertEqual(again.to_json(), machine.to_json())

    def test_one_in_a_config_is_the_one_of_that_name(self):
        named = run(small(machine="desktop-2llc")).to_json()
        self.assertEqual(run(small(machine=simsched.Machine("desktop-2llc"))).to_json(), named)

    def test_what_is_none(self):
        for arguments, changes in ((("vm-3c",), {}), ((3,), {}), (("vm-2c",), {"cores": 3}), ((), {"nodes": 0}),
                                   ((), {"nodes": float("inf")}), (("/none.yaml",), {}), (("vm-2c",), {"nodes": None})):
            with self.assertRaises(simsched.Error, msg=(arguments, changes)):
                simsched.Machine(*arguments, **changes)
        for cpu in (-1, 2, 2**40):
            with self.assertRaises(IndexError):
                simsched.Machine("vm-2c").cpu(cpu)
            with self.assertRaises(IndexError):
                simsched.Machine("vm-2c").siblings(cpu)


class CpuSets(unittest.TestCase):
    def test_as_a_set(self):
        cpus = simsched.CpuSet("0-3,8")
        self.assertEqual(list(cpus), [0, 1, 2, 3, 8])
        self.assertEqual((len(cpus), 8 in cpus, 4 in cpus, -1 in cpus, str(cpus)), (5, True, False, False, "0-3,8"))
        self.assertEqual(cpus & simsched.CpuSet([8, 9]), simsched.CpuSet({8}))
        self.assertEqual(cpus - simsched.CpuSet("0-2"), simsched.CpuSet((3, 8)))
        self.assertEqual(str(cpus | simsched.CpuSet(range(4, 8))), "0-8")
        self.assertEqual(pickle.loads(pickle.dumps(cpus)), cpus)
        self.assertFalse(simsched.CpuSet([]))

    def test_what_is_none(self):
        for wrong in ("3-1", "a", [-1], [1 << 40]):
            with self.assertRaises(simsched.Error, msg=wrong):
                simsched.CpuSet(wrong)
        with self.assertRaises(TypeError):
            simsched.CpuSet(["x"])


if __name__ == "__main__":
    unittest.main()
