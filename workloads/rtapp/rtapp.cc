// The row of rt-app's files.
#include "workloads/rtapp/rtapp.h"

#include "base/files.h"
#include "workloads/generators.h"

namespace simsched {

Generator rtapp_generator() {
  return {{"rtapp", "the threads of a file of rt-app: {rtapp: FILE}", {}, true}, nullptr, [](const std::string& path) {
            const Bytes bytes = read_file(path);
            return rtapp::make_workload(rtapp::parse(std::string(bytes.text()), path));
          }};
}

}  // namespace simsched
