#include "sim/power_cap.h"

#include <algorithm>

#include "base/int128.h"
#include "sim/kernel.h"

namespace simsched {
namespace {

constexpr int64_t kFirmness = 8;      // by how many times the distance of the mean from PL1 the budget leaves it
constexpr int64_t kLookPeriods = 25;  // polling-delay-passive of 100 ms
constexpr int64_t kUwPerW = 1000000;
constexpr int64_t kMostUw = 10'000'000'000'000;  // more is not told apart

int64_t towards(int64_t value, int64_t target, int64_t gain) {
  return value + static_cast<int64_t>(Int128(target - value) * gain >> 32);
}

}  // namespace

int64_t approach(Nanos part, Nanos whole) {
  const Int128 x = (Int128(part.count()) << 32) / whole.count();
  Int128 term = x, sum = 0;
  for (int64_t n = 2; term != 0; ++n) {
    sum += term;
    term = -term * x / (Int128(n) << 32);
  }
  return static_cast<int64_t>(sum);
}

PowerCap::PowerCap(const PowerLimit& limit, const ThermalZone& zone, int64_t low_mhz, int64_t top_mhz)
    : limit_(limit), zone_(zone), low_mhz_(low_mhz), top_mhz_(top_mhz), limit_mhz_(top_mhz), thermal_mhz_(top_mhz) {
  if (limit.on()) mean_gain_ = approach(kPowerPeriod, limit.tau);
  if (zone.on()) heat_gain_ = approach(kPowerPeriod, zone.tau);
  temperature_ = highest_ = last_look_ = zone.ambient_mc << kFraction;
}

int64_t PowerCap::mhz() const { return std::min(limit_mhz_, thermal_mhz_); }

void PowerCap::update(int64_t power_uw, const std::function<int64_t(int64_t)>& power_at) {
  power_uw = std::min(power_uw, kMostUw);
  ++periods_;
  if (limit_.on()) {
    mean_ = towards(mean_, power_uw << kFraction, mean_gain_);
    const int64_t budget =
        std::clamp(limit_.pl1_uw + kFirmness * (limit_.pl1_uw - mean_uw()), int64_t{0}, limit_.pl2_uw);
    credit_uw_ = std::clamp(credit_uw_ + budget - power_uw, -limit_.pl2_uw, limit_.pl2_uw);
    const int64_t allowed = std::min(budget + credit_uw_, limit_.pl2_uw);
    // The highest step that takes no more; power rises with frequency.
    int64_t steps = (top_mhz_ - low_mhz_ + kCapStepMhz - 1) / kCapStepMhz, low = 0;
    while (low < steps) {
      const int64_t middle = (low + steps + 1) / 2;
      if (power_at(std::min(top_mhz_, low_mhz_ + middle * kCapStepMhz)) <= allowed)
        low = middle;
      else
        steps = middle - 1;
    }
    limit_mhz_ = std::min(top_mhz_, low_mhz_ + low * kCapStepMhz);
  }
  if (!zone_.on()) return;
  const auto steady = static_cast<int64_t>((Int128(power_uw) * zone_.resistance_mc << kFraction) / kUwPerW);
  temperature_ = towards(temperature_, (zone_.ambient_mc << kFraction) + steady, heat_gain_);
  highest_ = std::max(highest_, temperature_);
  if (periods_ % kLookPeriods != 0) return;
  if (temperature_mc() >= zone_.trip_mc && temperature_ >= last_look_)
    thermal_mhz_ = std::max(low_mhz_, thermal_mhz_ - kCapStepMhz);
  else if (temperature_mc() < zone_.trip_mc - zone_.hysteresis_mc)
    thermal_mhz_ = std::min(top_mhz_, thermal_mhz_ + kCapStepMhz);
  last_look_ = temperature_;
}

// ---- Of a Kernel ----

void Kernel::start_power_cap() {
  const MachineSpec& spec = machine_.spec();
  if (!energy_.on() || (!spec.power_limit.on() && !spec.thermal.on())) return;
  int64_t low = 0, top = 0;
  for (const CoreType& type : spec.core_types) {
    if (type.opps.empty()) continue;
    low = low == 0 ? type.opps.front().mhz : std::min<int64_t>(low, type.opps.front().mhz);
    top = std::max<int64_t>(top, type.opps.back().mhz);
  }
  power_cap_ = PowerCap(spec.power_limit, spec.thermal, low, top);
  caps_power_ = true;
  ++frequency_changes_;
  agenda_.push(now_ + kPowerPeriod, EventKind::kPowerCap, 0);
}

void Kernel::update_power_cap() {
  agenda_.push(now_ + kPowerPeriod, EventKind::kPowerCap, 0);
  const Femtojoules energy = energy_.total(now_).all();
  const auto power_uw = static_cast<int64_t>((energy - capped_energy_) / kPowerPeriod.count());
  capped_energy_ = energy;
  const int64_t before = power_cap_.mhz();
  power_cap_.update(power_uw, [this](int64_t mhz) {
    int64_t power = 0;
    for (size_t i = 0; i < frequency_domains_.size(); ++i) {
      const PowerDomainId id(i);
      power += energy_.power_at(machine_, id, std::min(frequency_domains_[i].granted, opp_below(id, mhz)));
    }
    return power;
  });
  if (power_cap_.mhz() != before) run_as_granted();
}

// Limits of power are the hardware's own affair, of which the kernel knows nothing.
int64_t Kernel::pressure_of(CpuId cpu) const {
  const CoreType& type = machine_.core_type(cpu);
  if (!machine_.spec().thermal.on() || type.opps.empty()) return 0;
  const uint32_t opp = opp_below(machine_.cpu(cpu).power_domain, power_cap_.thermal_mhz());
  return capacity(cpu) - capacity(cpu) * type.opps[opp].capacity / type.opps.back().capacity;
}

NamedValues Kernel::power_cap_counters() const {
  if (!caps_power_) return {};
  NamedValues counters = {{"cap_mhz", power_cap_.mhz()}};
  if (machine_.spec().power_limit.on()) counters.emplace_back("mean_uw", power_cap_.mean_uw());
  if (machine_.spec().thermal.on()) {
    counters.emplace_back("temperature_mc", power_cap_.temperature_mc());
    counters.emplace_back("temperature_highest_mc", power_cap_.highest_mc());
  }
  return counters;
}

}  // namespace simsched
