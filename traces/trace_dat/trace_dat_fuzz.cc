// trace.dat: only Error may come out, whatever goes in.
#include "base/error.h"
#include "traces/clocks.h"
#include "traces/complete_switches.h"
#include "traces/trace_dat/trace_dat.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    simsched::SchedTrace trace = simsched::read_trace_dat(std::as_bytes(std::span(data, size)), "fuzz.dat");
    simsched::check_clocks(trace);
    simsched::complete_switches(trace);
  } catch (const simsched::Error&) {
  }
  return 0;
}
