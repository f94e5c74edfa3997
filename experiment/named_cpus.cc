#include "experiment/named_cpus.h"

#include "base/error.h"

namespace simsched {

void check_cpus(const NamedCpus& named, const CpuSet& cpus, const std::string& machine) {
  const CpuSet lacking = named.cpus - cpus;
  if (lacking.empty()) return;
  throw Error(named.where, machine + " has no CPU" + (lacking.size() == 1 ? " " : "s ") + lacking.str(),
              "take of " + cpus.str());
}

CpuSet cpus_named_by(const Workload& workload) {
  CpuSet cpus;
  for (size_t i = 1; i < workload.affinities.size(); ++i) cpus = cpus | workload.affinities[i];
  for (const PacketRing& ring : workload.packets.rings) cpus.add(ring.cpu);
  return cpus;
}

}  // namespace simsched
