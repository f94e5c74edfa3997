// Tells the formats apart. A new one is a reader in a file of its own, its declaration in readers.h, and a
// line in kFormats.
#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "traces/compressed.h"
#include "traces/readers.h"

namespace simsched {
namespace {

struct Format {
  bool (*recognised)(ByteSpan bytes);
  SchedTrace (*read)(ByteSpan bytes, const std::string& name, const Progress& progress);
  bool may_lack_switches;  // comes from a kernel, not from a simulation
};

std::string_view text_of(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Text: no control characters but white space in its first lines.
bool is_text(ByteSpan bytes) {
  std::string_view head = text_of(bytes.first(std::min<size_t>(bytes.size(), 4096)));
  return std::all_of(head.begin(), head.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\t' || c == '\r';
  });
}

const Format kFormats[] = {
    {[](ByteSpan b) { return text_of(b).starts_with("PERFILE2") || text_of(b).starts_with("2ELIFREP"); },
     [](ByteSpan b, const std::string& name, const Progress& p) { return read_perf_data(b, name, p); }, true},
    {[](ByteSpan b) { return text_of(b).starts_with(kTraceFileMagic); },
     [](ByteSpan b, const std::string& name, const Progress&) { return read_trace_file(b, name); }, false},
    {is_text, [](ByteSpan b, const std::string& name, const Progress&) { return read_perf_script(b, name); }, true},
};

// "6.18" of "6.18.44-cloud"; without a release, what Circumstances assume.
std::string version_of(const SchedTrace& trace) {
  const std::string& release = trace.os_release;
  size_t dot = release.find('.');
  size_t end = dot == std::string::npos ? dot : release.find_first_not_of("0123456789", dot + 1);
  return dot == std::string::npos || dot == 0 ? trace.circumstances.kernel : release.substr(0, end);
}

// NAME.recorded.yaml of NAME.perf.data.zst and the like.
std::string sidecar_of(std::string path) {
  for (std::string_view ending : {".zst"})
    if (path.ends_with(ending)) path.resize(path.size() - ending.size());
  for (std::string_view ending : {".perf.data", ".data", ".txt", ".simsched"}) {
    if (!path.ends_with(ending)) continue;
    path.resize(path.size() - ending.size());
    break;
  }
  return path + ".recorded.yaml";
}

}  // namespace

SchedTrace read_trace(const std::string& path, const std::string& recorded, const Progress& progress) {
  Bytes bytes = read_file(path);
  if (is_zstd(bytes.span())) bytes = decompress(bytes.span(), path);
  if (bytes.size() == 0) throw Error(path, "is empty", "record it again");
  auto format = std::find_if(std::begin(kFormats), std::end(kFormats),
                             [&](const Format& candidate) { return candidate.recognised(bytes.span()); });
  if (format == std::end(kFormats))
    throw Error(path, "is not a recording", "give a perf.data file, perf script text or a simsched trace");
  SchedTrace trace = format->read(bytes.span(), path, progress);

  std::string beside = sidecar_of(path);
  if (!recorded.empty()) trace.circumstances = read_circumstances(recorded);
  else if (std::filesystem::exists(beside)) trace.circumstances = read_circumstances(beside);
  else if (format->may_lack_switches) trace.circumstances.kernel = version_of(trace);
  if (format->may_lack_switches) complete_switches(trace);
  return trace;
}

}  // namespace simsched
