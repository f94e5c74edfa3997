// Any bytes are a G-PDU whose payload lies within them, or none.
#include <cstdlib>

#include "workloads/upf_load/gtpu.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto gpdu = simsched::upf_load::parse({data, size});
  if (!gpdu) return 0;
  if (gpdu->payload.data() + gpdu->payload.size() != data + size || gpdu->qfi > 63) std::abort();
  return 0;
}
