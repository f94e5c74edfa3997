// Any bytes are a manifest or an Error; what is a manifest is written as it was read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "scx_port/manifest/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const std::string text =
        manifest_to_json(simsched::manifest_from_json({reinterpret_cast<const char*>(data), size}, "fuzz.json"));
    if (manifest_to_json(simsched::manifest_from_json(text, "again.json")) != text) std::abort();
  } catch (const simsched::Error&) {
  }
  return 0;
}
