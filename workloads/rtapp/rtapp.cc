// The row of rt-app's files.
#include "workloads/rtapp/rtapp.h"

#include "base/files.h"
#include "base/input_file.h"
#include "base/yaml/yaml_map.h"
#include "workloads/generators.h"

namespace simsched {

Generator rtapp_generator() {
  return {{"rtapp", "the threads of a file of rt-app: {rtapp: FILE}", {}, true},
          nullptr,
          [](const YAML::Node& params, const std::string& file, const Rng&) {
            const std::string path = find_input_file(yaml_text(params, file, "rtapp"), file, yaml_where(params, file));
            const Bytes bytes = read_file(path);
            return rtapp::make_workload(rtapp::parse(std::string(bytes.text()), path));
          }};
}

}  // namespace simsched
