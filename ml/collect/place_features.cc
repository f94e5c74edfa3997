#include "ml/collect/place_features.h"

#include <algorithm>

#include "topology/cache_warmth.h"

namespace simsched::ml {
namespace {

// Of a task that fills its caches.
Nanos cost(const Machine& machine, CpuId src, CpuId dst) {
  const bool leaves_core = machine.cpu(src).core != machine.cpu(dst).core;
  return Nanos(refill_of_move(machine, src, dst).count()) + (leaves_core ? machine.costs().refill_private : Nanos(0));
}

feature_home home_of(const Machine& machine, NodeId home, CpuId src, CpuId dst) {
  const NodeId from = machine.cpu(src).node, to = machine.cpu(dst).node;
  if (from == to || !home.valid()) return HOME_NO_MATTER;
  return home == from ? HOME_SRC : home == to ? HOME_DST : HOME_ELSEWHERE;
}

}  // namespace

feature_relation relation_of(const Machine& machine, CpuId a, CpuId b) {
  switch (machine.distance(a, b)) {
    case Distance::kSameCpu:
      return RELATION_SAME;
    case Distance::kSmt:
      return RELATION_CORE;
    case Distance::kLlc:
      return machine.cpu(a).cluster == machine.cpu(b).cluster ? RELATION_CLUSTER : RELATION_LLC;
    case Distance::kNode:
      return RELATION_NODE;
    case Distance::kRemote:
      return RELATION_REMOTE;
  }
  return RELATION_REMOTE;
}

void describe_places(const Machine& machine, CpuId src, CpuId dst, NodeId home, mlp::Features& features) {
  const int distance = machine.distance(machine.cpu(src).node, machine.cpu(dst).node);
  features[FEATURE_RELATION] = relation_of(machine, src, dst);
  features[FEATURE_DISTANCE] = feature_distance(static_cast<u64>(distance));
  features[FEATURE_HOME] = home_of(machine, home, src, dst);
  features[FEATURE_COST] = feature_log(static_cast<u64>(std::max<int64_t>(cost(machine, src, dst).count(), 0)));
}

}  // namespace simsched::ml
