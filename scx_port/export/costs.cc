#include "scx_port/export/costs.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "scx_port/host/bpf_ops.h"

namespace simsched {

void set_measured_costs(ExportedFolder& folder, std::string_view statistics, int64_t divisor, const std::string& name) {
  const auto json = nlohmann::json::parse(statistics, nullptr, false);
  if (!json.is_object() || !json.contains("programs") || !json["programs"].is_object())
    throw Error(name, "says nothing of what programs cost", "start the loader with --json --costs");
  const bpf::BpfObject object = bpf::read_bpf_object(folder.object, folder.path + "/" + kObjectFile);
  const bpf::BpfOpsTable table(object);
  for (auto& [op_name, cost] : folder.manifest.costs) {
    for (int i = 0; i < ext::kNrOps; ++i) {
      const int32_t function = table.functions[static_cast<size_t>(i)];
      if (function < 0 || op_name != ext::op_name(static_cast<ext::Op>(i))) continue;
      const auto& program =
          json["programs"].value(object.functions[static_cast<size_t>(function)].name, nlohmann::json::object());
      const int64_t runs = program.value("runs", int64_t{0}), time = program.value("ns", int64_t{0});
      if (runs <= 0 || time < 0) continue;
      const int64_t all = runs * divisor;
      cost = Nanos((time + all - 1) / all);
    }
  }
}

}  // namespace simsched
