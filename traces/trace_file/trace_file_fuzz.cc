// The trace file. A second input has no checksums: the first byte tells, and the rest is packed here.
#include "base/error.h"
#include "traces/compressed.h"
#include "traces/perfetto/perfetto_writer.h"
#include "traces/trace_file/trace_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    std::string bytes(reinterpret_cast<const char*>(data), size);
    if (!bytes.empty() && bytes[0] == 'P') {
      static const std::string head = simsched::trace_file_bytes({}).substr(0, 16);
      bytes = head + simsched::compress(std::string_view(bytes).substr(1), 1);
    }
    simsched::SchedTrace trace = simsched::read_trace_file(std::as_bytes(std::span(bytes)), "fuzz.simsched");
    simsched::perfetto_bytes(trace, {});
  } catch (const simsched::Error&) {
  }
  return 0;
}
