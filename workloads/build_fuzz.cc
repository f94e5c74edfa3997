// Any bytes are a build or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "workloads/build_plan.h"
#include "workloads/build_yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const simsched::BuildModel model =
        simsched::parse_build(std::string(reinterpret_cast<const char*>(data), size), "fuzz.yaml");
    simsched::build_plan(model, 3);
    simsched::parse_build(simsched::build_to_yaml(model), "again.yaml");
  } catch (const simsched::Error&) {
  }
  return 0;
}
