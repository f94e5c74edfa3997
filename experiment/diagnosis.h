// Why a replay is not like its recording: the likely reasons, from facts that were measured, and what to do.
#pragma once

#include <string>
#include <vector>

#include "experiment/fidelity.h"
#include "experiment/recording.h"

namespace simsched {

struct Diagnosis {
  std::string reason, remedy;
};

// What is known of the recordings beside their figures.
struct Grounds {
  uint64_t lost_events = 0;    // and calls, of the recording that lost most
  double not_command = 0;      // share of the CPU time that was not the recorded command's
  std::string kernel, policy;  // as it was recorded, as it is replayed
  std::string assumed;         // "machine, HZ": what nobody told
  bool causes = false;         // they hold what programs told each other
};
// `machine_named`: by the user, whatever the recordings tell.
Grounds grounds_of(const std::vector<Recording>& recordings, const std::string& policy, bool machine_named = false);

// The most telling first; empty where all is well.
// The fair class that a kernel of this version has, as a policy's name.
std::string fair_policy_of(const std::string& kernel);

std::vector<Diagnosis> diagnose(const Fidelity& fidelity, const Grounds& grounds);

}  // namespace simsched
