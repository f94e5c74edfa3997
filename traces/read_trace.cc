#include "traces/read_trace.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "traces/causes/causes.h"
#include "traces/circumstances.h"
#include "traces/clocks.h"
#include "traces/complete_switches.h"
#include "traces/formats.h"

namespace simsched {
namespace {

// "6.18" of "6.18.44-cloud"; "" when it is no release.
std::string version_of(const std::string& release) {
  size_t dot = release.find('.');
  size_t end = dot == std::string::npos ? dot : release.find_first_not_of("0123456789", dot + 1);
  return dot == std::string::npos || dot == 0 ? "" : release.substr(0, end);
}

// The row that knows these bytes; nullptr: none does.
template <class Row>
const Row* find_row(const std::vector<Row>& rows, ByteSpan bytes) {
  auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.recognised(bytes); });
  return found == rows.end() ? nullptr : &*found;
}

// What others take for a recording, or is one in another shape, and what to do with it.
struct Lookalike {
  std::string_view magic;
  const char *what, *remedy;
};

constexpr Lookalike kLookalikes[] = {
    {"BZh", "is packed with bzip2", "unpack it with: bunzip2"},
    {std::string_view("\x04\x22\x4d\x18"), "is packed with lz4", "unpack it with: unlz4"},
    {std::string_view("PK\x03\x04"), "is a zip file", "unpack it with: unzip"},
    {std::string_view("7z\xbc\xaf"), "is a 7z file", "unpack it with: 7z x"},
};

void check_folder(const std::string& path) {
  std::error_code ignored;
  std::filesystem::path folder(path);
  if (!std::filesystem::is_directory(folder, ignored)) return;
  if (std::filesystem::exists(folder / "data", ignored))
    throw Error(path, "is a folder, as perf record --threads writes", "record it without --threads");
}

[[noreturn]] void fail_unrecognised(const std::string& path, ByteSpan bytes) {
  for (const Lookalike& known : kLookalikes)
    if (text_of(bytes).starts_with(known.magic)) throw Error(path, known.what, known.remedy);
  throw Error(path, "is not a recording", "give " + trace_formats_text());
}

// A kernel's recording without switches says nothing of who ran.
void check_switches(const SchedTrace& trace, const std::string& path) {
  auto is_switch = [](const TraceEvent& event) { return event.kind == TraceKind::kSwitch; };
  if (std::any_of(trace.events.begin(), trace.events.end(), is_switch)) return;
  throw Error(path, "has no sched_switch events", "record it with: perf sched record");
}

}  // namespace

SchedTrace read_trace(const std::string& path, const std::string& recorded, const Progress& progress) {
  check_folder(path);
  Bytes bytes = read_file(path);
  bool cut = false;
  if (const TracePacking* packing = find_row(trace_packings(), bytes.span())) {
    Unpacked unpacked = packing->unpack(bytes.span(), path);
    bytes = std::move(unpacked.bytes);
    cut = unpacked.cut;
  }
  if (bytes.size() == 0) throw Error(path, "is empty", "record it again");
  const TraceFormat* format = find_row(trace_formats(), bytes.span());
  if (format == nullptr) fail_unrecognised(path, bytes.span());
  SchedTrace trace = format->read(bytes.span(), path, progress);
  trace.holes.cut_end |= cut;

  const std::string beside = trace_stem(path) + ".recorded.yaml";
  if (!recorded.empty())
    trace.circumstances = read_circumstances(recorded);
  else if (std::filesystem::exists(beside))
    trace.circumstances = read_circumstances(beside);
  if (!format->from_kernel) return trace;
  check_switches(trace, path);
  if (std::string version = version_of(trace.os_release); !trace.circumstances.told.kernel && !version.empty()) {
    trace.circumstances.kernel = version;
    trace.circumstances.told.kernel = true;
  }
  const auto wakes = [](const TraceEvent& e) { return e.kind == TraceKind::kWaking || e.kind == TraceKind::kWakeupNew; };
  if (std::none_of(trace.events.begin(), trace.events.end(), wakes))
    trace.notes.push_back("wake-ups were not recorded: tasks wake by the clock, and nothing is said of latencies");
  check_clocks(trace);
  complete_switches(trace);
  if (const std::string calls = causes_beside(path); !calls.empty())
    attach_causes(trace, read_causes(read_file(calls).span(), calls), calls);
  return trace;
}

}  // namespace simsched
