// simsched verify: the proof that an exported scheduler loads, behaves, and decides in a kernel as it did here.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "app/outputs.h"
#include "app/progress_bar.h"
#include "base/error.h"
#include "base/exit_code.h"
#include "base/files.h"
#include "base/parallel.h"
#include "base/temporary_folder.h"
#include "bpf/process.h"
#include "experiment/policies.h"
#include "experiment/side_by_side.h"
#include "report/oracle.h"
#include "report/side_by_side.h"
#include "report/table.h"
#include "scx_port/export/costs.h"
#include "scx_port/export/parity.h"
#include "scx_port/proof/faulty.h"
#include "scx_port/proof/proof.h"
#include "topology/load/load.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
In a virtual machine (QEMU, no rights needed) stock kernels load the scheduler, run builds and tasks that wake each
other, take CPUs away, kill the loader, load schedulers with a fault; every decision is compared with the simulator's.

Examples:
  simsched verify winner --vm            the proof, on kernels that are fetched when they are not there
  simsched verify winner --vm --kernel /boot/vmlinuz-6.18.12   on this one
  simsched verify winner --live          schedule this machine with it for 10 s (root), then compare every decision
  simsched verify --kernel-fair vm-8c2n --vm --keep k   the kernel's own fair class against the simulated one
  simsched verify --kernel-fair vm-8c2n --kept k        the same again, without a boot
  simsched verify winner --log FILE      compare decisions that 'simsched-loader --decisions FILE' logged
Exit codes: 0 all is proved, 1 something differs or failed, 2 it cannot be tried here.
)";

struct Arguments {
  std::string folder, log, keep, kept, machine, json;
  std::vector<std::string> kernels;
  std::vector<std::string> loads;
  bool live = false, vm = false, quick = false, costs = false;
  int seconds = 10, jobs = 0, repeats = 3;
};

int report_parity(const ExportedFolder& folder, const std::string& log) {
  const Bytes bytes = read_file(log);
  const ParityResult parity = check_parity(folder, bytes.span(), log);
  if (parity.decisions == 0) throw Error(log, "holds no decisions", "log for longer");
  fmt::print("{} {}: {} decisions of {} kinds, {} different\n", parity.different == 0 ? "ok    " : "FAILED",
             folder.manifest.policy, parity.decisions, parity.by_kind.size(), parity.different);
  if (parity.different != 0) fmt::print("       first: {}\n", parity.first_difference);
  return parity.different == 0 ? kExitOk : kExitOutside;
}

// Instructions of a kernel whose data is not always in the nearest cache take about so long, at 3 GHz and one a cycle.
constexpr int64_t kPicosPerInstruction = 333;

void write_costs(ExportedFolder folder, const std::string& statistics, int64_t divisor, const std::string& how) {
  set_measured_costs(folder, statistics, divisor, folder.path);
  folder.manifest.costs_from = how;
  write_file_atomically(folder.path + "/" + kManifestFile, manifest_to_json(folder.manifest));
  fmt::print("costs of callbacks, now in {}/{} ({}):\n", folder.path, kManifestFile, how);
  for (const auto& [op, cost] : folder.manifest.costs) fmt::print("  {:<16} {:>6} ns\n", op, cost.count());
}

int verify_live(const ExportedFolder& folder, int seconds, bool costs) {
  const TemporaryFolder temporary("simsched-verify");
  const std::string log = temporary.file("decisions");
  const auto result = bpf::run_process({folder.path + "/simsched-loader", folder.path, "--json", "--costs", "--for",
                                        std::to_string(seconds), "--decisions", log});
  if (result.status != 0) {
    std::string line = result.err.substr(0, result.err.find_last_not_of('\n') + 1);
    if (result.status == kExitBadInput) throw Error(folder.path, line.substr(line.rfind('\n') + 1));
    fmt::print("FAILED {}: the loader ended with {}: {}\n", folder.manifest.policy, result.status, line);
    return kExitOutside;
  }
  if (costs) write_costs(folder, result.out, 1, "the kernel's statistics, while every decision was logged");
  return report_parity(folder, log);
}

void print_check(const BootCheck& check) {
  constexpr size_t kWidth = 160;
  std::string seen = check.seen;
  if (check.ok && seen.size() > kWidth) seen = seen.substr(0, kWidth - 3) + "...";
  fmt::print("  {} {:<14} {}\n", check.ok ? "ok    " : "FAILED", check.name, seen);
}

// What a step left, for people to look at: KEEP/STEP-trace.txt, ...
void keep_files(const std::string& folder, size_t step, const ProofResult& result) {
  Outputs outputs;
  outputs.add_folder(folder);
  const std::string stem = folder + "/" + std::to_string(step + 1) + "-";
  if (!result.trace.empty()) {
    outputs.add_file(stem + "trace.txt", result.trace);
    outputs.add_file(stem + "trace.recorded.yaml", circumstances_of_guest(result.release));
  }
  if (!result.statistics.empty()) outputs.add_file(stem + "statistics.json", result.statistics + "\n");
  outputs.write();
}

