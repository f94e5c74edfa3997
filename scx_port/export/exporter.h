// What `simsched export` writes: a folder that an administrator copies to a machine and starts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scx_port/manifest/manifest.h"
#include "scx_port/host/hosted.h"
#include "topology/machine.h"

namespace simsched {

struct ExportRequest {
  std::string policy;  // name for people and for the unit: "scx_rusty"
  const HostedPolicy& hosted;
  const Machine& machine;  // that it was simulated on
  std::string where;       // of the policy in the config, for messages
  std::string results;     // JSON, may be empty
  std::string version;
  bool claim_gpl = false;      // the manifest says GPL whatever the object says: for the kernel to refuse
};

// The files by name, in a fixed order: model.bin where there is one, policy.bpf.o, manifest.json,
// simsched-NAME.service, README.md, simsched-loader. The same request
// gives the same bytes. Throws Error where the policy cannot be exported.
std::vector<std::pair<std::string, std::string>> export_files(const ExportRequest& request);

inline constexpr const char* kLoaderFile = "simsched-loader";
// The loader that belongs to this program: it lies beside it. Throws Error: built without.
std::string loader_path();
// Once the files are written.
void make_loader_executable(const std::string& folder);

Manifest make_manifest(const ExportRequest& request, std::span<const std::byte> object);
std::string unit_name(const std::string& policy);  // "simsched-scx_rusty.service"
std::string systemd_unit(const Manifest& manifest);
std::string administrator_readme(const Manifest& manifest);

}  // namespace simsched
