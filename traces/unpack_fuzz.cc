// Packed files of all kinds: only Error may come out, whatever goes in.
#include "base/error.h"
#include "traces/formats.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const simsched::ByteSpan bytes = std::as_bytes(std::span(data, size));
  for (const simsched::TracePacking& packing : simsched::trace_packings()) {
    if (!packing.recognised(bytes)) continue;
    try {
      packing.unpack(bytes, "fuzz");
    } catch (const simsched::Error&) {
    }
  }
  return 0;
}
