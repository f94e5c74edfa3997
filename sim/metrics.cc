#include "sim/metrics.h"

namespace simsched {

const char* migration_kind_name(MigrationKind kind) {
  static constexpr const char* kNames[kNrMigrationKinds] = {"wakeup",    "fork",   "exec",     "newidle", "periodic",
                                                            "nohz_idle", "active", "affinity", "policy"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace simsched
