// EnergyMeter: how much energy a machine has used, integrated exactly: power times time in integers, femtojoules
// (microwatts times nanoseconds), for each core and for what each power domain shares.
//
// A core takes the power of its domain's operating point while any of its threads runs, else that of the shallowest
// idle state of its threads; what a domain shares likewise, over all of its CPUs. What is not known takes none.
// While a core runs, what it takes is of the tasks on its threads in equal parts, to the last femtojoule: those of all
// tasks, of wake-ups that bring none, and of idle cores are the cores' energy.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/int128.h"
#include "base/units.h"
#include "topology/machine.h"

namespace simsched {

// How deep a CPU sleeps: 0, it runs; n, in idle state n - 1 of its type.
using IdleDepth = uint8_t;
inline constexpr IdleDepth kRuns = 0;

using Femtojoules = Int128;
constexpr int64_t microjoules(Femtojoules energy) { return static_cast<int64_t>(energy / 1000000000); }

class EnergyMeter {
 public:
  struct Total {
    Femtojoules running = 0, idle = 0;  // of cores
    Femtojoules shared = 0;             // of power domains
    Femtojoules cores() const { return running + idle; }
    Femtojoules all() const { return cores() + shared; }
  };

  EnergyMeter() = default;
  // All CPUs halt.
  EnergyMeter(const Machine& machine, size_t nr_tasks);

  // Whether any power is known.
  bool on() const { return !cores_.empty(); }
  // Also one without idle states sleeps at depth 1.
  void set_depth(const Machine& machine, CpuId cpu, IdleDepth depth, Nanos now) {
    if (on() && depths_[cpu.index()] != depth) change_depth(machine, cpu, depth, now);
  }
  void set_opp(const Machine& machine, PowerDomainId domain, uint32_t opp, Nanos now);
  IdleDepth depth(CpuId cpu) const { return depths_[cpu.index()]; }
  // `cpu` runs that task from now on; none: it is idle.
  void set_task(const Machine& machine, CpuId cpu, TaskId task, Nanos now);

  // Up to `now`.
  Total total(Nanos now) const;
  int64_t power() const;  // now, uW
  // What a power domain and its cores would take now, in uW, at that operating point.
  int64_t power_at(const Machine& machine, PowerDomainId domain, uint32_t opp) const;
  Femtojoules of_core(CoreId core, Nanos now) const { return cores_[core.index()].all(now); }
  Femtojoules of_domain(PowerDomainId domain, Nanos now) const { return domains_[domain.index()].all(now); }
  // What cores took for a task up to the last close(); none: for wake-ups that brought no task.
  Femtojoules of_task(TaskId task) const { return tasks_[task.valid() ? task.index() : tasks_.size() - 1]; }
  void close(const Machine& machine, Nanos now);

 private:
  // Something that takes power.
  struct Load {
    Femtojoules running = 0, idle = 0;
    int64_t power = 0;  // uW, since `since`
    Nanos since;
    bool runs = false;

    Femtojoules open(Nanos now) const { return Femtojoules(power) * (now - since).count(); }
    Femtojoules all(Nanos now) const { return running + idle + open(now); }
    void set(int64_t power, bool runs, Nanos now);
  };
  void change_depth(const Machine& machine, CpuId cpu, IdleDepth depth, Nanos now);
  void close_core(const Machine& machine, CoreId core, Nanos now);
  void refresh_core(const Machine& machine, CoreId core, Nanos now);
  size_t supply_of(const Machine& machine, PowerDomainId domain) const;
  void refresh_supply(const Machine& machine, size_t supply, PowerDomainId domain, Nanos now);

  // What shares a supply is a power domain, or, of CPUs of two cores, those that are little and those that are big now.
  std::vector<Load> cores_, domains_;                               // by supply
  std::vector<uint32_t> opps_;                                      // by power domain
  std::vector<IdleDepth> depths_;                                   // by CPU
  std::vector<std::array<uint32_t, kMaxIdleStates + 1>> at_depth_;  // by supply: how many of its CPUs
  std::vector<TaskId> runs_;                                        // by CPU
  std::vector<Femtojoules> tasks_;                                  // by task, then of none
};

// The state in which a CPU halts when nobody chooses: its type's shallowest that does not poll.
IdleDepth shallow_depth(const CoreType& type);

}  // namespace simsched
