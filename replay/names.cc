// What a task's name tells. A recording does not say which tasks are kernel threads nor where they may
// run; their names have been the same for decades.
#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "replay/parts.h"

namespace simsched::replay {
namespace {

// Names of kernel threads that are complete or go on with a number: kswapd0.
constexpr std::array<std::string_view, 14> kKthreads{"kthreadd", "kcompactd",  "khugepaged", "kswapd",   "oom_reaper",
                                                     "kauditd",  "khungtaskd", "kdevtmpfs",  "ksmd",     "kdamond.",
                                                     "hwrng",    "psimon",     "scsi_eh_",   "scsi_tmf_"};
// Names of kernel threads that go on with anything.
constexpr std::array<std::string_view, 19> kKthreadFamilies{
    "kworker/", "ksoftirqd/", "migration/", "rcu_",      "rcuc/",        "rcuop/",   "rcuog/",
    "rcuos/",   "cpuhp/",     "irq/",       "irq_work/", "idle_inject/", "ktimers/", "backlog_napi/",
    "napi/",    "jbd2/",      "xfsaild/",   "btrfs-",    "dmcrypt_"};
// Families of threads that are bound to the CPU of their number. "kworker/1:0H" is, "kworker/u4:1" is not.
constexpr std::array<std::string_view, 9> kPerCpu{"kworker/", "ksoftirqd/", "migration/",   "cpuhp/",       "irq_work/",
                                                  "rcuc/",    "ktimers/",   "idle_inject/", "backlog_napi/"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The number that follows `prefix` and ends at `end` or with the name; none when the name is another.
CpuId cpu_after(std::string_view name, std::string_view prefix, char end) {
  if (!name.starts_with(prefix)) return CpuId();
  int32_t number = -1;
  const char* last = name.data() + name.size();
  auto [stop, error] = std::from_chars(name.data() + prefix.size(), last, number);
  return error == std::errc() && number >= 0 && (stop == last || *stop == end) ? CpuId(number) : CpuId();
}

bool is_stopper(std::string_view name) { return cpu_after(name, "migration/", '\0').valid(); }

bool is_kthread(std::string_view name) {
  return std::any_of(kKthreads.begin(), kKthreads.end(),
                     [&](std::string_view known) {
                       return name.starts_with(known) && (name.size() == known.size() || is_digit(name[known.size()]));
                     }) ||
         std::any_of(kKthreadFamilies.begin(), kKthreadFamilies.end(),
                     [&](std::string_view family) { return name.starts_with(family); });
}

}  // namespace

CpuId bound_to(const std::string& name) {
  for (std::string_view family : kPerCpu) {
    CpuId cpu = cpu_after(name, family, ':');
    if (cpu.valid()) return cpu;
  }
  return CpuId();
}

bool is_bound_worker(const std::string& name) { return name.starts_with("kworker/") && bound_to(name).valid(); }

NameFacts::NameFacts(const SchedTrace& trace) : tree_(trace.names.size(), -1) {
  const std::vector<RecordedTree>& trees = trace.circumstances.tasks;
  std::vector<bool> stopper_name;
  for (size_t name = 0; name < trace.names.size(); ++name) {
    stopper_name.push_back(is_stopper(trace.names[name]));
    kthread_.push_back(is_kthread(trace.names[name]));
    for (size_t tree = 0; tree < trees.size(); ++tree) {
      if (trees[tree].tree == trace.names[name]) tree_[name] = static_cast<int32_t>(tree);
    }
  }
  for (const TraceEvent& event : trace.events) {
    if (!event.pid.valid() || !stopper_name[event.name]) continue;
    if (stopper_.size() <= event.pid.index()) stopper_.resize(event.pid.index() + 1, false);
    stopper_[event.pid.index()] = true;
  }
}

}  // namespace simsched::replay