int verify_in_vm(const ExportedFolder& folder, const Arguments& arguments) {
  const std::vector<std::string> kernels = arguments.kernels.empty() ? fetch_kernels() : arguments.kernels;
  for (const std::string& kernel : kernels) read_file(kernel);
  std::vector<ProofStep> steps = plan_proof(folder, kernels, arguments.quick);
  if (arguments.costs) steps.push_back(plan_costs(folder, kernels.front()));
  const TemporaryFolder temporary("simsched-verify");
  if (!arguments.quick) {
    const auto faulty = write_faulty_schedulers(temporary.path());
    for (ProofStep& step : steps) step.boot.others = faulty;
  }
  std::vector<ProofResult> results(steps.size());
  {
    ProgressBar bar("virtual machines");
    auto one = [&](size_t i) { results[i] = run_step(steps[i], folder); };
    parallel_for(steps.size(), jobs_or_default(arguments.jobs), one, std::ref(bar));
  }
  bool ok = true, all_tried = true;
  for (size_t i = 0; i < steps.size(); ++i) {
    const ProofResult& result = results[i];
    fmt::print("{} on {}\n", folder.manifest.policy, steps[i].title);
    for (const BootCheck& check : result.checks) print_check(check);
    if (!result.unusable.empty()) fmt::print("  cannot be tried: {}\n", result.unusable);
    all_tried = all_tried && result.unusable.empty();
    if (!result.problem.empty()) fmt::print("  FAILED the machine: {}\n", result.problem);
    if (!result.trace.empty()) {
      fmt::print("{}\n",
                 side_by_side_table(kernel_and_simulation(result.trace, folder, result.release, all_policies())));
    }
    ok = ok && (result.ok() || !result.unusable.empty());
    if (!result.costs.empty()) {
      write_costs(folder, result.costs, kInstructionNanos * 1000 / kPicosPerInstruction,
                  "instructions counted in a virtual machine, at 0.33 ns each");
    }
    if (!arguments.keep.empty()) keep_files(arguments.keep, i, result);
  }
  if (ok && !all_tried) return kExitBadInput;
  return ok ? kExitOk : kExitOutside;
}

// The fair class itself, against the kernel's on a machine of that shape.
int verify_fair(const Arguments& arguments) {
  if (!arguments.vm && arguments.kept.empty()) throw Error("", "which kernel is to be compared?", "add --vm");
  const Machine machine = load_machine(arguments.machine);
  Outputs outputs;
  if (!arguments.json.empty()) check_output(arguments.json);
  OracleOptions options;
  options.kept = arguments.kept;
  if (!arguments.kernels.empty()) options.kernel = arguments.kernels.front();
  options.loads = arguments.loads;
  options.repeats = arguments.repeats;
  options.keep = arguments.keep;
  if (!arguments.keep.empty()) {
    Outputs folder;
    folder.add_folder(arguments.keep);
    folder.write();
  }
  const OracleResult result = ask_kernel(machine, options);
  if (!arguments.json.empty()) outputs.add_file(arguments.json, oracle_json(result));
  outputs.write();
  fmt::print(outputs.text(), "{}", oracle_table(result, look_of(STDOUT_FILENO)));
  return result.ok() ? kExitOk : kExitOutside;
}

int run(const Arguments& arguments) {
  if (!arguments.machine.empty()) return verify_fair(arguments);
  if (arguments.folder.empty())
    throw Error("", "verify what?", "name what 'simsched export' wrote, or --kernel-fair MACHINE");
  const ExportedFolder folder = read_exported_folder(arguments.folder);
  if (!arguments.log.empty()) return report_parity(folder, arguments.log);
  if (arguments.vm) return verify_in_vm(folder, arguments);
  if (arguments.live) return verify_live(folder, arguments.seconds, arguments.costs);
  throw Error("", "verify what?", "add --live, --vm or --log FILE; see 'simsched verify --help'");
}

Action add(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  CLI::Option* folder = command.add_option("DIR", arguments->folder, "What 'simsched export' wrote");
  CLI::Option* live = command.add_flag("--live", arguments->live, "On this machine's own kernel");
  CLI::Option* vm = command.add_flag("--vm", arguments->vm, "On stock kernels in a virtual machine")->excludes(live);
  CLI::Option* fair = command.add_option("--kernel-fair", arguments->machine,
                                         "Instead: the fair class against the kernel's own on this machine's shape");
  fair->excludes(folder)->excludes(live);
  command.add_option("--load", arguments->loads, "Only these loads")->needs(fair);
  command.add_option("--repeats", arguments->repeats, "How often the kernel runs each load [3]")
      ->needs(fair)
      ->check(CLI::Range(1, 100));
  command.add_option("--kept", arguments->kept, "What --keep wrote of a kernel, instead of a boot")->needs(fair);
  command.add_option("--json", arguments->json, "Write the comparison to this file, too")->needs(fair);
  command.add_option("--kernel", arguments->kernels, "A vmlinuz instead of the kernels of scripts/fetch-kernels")
      ->needs(vm);
  command.add_flag("--quick", arguments->quick, "One boot a kernel, without schedulers with a fault")->needs(vm);
  command.add_option("--keep", arguments->keep, "Keep traces and statistics of the boots in this folder")->needs(vm);
  command.add_flag("--costs", arguments->costs, "Write what each callback costs into the manifest, for 'simsched run'");
  command.add_option("-j,--jobs", arguments->jobs, "Virtual machines at a time [one a CPU]")->check(CLI::Range(1, 64));
  command.add_option("--log", arguments->log, "Only compare the decisions in this file")->excludes(live);
  command.add_option("--for", arguments->seconds, "Seconds to schedule with --live [10]")->check(CLI::Range(1, 3600));
  command.footer(kHelp);
  return [arguments] { return run(*arguments); };
}

}  // namespace

Command verify_command() {
  return {"verify", "prove that an exported scheduler decides in a kernel as it did in simulation", add};
}

}  // namespace simsched
