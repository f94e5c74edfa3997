#include "sim/cpufreq.h"

#include <algorithm>

#include "sim/kernel.h"

namespace simsched {
namespace {

constexpr int64_t kBoostMin = kCapacityScale / 8;  // IOWAIT_BOOST_MIN
constexpr int64_t kUpThreshold = 95;               // MICRO_FREQUENCY_UP_THRESHOLD of ondemand, percent

}  // namespace

bool IowaitBoost::reset(Nanos now, Nanos tick, bool iowait) {
  if (now - last_ <= tick) return false;
  boost_ = iowait ? kBoostMin : 0;
  pending_ = iowait;
  return true;
}

void IowaitBoost::update(Nanos now, Nanos tick, bool iowait) {
  const bool fresh = boost_ != 0 && reset(now, tick, iowait);
  last_ = now;
  if (fresh || !iowait || pending_) return;
  pending_ = true;
  boost_ = boost_ != 0 ? std::min<int64_t>(boost_ * 2, kCapacityScale) : kBoostMin;
}

int64_t IowaitBoost::apply(Nanos now, Nanos tick) {
  if (boost_ == 0 || reset(now, tick, false)) return 0;
  if (!pending_) {
    boost_ /= 2;
    if (boost_ < kBoostMin) return boost_ = 0;
  }
  pending_ = false;
  return boost_;
}

uint32_t opp_at_least(const CoreType& type, int64_t khz) {
  uint32_t opp = 0;
  while (opp + 1 < type.opps.size() && type.opps[opp].mhz * int64_t{1000} < khz) ++opp;
  return opp;
}

uint32_t opp_nearest(const CoreType& type, int64_t khz) {
  const uint32_t above = opp_at_least(type, khz);
  if (above == 0) return above;
  const int64_t up = type.opps[above].mhz * int64_t{1000} - khz, down = khz - type.opps[above - 1].mhz * int64_t{1000};
  return up <= down ? above : above - 1;
}

Nanos transition_delay(const CoreType& type) {
  if (type.transition_delay > Nanos(0)) return type.transition_delay;
  return type.transition_latency > Nanos(0) ? type.transition_latency * 3 / 2 : 1_ms;
}

uint32_t frequency_factor(const CoreType& type, uint32_t opp) {
  if (type.opps.empty()) return kFullFactor;
  const int64_t top = type.opps.back().capacity;
  const int64_t factor = (int64_t{type.opps[opp].capacity} * kFullFactor + top / 2) / top;
  return static_cast<uint32_t>(std::max<int64_t>(1, factor));
}

// At the start every domain is where its governor leaves one that is idle.
void Kernel::start_frequencies() {
  frequency_domains_.resize(machine_.nr_power_domains());
  for (size_t i = 0; i < frequency_domains_.size(); ++i) {
    const CpuSet& cpus = machine_.power_domain_cpus(PowerDomainId(i));
    const CoreType& type = machine_.core_type(cpus.first_cpu());
    const size_t nr = type.opps.size();
    FrequencyDomain& domain = frequency_domains_[i];
    if (params_.governor == Governor::kPerformance && nr > 0) domain.opp = static_cast<uint32_t>(nr - 1);
    domain.wanted = domain.granted = domain.opp;
    governs_frequency_ |= nr > 1 && params_.governor >= Governor::kOndemand;
    for (CpuId cpu : cpus) rqs_[cpu.index()].frequency = frequency_factor(type, domain.opp);
    energy_.set_opp(machine_, PowerDomainId(i), domain.opp, now_);
    most_opps_ = std::max(most_opps_, nr);
  }
  if (governs_frequency_) cpu_frequencies_.resize(machine_.nr_cpus());
  opp_times_.resize(frequency_domains_.size() * most_opps_);
}

CpuDemand Kernel::demand(CpuId cpu) {
  CpuDemand all;
  const int64_t capacity = this->capacity(cpu);
  for (auto& cls : classes_) {
    CpuDemand one = cls->demand(cpu);
    if (one.util == CpuDemand::kUntracked) {
      // A class that follows no utilisation wants as much as there is while it runs (sugov: a real-time task).
      const TaskId task = curr(cpu);
      const bool runs = task.valid() && !is_stopper(task) && &class_of(task) == cls.get();
      one = runs ? CpuDemand{capacity, capacity, capacity} : CpuDemand{};
    }
    all.util += one.util;
    all.min = std::max(all.min, one.min);
    all.max = std::max(all.max, one.max);
  }
  all.util = std::min(all.util, capacity);
  all.max = all.max == 0 ? capacity : std::min(all.max, capacity);
  return all;
}

void Kernel::update_frequency(CpuId cpu, bool iowait) {
  const PowerDomainId id = machine_.cpu(cpu).power_domain;
  const CoreType& type = machine_.core_type(cpu);
  if (type.opps.size() < 2) return;
  const FrequencyDomain& domain = frequency_domains_[id.index()];
  const bool schedutil = params_.governor == Governor::kSchedutil;
  if (schedutil) cpu_frequencies_[cpu.index()].iowait.update(now_, params_.tick(), iowait);
  const Nanos limit = schedutil ? transition_delay(type) : std::max(params_.tick() * 2, transition_delay(type));
  if (now_ - domain.asked < limit) return;
  const uint32_t opp = schedutil ? schedutil_opp(cpu, type) : ondemand_opp(cpu, type);
  ask_for_opp(id, opp, !schedutil);
}

// sugov_update_single_freq(), sugov_update_shared()
uint32_t Kernel::schedutil_opp(CpuId cpu, const CoreType& type) {
  const CpuSet& cpus = machine_.power_domain_cpus(machine_.cpu(cpu).power_domain);
  int64_t most = 0;
  for (CpuId each : cpus) {
    const CpuDemand wanted = demand(each);
    const int64_t boost =
        cpu_frequencies_[each.index()].iowait.apply(now_, params_.tick()) * capacity(each) / kCapacityScale;
    most = std::max(most, effective_perf(std::max(wanted.util, boost), wanted.min, wanted.max));
  }
  uint32_t opp = opp_at_least(type, type.opps.back().mhz * int64_t{1000} * most / capacity(cpu));
  if (cpus.size() > 1) return opp;
  // Utilisation that falls although the CPU has not been idle is on its way up again: sugov_hold_freq().
  CpuFrequency& state = cpu_frequencies_[cpu.index()];
  const bool busy = state.idle_calls == state.seen_idle_calls;
  state.seen_idle_calls = state.idle_calls;
  return busy ? std::max(opp, frequency_domains_[machine_.cpu(cpu).power_domain.index()].wanted) : opp;
}

// dbs_update(), od_update()
uint32_t Kernel::ondemand_opp(CpuId cpu, const CoreType& type) {
  const Nanos limit = std::max(params_.tick() * 2, transition_delay(type));
  int64_t most = 0;
  for (CpuId each : machine_.power_domain_cpus(machine_.cpu(cpu).power_domain)) {
    CpuFrequency& state = cpu_frequencies_[each.index()];
    const Nanos idle = cpu_time(each).idle, idled = idle - state.sampled_idle, wall = now_ - state.sampled_at;
    int64_t load = wall <= Nanos(0) ? 0 : 100 * (wall - idled) / wall;
    // It slept for long and a task has just come: what it was before the sleep says more.
    if (idled > limit * 2 && state.last_load != 0) {
      load = state.last_load;
      state.last_load = 0;
    } else {
      state.last_load = load;
    }
    state.sampled_at = now_;
    state.sampled_idle = idle;
    most = std::max(most, load);
  }
  const int64_t low = type.opps.front().mhz * int64_t{1000}, high = type.opps.back().mhz * int64_t{1000};
  if (most > kUpThreshold) return static_cast<uint32_t>(type.opps.size() - 1);
  return opp_nearest(type, low + most * (high - low) / 100);
}

// `sampled`: the time of asking counts, whatever the answer is.
void Kernel::ask_for_opp(PowerDomainId id, uint32_t opp, bool sampled) {
  FrequencyDomain& domain = frequency_domains_[id.index()];
  if (sampled || opp != domain.wanted) domain.asked = now_;
  if (opp == domain.wanted) return;
  domain.wanted = opp;
  if (domain.changing) return;
  domain.changing = true;
  ++frequency_changes_;
  const CoreType& type = machine_.core_type(machine_.power_domain_cpus(id).first_cpu());
  agenda_.push(now_ + type.transition_latency, EventKind::kFrequency, static_cast<uint32_t>(id.value()));
}

// For how long the domains of each core type ran at each operating point.
NamedValues Kernel::frequency_counters() const {
  NamedValues counters;
  if (!governs_frequency_ && !caps_power_) return counters;
  const auto& types = machine_.spec().core_types;
  if (std::any_of(types.begin(), types.end(), [](const CoreType& type) { return type.little_opps > 0; }))
    counters.emplace_back("core_switches", static_cast<int64_t>(metrics_.core_switches));
  for (size_t t = 0; t < types.size(); ++t) {
    for (uint32_t opp = 0; opp < types[t].opps.size(); ++opp) {
      Nanos time;
      for (size_t i = 0; i < frequency_domains_.size(); ++i) {
        const FrequencyDomain& domain = frequency_domains_[i];
        if (machine_.cpu(machine_.power_domain_cpus(PowerDomainId(i)).first_cpu()).type != CoreTypeId(t)) continue;
        time += opp_times_[i * most_opps_ + opp] + (domain.opp == opp ? now_ - domain.since : Nanos(0));
      }
      counters.emplace_back(types[t].name + "_" + std::to_string(types[t].opps[opp].mhz) + "mhz_ns", time.count());
    }
  }
  return counters;
}

void Kernel::change_frequency(PowerDomainId id) {
  FrequencyDomain& domain = frequency_domains_[id.index()];
  domain.changing = false;
  --frequency_changes_;
  domain.granted = domain.wanted;
  if (machine_.spec().switching.kinds_share_clock)
    run_as_granted();
  else
    run_at(id, opp_as_granted(id));
}

// The highest operating point of at most that frequency, or the lowest.
uint32_t Kernel::opp_below(PowerDomainId id, int64_t mhz) const {
  const CoreType& type = machine_.core_type(machine_.power_domain_cpus(id).first_cpu());
  uint32_t opp = 0;
  while (opp + 1 < type.opps.size() && type.opps[opp + 1].mhz <= mhz) ++opp;
  return opp;
}

// Of CPUs of two cores, those of a kind run as fast as the fastest of them is to (ve_spc_cpufreq_set_rate()).
uint32_t Kernel::opp_as_granted(PowerDomainId id) const {
  uint32_t opp = frequency_domains_[id.index()].granted;
  if (machine_.spec().switching.kinds_share_clock) {
    const uint32_t little = machine_.core_type(machine_.power_domain_cpus(id).first_cpu()).little_opps;
    const bool is_little = opp < little;
    for (const FrequencyDomain& other : frequency_domains_)
      if ((other.granted < little) == is_little) opp = std::max(opp, other.granted);
  }
  return caps_power_ ? std::min(opp, opp_below(id, power_cap_.mhz())) : opp;
}

void Kernel::run_as_granted() {
  for (size_t i = 0; i < frequency_domains_.size(); ++i) run_at(PowerDomainId(i), opp_as_granted(PowerDomainId(i)));
}

void Kernel::run_at(PowerDomainId id, uint32_t opp) {
  FrequencyDomain& domain = frequency_domains_[id.index()];
  if (domain.opp == opp) return;
  const CpuSet& cpus = machine_.power_domain_cpus(id);
  const CoreType& type = machine_.core_type(cpus.first_cpu());
  const bool switches = (opp < type.little_opps) != (domain.opp < type.little_opps);
  energy_.set_opp(machine_, id, opp, now_);
  opp_times_[id.index() * most_opps_ + domain.opp] += now_ - domain.since;
  domain.since = now_;
  domain.opp = opp;
  ++metrics_.frequency_changes;
  for (CpuId cpu : cpus) {
    if (switches) switch_core(cpu);
    if (recorder_) recorder_->frequency(now_, cpu, type.opps[opp].mhz * int64_t{1000});
    set_frequency(cpu, frequency_factor(type, opp));
  }
}

// The CPU stops while its state goes to its other core, where what runs finds caches empty. What waits meanwhile, or
// sleeps, is taken to find them as it left them.
void Kernel::switch_core(CpuId cpu) {
  ++metrics_.core_switches;
  const TaskId runs = curr(cpu);
  if (!runs.valid()) return;
  settle(cpu);
  Task& task = tasks_[runs.index()];
  task.warmth.forget();
  task.refill = std::max(task.refill, Work(machine_.costs().refill_node.count()));
  charge(cpu, machine_.spec().switching.cost);
  if (agenda_.planned(cpu, EventKind::kDone)) apply_charge(cpu);
}

}  // namespace simsched
