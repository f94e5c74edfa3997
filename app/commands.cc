#include "app/commands.h"

namespace simsched {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {
      {"run", "simulate an experiment: machines x policies x seeds, and compare", run_command},
      {"validate", "replay a recording where it was made, and say how well the simulation matches", validate_command},
      {"import", "convert a recording to simsched's own compact trace file", import_command},
      {"topo", "show a machine: NUMA nodes, caches, cores, CPUs", topo_command},
      {"policies", "list the scheduling policies and their tunables", policies_command},
      {"workloads", "list the workload generators and their parameters", workloads_command},
      {"metrics", "list the metrics, their units and meaning", metrics_command},
      {"export", "a policy as a folder from which a machine loads it into its kernel", export_command},
      {"verify", "prove that an exported scheduler decides in a kernel as it did in simulation", verify_command},
      {"doctor", "say what this computer offers for recording and for loading schedulers", doctor_command},
  };
  return kCommands;
}

}  // namespace simsched
