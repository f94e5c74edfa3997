// Any bytes are a trace or an Error.
#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "traces/perfetto/perfetto_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    simsched::read_perfetto(std::as_bytes(std::span(data, size)), "fuzz");
  } catch (const simsched::Error&) {
  }
  return 0;
}
