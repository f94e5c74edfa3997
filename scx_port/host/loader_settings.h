// LoaderSettings (scx_port/manifest) of what a config says: its keys ops, maps, run and report (docs/sched_ext.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/tunables.h"
#include "bpf/object.h"
#include "scx_port/manifest/loader_settings.h"

namespace simsched::bpf {

// {KEY: VALUE, ...}, or a list of the values from 0 on; the value of a per-CPU map is one for all CPUs, or a list of
// one each. Throws Error for a map that there is not, or what does not fit it.
std::vector<MapEntry> resolve_map_entries(const BpfObject& object, const Tunable& map);
// {program, context, cpu, at, every, fill: {MEMBER: WORDS}, then: {program, context}}
ProgramRun resolve_run(const BpfObject& object, const Tunables& settings, const std::string& where, size_t nr_cpus);
// {flags: [SCX_OPS_ENQ_LAST], timeout_ms: 5000, name: x, dispatch: none}, but for `which`: the one of several
// schedulers.
std::vector<OpsMember> resolve_ops(const BpfObject& object, const Tunables& members);
// The struct_ops variable that `which` names, among those that there are. Throws Error.
std::string resolve_which(const BpfObject& object, const Tunable& which);
// Takes other schedulers than `variable` out of the object (empty: none), and changes members of the one that is left.
void set_ops(BpfObject* object, const std::string& variable, const std::vector<OpsMember>& members);
// Settings that were resolved for this object, as a manifest has them: throws Error where they do not fit.
void check_settings(const BpfObject& object, const LoaderSettings& settings);

class Vm;
// Numbers, and arrays of them, as they are now.
std::vector<std::pair<std::string, int64_t>> reported_variables(Vm& vm, const std::vector<std::string>& names);

}  // namespace simsched::bpf
