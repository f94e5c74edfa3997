#include "traces/formats.h"

#include <algorithm>

namespace simsched {

// A line a format, in the order in which they are tried: any text is perf script text, so that comes last.
#define SIMSCHED_FORMATS(ROW) \
  ROW(perf_data)              \
  ROW(trace_dat)              \
  ROW(trace_file)             \
  ROW(perfetto)               \
  ROW(systrace)               \
  ROW(perf_script)

// A line a packing.
#define SIMSCHED_PACKINGS(ROW) \
  ROW(zstd)                    \
  ROW(gzip)                    \
  ROW(xz)

#define SIMSCHED_ROW(name) TraceFormat name##_format();
SIMSCHED_FORMATS(SIMSCHED_ROW)
#undef SIMSCHED_ROW
#define SIMSCHED_ROW(name) TracePacking name##_packing();
SIMSCHED_PACKINGS(SIMSCHED_ROW)
#undef SIMSCHED_ROW

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

const std::vector<TraceFormat>& trace_formats() {
#define SIMSCHED_ROW(name) name##_format(),
  static const std::vector<TraceFormat> kFormats{SIMSCHED_FORMATS(SIMSCHED_ROW)};
#undef SIMSCHED_ROW
  return kFormats;
}

const std::vector<TracePacking>& trace_packings() {
#define SIMSCHED_ROW(name) name##_packing(),
  static const std::vector<TracePacking> kPackings{SIMSCHED_PACKINGS(SIMSCHED_ROW)};
#undef SIMSCHED_ROW
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
