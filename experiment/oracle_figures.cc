#include "experiment/oracle_figures.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "scx_port/proof/load/load_file.h"

namespace simsched {
namespace {

constexpr Nanos kLasting{4'000'000};  // a tick at HZ=250: what is shorter nobody could have mended

class Measurement {
 public:
  Measurement(const SchedTrace& trace, const Machine& machine)
      : trace_(trace),
        machine_(machine),
        running_(machine.nr_cpus()),
        since_(machine.nr_cpus()),
        switches_(machine.nr_cpus()) {
    figures_.node_ns.resize(machine.nr_nodes());
    figures_.llc_ns.resize(machine.nr_llcs());
    for (const TraceEvent& event : trace.events) {
      if (trace.names[event.name] != load::kLaunch) continue;
      // A child still has its parent's name when it is forked.
      launcher_ = (event.kind == TraceKind::kFork ? event.current : event.pid).value();
      break;
    }
  }

  OracleFigures measure() {
    for (const TraceEvent& event : trace_.events) {
      if (!event.cpu.valid() || event.cpu.index() >= machine_.nr_cpus()) continue;
      pass_time(event.time);
      handle(event);
      // A child still has its parent's name when it is forked.
      if (event.kind != TraceKind::kFork && is_member(event.pid)) tasks_[event.pid.value()].name = event.name;
    }
    for (const auto& [pid, task] : tasks_) {
      OracleFigures::Named& named = figures_.by_name[trace_.names[task.name]];
      named.cpu_ns += task.cpu_ns;
      ++named.tasks;
    }
    figures_.window_ns = began_ < Nanos(0) ? 0 : (ended_ - began_).count();
    if (last_start_ >= Nanos(0)) settle();
    return figures_;
  }

 private:
  struct Task {
    int64_t cpu_ns = 0;
    uint32_t name = 0;
    enum class State : uint8_t { kBlocked, kWaiting, kRunning } state = State::kBlocked;
    CpuId cpu;
    bool placing = false;  // woken, and not yet seen running or moved
    CpuId last, woken_by;
    uint64_t waker_switches = 0;  // of that CPU, when it was woken
  };

  bool is_member(Pid pid) const { return tasks_.contains(pid.value()); }

  void handle(const TraceEvent& event) {
    switch (event.kind) {
      case TraceKind::kFork:
        if (event.current.value() == launcher_ || is_member(event.current)) {
          tasks_[event.pid.value()].cpu = event.cpu;
          if (event.current.value() == launcher_) last_start_ = event.time;
        }
        return;
      case TraceKind::kWakeupNew:
        if (!is_member(event.pid)) return;
        if (began_ < Nanos(0)) began_ = event.time;
        ++figures_.forks[static_cast<size_t>(machine_.distance(event.cpu, event.other_cpu))];
        tasks_[event.pid.value()].cpu = event.other_cpu;
        tasks_[event.pid.value()].state = Task::State::kWaiting;
        return;
      case TraceKind::kWaking:
        woken(event);
        return;
      case TraceKind::kMigrate:
        moved(event);
        return;
      case TraceKind::kSwitch:
        switched(event);
        return;
      default:
        return;
    }
  }

  void woken(const TraceEvent& event) {
    if (!is_member(event.pid)) return;
    Task& task = tasks_[event.pid.value()];
    if (task.state != Task::State::kBlocked) return;  // it had not left yet
    task.state = Task::State::kWaiting;
    task.placing = true;
    task.woken_by = event.cpu;
    task.waker_switches = switches_[event.cpu.index()];
    task.last = task.cpu = event.other_cpu;
  }

  void placed(Task& task, CpuId cpu) {
    if (!task.placing) return;
    task.placing = false;
    ++figures_.wakes[static_cast<size_t>(machine_.distance(task.last, cpu))];
  }

  // Who wakes a task places it, at once, however long that takes an emulated CPU: what happens after another switch
  // there, or elsewhere, is balancing.
  void moved(const TraceEvent& event) {
    if (!is_member(event.pid)) return;
    Task& task = tasks_[event.pid.value()];
    const bool by_waker =
        task.placing && task.woken_by == event.cpu && task.waker_switches == switches_[event.cpu.index()];
    placed(task, by_waker ? event.dest_cpu : event.other_cpu);
    task.cpu = event.dest_cpu;
    ++figures_.migrations[static_cast<size_t>(machine_.distance(event.other_cpu, event.dest_cpu))];
    const bool by_stopper = stoppers_.contains(event.current.value());
    ++(by_waker ? figures_.by_waker : by_stopper ? figures_.by_stopper : figures_.pulled);
  }

