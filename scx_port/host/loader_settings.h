// LoaderSettings: what a scheduler's own loader would do beside setting globals: change the table of callbacks, fill
// maps, run programs. A config's keys ops, maps, run and report (docs/sched_ext.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/tunables.h"
#include "base/units.h"
#include "bpf/object.h"

namespace simsched::bpf {

struct MapEntry {
  std::string map, where;
  std::vector<std::byte> key, value;  // value: of one CPU
  std::string inner;                  // the value in a map of maps: another map
};

// A SEC("syscall") program: before the scheduler is attached, or so long after that, once or again and again.
struct ProgramRun {
  // What a member of the context points to when it is done: memory of an arena, which the loader writes then.
  struct Fill {
    uint64_t offset;  // of the member
    std::vector<uint64_t> words;
  };
  // A member of the context of the program that ran before has the same name here.
  struct Taken {
    uint64_t from, to, size;
  };

  std::string program, where;
  std::vector<std::byte> context;
  CpuId cpu{0};
  std::optional<Nanos> at;
  Nanos every{0};  // 0: once
  std::vector<Fill> fills;
  std::vector<Taken> taken;
  std::vector<ProgramRun> then;  // one or none: runs next
};

struct LoaderSettings {
  std::vector<MapEntry> entries;
  std::vector<ProgramRun> runs;
  std::vector<std::string> report;  // globals that come back in the results
  bool empty() const { return entries.empty() && runs.empty(); }
};

// {KEY: VALUE, ...}, or a list of the values from 0 on; the value of a per-CPU map is one for all CPUs, or a list of
// one each. Throws Error for a map that there is not, or what does not fit it.
std::vector<MapEntry> resolve_map_entries(const BpfObject& object, const Tunable& map);
// {program, context, cpu, at, every, fill: {MEMBER: WORDS}, then: {program, context}}
ProgramRun resolve_run(const BpfObject& object, const Tunables& settings, const std::string& where, size_t nr_cpus);
// Changes the members of the struct_ops variable: {flags: [SCX_OPS_ENQ_LAST], timeout_ms: 5000, name: x, dispatch:
// none}; `which` is the one to keep where there are several.
void set_ops(BpfObject* object, const Tunables& members);

class Vm;
// Numbers, and arrays of them, as they are now.
std::vector<std::pair<std::string, int64_t>> reported_variables(Vm& vm, const std::vector<std::string>& names);

}  // namespace simsched::bpf
