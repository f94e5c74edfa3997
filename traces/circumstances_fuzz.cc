// The sidecar: only Error may come out, whatever goes in.
#include "base/error.h"
#include "traces/circumstances.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    simsched::parse_circumstances(std::string(reinterpret_cast<const char*>(data), size), "fuzz.yaml");
  } catch (const simsched::Error&) {
  }
  return 0;
}
