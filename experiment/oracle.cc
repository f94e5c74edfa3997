#include "experiment/oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/suggest.h"
#include "base/temporary_folder.h"
#include "experiment/recording.h"
#include "experiment/side_by_side.h"
#include "policies/stack.h"
#include "scx_port/proof/boot.h"
#include "scx_port/proof/guest_load.h"
#include "scx_port/proof/initramfs.h"
#include "scx_port/proof/virtual_machine.h"
#include "sim/engine.h"
#include "traces/circumstances.h"
#include "traces/read_trace.h"

namespace simsched {
namespace {

constexpr int kLimitSeconds = 3600;

std::vector<OracleLoad> wanted_loads(const Machine& machine, const std::vector<std::string>& names) {
  std::vector<OracleLoad> loads = oracle_loads(machine);
  std::vector<std::string> known;
  for (const OracleLoad& load : loads) known.push_back(load.name);
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Error("", "there is no load '" + name + "'", suggest(name, known));
  if (!names.empty())
    std::erase_if(loads, [&](auto& load) { return std::find(names.begin(), names.end(), load.name) == names.end(); });
  return loads;
}

using Files = std::map<std::string, std::string>;  // that the guest left, by name

Files run_loads(const VmShape& shape, const std::vector<OracleLoad>& loads, const OracleOptions& options) {
  Initramfs files;
  VirtualMachine machine = shape.virtual_machine();
  files.add_file("init", read_file(guest_program(machine.architecture)).text(), true);
  files.add_folder("loads");
  for (const OracleLoad& load : loads) files.add_file("loads/" + load.name, guest_load(load.workload));
  machine.kernel = options.kernel.empty() ? fetch_kernels(machine.architecture).front() : options.kernel;
  machine.limit_seconds = kLimitSeconds;
  machine.append += fmt::format(" simsched.loads={}", options.repeats);
  BootResult boot = run_virtual_machine(machine, files.finish());
  if (!boot.problem.empty()) throw Error("", "the virtual machine gave no results: " + boot.problem);
  return std::move(boot.files);
}

Files read_files(const std::string& folder) {
  Files files;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(folder, missing))
    files[entry.path().filename()] = read_file(entry.path()).text();
  if (!files.contains("release")) throw Error(folder, "is not what --keep wrote", "boot anew");
  return files;
}

std::string first_line_of(const std::string& text) { return text.substr(0, text.find('\n')); }

// The recordings of one load.
std::vector<OracleFigures> kernel_figures(const Files& files, const std::string& load, const Machine& machine) {
  const TemporaryFolder temporary("simsched-oracle");
  std::vector<OracleFigures> figures;
  for (int repeat = 1;; ++repeat) {
    const std::string name = fmt::format("{}.{}.txt", load, repeat), path = temporary.file(name);
    const auto found = files.find(name);
    if (found == files.end()) break;
    write_file_atomically(path, found->second);
    figures.push_back(oracle_figures(read_trace(path), machine));
  }
  if (figures.empty()) throw Error("", "the kernel left no recording of load '" + load + "'", "boot anew");
  return figures;
}

std::vector<OracleFigures> simulate(const Workload& workload, const Machine& machine, const KernelParams& kernel,
                                    int seeds) {
  std::vector<OracleFigures> figures;
  for (int seed = 1; seed <= seeds; ++seed) {
    EngineOptions options;
    options.kernel = kernel;
    options.seed = static_cast<uint64_t>(seed);
    options.record = true;
    FairClass* fair = nullptr;
    Engine engine(machine, workload, options, default_classes(kernel, machine, &fair));
    engine.run();
    figures.push_back(oracle_figures(engine.trace(), machine));
  }
  return figures;
}

// How much more the kernel's tasks took than the simulated ones, by name.
std::map<std::string, Work> start_costs(const OracleFigures& real, const OracleFigures& simulated) {
  std::map<std::string, Work> costs;
  for (const auto& [name, named] : simulated.by_name)
    if (const auto found = real.by_name.find(name); found != real.by_name.end())
      costs[name] = Work((found->second.cpu_ns - named.cpu_ns) / named.tasks);
  return costs;
}

}  // namespace

bool OracleResult::ok() const {
  return std::all_of(loads.begin(), loads.end(), [](const Load& load) { return all_ok(load.rows); });
}

OracleResult ask_kernel(const Machine& machine, const OracleOptions& options) {
  const VmShape shape(machine);
  const std::vector<OracleLoad> loads = wanted_loads(shape.machine(), options.loads);
  Files files = options.kept.empty() ? run_loads(shape, loads, options) : read_files(options.kept);
  shape.check_domains(files["dmesg"]);
  if (!options.keep.empty())
    for (const auto& [name, content] : files) write_file_atomically(options.keep + "/" + name, content);

  OracleResult result{shape.summary(), first_line_of(files["release"]), files["domains"], {}};
  // Tasks of the guest are all in the root group: its first process has no session.
  Circumstances circumstances = parse_circumstances(circumstances_of_guest(result.release), "guest");
  circumstances.autogroup = false;
  const KernelParams kernel = kernel_of(circumstances, "guest");
  for (const OracleLoad& load : loads) {
    const std::vector<OracleFigures> real = kernel_figures(files, load.name, shape.machine());
    const OracleFigures once = simulate(load.workload, shape.machine(), kernel, 1).front();
    const Workload workload = with_costs(load.workload, start_costs(real.front(), once));
    result.loads.push_back(
        {load.name, load.summary,
         compare_with_kernel(real, simulate(workload, shape.machine(), kernel, options.seeds), shape.machine())});
  }
  return result;
}

}  // namespace simsched
