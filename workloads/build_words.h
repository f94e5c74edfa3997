// How the steps of a process are written in the file of a BuildModel. Private to build_yaml.cc and build_writer.cc.
#pragma once

#include "workloads/build_model.h"

namespace simsched::build {

struct StepWord {
  const char* word;
  BuildStep::Kind kind;
  bool has_value;
};
inline constexpr StepWord kStepWords[] = {
    {"exec", BuildStep::Kind::kExec, false},  {"fork", BuildStep::Kind::kFork, true},
    {"vfork", BuildStep::Kind::kVfork, true}, {"join", BuildStep::Kind::kJoin, false},
    {"tell", BuildStep::Kind::kTell, true},   {"hear", BuildStep::Kind::kHear, false},
    {"loop", BuildStep::Kind::kLoop, true}};
inline constexpr const char* kStarterWord = "starter";

}  // namespace simsched::build
