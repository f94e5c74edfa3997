// Model files: only Error may come out, whatever goes in; and what comes out is written as the same bytes.
#include <algorithm>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "ml/model/model_file.h"

namespace {

void check(std::span<const std::byte> bytes) {
  using namespace simsched::mlp;
  try {
    const ModelFile file = parse_model(bytes, "fuzz");
    SIMSCHED_CHECK(std::ranges::equal(model_bytes(file, "fuzz"), bytes), "written differently");
  } catch (const simsched::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace simsched::mlp;
  const auto* first = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(first, first + size);
  check(bytes);
  // The same with a check sum that is right: no fuzzer finds one.
  constexpr size_t kFrom = offsetof(mlp_model, kind);
  if (size < kFrom) return 0;
  const uint32_t crc = crc32(std::span(bytes).subspan(kFrom));
  std::memcpy(bytes.data() + offsetof(mlp_model, crc), &crc, sizeof(crc));
  check(bytes);
  return 0;
}
