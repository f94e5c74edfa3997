// Policies that sched_ext hosts: what a config makes of one, before it is run here or exported to a kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bpf/object.h"
#include "ml/model/model_file.h"
#include "policies/ext/ext_class.h"
#include "policies/policy.h"
#include "scx_port/host/loader_settings.h"
#include "scx_port/host/notes.h"
#include "scx_port/host/set_variables.h"
#include "scx_port/schedulers/scheduler.h"

namespace simsched {

struct HostedPolicy {
  std::shared_ptr<const bpf::BpfObject> object;               // runs here
  std::string shipped;                                        // name in host/shipped.h; else it is compiled from
  std::string source;                                         // ... this file
  std::vector<std::string> sources;                           // ... or these, linked
  std::vector<std::string> include, cflags;                   // ... with these folders and options
  std::string clang;                                          // ... and this compiler, where not the first one found
  std::vector<bpf::VariableSetting> variables;                // globals to set
  std::vector<std::pair<std::string, uint32_t>> map_entries;  // sizes of maps that are not the object's own
  LoaderSettings loader;                                      // what else a loader does
  std::string user_half;                                      // by its folder, see schedulers/scheduler.h; empty: none
  Tunables user_options;
  UserHalfMaker make_user_half;
  std::optional<mlp::ModelFile> model;  // where the user-space half takes one: its option `model`
  std::vector<mlp::ModelFile> experts;  // ... or several: `experts`
  ext::ExtOptions options;
  uint64_t memory_limit = 0;     // bytes of globals, maps and objects; 0: the default
  std::shared_ptr<Notes> notes;  // may be none
};

// The row of one that sched_ext hosts.
class ExtPolicy : public Policy {
 public:
  using Policy::Policy;
  // Throws Error as make() does.
  virtual HostedPolicy host(const PolicyContext& context, const Tunables& tunables) const = 0;
  ClassStack make(const PolicyContext& context, const Tunables& tunables) const final;
};

// What such a policy has where nothing else is said.
ext::ExtOptions default_ext_options();
// The tunable `costs: {OP: TIME}`, which all of them have.
void bind_costs(TunableReader& reader, ext::ExtOptions* options);
// Makes a user-space half of policy->user_options, and takes its model. Throws Error.
void use_user_half(UserHalfMaker make, const std::string& folder, HostedPolicy* policy);
// Loaders size some maps before they load a scheduler: `sizes` has {MAP: ENTRIES}. An array without entries has one for
// each CPU. They also fill maps of maps, {MAP: filled}, and make entries, {MAP: {KEY: VALUE}}.
void size_maps(const Tunables& sizes, const Machine& machine, HostedPolicy* policy);

// Makes policy->loader.ops members of the scheduler that `which` names; empty: there is one.
void change_ops(const std::string& which, HostedPolicy* policy);

// The BPF object as a kernel loads it: the ELF file of the very source that runs here.
std::vector<std::byte> kernel_object(const HostedPolicy& policy);

}  // namespace simsched
