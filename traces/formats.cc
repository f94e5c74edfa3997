#include "traces/formats.h"

#include <algorithm>

namespace simsched {

// A line a format, in the order in which they are tried: any text is perf script text, so that comes last.
#define FORMATS(ROW) \
  ROW(perf_data)     \
  ROW(trace_file)    \
  ROW(perf_script)

// A line a packing.
#define PACKINGS(ROW) ROW(zstd)

#define DECLARE_FORMAT(name) TraceFormat name##_format();
#define DECLARE_PACKING(name) TracePacking name##_packing();
FORMATS(DECLARE_FORMAT)
PACKINGS(DECLARE_PACKING)

const std::vector<TraceFormat>& trace_formats() {
#define FORMAT(name) name##_format(),
  static const std::vector<TraceFormat> kFormats{FORMATS(FORMAT)};
  return kFormats;
}

const std::vector<TracePacking>& trace_packings() {
#define PACKING(name) name##_packing(),
  static const std::vector<TracePacking> kPackings{PACKINGS(PACKING)};
  return kPackings;
}

std::string trace_formats_text() {
  const std::vector<TraceFormat>& formats = trace_formats();
  std::string text;
  for (size_t i = 0; i < formats.size(); ++i) {
    if (i > 0) text += i + 1 < formats.size() ? ", " : " or ";
    text += formats[i].what;
  }
  text += ";";
  for (const TracePacking& packing : trace_packings()) text += std::string(" ") + packing.ending;
  return text + " too";
}

namespace {

// Cuts off one of the endings, unless nothing would be left of the name.
void cut(std::string& path, const std::vector<const char*>& endings) {
  auto is_end = [&](std::string_view ending) {
    return path.ends_with(ending) && path.size() > ending.size() && path[path.size() - ending.size() - 1] != '/';
  };
  auto found = std::find_if(endings.begin(), endings.end(), is_end);
  if (found != endings.end()) path.resize(path.size() - std::string_view(*found).size());
}

}  // namespace

std::string trace_stem(std::string path) {
  std::vector<const char*> packed, plain;
  for (const TracePacking& packing : trace_packings()) packed.push_back(packing.ending);
  for (const TraceFormat& format : trace_formats())
    plain.insert(plain.end(), format.endings.begin(), format.endings.end());
  cut(path, packed);
  cut(path, plain);
  return path;
}

}  // namespace simsched
