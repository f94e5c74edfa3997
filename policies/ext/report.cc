// What the class tells of itself: its state, the kernel's event counters, the debug dump.
#include <algorithm>
#include <cctype>

#include "policies/ext/ext_class.h"

namespace simsched::ext {

const char* op_name(Op op) {
  static const char* const kNames[kNrOps] = {"select_cpu",
                                             "enqueue",
                                             "dequeue",
                                             "dispatch",
                                             "tick",
                                             "runnable",
                                             "running",
                                             "stopping",
                                             "quiescent",
                                             "yield",
                                             "core_sched_before",
                                             "set_weight",
                                             "set_cpumask",
                                             "update_idle",
                                             "cpu_acquire",
                                             "cpu_release",
                                             "init_task",
                                             "exit_task",
                                             "enable",
                                             "disable",
                                             "dump",
                                             "dump_cpu",
                                             "dump_task",
                                             "cgroup_init",
                                             "cgroup_exit",
                                             "cgroup_prep_move",
                                             "cgroup_move",
                                             "cgroup_cancel_move",
                                             "cgroup_set_weight",
                                             "cgroup_set_bandwidth",
                                             "cgroup_set_idle",
                                             "cpu_online",
                                             "cpu_offline",
                                             "init",
                                             "exit"};
  return kNames[static_cast<size_t>(op)];
}

SchedClass::Status ExtClass::status() const { return {life_.first_error, life_.exit_status}; }

// What the kernel's debug dump has of CPUs and runnable tasks.
std::string ExtClass::dump_state() {
  std::string text;
  for (CpuId cpu : kernel_->online_cpus()) {
    const Dsq& local = dsqs_->at(dsqs_->local(cpu));
    TaskId curr = kernel_->curr(cpu);
    text += "CPU " + std::to_string(cpu.value()) + ": nr_run=" + std::to_string(kernel_->nr_running(cpu)) +
            " local=" + std::to_string(local.nr) + " curr=" + (curr.valid() ? describe(curr) : "swapper") + "\n";
    for (TaskId id = cpu_state(cpu).runnable_first; id.valid(); id = task(id).runnable_next) {
      text += "  R " + describe(id) + " +" + std::to_string((kernel_->now() - task(id).runnable_at) / 1_ms) + "ms\n";
    }
  }
  return text;
}

std::vector<std::pair<std::string, int64_t>> ExtClass::events() const {
  std::vector<std::pair<std::string, int64_t>> list = {
      {"SELECT_CPU_FALLBACK", counts_.select_cpu_fallback},
      {"DISPATCH_LOCAL_DSQ_OFFLINE", counts_.dispatch_local_dsq_offline},
      {"DISPATCH_KEEP_LAST", counts_.dispatch_keep_last},
      {"ENQ_SKIP_EXITING", counts_.enq_skip_exiting},
      {"ENQ_SKIP_MIGRATION_DISABLED", counts_.enq_skip_migration_disabled},
      {"REFILL_SLICE_DFL", counts_.refill_slice_dfl},
      {"BYPASS_DURATION", counts_.bypass_duration},
      {"BYPASS_DISPATCH", counts_.bypass_dispatch},
      {"BYPASS_ACTIVATE", counts_.bypass_activate},
      {"INSERT_NOT_OWNED", counts_.insert_not_owned}};
  if (immed_) list.emplace_back("REENQ_IMMED", counts_.reenq_immed);
  return list;
}

// How long the queues are that anything ever was on.
void ExtClass::record(Recorder& recorder) {
  const size_t cpus = kernel_->nr_cpus(), shared = cpus + dsqs_->nr_global();
  for (size_t i = 0; i < dsqs_->nr_queues(); ++i) {
    const Dsq& queue = dsqs_->at(static_cast<DsqIndex>(i));
    if (queue.seq == 0) continue;
    std::string name = i < cpus     ? "cpu" + std::to_string(i) + " local DSQ"
                       : i < shared ? "global DSQ " + std::to_string(i - cpus)
                                    : "DSQ " + std::to_string(queue.id);
    recorder.sample(kernel_->now(), name, queue.nr);
  }
}

std::vector<std::pair<std::string, int64_t>> ExtClass::counters() const {
  std::vector<std::pair<std::string, int64_t>> list = {{"restarts", life_.restarts}};
  for (auto& [event, count] : events()) {
    std::string lower = event;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    list.emplace_back("event_" + lower, count);
  }
  for (int i = 0; i < kNrOps; ++i) {
    if (counts_.calls[static_cast<size_t>(i)] == 0) continue;
    list.emplace_back(std::string("calls_") + op_name(static_cast<Op>(i)),
                      static_cast<int64_t>(counts_.calls[static_cast<size_t>(i)]));
  }
  const auto own = life_.state == State::kOff ? life_.last_counters : ops_->counters();
  list.insert(list.end(), own.begin(), own.end());
  return list;
}

}  // namespace simsched::ext
