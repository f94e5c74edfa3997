// The calls of a recording: only Error may come out, whatever goes in.
#include "base/error.h"
#include "traces/causes/causes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    simsched::Causes causes = simsched::read_causes(std::as_bytes(std::span(data, size)), "fuzz.causes");
    simsched::SchedTrace trace;
    trace.events.resize(1);
    simsched::attach_causes(trace, std::move(causes), "fuzz.causes");
    simsched::causes_bytes({trace.calls});
  } catch (const simsched::Error&) {
  }
  return 0;
}
