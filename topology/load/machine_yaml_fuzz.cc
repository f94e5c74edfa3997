// Whatever the bytes, reading them as a machine file ends in a machine or in an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "topology/load/machine_yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  // These read other files and the live host: not this fuzzer's subject.
  if (text.find("hwloc") != std::string::npos || text.find("host") != std::string::npos) return 0;
  try {
    simsched::parse_machine_yaml(text, "fuzz.yaml", 512);
  } catch (const simsched::Error&) {
  }
  return 0;
}
