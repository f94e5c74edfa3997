// Datasets: only Error may come out, whatever goes in; and what comes out is the same after writing and reading it.
#include <cstring>
#include <vector>

#include "base/error.h"
#include "ml/data/dataset_file.h"
#include "ml/model/model_file.h"

namespace {

using namespace simsched::ml;

void check(std::span<const std::byte> bytes) {
  try {
    const Dataset data = parse_dataset(bytes, "fuzz");
    const std::string again = dataset_bytes(data);
    // Not the same bytes: there are other ways to pack the same.
    SIMSCHED_CHECK(dataset_bytes(parse_dataset(std::as_bytes(std::span(again)), "fuzz")) == again, "read differently");
  } catch (const simsched::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto* first = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(first, first + size);
  try {
    parse_dataset_csv({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const simsched::Error&) {
  }
  check(bytes);
  // The same with a check sum that is right: no fuzzer finds one.
  constexpr size_t kCrc = 12;
  if (size < kCrc + 4) return 0;
  const uint32_t crc = simsched::mlp::crc32(std::span(bytes).subspan(kCrc + 4));
  std::memcpy(bytes.data() + kCrc, &crc, sizeof(crc));
  check(bytes);
  return 0;
}
