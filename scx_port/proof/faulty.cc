#include "scx_port/proof/faulty.h"

#include <filesystem>

#include "base/files.h"
#include "base/shipped_file.h"
#include "bpf/compile.h"
#include "scx_port/export/exporter.h"

namespace simsched {
namespace {

Machine one_cpu() {
  MachineSpec spec;
  spec.name = "any";
  spec.cpus = {{CoreId(0), LlcId(0), NodeId(0)}};
  return Machine(std::move(spec));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> write_faulty_schedulers(const std::string& folder) {
  std::vector<std::pair<std::string, std::string>> written;
  const Machine machine = one_cpu();
  for (const std::string name : {"stall", "unknown_dsq", "mit"}) {
    HostedPolicy policy;
    policy.source = shipped_file("scx_port/proof/bad/" + name + ".bpf.c", SIMSCHED_SOURCE_DIR);
    const std::vector<std::byte> object = kernel_object(policy);
    policy.object = std::make_shared<bpf::BpfObject>(bpf::read_bpf_object(object, policy.source));
    const std::string to = folder + "/" + name;
    std::filesystem::create_directory(to);
    for (const auto& [file, content] : export_files({name, policy, machine, policy.source, "", "", true}))
      write_file_atomically(to + "/" + file, content);
    make_loader_executable(to);
    written.emplace_back("bad/" + name, to);
  }
  return written;
}

}  // namespace simsched
