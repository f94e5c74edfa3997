#include "app/recording_options.h"

#include <functional>

#include "app/progress_bar.h"
#include "traces/formats.h"

namespace simsched {

void add_recording_options(CLI::App& command, std::string& trace, std::string& recorded) {
  command.add_option("TRACE", trace, "A recording: " + trace_formats_text())->required();
  command.add_option("--recorded", recorded,
                     "How it was recorded [NAME.recorded.yaml beside NAME.perf.data and the like]");
}

Recording load_with_bar(const std::string& path, const std::string& recorded, const std::string& machine,
                        bool machine_may_be_unknown) {
  ProgressBar bar("reading " + path);
  return load_recording(path, recorded, machine, Nanos::max(), std::ref(bar), machine_may_be_unknown);
}

}  // namespace simsched
