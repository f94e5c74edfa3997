#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "workloads/five_qi.h"
#include "workloads/rates.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    simsched::parse_rates(text, "rates.csv");
  } catch (const simsched::Error&) {
  }
  try {
    simsched::parse_five_qi(text, "five_qi.csv");
  } catch (const simsched::Error&) {
  }
  return 0;
}
