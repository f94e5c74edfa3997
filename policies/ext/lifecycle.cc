// How a scheduler is loaded, watched over, and thrown out (scx_enable(), the watchdog and scx_disable() of the kernel).
#include <algorithm>
#include <cstdio>

#include "base/exit_code.h"
#include "policies/ext/ext_class.h"
#include "policies/fair/params.h"

namespace simsched::ext {
namespace {

constexpr Nanos kMaxTimeout = 30_s;  // SCX_WATCHDOG_MAX_TIMEOUT
constexpr int64_t kMostRestarts = 100;

const char* reason_of(ExitKind kind) {
  switch (kind) {
    case ExitKind::kUnreg:
      return "unregistered from user space";
    case ExitKind::kUnregBpf:
      return "unregistered from BPF";
    case ExitKind::kUnregKern:
      return "unregistered from the main kernel";
    case ExitKind::kSysrq:
      return "disabled by sysrq-S";
    case ExitKind::kError:
      return "runtime error";
    case ExitKind::kErrorBpf:
      return "scx_bpf_error";
    case ExitKind::kErrorStall:
      return "runnable task stall";
    default:
      return "<UNKNOWN>";
  }
}

}  // namespace

// scx_enable()
void ExtClass::load() {
  life_.exit = {};
  life_.exit_site.clear();
  life_.loading = true;
  kernel_->set_this_cpu(options_.loader_cpu);
  life_.state = State::kEnabling;
  ops_ = make_ops_();
  life_.info = ops_->info();
  ops_->attach(*this);
  life_.builtin_idle = !has(Op::kUpdateIdle) || (life_.info.flags & kOpsKeepBuiltinIdle);
  // All count as idle at first; the masks come true as CPUs go through the scheduler.
  idle_->reset(kernel_->online_cpus());
  life_.known = check_members();
  if (life_.known && has(Op::kInit)) {
    int32_t result = errno_of(Op::kInit, call(Op::kInit, Callback::kUnlocked, [&] { return ops_->init(); }));
    if (result != 0) error("ops.init() failed (" + std::to_string(result) + ")");
  }
  if (life_.exit.kind == ExitKind::kNone) validate();
  init_cgroups();
  for (size_t i = 0; i < kernel_->workload().tasks.size() && life_.exit.kind == ExitKind::kNone; ++i) {
    TaskState state = kernel_->task_state(TaskId(i));
    if (state != TaskState::kNew && state != TaskState::kDead) init_task(TaskId(i), false);
  }
  life_.loading = false;
  if (life_.exit.kind != ExitKind::kNone) return disable();
  life_.switch_all = !(life_.info.flags & kOpsSwitchPartial);
  life_.state = State::kEnabled;
  fair_.cede(life_.switch_all ? FairClass::Cede::kAll : FairClass::Cede::kExt);
  kernel_->reclassify_tasks();
  arm_watchdog();
}

// A callback that returns an errno or 0 (ops_sanitize_err()).
int32_t ExtClass::errno_of(Op op, int32_t answer) {
  if (answer == 0 || (answer < 0 && answer >= -4095)) return answer;
  error(std::string("ops.") + op_name(op) + "() returned an invalid errno " + std::to_string(answer));
  return -kEPROTO;
}

// bpf_scx_init_member(): with these the program cannot even be loaded, and nothing of it is called.
bool ExtClass::check_members() {
  auto refuse = [&](const std::string& message) { return error(message), false; };
  if (life_.info.name.empty()) return refuse("ops.name is empty");
  if (life_.info.flags & ~uint64_t{kOpsAllFlags})
    return refuse("invalid ops.flags " + std::to_string(life_.info.flags));
  if (life_.info.timeout > kMaxTimeout) {
    return refuse("ops.timeout_ms is " + std::to_string(life_.info.timeout / 1_ms) + ", more than 30000");
  }
  return true;
}

// check_hotplug_seq() and validate_ops()
void ExtClass::validate() {
  if (life_.info.hotplug_seq != 0 && life_.info.hotplug_seq != life_.hotplug_seq) {
    return claim_exit(ExitKind::kUnregKern, static_cast<int64_t>(kEcodeActRestart | kEcodeRsnHotplug),
                      "expected hotplug seq " + std::to_string(life_.info.hotplug_seq) + " did not match actual " +
                          std::to_string(life_.hotplug_seq));
  }
  if ((life_.info.flags & kOpsEnqLast) && !has(Op::kEnqueue)) {
    return error("SCX_OPS_ENQ_LAST requires ops.enqueue() to be implemented");
  }
  if ((life_.info.flags & kOpsBuiltinIdlePerNode) && !life_.builtin_idle) {
    return error("SCX_OPS_BUILTIN_IDLE_PER_NODE requires CPU idle selection enabled");
  }
}

bool ExtClass::init_task(TaskId id, bool fork) {
  Entity& t = task(id);
  t = Entity{};
  ops_->adopt_task(id);
  t.fields = ops_->fields_of(id);
  t.alive = true;
  *t.fields.slice = kSliceDfl;
  *t.fields.flags = kTaskResetRunnableAt;
  *t.fields.weight = weight_of(id);
  *t.fields.disallow = 0;
  if (has(Op::kInitTask)) {
    int32_t result =
        errno_of(Op::kInitTask, call(Op::kInitTask, Callback::kUnlocked, [&] { return ops_->init_task(id, fork); }));
    if (result != 0) {
      // The kernel would fail the fork; a task of a workload cannot do without its child.
      error("ops.init_task() failed (" + std::to_string(result) + ") for " + describe(id));
      if (life_.loading) {
        drop_task(id);
      }
      return false;
    }
    if (*t.fields.disallow) {
      if (fork && kernel_->policy(id) == SchedPolicy::kExt) {
        error("ops.init_task() set task->scx.disallow for " + describe(id) + " during fork");
      } else if (!fork && kernel_->policy(id) == SchedPolicy::kExt && kernel_->task_state(id) == TaskState::kNew) {
        kernel_->set_policy(id, SchedPolicy::kNormal);
      }
    }
  }
  return true;
}

void ExtClass::any_task_new(TaskId id) {
  if (life_.state != State::kEnabled || kernel_->is_stopper(id)) return;
  // Tasks that nobody forks have been there when the scheduler was loaded.
  init_task(id, kernel_->spec(id).parent.valid());
}

void ExtClass::any_task_dead(TaskId id) {
  if (kernel_->is_stopper(id) || !task(id).alive) return;
  disable_task(id);
  exit_task(id, false);
}

void ExtClass::exit_task(TaskId id, bool cancelled) {
  Entity& t = task(id);
  if (!t.alive) return;
  if (has(Op::kExitTask)) call(Op::kExitTask, Callback::kRest, [&] { ops_->exit_task(id, cancelled); });
  drop_task(id);
}

void ExtClass::drop_task(TaskId id) {
  task(id).alive = false;
  task(id).fields = {};
  ops_->drop_task(id);
}

// sched_weight_to_cgroup()
uint32_t ExtClass::weight_of(TaskId id) const {
  int64_t weight = kernel_->policy(id) == SchedPolicy::kIdle ? fair::kIdleWeight : fair::nice_weight(kernel_->nice(id));
  return static_cast<uint32_t>(std::clamp<int64_t>((weight * 100 + 512) / 1024, kCgroupWeightMin, kCgroupWeightMax));
}

void ExtClass::enable_task(TaskId id) {
  Entity& t = task(id);
  if (!t.alive || t.enabled) return;
  *t.fields.weight = weight_of(id);
  t.nice = static_cast<int8_t>(kernel_->nice(id));
  t.policy = kernel_->policy(id);
  t.enabled = true;
  if (has(Op::kEnable)) call(Op::kEnable, Callback::kRest, [&] { ops_->enable(id); });
  if (has(Op::kSetWeight)) call(Op::kSetWeight, Callback::kRest, [&] { ops_->set_weight(id, *t.fields.weight); });
}

void ExtClass::disable_task(TaskId id) {
  Entity& t = task(id);
  if (!t.enabled) return;
  if (has(Op::kDisable)) call(Op::kDisable, Callback::kRest, [&] { ops_->disable(id); });
  clear_runnable(id, false);
  t.enabled = false;
}

void ExtClass::task_fork(TaskId child, TaskId) { enable_task(child); }

void ExtClass::switched_to(TaskId id) {
  enable_task(id);
  // It was not told while the task was of another class.
  if (task(id).enabled && has(Op::kSetCpumask)) {
    call(Op::kSetCpumask, Callback::kRest, [&] { ops_->set_cpumask(id, kernel_->allowed(id)); });
  }
}

void ExtClass::switched_from(TaskId id) { disable_task(id); }

// set_user_nice() and __sched_setscheduler() do nothing where nothing changes, and a task that comes into the class has
// just been told.
void ExtClass::reweight_task(TaskId id) {
  Entity& t = task(id);
  if (!t.enabled || (t.nice == kernel_->nice(id) && t.policy == kernel_->policy(id))) return;
  t.nice = static_cast<int8_t>(kernel_->nice(id));
  t.policy = kernel_->policy(id);
  *task(id).fields.weight = weight_of(id);
  if (has(Op::kSetWeight))
    call(Op::kSetWeight, Callback::kRest, [&] { ops_->set_weight(id, *task(id).fields.weight); });
}

void ExtClass::affinity_changed(TaskId id) {
  if (!task(id).enabled) return;
  // do_set_cpus_allowed(): it is off the queue meanwhile.
  CpuId cpu = kernel_->task_cpu(id);
  bool runs = kernel_->curr(cpu) == id, was_queued = queued(id);
  if (was_queued) dequeue_task(cpu, id, kDequeueSave);
  if (runs) put_prev_task(cpu, id, TaskId());
  if (has(Op::kSetCpumask))
    call(Op::kSetCpumask, Callback::kRest, [&] { ops_->set_cpumask(id, kernel_->allowed(id)); });
  if (was_queued) enqueue_task(cpu, id, kEnqueueRestore);
  if (runs) set_next_task(cpu, id);
}

// handle_hotplug()
void ExtClass::cpu_online(CpuId cpu, bool online) {
  ++life_.hotplug_seq;
  if (life_.state == State::kOff) return;
  idle_->update_topology(kernel_->online_cpus());
  if (!online) idle_->update(cpu, false);
  if (online && has(Op::kCpuOnline)) {
    call(Op::kCpuOnline, Callback::kUnlocked, [&] { ops_->cpu_online(cpu); });
  } else if (!online && has(Op::kCpuOffline)) {
    call(Op::kCpuOffline, Callback::kUnlocked, [&] { ops_->cpu_offline(cpu); });
  } else {
    claim_exit(
        ExitKind::kUnregKern, static_cast<int64_t>(kEcodeActRestart | kEcodeRsnHotplug),
        "cpu " + std::to_string(cpu.value()) + " going " + (online ? "online" : "offline") + ", exiting scheduler");
  }
}

void ExtClass::exit(int64_t exit_code, const std::string& message) {
  claim_exit(ExitKind::kUnregBpf, exit_code, message);
}

void ExtClass::error(const std::string& message) { claim_exit(ExitKind::kError, 0, message); }

void ExtClass::policy_error(const std::string& message) { claim_exit(ExitKind::kErrorBpf, 0, message); }

void ExtClass::fault(const std::string& message, int exit_code) {
  const bool first = life_.exit.kind == ExitKind::kNone;
  if (first) life_.exit_status = exit_code;
  claim_exit(ExitKind::kError, 0, message);
  if (first) life_.exit_site.clear();  // it has its own place
}

// The first reason to exit counts. From now on the policy is bypassed; the rest happens outside its callbacks.
void ExtClass::claim_exit(ExitKind kind, int64_t code, const std::string& message) {
  if (life_.exit.kind != ExitKind::kNone || life_.state == State::kOff) return;
  if (callback_.depth > 0 && kind == ExitKind::kError) life_.exit_site = ops_->call_site();
  life_.exit.kind = kind;
  life_.exit.exit_code = code;
  life_.exit.reason = reason_of(kind);
  life_.exit.message = message;
  life_.bypass = true;
  life_.bypass_since = kernel_->now();
  ++counts_.bypass_activate;
  if (kind >= ExitKind::kError) life_.exit.dump = dump_state();
  if (!life_.loading) kernel_->set_timer(*this, kernel_->now(), number_of(kDisable, 0));
}

// scx_disable_workfn(): every task goes to the fair class, alive and runnable.
void ExtClass::disable() {
  life_.state = State::kDisabling;
  if (life_.known) exit_cgroups();
  fair_.cede(FairClass::Cede::kNone);
  kernel_->reclassify_tasks();
  for (size_t i = 0; i < kernel_->workload().tasks.size(); ++i) {
    if (!tasks_[i].alive) continue;
    disable_task(TaskId(i));
    exit_task(TaskId(i), false);
  }
  if (has(Op::kExit) && life_.known) call(Op::kExit, Callback::kUnlocked, [&] { ops_->exit(life_.exit); });
  life_.last_counters = ops_->counters();
  ++life_.generation;
  timers_.clear();
  dispatch_.buffer.clear();
  dsqs_->destroy_user_queues();
  for (CpuState& cpu : cpus_) {
    for (CpuId waiter : cpu.waiters) kernel_->release(waiter);
    cpu.waiters.clear();
    cpu.deferred.clear();
    cpu.released = false;
  }
  counts_.bypass_duration += (kernel_->now() - life_.bypass_since).count();
  life_.bypass = false;
  life_.state = State::kOff;

  bool restart = life_.exit.exit_code & static_cast<int64_t>(kEcodeActRestart);
  if (life_.exit.kind >= ExitKind::kError) {
    if (life_.exit_status == 0)
      life_.exit_status = life_.exit.kind == ExitKind::kErrorStall ? kExitStall : kExitPolicyError;
    life_.first_error = "policy \"" + life_.info.name + "\" disabled (" + life_.exit.reason + ") after " +
                        std::to_string(kernel_->now() / 1_ms) +
                        " ms: " + (life_.exit_site.empty() ? "" : life_.exit_site + ": ") + life_.exit.message;
  } else if (restart && life_.restarts < kMostRestarts) {
    ++life_.restarts;
    kernel_->set_timer(*this, kernel_->now() + options_.restart_delay, number_of(kRestart, 0));
  } else {
    life_.first_error = "policy \"" + life_.info.name + "\" left (" + life_.exit.reason + ") after " +
                        std::to_string(kernel_->now() / 1_ms) + " ms" +
                        (life_.exit.message.empty() ? "" : ": " + life_.exit.message);
  }
}

void ExtClass::arm_watchdog() {
  Nanos timeout = life_.info.timeout > Nanos(0) ? life_.info.timeout : kMaxTimeout;
  kernel_->set_timer(*this, kernel_->now() + timeout / 2,
                     number_of(kWatchdog, static_cast<uint32_t>(++life_.generation) & kWhat));
}

// scx_watchdog_workfn(), every half time-out.
void ExtClass::check_watchdog() {
  Nanos timeout = life_.info.timeout > Nanos(0) ? life_.info.timeout : kMaxTimeout, tick = kernel_->params().tick();
  auto jiffies = [&](Nanos at) { return at / tick; };
  for (CpuId cpu : kernel_->online_cpus()) {
    for (TaskId id = cpu_state(cpu).runnable_first; id.valid(); id = task(id).runnable_next) {
      Nanos since = task(id).runnable_at;
      if (jiffies(kernel_->now()) <= jiffies(since) + jiffies(timeout)) continue;
      int64_t ms = (jiffies(kernel_->now()) - jiffies(since)) * tick.count() / 1'000'000;
      char text[48];
      std::snprintf(text, sizeof text, " failed to run for %lld.%03llds", static_cast<long long>(ms / 1000),
                    static_cast<long long>(ms % 1000));
      return claim_exit(ExitKind::kErrorStall, 0, describe(id) + text);
    }
  }
  arm_watchdog();
}

void ExtClass::timer(uint32_t number) {
  uint32_t what = number & kWhat;
  switch (static_cast<TimerKind>(number >> 28)) {
    case kDeferred:
      if (life_.state == State::kEnabled) process_deferred(CpuId(static_cast<int32_t>(what)));
      break;
    case kWatchdog:
      if (life_.state == State::kEnabled && what == (static_cast<uint32_t>(life_.generation) & kWhat)) check_watchdog();
      break;
    case kDisable:
      disable();
      break;
    case kRestart:
      load();
      break;
    case kUser:
      if (life_.state == State::kEnabled) user_timer(what);
      break;
    case kReenqueue:
      if (life_.state == State::kEnabled) {
        const CpuId cpu(static_cast<int32_t>(what));
        reenqueue(cpu, cpu_state(cpu).reenq_any);
      }
      break;
  }
}

void ExtClass::set_timer(uint64_t key, Nanos at) {
  size_t slot = 0;
  while (slot < timers_.size() && timers_[slot].key != key) ++slot;
  if (slot == timers_.size()) timers_.push_back({});
  at = std::max(at - kUptime, kernel_->now());
  timers_[slot] = {key, at, this_cpu(), true};
  kernel_->set_timer(*this, at, number_of(kUser, static_cast<uint32_t>(slot)));
}

void ExtClass::cancel_timer(uint64_t key) {
  for (UserTimer& timer : timers_)
    if (timer.key == key) timer.armed = false;
}

void ExtClass::user_timer(uint32_t slot) {
  if (slot >= timers_.size()) return;
  UserTimer& timer = timers_[slot];
  if (!timer.armed || timer.at != kernel_->now()) return;  // set anew since
  timer.armed = false;
  // On the CPU that set it, as long as that is there.
  kernel_->set_this_cpu(kernel_->cpu_online(timer.cpu) ? timer.cpu : kernel_->online_cpus().first_cpu());
  uint32_t outer = callback_.kf_mask;
  callback_.kf_mask = Callback::kUnlocked;
  ++callback_.depth;
  count_at_instant("a timer's");
  ops_->timer(timer.key);
  after_call(outer);
}

}  // namespace simsched::ext
