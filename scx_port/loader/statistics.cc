#include "scx_port/loader/statistics.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace simsched::live {
namespace {

// The struct that a map's values are; null: a plain number.
const btf_type* value_struct(const btf* types, const bpf_map* map) {
  uint32_t id = bpf_map__btf_value_type_id(map);
  const btf_type* type = id == 0 ? nullptr : btf__type_by_id(types, id);
  while (type != nullptr && (btf_is_typedef(type) || btf_is_mod(type))) type = btf__type_by_id(types, type->type);
  return type != nullptr && btf_is_struct(type) ? type : nullptr;
}

}  // namespace

Counters policy_counters(KernelObject& object, LiveHost& host, UserHalf* half) {
  if (half != nullptr) {
    Counters counters = half->counters(host);
    if (!counters.empty()) return counters;
  }
  Counters counters;
  const bpf_map* map = bpf_object__find_map_by_name(object.get(), "stats");
  if (map == nullptr || bpf_map__type(map) != BPF_MAP_TYPE_PERCPU_ARRAY) return counters;
  const btf* types = bpf_object__btf(object.get());
  const btf_type* structure = value_struct(types, map);
  for (uint32_t index = 0; index < bpf_map__max_entries(map); ++index) {
    const size_t first = counters.size();
    for (int cpu = 0; cpu < libbpf_num_possible_cpus(); ++cpu) {
      const std::span<std::byte> value = host.map_value("stats", index, CpuId(cpu));
      const size_t members = structure != nullptr ? btf_vlen(structure) : 1;
      for (size_t i = 0; i < members; ++i) {
        std::string name = "stats" + std::to_string(index);
        size_t offset = 0;
        if (structure != nullptr) {
          name = btf__name_by_offset(types, btf_members(structure)[i].name_off);
          offset = btf_member_bit_offset(structure, static_cast<uint32_t>(i)) / 8;
        }
        int64_t number = 0;
        if (offset + sizeof(number) <= value.size()) std::memcpy(&number, value.data() + offset, sizeof(number));
        if (cpu == 0) counters.emplace_back(name, 0);
        counters[first + i].second += number;
      }
    }
  }
  return counters;
}

Counters kernel_events() {
  Counters events;
  std::ifstream file("/sys/kernel/sched_ext/root/events");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    int64_t value = 0;
    if (words >> name >> value) events.emplace_back(name, value);
  }
  return events;
}

std::string to_json(const Statistics& statistics) {
  auto object = [](const Counters& counters) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (const auto& [name, value] : counters) json[name] = value;
    return json;
  };
  nlohmann::ordered_json json;
  json["policy"] = statistics.policy;
  json["uptime_ms"] = statistics.uptime_ms;
  json["counters"] = object(statistics.counters);
  json["events"] = object(statistics.events);
  for (const ProgramCost& cost : statistics.costs)
    json["programs"][cost.program] = {{"runs", cost.runs}, {"ns", cost.nanoseconds}};
  for (const auto& [name, value] : statistics.extra) json[name] = value;
  return json.dump();
}

std::string to_text(const Statistics& statistics, const Statistics* before) {
  std::string text;
  char line[160];
  std::snprintf(line, sizeof(line), "%s, %lld.%01lld s\n", statistics.policy.c_str(),
                static_cast<long long>(statistics.uptime_ms / 1000),
                static_cast<long long>(statistics.uptime_ms % 1000 / 100));
  text += line;
  auto add = [&](const Counters& counters, const Counters* earlier, bool zeros) {
    for (size_t i = 0; i < counters.size(); ++i) {
      const auto& [name, value] = counters[i];
      const bool known = earlier != nullptr && i < earlier->size() && (*earlier)[i].first == name;
      const int64_t fresh = value - (known ? (*earlier)[i].second : 0);
      if (!zeros && value == 0) continue;
      std::snprintf(line, sizeof(line), "  %-36s %14lld  %+lld\n", name.c_str(), static_cast<long long>(value),
                    static_cast<long long>(fresh));
      text += line;
    }
  };
  add(statistics.counters, before != nullptr ? &before->counters : nullptr, true);
  for (const ProgramCost& cost : statistics.costs) {
    if (cost.runs == 0) continue;
    std::snprintf(line, sizeof(line), "  %-36s %14llu runs, %llu ns each\n", cost.program.c_str(),
                  static_cast<unsigned long long>(cost.runs),
                  static_cast<unsigned long long>(cost.nanoseconds / cost.runs));
    text += line;
  }
  add(statistics.extra, before != nullptr ? &before->extra : nullptr, true);
  add(statistics.events, before != nullptr ? &before->events : nullptr, false);
  return text;
}

}  // namespace simsched::live
