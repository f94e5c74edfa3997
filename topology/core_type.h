// CoreType: what a kind of core can do: how fast it is by kind of work, at which frequencies and for how much power it
// runs, and how deep it sleeps. Power is in microwatts, of one CPU (hardware thread's core); energy is power times
// time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/units.h"

namespace simsched {

// Kinds of code between which the speed of unlike cores differs: the classes of Intel's Thread Director (Software
// Developer's Manual, "Intel Thread Director": 0 neither vector nor dot products, 1 vector, 2 dot products (VNNI), 3
// spinning and waiting).
enum class WorkClass : uint8_t { kScalar, kVector, kDot, kPause };
inline constexpr size_t kNrWorkClasses = 4;
inline constexpr const char* kWorkClassNames[kNrWorkClasses] = {"scalar", "vector", "dot", "pause"};

// Instruction sets that not all cores of a machine need to have, as bits, in the order of their names.
using IsaSet = uint32_t;
inline constexpr const char* kIsaNames[] = {"avx2", "avx512", "vnni", "amx", "aarch32", "sve", "sve2", "sme"};
inline constexpr size_t kNrIsas = sizeof(kIsaNames) / sizeof(kIsaNames[0]);
inline constexpr size_t kMaxIdleStates = 10;  // CPUIDLE_STATE_MAX

// A frequency at which the core may run (OPP).
struct OperatingPoint {
  int32_t mhz = 0;
  int32_t capacity = 0;   // of 1024: scalar work a time, of what the fastest core of the machine does
  int64_t cpu_uw = 0;     // of a core that runs
  int64_t shared_uw = 0;  // of what its power domain shares (L2, uncore), while any core of it runs

  friend bool operator==(const OperatingPoint&, const OperatingPoint&) = default;
};

// A sleep state (C-state), as a row of a cpuidle driver's table.
struct IdleState {
  std::string name;
  Nanos exit_latency;      // from an interrupt until the core runs
  Nanos target_residency;  // sleeping shorter than this costs more than the state above it
  int64_t cpu_uw = 0;      // of a core in it
  int64_t shared_uw = 0;   // of what its power domain shares, while all of its cores are in it or deeper
  bool polls = false;      // it does not sleep: CPUIDLE_FLAG_POLLING

  friend bool operator==(const IdleState&, const IdleState&) = default;
};

struct CoreType {
  std::string name = "core";
  std::array<int32_t, kNrWorkClasses> class_speed{1024, 1024, 1024, 1024};  // of its speed for scalar work, of 1024
  std::array<int32_t, kNrWorkClasses> class_smt_share{};                    // by class; 0: MachineSpec::smt_share
  IsaSet isa = ~IsaSet{0};
  std::vector<OperatingPoint> opps;    // frequency and capacity rise; empty: one frequency, of unknown power
  Nanos transition_latency;            // from a request for another frequency until it holds
  Nanos transition_delay;              // the least time between two requests (rate_limit_us); 0: it follows from that
  std::vector<IdleState> idle_states;  // from shallow to deep; empty: Costs tell how long waking takes
  // A CPU that is one of two cores at a time, as Arm's switchers of big.LITTLE make of a pair (topology/switched.h): so
  // many operating points, the first ones, are of the little core, whose sleep takes other powers; 0: it is one core.
  uint32_t little_opps = 0;
  std::vector<IdleState> little_idle_states;

  friend bool operator==(const CoreType&, const CoreType&) = default;
};

}  // namespace simsched
