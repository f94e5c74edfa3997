#include "workloads/rtapp/attributes.h"

#include <algorithm>

#include "base/error.h"

namespace simsched::rtapp {
namespace {

constexpr int kDefaultRtPriority = 10;  // rt-app_types.h: DEFAULT_THREAD_PRIORITY

}  // namespace

SchedPolicy kernel_policy(Scheduling::Policy policy) {
  switch (policy) {
    case Scheduling::Policy::kOther:
      return SchedPolicy::kNormal;
    case Scheduling::Policy::kBatch:
      return SchedPolicy::kBatch;
    case Scheduling::Policy::kIdle:
      return SchedPolicy::kIdle;
    case Scheduling::Policy::kRr:
      return SchedPolicy::kRr;
    case Scheduling::Policy::kFifo:
      return SchedPolicy::kFifo;
    case Scheduling::Policy::kDeadline:
      return SchedPolicy::kDeadline;
  }
  return SchedPolicy::kNormal;
}

uint8_t rt_priority(const Scheduling& scheduling, const std::string& where) {
  const int priority = scheduling.priority.value_or(kDefaultRtPriority);
  if (priority < 1) throw Error(where, "a real-time priority is " + std::to_string(priority), "take 1 to 99");
  return static_cast<uint8_t>(priority);
}

int8_t nice(const Scheduling& scheduling, const std::string& where) {
  const int nice = scheduling.priority.value_or(0);
  if (nice > 19)
    throw Error(where, "a priority is " + std::to_string(nice) + ", and the policy is not real-time",
                "take the nice, -20 to 19");
  return static_cast<int8_t>(nice);
}

// rt-app_parse_config.c: the period is the runtime, the deadline the period, where they are not given.
Reservation reservation(const Scheduling& of_task, const Scheduling& of_phase, const std::string& where) {
  auto first = [](Nanos a, Nanos b) { return a > Nanos(0) ? a : b; };
  Reservation r;
  r.runtime = first(of_phase.runtime, of_task.runtime);
  r.period = first(first(of_phase.period, of_task.period), r.runtime);
  r.deadline = first(first(of_phase.deadline, of_task.deadline), r.period);
  r.where = where;
  if (r.runtime == Nanos(0))
    throw Error(where, "SCHED_DEADLINE has no runtime", "add \"dl-runtime\" and \"dl-period\", in microseconds");
  if (const std::string problem = reservation_problem(r); !problem.empty())
    throw Error(where, "SCHED_DEADLINE, " + reservation_text(r) + ": " + problem,
                "let dl-runtime be up to dl-deadline, and that up to dl-period, in microseconds");
  return r;
}

// kernel/sched/syscalls.c, 6.12: __setparam_fair()
Nanos slice(Scheduling::Policy policy, Nanos runtime) {
  const bool has = policy == Scheduling::Policy::kOther || policy == Scheduling::Policy::kBatch;
  return has && runtime > Nanos(0) ? std::clamp(runtime, Nanos(100_us), Nanos(100_ms)) : Nanos(0);
}

Work run_work(Nanos time, Nanos piece) {
  if (piece == Nanos(0)) return Work(time.count());
  auto whole = [&](Nanos part) { return part / piece * piece.count(); };
  return Work(time / 1_s * whole(1_s) + whole(time % 1_s));
}

// memset, a byte a cycle, and the latency of the cache that a chase fits into.
Work memory_work(const Event& event) {
  switch (event.kind) {
    case EventKind::kMem:
      return Work(event.count / 10);
    case EventKind::kMemRead:
    case EventKind::kMemWrite:
      return Work(event.count / 3);
    default:
      break;
  }
  const int64_t hop_tenths = event.size <= 32 << 10   ? 15
                             : event.size <= 1 << 20  ? 50
                             : event.size <= 32 << 20 ? 200
                                                      : 900;
  return Work(event.count * hop_tenths / 10);
}

}  // namespace simsched::rtapp
