// Any bytes are an experiment or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "experiment/config.h"
#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    simsched::parse_config(std::string(reinterpret_cast<const char*>(data), size), "fuzz.yaml");
  } catch (const simsched::Error&) {
  }
  return 0;
}
