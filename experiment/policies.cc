#include "experiment/policies.h"

#include "scx_port/host/policies.h"

namespace simsched {

PolicyRegistry all_policies() {
  PolicyRegistry registry(cpp_policies());
  registry.add(scx_policies());
  return registry;
}

}  // namespace simsched
