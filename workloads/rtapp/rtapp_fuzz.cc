// Any bytes are a sound workload or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "workloads/rtapp/rtapp.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    simsched::rtapp::make_workload(simsched::rtapp::parse({reinterpret_cast<const char*>(data), size}, "fuzz.json"))
        .check(0);
  } catch (const simsched::Error&) {
  }
  return 0;
}