  void switched(const TraceEvent& event) {
    const size_t cpu = event.cpu.index();
    ++switches_[cpu];
    if (std::string_view(trace_.names[event.name]).starts_with("migration/")) stoppers_.insert(event.pid.value());
    if (is_member(event.current)) {
      Task& task = tasks_[event.current.value()];
      const int64_t ran = (event.time - since_[cpu]).count();
      if (task.state == Task::State::kRunning && running_[cpu] == event.current.value()) {
        figures_.node_ns[machine_.cpu(event.cpu).node.index()] += ran;
        figures_.llc_ns[machine_.cpu(event.cpu).llc.index()] += ran;
        task.cpu_ns += ran;
      }
      const bool waits = event.state == kStateRunning || (event.state & kStatePreempted) != 0;
      task.state = waits ? Task::State::kWaiting : Task::State::kBlocked;
      task.cpu = event.cpu;
      ended_ = event.time;
      if ((event.state & (kStateDead | kStateZombie)) != 0 && first_end_ < Nanos(0)) first_end_ = event.time;
    }
    running_[cpu] = event.pid.value();
    since_[cpu] = event.time;
    if (!is_member(event.pid)) return;
    Task& task = tasks_[event.pid.value()];
    placed(task, event.cpu);
    task.state = Task::State::kRunning;
    task.cpu = event.cpu;
  }

  // How many CPUs idle, or are to, while tasks wait behind others; how many cores while others are shared.
  void pass_time(Nanos now) {
    const Nanos from = now_;
    now_ = now;
    if (began_ < Nanos(0) || now == from) return;
    std::vector<int32_t> load(machine_.nr_cpus());
    for (size_t cpu = 0; cpu < running_.size(); ++cpu) load[cpu] = running_[cpu] != 0;
    for (const auto& [pid, task] : tasks_)
      if (task.state == Task::State::kWaiting && task.cpu.valid()) ++load[task.cpu.index()];
    int64_t idle = 0, behind = 0, idle_cores = 0, shared_cores = 0;
    for (int32_t tasks : load) {
      idle += tasks == 0;
      behind += std::max(0, tasks - 1);
    }
    for (size_t core = 0; core < machine_.nr_cores(); ++core) {
      int busy = 0;
      for (CpuId cpu : machine_.core_cpus(CoreId(core))) busy += load[cpu.index()] > 0;
      idle_cores += busy == 0;
      shared_cores += busy > 1;
    }
    const int64_t overlooked = std::min(idle, behind), unspread = std::min(idle_cores, shared_cores);
    figures_.overlooked_ns += overlooked * (now - from).count();
    figures_.unspread_ns += unspread * (now - from).count();
    if (overlooked + unspread == 0) return;
    if (!unsettled_.empty() && unsettled_.back().second == from)
      unsettled_.back().second = now;
    else
      unsettled_.emplace_back(from, now);
  }

  void settle() {
    const Nanos end = first_end_ < Nanos(0) ? now_ : first_end_;
    figures_.settle_ns = 0;
    for (auto [from, to] : unsettled_) {
      if (from >= end || to <= last_start_ || to - from < kLasting) continue;
      if (to >= end) figures_.settle_ns = -1;
      if (to < end) figures_.settle_ns = (to - last_start_).count();
    }
  }

  const SchedTrace& trace_;
  const Machine& machine_;
  OracleFigures figures_;
  int32_t launcher_ = -1;
  std::unordered_map<int32_t, Task> tasks_;  // by pid
  std::vector<int32_t> running_;             // by CPU: a pid; 0: idle
  std::vector<Nanos> since_;
  std::vector<uint64_t> switches_;        // by CPU: so far
  std::unordered_set<int32_t> stoppers_;  // pids
  Nanos began_{-1}, last_start_{-1}, first_end_{-1}, ended_{0}, now_{0};
  std::vector<std::pair<Nanos, Nanos>> unsettled_;
};

}  // namespace

OracleFigures oracle_figures(const SchedTrace& trace, const Machine& machine) {
  return Measurement(trace, machine).measure();
}

}  // namespace simsched
