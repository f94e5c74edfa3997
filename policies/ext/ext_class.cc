#include "policies/ext/ext_class.h"

#include <algorithm>

#include "base/duration.h"
#include "base/error.h"
#include "base/exit_code.h"

namespace simsched::ext {
namespace {

constexpr uint64_t kMostAtOnce = uint64_t{1} << 20;

}  // namespace

ExtClass::ExtClass(std::function<std::unique_ptr<Ops>()> make_ops, FairClass& fair, ExtOptions options)
    : make_ops_(std::move(make_ops)), fair_(fair), options_(options) {}

ExtClass::~ExtClass() = default;

void ExtClass::attach(Kernel& kernel) {
  kernel_ = &kernel;
  size_t nr_tasks = kernel.workload().tasks.size();
  tasks_.resize(kernel.nr_tasks());
  cpus_.resize(kernel.nr_cpus());
  dsqs_ = std::make_unique<DsqTable>(kernel.nr_cpus(), kernel.machine().nr_nodes(), nr_tasks);
  idle_ = std::make_unique<IdleMasks>(kernel.machine());
  all_cpus_ = kernel.machine().cpus();
  custody_ = immed_ = kernel.params().at_least(7, 1);
  select_from_enqueue_ = kernel.params().at_least(6, 16);
  load();
}

void ExtClass::assign(const SchedClass& from) {
  const auto& other = dynamic_cast<const ExtClass&>(from);
  // callback_, dispatch_ and kicks_ are of a callback in progress.
  const auto idle = [](const ExtClass& cls) {
    return cls.callback_.depth == 0 && cls.dispatch_.buffer.empty() && !cls.kicks_.pending;
  };
  SIMSCHED_CHECK(idle(*this) && idle(other), "a scheduler is copied between two callbacks");
  ops_->assign(*other.ops_);
  *dsqs_ = *other.dsqs_;
  idle_->assign(*other.idle_);
  tasks_ = other.tasks_;
  for (size_t i = 0; i < tasks_.size(); ++i) {
    if (tasks_[i].alive) tasks_[i].fields = ops_->fields_of(TaskId(i));
  }
  cpus_ = other.cpus_;
  life_ = other.life_;
  timers_ = other.timers_;
  counts_ = other.counts_;
}

bool ExtClass::takes(SchedPolicy policy) const {
  if (life_.state != State::kEnabled) return false;
  if (policy == SchedPolicy::kExt) return true;
  return life_.switch_all &&
         (policy == SchedPolicy::kNormal || policy == SchedPolicy::kBatch || policy == SchedPolicy::kIdle);
}

void ExtClass::before_call(Op op, uint32_t mask, uint32_t* outer) {
  *outer = callback_.kf_mask;
  callback_.kf_mask = mask;
  ++callback_.depth;
  auto i = static_cast<size_t>(op);
  ++counts_.calls[i];
  if (options_.costs.of[i] > Nanos(0)) kernel_->charge(kernel_->this_cpu(), options_.costs.of[i]);
  count_at_instant(op_name(op));
}

// The kernel's time goes on whatever a scheduler does; here it has to be seen that it does not, or hardly. No machine
// makes so many calls in so short a time.
void ExtClass::count_at_instant(const char* callback) {
  constexpr Nanos kShort = 4_ms;
  if (kernel_->now() >= callback_.instant + kShort) {
    callback_.instant = kernel_->now();
    callback_.at_instant = 0;
  }
  if (++callback_.at_instant < kMostAtOnce + 64 * tasks_.size() + 16384 * cpus_.size() || life_.loading) [[likely]]
    return;
  fault("time does not go on: " + std::to_string(callback_.at_instant) + " callbacks within " +
            duration_text(kernel_->now() - callback_.instant) + ", the last " + callback,
        kExitDispatchLoop);
}

void ExtClass::charge_loops(Op op, Nanos time) {
  const Nanos cost = options_.costs.of[static_cast<size_t>(op)];
  if (cost > Nanos(0) && cost == options_.costs.assumed) kernel_->charge(kernel_->this_cpu(), time);
}

void ExtClass::after_call(uint32_t outer) {
  callback_.kf_mask = outer;
  // A CPU that is choosing what to run takes its interrupts afterwards: scheduled().
  if (--callback_.depth > 0 || !kicks_.pending) return;
  const CpuState& here = cpu_state(kernel_->this_cpu());
  if (!here.in_balance && !here.in_put_prev) flush_kicks();
}

// `unlocked`: outside the hot callbacks too (init(), timers, user space), where no run queue is locked.
bool ExtClass::kf_allowed(uint32_t mask, bool unlocked) {
  if (callback_.kf_mask & mask || (unlocked && callback_.kf_mask == Callback::kUnlocked)) return true;
  char text[96];
  std::snprintf(text, sizeof text, "kfunc with mask 0x%x called from an operation only allowing 0x%x", mask,
                callback_.kf_mask);
  error(text);
  return false;
}

// select_task_rq_scx()
CpuId ExtClass::select_task_rq(TaskId id, CpuId prev, uint32_t wake_flags) {
  // On exec a task could move cheaply, but its run queue does not decide where it runs.
  if (wake_flags & kWfExec) return prev;
  Entity& t = task(id);
  t.cpu_selected = wake_flags & kWfTtwu;  // wake_up_new_task() does not pass it on
  const CpuSet& allowed = kernel_->allowed(id);
  CpuId cpu = prev;
  if (has(Op::kSelectCpu) && !life_.bypass) {
    callback_.direct_task = id;
    callback_.direct_open = true;
    callback_.direct_done = false;
    int32_t answer = call(Op::kSelectCpu, Callback::kEnqueue | Callback::kSelectCpu,
                          [&] { return ops_->select_cpu(id, prev, wake_flags & (kWfFork | kWfTtwu | kWfSync)); });
    callback_.direct_open = false;
    if (cpu_valid(answer, "from ops.select_cpu()")) cpu = CpuId(answer);
  } else {
    int32_t answer = select_idle(id, prev.value(), wake_flags, allowed, 0);
    if (answer >= 0) {
      refill_slice(id);
      t.ddsp_dsq_id = kDsqLocal;
      cpu = CpuId(answer);
    }
    if (life_.bypass) ++counts_.bypass_dispatch;
  }
  t.selected_cpu = cpu;
  return allowed.contains(cpu) ? cpu : kernel_->fallback_cpu(id);
}

// Brings the slice of what runs up to now.
void ExtClass::update_curr(CpuId cpu, TaskId id) {
  Entity& t = task(id);
  Nanos delta = kernel_->clock_task(cpu) - t.exec_start;
  if (delta <= Nanos(0)) return;
  t.exec_start = kernel_->clock_task(cpu);
  uint64_t& left = *t.fields.slice;
  if (left != kSliceInf) left -= std::min(left, static_cast<uint64_t>(delta.count()));
}

// pick_task_scx(), with balance_scx() before it
TaskId ExtClass::pick_task(CpuId cpu) {
  if (life_.state == State::kOff) return TaskId();
  TaskId prev = kernel_->curr(cpu);
  rescheduled(cpu);
  bool keep = false;
  balance(cpu, prev, &keep);
  if (keep) {
    if (slice(prev) == 0) refill_slice(prev);
    return prev;
  }
  TaskId first = dsqs_->at(dsqs_->local(cpu)).first;
  if (first.valid() && slice(first) == 0) refill_slice(first);
  return first;
}

void ExtClass::set_next_task(CpuId cpu, TaskId id) {
  Entity& t = task(id);
  if (queued(id)) {
    // It may run without having been dispatched, when it was put back while running.
    ops_dequeue(id, kDeqCoreSchedExec);
    dispatch_dequeue(id);
  }
  t.exec_start = kernel_->clock_task(cpu);
  if (has(Op::kRunning) && queued(id)) call(Op::kRunning, Callback::kRest, [&] { ops_->running(id); });
  clear_runnable(id, true);
}

void ExtClass::put_prev_task(CpuId cpu, TaskId id, TaskId next) {
  if (kernel_->task_exiting(id) && !queued(id)) return;
  update_curr(cpu, id);
  if (!queued(id)) return;  // it was just dequeued: stopping() has been called
  cpu_state(cpu).in_put_prev = true;
  if (has(Op::kStopping)) call(Op::kStopping, Callback::kRest, [&] { ops_->stopping(id, true); });
  set_runnable(cpu, id);
  if (slice(id) > 0 && !life_.bypass) {
    // Preempted by a higher class: it goes on where it was, unless it was not to wait.
    if (*task(id).fields.flags & kTaskImmed)
      reenqueue(cpu, id, kTaskReenqPreempted);
    else
      dispatch_enqueue(dsqs_->local(cpu), id, kEnqHead);
  } else if (!next.valid() && (life_.info.flags & kOpsEnqLast)) {
    // The only one for this CPU, which goes idle unless the scheduler does something about it.
    do_enqueue(cpu, id, kEnqLast, false);
  } else {
    do_enqueue(cpu, id, 0, false);
  }
  cpu_state(cpu).in_put_prev = false;
}

void ExtClass::task_tick(CpuId cpu, TaskId curr) {
  update_curr(cpu, curr);
  if (life_.bypass) {
    slice(curr) = 0;
  } else if (has(Op::kTick)) {
    call(Op::kTick, Callback::kRest, [&] { ops_->tick(curr); });
  }
  if (slice(curr) == 0) kernel_->resched_curr(cpu);
}

// Every tick: the policy may have written another CPU's slice, and nothing tells.
Nanos ExtClass::next_tick(CpuId cpu) { return is_ext(kernel_->curr(cpu)) ? kernel_->now() : Nanos::max(); }

// scx_can_stop_tick(): who else may want this CPU waits in queues of the scheduler's, so that its slice has to end.
bool ExtClass::needs_tick(CpuId, TaskId curr) { return life_.bypass || slice(curr) != kSliceInf; }

void ExtClass::yield_task(CpuId cpu, TaskId id) {
  update_curr(cpu, id);
  if (has(Op::kYield)) {
    call(Op::kYield, Callback::kRest, [&] { return ops_->yield(id, TaskId()); });
  } else {
    slice(id) = 0;
  }
}

void ExtClass::scheduled(CpuId) {
  if (kicks_.pending && callback_.depth == 0) flush_kicks();
}

void ExtClass::cpu_idle(CpuId cpu, bool idle, bool transition) {
  if (life_.state == State::kOff) return;
  // Before the masks, so that a scheduler can rely on either seeing the idle bit in enqueue() or the task here.
  if (transition && has(Op::kUpdateIdle) && !life_.bypass) {
    call(Op::kUpdateIdle, Callback::kRest, [&] { ops_->update_idle(cpu, idle); });
  }
  if (life_.builtin_idle && kernel_->cpu_online(cpu)) idle_->update(cpu, idle);
}

// switch_class(): a higher class takes the CPU.
void ExtClass::any_switch(CpuId cpu, TaskId prev, TaskId next) {
  if (life_.state == State::kOff) return;
  if (next.valid() && !is_ext(next)) {
    rescheduled(cpu);
    CpuState& state = cpu_state(cpu);
    if (immed_waits(cpu)) schedule_reenqueue(cpu, false);  // wakeup_preempt_scx(), a little later
    if ((has(Op::kCpuRelease) || has(Op::kCpuAcquire)) && is_ext(prev) && !state.released) {
      state.released = true;
      if (has(Op::kCpuRelease)) {
        SchedPolicy policy = kernel_->policy(next);
        int32_t reason = policy == SchedPolicy::kStop       ? 2
                         : policy == SchedPolicy::kDeadline ? 1
                         : is_real_time(policy)             ? 0
                                                            : 3;
        call(Op::kCpuRelease, Callback::kCpuRelease,
             [&] { ops_->cpu_release(cpu, reason, kernel_->is_stopper(next) ? TaskId() : next); });
      }
    }
  }
  if (ops_ && ops_->wants_sched_switch() && !life_.bypass) {
    auto visible = [&](TaskId id) { return id.valid() && !kernel_->is_stopper(id) ? id : TaskId(); };
    ops_->sched_switch(cpu, visible(prev), visible(next));
  }
}

GroupId ExtClass::task_cgroup(TaskId id) const { return kernel_->params().autogroup ? GroupId(0) : kernel_->group(id); }

}  // namespace simsched::ext
