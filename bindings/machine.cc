// Machines and sets of CPUs.
#include "topology/machine.h"

#include <pybind11/numpy.h>

#include <memory>

#include "base/error.h"
#include "bindings/cpu_set.h"
#include "bindings/module.h"
#include "topology/draw/render.h"
#include "topology/load/load.h"
#include "topology/load/machine_yaml.h"

namespace simsched::python {
namespace {

std::vector<int32_t> list_of(const CpuSet& cpus) {
  std::vector<int32_t> list;
  for (CpuId cpu : cpus) list.push_back(cpu.value());
  return list;
}

CpuId cpu_of(const Machine& machine, int64_t cpu) {
  if (cpu < 0 || cpu >= static_cast<int64_t>(machine.nr_cpus()))
    throw py::index_error(machine.name() + " has CPUs 0 to " + std::to_string(machine.nr_cpus() - 1));
  return CpuId(static_cast<int32_t>(cpu));
}

py::dict cpu_dict(const Machine& machine, int64_t number) {
  const CpuId id = cpu_of(machine, number);
  const Cpu& cpu = machine.cpu(id);
  py::dict dict;
  dict["cpu"] = number;
  dict["core"] = cpu.core.value();
  dict["llc"] = cpu.llc.value();
  dict["node"] = cpu.node.value();
  dict["cluster"] = cpu.cluster.value();
  dict["power_domain"] = cpu.power_domain.value();
  dict["capacity"] = cpu.capacity;
  dict["priority"] = cpu.priority;
  dict["type"] = machine.core_type(id).name;
  return dict;
}

py::array_t<int32_t> distances(const Machine& machine) {
  const auto nodes = static_cast<py::ssize_t>(machine.nr_nodes());
  py::array_t<int32_t> square({nodes, nodes});
  auto view = square.mutable_unchecked<2>();
  for (py::ssize_t a = 0; a < nodes; ++a)
    for (py::ssize_t b = 0; b < nodes; ++b)
      view(a, b) = machine.distance(NodeId(static_cast<int32_t>(a)), NodeId(static_cast<int32_t>(b)));
  return square;
}

std::shared_ptr<Machine> make_machine(const py::object& machine, const py::kwargs& changes) {
  const py::module_ config = py::module_::import("simsched._config");
  const py::object described = config.attr("machine_config")(machine, changes);
  if (described.is_none()) return std::make_shared<Machine>(load_machine(py::str(machine).cast<std::string>()));
  try {
    return std::make_shared<Machine>(parse_machine_yaml(described.attr("text").cast<std::string>(), "config"));
  } catch (const Error& error) {
    throw Error(described.attr("place_of")(error.where()).cast<std::string>(), error.problem(), error.remedy());
  }
}

std::string representation(const Machine& machine) {
  return "<simsched.Machine '" + machine.name() + "': " + std::to_string(machine.nr_cpus()) + " CPUs, " +
         std::to_string(machine.nr_cores()) + " cores, " + std::to_string(machine.nr_llcs()) + " LLCs, " +
         std::to_string(machine.nr_nodes()) + " nodes>";
}

void bind_cpu_set(py::module_& module) {
  py::class_<CpuSet>(module, "CpuSet", "A set of CPUs, in ascending order. CpuSet('0-3,8') or CpuSet([0, 1, 2, 3, 8]).")
      .def(py::init(&cpu_set_of), py::arg("cpus"))
      .def("__contains__", [](const CpuSet& set, int32_t cpu) { return cpu >= 0 && set.contains(CpuId(cpu)); })
      .def("__iter__", [](const CpuSet& set) { return py::iter(py::cast(list_of(set))); })
      .def("__len__", &CpuSet::size)
      .def("__bool__", [](const CpuSet& set) { return !set.empty(); })
      .def(
          "__eq__", [](const CpuSet& set, const CpuSet& other) { return set == other; }, py::is_operator())
      .def(
          "__and__", [](const CpuSet& set, const CpuSet& other) { return set & other; }, py::is_operator())
      .def(
          "__or__", [](const CpuSet& set, const CpuSet& other) { return set | other; }, py::is_operator())
      .def(
          "__sub__", [](const CpuSet& set, const CpuSet& other) { return set - other; }, py::is_operator())
      .def("__hash__", [](const CpuSet& set) { return py::hash(py::str(set.str())); })
      .def("__str__", &CpuSet::str)
      .def("__repr__", [](const CpuSet& set) { return "CpuSet('" + set.str() + "')"; })
      .def("__reduce__",
           [](const py::object& set) { return py::make_tuple(set.get_type(), py::make_tuple(py::str(set))); });
  py::implicitly_convertible<py::str, CpuSet>();
  py::implicitly_convertible<py::iterable, CpuSet>();
}

}  // namespace

CpuSet cpu_set_of(const py::handle& value) {
  if (py::isinstance<CpuSet>(value)) return value.cast<CpuSet>();
  if (py::isinstance<py::str>(value)) return CpuSet::parse(value.cast<std::string>());
  CpuSet set;
  for (const py::handle item : py::iter(value)) {
    const int64_t cpu = whole_number(item, "a CPU");
    if (cpu < 0 || cpu >= static_cast<int64_t>(kMaxCpus))
      throw Error("", "there is no CPU " + std::to_string(cpu), "CPUs are 0 to " + std::to_string(kMaxCpus - 1));
    set.add(CpuId(static_cast<int32_t>(cpu)));
  }
  return set;
}

void bind_machine(py::module_& module) {
  bind_cpu_set(module);
  module.def("machine_presets", &preset_names, "Names of the machines that come with simsched: list of str.");
  py::class_<Machine, std::shared_ptr<Machine>>(
      module, "Machine",
      "A machine: NUMA nodes, last-level caches, cores and CPUs. It does not change.\n\n"
      "Machine('vm-2c'), a preset; Machine('host'), this one; Machine('server.yaml'), a machine file or hwloc's XML;\n"
      "Machine('vm-2c', name='slow', costs={'context_switch_ns': 9000}), a preset with changes; Machine(nodes=2,\n"
      "cores_per_llc=8): keys of a machine file (docs/machines.md). Raises simsched.Error for what is none of these.")
      .def(py::init(&make_machine), py::arg("machine") = py::none())
      .def_property_readonly("name", &Machine::name)
      .def_property_readonly("nr_cpus", &Machine::nr_cpus, "Hardware threads.")
      .def_property_readonly("nr_cores", &Machine::nr_cores)
      .def_property_readonly("nr_llcs", &Machine::nr_llcs, "Last-level caches.")
      .def_property_readonly("nr_nodes", &Machine::nr_nodes, "NUMA nodes.")
      .def_property_readonly("cpus", &Machine::cpus, "All CPUs: CpuSet.")
      .def("cpu", &cpu_dict, py::arg("cpu"),
           "Where a CPU lies and how fast it is: dict with cpu, core, llc, node, cluster, power_domain, capacity (of "
           "1024), priority, type. Raises IndexError.")
      .def(
          "siblings", [](const Machine& machine, int64_t cpu) { return machine.smt_cpus(cpu_of(machine, cpu)); },
          py::arg("cpu"), "The threads of its core, itself among them: CpuSet.")
      .def_property_readonly("distances", &distances,
                             "Of nodes, as the firmware has them, 10 is local: int32 array "
                             "(nr_nodes, nr_nodes).")
      .def("to_json", &machine_json, "A machine file: str. Machine files may be JSON.")
      .def("to_text", &machine_table, "As `simsched topo` prints it: str.")
      .def("to_svg", &machine_svg, "A picture: str.")
      .def("_repr_svg_", &machine_svg)
      .def("__str__", &machine_table)
      .def("__repr__", &representation)
      .def("__reduce__", [](const py::object& machine) {
        return py::make_tuple(py::module_::import("simsched._config").attr("machine_from_json"),
                              py::make_tuple(machine.attr("to_json")()));
      });
}

}  // namespace simsched::python
