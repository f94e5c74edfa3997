// simsched verify: the proof that an exported scheduler loads, behaves, and decides in a kernel as it did here.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "app/commands.h"
#include "base/error.h"
#include "base/files.h"
#include "scx_port/export/parity.h"
#include "scx_port/native/process.h"

namespace simsched {
namespace {

constexpr const char* kHelp = R"(
Examples:
  simsched verify winner --live          schedule this machine with it for 10 s (root), then compare every decision
  simsched verify winner --log FILE      compare decisions that 'simsched-loader --decisions FILE' logged
Exit codes: 0 all is proved, 1 something differs or failed, 2 it cannot be tried here.
)";

struct Arguments {
  std::string folder, log;
  bool live = false;
  int seconds = 10;
};

// A folder for what comes and goes, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "simsched-verify-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw Error(name, "cannot be made", "set TMPDIR to a folder to write in");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

int report_parity(const ExportedFolder& folder, const std::string& log) {
  const Bytes bytes = read_file(log);
  const ParityResult parity = check_parity(folder, bytes.span(), log);
  if (parity.decisions == 0) throw Error(log, "holds no decisions", "log for longer");
  fmt::print("{} {}: {} decisions of {} kinds, {} different\n", parity.different == 0 ? "ok    " : "FAILED",
             folder.manifest.policy, parity.decisions, parity.by_kind.size(), parity.different);
  if (parity.different != 0) fmt::print("       first: {}\n", parity.first_difference);
  return parity.different == 0 ? 0 : 1;
}

int verify_live(const ExportedFolder& folder, int seconds) {
  const TemporaryFolder temporary;
  const std::string log = temporary.file("decisions");
  const auto result = native::run_process({folder.path + "/simsched-loader", folder.path, "--json", "--costs", "--for",
                                           std::to_string(seconds), "--decisions", log});
  if (result.status != 0) {
    std::string line = result.err.substr(0, result.err.find_last_not_of('\n') + 1);
    if (result.status == 2) throw Error(folder.path, line.substr(line.rfind('\n') + 1));
    fmt::print("FAILED {}: the loader ended with {}: {}\n", folder.manifest.policy, result.status, line);
    return 1;
  }
  fmt::print("{}", result.out);
  return report_parity(folder, log);
}

int run(const Arguments& arguments) {
  const ExportedFolder folder = read_exported_folder(arguments.folder);
  if (!arguments.log.empty()) return report_parity(folder, arguments.log);
  if (arguments.live) return verify_live(folder, arguments.seconds);
  throw Error("", "verify what?", "add --live, --vm or --log FILE; see 'simsched verify --help'");
}

}  // namespace

Action verify_command(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("DIR", arguments->folder, "What 'simsched export' wrote")->required();
  CLI::Option* live = command.add_flag("--live", arguments->live, "On this machine's own kernel");
  command.add_option("--log", arguments->log, "Only compare the decisions in this file")->excludes(live);
  command.add_option("--for", arguments->seconds, "Seconds to schedule with --live [10]")->check(CLI::Range(1, 3600));
  command.footer(kHelp);
  return [arguments] { return run(*arguments); };
}

}  // namespace simsched
