#include "scx_port/schedulers/user_data.h"

#include <algorithm>

#include "base/error.h"
#include "ml/model/model_file.h"

namespace simsched {

std::span<std::byte> global_of(UserHost& host, const char* policy, const std::string& name, size_t size) {
  const std::span<std::byte> bytes = host.variable(name);
  if (bytes.size() != size)
    throw Error(
        policy,
        "its variable '" + name + "' has " + std::to_string(bytes.size()) + " bytes, not " + std::to_string(size),
        "use the BPF half that belongs to this version");
  return bytes;
}

void add_counters(UserHost& host, const std::string& map, std::span<const char* const> names,
                  std::vector<std::pair<std::string, int64_t>>& counters) {
  std::vector<int64_t> totals(names.size());
  for (size_t cpu = 0; cpu < host.machine().nr_cpus(); ++cpu) {
    std::vector<uint64_t> values(names.size());
    const std::span<std::byte> bytes = host.map_value(map, 0, CpuId(cpu));
    std::memcpy(values.data(), bytes.data(), std::min(bytes.size(), names.size() * sizeof(uint64_t)));
    for (size_t i = 0; i < names.size(); ++i) totals[i] += static_cast<int64_t>(values[i]);
  }
  for (size_t i = 0; i < names.size(); ++i) counters.emplace_back(names[i], totals[i]);
}

void start_slots(UserHost& host, const char* policy) { set_global(host, policy, "model_active", uint32_t{0}); }

void fill_slot(UserHost& host, const char* policy, uint32_t slot, const mlp::ModelFile& model) {
  if (!host.map_update("models", std::as_bytes(std::span(&slot, 1)), std::as_bytes(std::span(&model.model, 1))))
    throw Error(policy, "its map 'models' does not take the model", "use the BPF half that belongs to this version");
}

}  // namespace simsched
