#include "topology/load/power_yaml.h"

#include "base/error.h"
#include "topology/load/machine_keys.h"

namespace simsched {
namespace {

Nanos tau_of(const YamlMap& map, ConfigKeys keys, Nanos usual) {
  return 1_ms * integer_or(map, keys, "tau_ms", usual / 1_ms);
}

}  // namespace

void read_power(const YamlMap& machine, MachineSpec& spec) {
  if (machine.has("power_limit")) {
    YamlMap map(machine.at("power_limit"), machine.file(), "power_limit", names_of(power_limit_keys()));
    if (!map.has("pl1_mw"))
      throw Error(map.where(), "power_limit has no 'pl1_mw'", "give the power that it may take for long");
    spec.power_limit.pl1_uw = integer_of(map, power_limit_keys(), "pl1_mw") * 1000;
    spec.power_limit.pl2_uw = 
      integer_or(map, power_limit_keys(), "pl2_mw", spec.power_limit.pl1_uw / 1000) * 1000;
    spec.power_limit.tau = tau_of(map, power_limit_keys(), spec.power_limit.tau);
  }
  if (!machine.has("thermal")) return;
  const ConfigKeys keys = thermal_keys();
  YamlMap map(machine.at("thermal"), machine.file(), "thermal", names_of(keys));
  if (!map.has("resistance_mc_per_w"))
    throw Error(map.where(), "thermal has no 'resistance_mc_per_w'", "say by how many mC a watt makes it warmer");
  ThermalZone& zone = spec.thermal;
  zone.resistance_mc = integer_of(map, keys, "resistance_mc_per_w");
  zone.tau = tau_of(map, keys, zone.tau);
  zone.ambient_mc = integer_or(map, keys, "ambient_mc", zone.ambient_mc);
  zone.trip_mc = integer_or(map, keys, "trip_mc", zone.trip_mc);
  zone.hysteresis_mc = integer_or(map, keys, "hysteresis_mc", zone.hysteresis_mc);
}

}  // namespace simsched
