// simsched topo: what a machine looks like.
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "base/error.h"
#include "report/table.h"
#include "topology/draw/render.h"
#include "topology/load/load.h"

namespace simsched {
namespace {

struct Arguments {
  std::string machine, svg, dot, json;
};

constexpr const char* kHelp = R"(
Examples:
  simsched topo                           the presets
  simsched topo host                      this computer, through hwloc
  simsched topo epyc-2s128c --svg m.svg   a preset, as nested boxes
  simsched topo host --json my.json       a machine file to start from: 'machine: my.json' in an experiment
  lstopo m.xml; simsched topo m.xml       another computer, as its hwloc sees it
)";

std::string preset_list() {
  std::string text = "Presets:";
  for (const std::string& name : preset_names()) text += " " + name;
  return text + "\n";
}

int list_presets() {
  Table table;
  table.add_column("preset", Align::kLeft);
  for (const char* heading : {"CPUs", "cores", "LLCs", "nodes"}) table.add_column(heading);
  for (const std::string& name : preset_names()) {
    const Machine machine = load_machine(name);
    table.add_row({name, std::to_string(machine.nr_cpus()), std::to_string(machine.nr_cores()),
                   std::to_string(machine.nr_llcs()), std::to_string(machine.nr_nodes())});
  }
  fmt::print("{}\nsimsched topo MACHINE shows one; 'host', machine files and hwloc's XML are machines, too\n",
             table.str(look_of(STDOUT_FILENO)));
  return 0;
}

int topo(const Arguments& arguments) {
  if (arguments.machine.empty()) {
    if (!arguments.svg.empty() || !arguments.dot.empty() || !arguments.json.empty())
      throw Error("topo", "which machine is not said", "name one: simsched topo lists the presets");
    return list_presets();
  }
  Machine machine = load_machine(arguments.machine);
  Outputs outputs;
  if (!arguments.svg.empty()) outputs.add_file(arguments.svg, machine_svg(machine));
  if (!arguments.dot.empty()) outputs.add_file(arguments.dot, machine_dot(machine));
  if (!arguments.json.empty()) outputs.add_file(arguments.json, machine_json(machine));
  outputs.write();
  if (outputs.paths().empty()) fmt::print("{}", machine_table(machine));
  return 0;
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("MACHINE", arguments->machine,
                     "A preset, 'host', a machine file, or an hwloc .xml; without one the presets are listed");
  command.add_option("--svg", arguments->svg, "Write a drawing");
  command.add_option("--dot", arguments->dot, "Write a Graphviz graph");
  command.add_option("--json", arguments->json, "Write a machine file");
  command.footer("\n" + preset_list() + kHelp);
  return [arguments] { return topo(*arguments); };
}

}  // namespace

Command topo_command() { return {"topo", "show a machine: NUMA nodes, caches, cores, CPUs", add}; }

}  // namespace simsched
