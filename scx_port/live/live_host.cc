#include "scx_port/live/live_host.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace simsched::live {

Nanos LiveHost::now() const {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Nanos(int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec);
}

std::vector<UserHost::CpuUse> LiveHost::cpu_use() {
  std::vector<CpuUse> use(machine_.nr_cpus());
  const int64_t tick = 1'000'000'000 / sysconf(_SC_CLK_TCK);
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("cpu") || line.size() < 4 || line[3] == ' ') continue;
    std::istringstream fields(line.substr(3));
    size_t cpu = 0;
    int64_t time[8] = {}, total = 0;  // user nice system idle iowait irq softirq steal
    fields >> cpu;
    for (int64_t& t : time) {
      fields >> t;
      total += t;
    }
    if (cpu < use.size()) use[cpu] = {Nanos((total - time[3] - time[4]) * tick), Nanos(total * tick)};
  }
  return use;
}

bool LiveHost::map_lookup(const std::string& map, std::span<const std::byte> key, std::span<std::byte> value) {
  return bpf_map_lookup_elem(object_.map_fd(map), key.data(), value.data()) == 0;
}

bool LiveHost::map_update(const std::string& map, std::span<const std::byte> key, std::span<const std::byte> value) {
  return bpf_map_update_elem(object_.map_fd(map), key.data(), value.data(), BPF_ANY) == 0;
}

std::span<std::byte> LiveHost::map_value(const std::string& name, uint32_t index, CpuId cpu) {
  const bpf_map* map = bpf_object__find_map_by_name(object_.get(), name.c_str());
  if (map == nullptr) return {};
  const bool per_cpu = bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY;
  const size_t size = (bpf_map__value_size(map) + 7) / 8 * 8;
  std::vector<std::byte>& value = values_[name];
  value.resize(size * (per_cpu ? static_cast<size_t>(libbpf_num_possible_cpus()) : 1));
  if (bpf_map_lookup_elem(bpf_map__fd(map), &index, value.data()) != 0) return {};
  const size_t at = per_cpu ? cpu.index() * size : 0;
  if (at + size > value.size()) return {};
  return std::span(value).subspan(at, size);
}

}  // namespace simsched::live
