// perf script text: only Error may come out, whatever goes in.
#include "base/error.h"
#include "traces/clocks.h"
#include "traces/complete_switches.h"
#include "traces/perf_script/perf_script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    simsched::SchedTrace trace = simsched::read_perf_script(std::as_bytes(std::span(data, size)), "fuzz.txt");
    simsched::check_clocks(trace);
    simsched::complete_switches(trace);
  } catch (const simsched::Error&) {
  }
  return 0;
}
