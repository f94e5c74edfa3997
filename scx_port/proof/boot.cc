#include "scx_port/proof/boot.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "base/shipped_file.h"
#include "bpf/process.h"
#include "ml/model/model_file.h"
#include "scx_port/manifest/manifest.h"
#include "scx_port/proof/initramfs.h"

namespace simsched {
namespace {

constexpr int kShift = 3;

// A model of the same kind and inputs, of another version.
std::string another_model(const std::string& path) {
  const mlp::mlp_model first = mlp::read_model(path).model;
  const auto kind = static_cast<mlp::mlp_kind>(first.kind);
  const std::vector<std::byte> bytes =
      mlp::model_bytes(mlp::random_model(first.version + 1, kind, mlp::ranges_of(first)), path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::string> hardware(BootShape shape) {
  if (shape == BootShape::kOneCpu) return {"-cpu", "max", "-smp", "1", "-m", "1G"};
  // Two threads a core want a vendor whose CPUs have them, or caches come out wrong.
  const bool smt = shape == BootShape::kSmt;
  std::vector<std::string> words = {"-cpu", smt ? "max,vendor=GenuineIntel" : "max",
                                    "-smp", smt ? "8,sockets=2,cores=2,threads=2" : "8,sockets=2,cores=4,threads=1",
                                    "-m",   "2G"};
  for (const char* node : {"0", "1"}) {
    const std::string memory = std::string("m") + node, cpus = node[0] == '0' ? "0-3" : "4-7";
    words.insert(words.end(), {"-object", "memory-backend-ram,id=" + memory + ",size=1G", "-numa",
                               std::string("node,nodeid=") + node + ",cpus=" + cpus + ",memdev=" + memory});
  }
  words.insert(words.end(), {"-numa", "dist,src=0,dst=1,val=21"});
  return words;
}

}  // namespace

std::string boot_files(const BootOptions& options) {
  Initramfs files;
  files.add_file("init", read_file(guest_program()).text(), true);
  files.add_folder("bad");
  files.add_tree("export", options.exported);
  if (const std::string model = options.exported + "/" + kModelFile; std::filesystem::exists(model))
    files.add_file("model2.bin", another_model(model));
  for (const auto& [path, folder] : options.others) files.add_tree(path, folder);
  return files.finish();
}

BootResult boot(const BootOptions& options, const std::string& files) {
  VirtualMachine machine;
  machine.kernel = options.kernel;
  machine.append = "simsched.checks=" + options.checks;
  machine.hardware = hardware(options.shape);
  static_assert(kInstructionNanos == 1 << kShift);
  if (options.icount) machine.icount_shift = kShift;
  machine.limit_seconds = options.limit_seconds;
  return run_virtual_machine(machine, files);
}

std::vector<std::string> fetch_kernels(Architecture architecture) {
  const std::string script = shipped_file("scripts/fetch-kernels", SIMSCHED_SOURCE_DIR);
  std::vector<std::string> command = {script};
  if (architecture == Architecture::kArm64) command.insert(command.end(), {"--arch", "arm64"});
  const bpf::ProcessResult result = bpf::run_process(command);
  if (result.status != 0) {
    std::string reason = result.err.substr(0, result.err.find('\n'));
    throw Error("", reason.empty() ? script + " ended with " + std::to_string(result.status) : reason,
                "name a kernel with --kernel");
  }
  std::vector<std::string> kernels;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) kernels.push_back(line);
  return kernels;
}

}  // namespace simsched
