// A policy that sched_ext hosts, as a config describes it: before it is run here or exported to a kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policies/ext/ext_class.h"
#include "policies/registry.h"
#include "ml/model/model_file.h"
#include "bpf/object.h"
#include "scx_port/schedulers/user_halves.h"

namespace simsched {

struct HostedPolicy {
  std::shared_ptr<const bpf::BpfObject> object;             // runs here
  std::string shipped;                                         // name in host/shipped.h; else it is compiled from
  std::string source;                                          // ... this file
  std::vector<std::string> include;                            // ... with these folders
  std::vector<std::pair<std::string, std::string>> variables;  // globals to set, as bpf::set_variable() takes them
  std::vector<std::pair<std::string, uint32_t>> map_entries;   // sizes of maps that are not the object's own
  std::string user_half;                                       // of schedulers/user_halves.h; empty: none
  Tunables user_options;
  UserHalfMaker make_user_half;
  std::optional<mlp::ModelFile> model;  // where the user-space half takes one: its option `model`
  ext::ExtOptions options;
};

// False: `request` asked for the names of the tunables only, and got them. Throws Error as PolicyRegistry::make() does.
using HostPolicy = bool (*)(PolicyRequest& request, HostedPolicy* policy);
struct HostedEntry {
  std::string name, summary;
  HostPolicy read;
  bool listed = true;
};
// scx_simple, scx_packet, scx_packet_even, scx_rusty, scx_gate; `bpf`, whose tunable `bpf` is the path of a .bpf.c or
// .bpf.o; and `exported`, whose tunable is a folder.
const std::vector<HostedEntry>& hosted_policies();

// The BPF object as a kernel loads it: the ELF file of the very source that runs here.
std::vector<std::byte> kernel_object(const HostedPolicy& policy);

}  // namespace simsched
