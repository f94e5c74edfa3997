#include "topology/load/power_yaml.h"

#include "base/error.h"

namespace simsched {
namespace {

constexpr int64_t kMostMw = 10'000'000'000, kMostMs = 3'600'000, kMostMc = 1'000'000;

Nanos tau_of(const YamlMap& map, Nanos usual) { return 1_ms * map.integer_or("tau_ms", 10, kMostMs, usual / 1_ms); }

}  // namespace

void read_power(const YamlMap& machine, MachineSpec& spec) {
  if (machine.has("power_limit")) {
    YamlMap map(machine.at("power_limit"), machine.file(), "power_limit", {"pl1_mw", "pl2_mw", "tau_ms"});
    if (!map.has("pl1_mw"))
      throw Error(map.where(), "power_limit has no 'pl1_mw'", "give the power that it may take for long");
    spec.power_limit.pl1_uw = map.integer("pl1_mw", 1, kMostMw) * 1000;
    spec.power_limit.pl2_uw = map.integer_or("pl2_mw", 1, kMostMw, spec.power_limit.pl1_uw / 1000) * 1000;
    spec.power_limit.tau = tau_of(map, spec.power_limit.tau);
  }
  if (!machine.has("thermal")) return;
  YamlMap map(machine.at("thermal"), machine.file(), "thermal",
              {"resistance_mc_per_w", "tau_ms", "ambient_mc", "trip_mc", "hysteresis_mc"});
  if (!map.has("resistance_mc_per_w"))
    throw Error(map.where(), "thermal has no 'resistance_mc_per_w'", "say by how many mC a watt makes it warmer");
  ThermalZone& zone = spec.thermal;
  zone.resistance_mc = map.integer("resistance_mc_per_w", 1, kMostMc);
  zone.tau = tau_of(map, zone.tau);
  zone.ambient_mc = map.integer_or("ambient_mc", -kMostMc, kMostMc, zone.ambient_mc);
  zone.trip_mc = map.integer_or("trip_mc", -kMostMc, kMostMc, zone.trip_mc);
  zone.hysteresis_mc = map.integer_or("hysteresis_mc", 0, kMostMc, zone.hysteresis_mc);
}

}  // namespace simsched
