// Tasks that need an instruction set which not every core has (CoreType::isa). As the platform does, one that comes to
// a core without it is ended there (SIGILL), or it is kept from such cores (MachineSpec::isa_affinity).
#include "sim/engine.h"

namespace simsched {

void Engine::end_illegal(CpuId cpu, TaskId id) {
  give_up_children(id);
  exit_task(cpu, id, &Metrics::illegal);
}

}  // namespace simsched
