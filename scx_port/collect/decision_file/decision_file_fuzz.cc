// The decision file: only Error may come out, whatever goes in.
#include "base/error.h"
#include "scx_port/collect/decision_file/decision_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static std::FILE* nowhere = std::fopen("/dev/null", "w");
  try {
    const simsched::collect::DecisionFile file =
        simsched::collect::read_decisions(std::as_bytes(std::span(data, size)), "fuzz.decisions");
    simsched::collect::print_csv(file, nowhere);
    simsched::collect::print_about(file, nowhere);
  } catch (const simsched::Error&) {
  }
  return 0;
}
