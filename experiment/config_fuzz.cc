// Any bytes are an experiment or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "experiment/config.h"
#include "experiment/policies.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const simsched::PolicyRegistry registry = simsched::all_policies();
  try {
    simsched::parse_config(std::string(reinterpret_cast<const char*>(data), size), "fuzz.yaml", registry);
  } catch (const simsched::Error&) {
  }
  return 0;
}
