// LoaderSettings: what a scheduler's own loader would do beside setting globals, in bytes of the object: change the
// table of callbacks, fill maps, run programs. A config's keys ops, maps, run and report (docs/sched_ext.md), resolved;
// in the manifest of an export, so that simsched-loader does the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/units.h"

namespace simsched {

// A member of struct sched_ext_ops that is not the source's.
struct OpsMember {
  enum class Kind { kNumber, kText, kFunction };
  std::string name;
  Kind kind = Kind::kNumber;
  uint64_t number = 0;
  std::string text;  // of kFunction: its name; empty: none
};

struct MapEntry {
  std::string map, where;
  std::vector<std::byte> key, value;  // value: of one CPU, or of each, padded to 8 bytes
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
  std::vector<OpsMember> ops;
  std::vector<MapEntry> entries;
  std::vector<std::string> filled;  // maps of maps in which every entry is to be a map
  std::vector<ProgramRun> runs;
  std::vector<std::string> report;  // globals that come back in the results
};

}  // namespace simsched
