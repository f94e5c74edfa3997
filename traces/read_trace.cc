#include "traces/read_trace.h"

#include <algorithm>
#include <filesystem>

#include "traces/causes/causes.h"
#include "traces/circumstances.h"
#include "traces/complete_switches.h"
#include "traces/formats.h"

namespace simsched {
namespace {

// "6.18" of "6.18.44-cloud"; without a release, what Circumstances assume.
std::string version_of(const SchedTrace& trace) {
  const std::string& release = trace.os_release;
  size_t dot = release.find('.');
  size_t end = dot == std::string::npos ? dot : release.find_first_not_of("0123456789", dot + 1);
  return dot == std::string::npos || dot == 0 ? trace.circumstances.kernel : release.substr(0, end);
}

// The row that knows these bytes; nullptr: none does.
template <class Row>
const Row* find_row(const std::vector<Row>& rows, ByteSpan bytes) {
  auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.recognised(bytes); });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

SchedTrace read_trace(const std::string& path, const std::string& recorded, const Progress& progress) {
  Bytes bytes = read_file(path);
  if (const TracePacking* packing = find_row(trace_packings(), bytes.span()))
    bytes = packing->unpack(bytes.span(), path);
  if (bytes.size() == 0) throw Error(path, "is empty", "record it again");
  const TraceFormat* format = find_row(trace_formats(), bytes.span());
  if (format == nullptr) throw Error(path, "is not a recording", "give " + trace_formats_text());
  SchedTrace trace = format->read(bytes.span(), path, progress);

  const std::string beside = trace_stem(path) + ".recorded.yaml";
  if (!recorded.empty())
    trace.circumstances = read_circumstances(recorded);
  else if (std::filesystem::exists(beside))
    trace.circumstances = read_circumstances(beside);
  else if (format->may_lack_switches)
    trace.circumstances.kernel = version_of(trace);
  if (format->may_lack_switches) complete_switches(trace);
  if (const std::string calls = causes_beside(path); format->may_lack_switches && !calls.empty())
    attach_causes(trace, read_causes(read_file(calls).span(), calls), calls);
  return trace;
}

}  // namespace simsched
