#include "scx_port/host/bpf_ops.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/exit_code.h"
#include "scx_port/host/scx_kfuncs.h"
#include "scx_port/host/set_variables.h"
#include "scx_port/host/vm_user_host.h"

namespace simsched::bpf {

using ext::Op;

namespace {

// A callback of the cost that is assumed may jump back, and call functions, so often; each one more takes a nanosecond.
constexpr int64_t kFreeSteps = 100;
// A timer's key is its guest address, so never these; the programs that the config runs are numbered from the second
// on.
constexpr uint64_t kUserHalfTimer = 1, kFirstRun = 16;

}  // namespace

BpfOps::BpfOps(std::shared_ptr<const BpfObject> object, BpfOpsOptions options)
    : object_(std::move(object)), options_(std::move(options)), table_(*object_) {
  // init() is where the user-space half comes in.
  const auto later = [](const ProgramRun& run) { return run.at.has_value(); };
  if (options_.user_half != nullptr || std::ranges::any_of(options_.loader.runs, later))
    table_.info.implemented |= uint64_t{1} << static_cast<int>(Op::kInit);
}

BpfOps::~BpfOps() = default;

void BpfOps::attach(ext::ExtClass& ext_class) {
  ext_class_ = &ext_class;
  kernel_ = &ext_class.kernel();
  Kernel& kernel = *kernel_;
  VmHost& host = *this;
  vm_ = std::make_unique<Vm>(object_, host, scx_exports(), kernel.nr_cpus(), kernel.seed(), options_.memory_limit);
  vm_->user = this;
  for (size_t i = 0; i < object_->calls.size(); ++i) {
    if (object_->calls[i].name == "runqueues") runqueues_ = VM_KSYM_BASE + 16 * i;
    if (object_->calls[i].name == "__preempt_count") preempt_count_ = VM_KSYM_BASE + 16 * i;
  }
  if (preempt_count_ != 0) preempt_count_value_ = vm_->allocate(sizeof(uint64_t), VM_READ);
  objects_ = std::make_unique<KernelObjects>(*vm_, kernel);
  user_host_ = std::make_unique<VmUserHost>(*vm_, kernel);
  cids_ = CidMap(kernel.machine(), kernel.online_cpus());
  init_args_ = make_arguments("scx_init_task_args", {"fork", "cgroup"});
  exit_args_ = make_arguments("scx_exit_task_args", {"cancelled"});
  cpu_acquire_args_ = make_arguments("scx_cpu_acquire_args", {});
  cpu_release_args_ = make_arguments("scx_cpu_release_args", {"reason", "task"});
  cgroup_init_args_ = make_arguments("scx_cgroup_init_args", {"weight", "bw_period_us", "bw_quota_us", "bw_burst_us"});
  exit_info_ = make_arguments("scx_exit_info", {"kind", "exit_code", "exit_cpu"});
  dump_context_ = make_arguments("scx_dump_ctx", {"at_ns"});
  if (!table_.ignored.empty() && options_.note) {
    std::string names;
    for (const std::string& section : table_.ignored) names += (names.empty() ? "" : ", ") + section;
    options_.note(object_->name + ": nothing here calls its programs " + names);
  }
  set_known_variables(*vm_, kernel.machine());
  // The user-space half may look at what the config sets, and the config has the last word.
  for (const VariableSetting& set : options_.variables) write_variable(*vm_, set, options_.where);
  set_up();
  if (options_.user_half == nullptr) return;
  options_.user_half->before_start(*user_host_);
  for (const VariableSetting& set : options_.variables) write_variable(*vm_, set, options_.where);
  options_.user_half->before_attach(*user_host_);
}

void BpfOps::assign(const Ops& from) {
  const auto& other = dynamic_cast<const BpfOps&>(from);
  vm_->assign(*other.vm_);
  objects_->assign(*other.objects_);
  if (options_.user_half != nullptr) options_.user_half->assign(*other.options_.user_half);
  user_half_started_ = other.user_half_started_;
  fault_reported_ = other.fault_reported_;
  idle_masks_ = other.idle_masks_;
  idle_masks_out_ = other.idle_masks_out_;
  iterators_ = other.iterators_;
  cids_ = other.cids_;
}

uint64_t BpfOps::call(Op op, CpuId locked, std::initializer_list<uint64_t> arguments) {
  CpuId outer = locked_;
  locked_ = locked;
  uint64_t result = vm_->call_program(static_cast<size_t>(table_.functions[static_cast<size_t>(op)]), arguments);
  locked_ = outer;
  if (vm_->last_steps() > kFreeSteps) [[unlikely]]
    ext_class_->charge_loops(op, Nanos(vm_->last_steps() - kFreeSteps));
  if (vm_->trap != VM_TRAP_NONE) [[unlikely]]
    report_fault();
  return result;
}

bool BpfOps::faulted(std::string* message, int* exit_code) {
  if (vm_ == nullptr || !vm_->trap_info()) return false;
  const Trap& trap = *vm_->trap_info();
  if (message != nullptr) *message = trap.text();
  if (exit_code != nullptr) *exit_code = trap.kind == VM_TRAP_BUDGET ? kExitDispatchLoop : kExitPolicyError;
  return true;
}

// Tells the scheduling class, once: what is called from now on does nothing.
void BpfOps::report_fault() {
  std::string message;
  int exit_code = 0;
  if (std::exchange(fault_reported_, true) || !faulted(&message, &exit_code)) return;
  ext_class_->fault(message, exit_code);
}

// ---- tasks ----

void BpfOps::drop_task(TaskId task) {
  // Address before it goes; its local storage goes with it.
  if (uint64_t address = objects_->task(task)) vm_->release_storage(address);
  objects_->drop(task);
}

int32_t BpfOps::select_cpu(TaskId task, CpuId prev, uint64_t wake_flags) {
  const auto answer =
      static_cast<int32_t>(call(Op::kSelectCpu, {}, {objects_->task(task), cpu_argument(prev), wake_flags}));
  return table_.by_cid && answer >= 0 ? cpu_of_cid(answer) : answer;
}

void BpfOps::enqueue(TaskId task, uint64_t enq_flags) {
  call(Op::kEnqueue, cpu_of(task), {objects_->task(task), enq_flags});
}

void BpfOps::dequeue(TaskId task, uint64_t deq_flags) {
  call(Op::kDequeue, cpu_of(task), {objects_->task(task), deq_flags});
}

void BpfOps::dispatch(CpuId cpu, TaskId prev) { call(Op::kDispatch, cpu, {cpu_argument(cpu), objects_->task(prev)}); }

void BpfOps::tick(TaskId task) { call(Op::kTick, cpu_of(task), {objects_->task(task)}); }

void BpfOps::runnable(TaskId task, uint64_t enq_flags) {
  call(Op::kRunnable, cpu_of(task), {objects_->task(task), enq_flags});
}

void BpfOps::running(TaskId task) { call(Op::kRunning, cpu_of(task), {objects_->task(task)}); }

void BpfOps::stopping(TaskId task, bool runnable) {
  objects_->count_switch(task, !runnable);
  call(Op::kStopping, cpu_of(task), {objects_->task(task), runnable});
}

void BpfOps::quiescent(TaskId task, uint64_t deq_flags) {
  call(Op::kQuiescent, cpu_of(task), {objects_->task(task), deq_flags});
}

bool BpfOps::yield(TaskId from, TaskId to) {
  return (call(Op::kYield, cpu_of(from), {objects_->task(from), objects_->task(to)}) & 0xff) != 0;
}

void BpfOps::set_weight(TaskId task, uint32_t weight) {
  call(Op::kSetWeight, cpu_of(task), {objects_->task(task), weight});
}

void BpfOps::set_cpumask(TaskId task, const CpuSet& cpus) {
  uint64_t p = objects_->task(task);
  if (table_.by_cid) {
    call(Op::kSetCpumask, cpu_of(task), {p, objects_->transient_cmask(cpus, cids_)});
    return;
  }
  bool own = kernel_->allowed(task) == cpus;
  call(Op::kSetCpumask, cpu_of(task), {p, own ? objects_->mask_of_task(task) : objects_->transient_mask(cpus)});
}

int32_t BpfOps::init_task(TaskId task, bool fork) {
  uint64_t args = fill(init_args_, {fork, objects_->cgroup(ext_class_->task_cgroup(task))});
  return static_cast<int32_t>(call(Op::kInitTask, {}, {objects_->task(task), args}));
}

void BpfOps::exit_task(TaskId task, bool cancelled) {
  call(Op::kExitTask, cpu_of(task), {objects_->task(task), fill(exit_args_, {cancelled})});
}

void BpfOps::enable(TaskId task) { call(Op::kEnable, cpu_of(task), {objects_->task(task)}); }
void BpfOps::disable(TaskId task) { call(Op::kDisable, cpu_of(task), {objects_->task(task)}); }

// ---- CPUs ----

int32_t BpfOps::cpu_of_cid(int32_t cid) {
  if (cids_.valid(cid)) return cids_.cpu(cid).value();
  ext_class_->error("invalid cid " + std::to_string(cid));
  return -ext::kEINVAL;
}

void BpfOps::update_idle(CpuId cpu, bool idle) {
  idle_changed();
  call(Op::kUpdateIdle, cpu, {cpu_argument(cpu), idle});
}

void BpfOps::cpu_acquire(CpuId cpu) { call(Op::kCpuAcquire, cpu, {cpu_argument(cpu), fill(cpu_acquire_args_, {})}); }

void BpfOps::cpu_release(CpuId cpu, int32_t reason, TaskId by) {
  uint64_t task = by.valid() ? objects_->task(by) : objects_->idle_task(cpu);
  uint64_t args = fill(cpu_release_args_, {static_cast<uint64_t>(reason), task});
  call(Op::kCpuRelease, cpu, {cpu_argument(cpu), args});
}

void BpfOps::cpu_online(CpuId cpu) { call(Op::kCpuOnline, {}, {cpu_argument(cpu)}); }
void BpfOps::cpu_offline(CpuId cpu) { call(Op::kCpuOffline, {}, {cpu_argument(cpu)}); }

// ---- control groups ----

int32_t BpfOps::cgroup_init(GroupId group, uint32_t weight) {
  const GroupSpec& spec = kernel_->group_spec(group);
  const auto burst_us = static_cast<uint64_t>(spec.burst / 1_us);
  uint64_t args = fill(cgroup_init_args_, {weight, ext::period_us(spec), ext::quota_us(spec), burst_us});
  return static_cast<int32_t>(call(Op::kCgroupInit, {}, {objects_->cgroup(group), args}));
}

void BpfOps::cgroup_exit(GroupId group) { call(Op::kCgroupExit, {}, {objects_->cgroup(group)}); }

void BpfOps::cgroup_set_weight(GroupId group, uint32_t weight) {
  call(Op::kCgroupSetWeight, {}, {objects_->cgroup(group), weight});
}

int32_t BpfOps::cgroup_prep_move(TaskId task, GroupId from, GroupId to) {
  return static_cast<int32_t>(
      call(Op::kCgroupPrepMove, {}, {objects_->task(task), objects_->cgroup(from), objects_->cgroup(to)}));
}

void BpfOps::cgroup_move(TaskId task, GroupId from, GroupId to) {
  call(Op::kCgroupMove, {}, {objects_->task(task), objects_->cgroup(from), objects_->cgroup(to)});
}

void BpfOps::cgroup_set_bandwidth(GroupId group, uint64_t period_us, uint64_t quota_us, uint64_t burst_us) {
  call(Op::kCgroupSetBandwidth, {}, {objects_->cgroup(group), period_us, quota_us, burst_us});
}

void BpfOps::cgroup_set_idle(GroupId group, bool idle) {
  call(Op::kCgroupSetIdle, {}, {objects_->cgroup(group), idle});
}

// ---- beginning and end ----

int32_t BpfOps::init() {
  int32_t result = has(Op::kInit) ? static_cast<int32_t>(call(Op::kInit, {}, {})) : 0;
  // A loader goes on once the scheduler is attached.
  if (result == 0 && options_.user_half != nullptr) ext_class_->set_timer(kUserHalfTimer, now());
  for (size_t i = 0; i < options_.loader.runs.size() && result == 0; ++i) {
    if (const auto& at = options_.loader.runs[i].at) ext_class_->set_timer(kFirstRun + i, now() + *at);
  }
  return result;
}

void BpfOps::exit(const ext::ExitInfo& info) {
  constexpr const char* kInfo = "scx_exit_info";
  uint64_t address =
      fill(exit_info_, {static_cast<uint64_t>(info.kind), static_cast<uint64_t>(info.exit_code), ~uint64_t{0}});
  put_text(exit_info_, kInfo, "reason", info.reason);
  put_text(exit_info_, kInfo, "msg", info.message);
  put_text(exit_info_, kInfo, "dump", info.dump);
  call(Op::kExit, {}, {address});
  if (info.kind == ext::ExitKind::kErrorBpf || info.kind == ext::ExitKind::kErrorStall) name_defaults();
}

// ---- what is no callback of the kernel's ----

void BpfOps::timer(uint64_t key) {
  if (key == kUserHalfTimer) {
    run_user_half();
    return;
  }
  if (key >= kFirstRun && key < kFirstRun + options_.loader.runs.size()) {
    run_program(key - kFirstRun);
    const ProgramRun& run = options_.loader.runs[key - kFirstRun];
    if (run.every > Nanos(0) && !vm_->trap_info()) ext_class_->set_timer(key, now() + run.every);
    return;
  }
  CpuId outer = std::exchange(locked_, CpuId());
  vm_->fire_timer(key);
  locked_ = outer;
  if (vm_->trap != VM_TRAP_NONE) report_fault();
}

void BpfOps::sched_switch(CpuId cpu, TaskId prev, TaskId next) {
  uint64_t from = objects_->task(prev), to = objects_->task(next);
  if (from == 0) from = objects_->idle_task(cpu);
  if (to == 0) to = objects_->idle_task(cpu);
  bool runnable = prev.valid() && !kernel_->task_blocked(prev);
  // bool preempt, prev, next, prev_state
  for (size_t program : table_.sched_switch) vm_->call_program(program, {runnable, from, to, runnable ? 0u : 1u});
  if (vm_->trap != VM_TRAP_NONE) report_fault();
}

std::vector<std::pair<std::string, int64_t>> BpfOps::counters() {
  if (vm_->memory().refused() && options_.note) {
    options_.note(object_->name + " wanted more than the " + std::to_string(vm_->memory().limit() >> 20) +
                  " MiB of memory that it may use, and was refused it (-ENOMEM); 'memory_mib: 4096' allows more");
  }
  std::vector<std::pair<std::string, int64_t>> list = reported_variables(*vm_, options_.loader.report);
  if (options_.user_half == nullptr || vm_->trap_info()) return list;
  const auto own = options_.user_half->counters(*user_host_);
  list.insert(list.end(), own.begin(), own.end());
  return list;
}

void BpfOps::plan_user_half() {
  Nanos next = options_.user_half->next(now());
  if (next != Nanos::max()) ext_class_->set_timer(kUserHalfTimer, std::max(next, now() + Nanos(1)));
}

void BpfOps::run_user_half() {
  if (vm_->trap_info()) return;
  if (user_half_started_)
    options_.user_half->run(*user_host_);
  else
    options_.user_half->after_start(*user_host_);
  user_half_started_ = true;
  plan_user_half();
}

// ---- VmHost ----

uint64_t BpfOps::current_pid_tgid() {
  TaskId task = kernel_->curr(this_cpu());
  if (!task.valid() || kernel_->is_stopper(task)) return 0;
  uint64_t pid = static_cast<uint32_t>(kernel_->spec(task).pid);
  return pid << 32 | pid;
}

std::string BpfOps::current_comm() {
  TaskId task = kernel_->curr(this_cpu());
  if (!task.valid()) return "swapper/" + std::to_string(this_cpu().value());
  if (kernel_->is_stopper(task)) return kernel_->describe(task);
  return kernel_->workload().task_name(task);
}

uint64_t BpfOps::current_cgroup_id() {
  TaskId task = kernel_->curr(this_cpu());
  bool grouped = task.valid() && !kernel_->is_stopper(task);
  return KernelObjects::group_id(grouped ? kernel_->group(task) : GroupId(0));
}

void BpfOps::print(const std::string& text) {
  if (options_.print) options_.print(text);
}

uint64_t BpfOps::rq(CpuId cpu) {
  const uint32_t nr_local = ext_class_->local_dsq_nr(cpu);
  return objects_->rq(cpu, nr_local, nr_local + ext_class_->cpu_curr(cpu.value()).valid());
}

int64_t BpfOps::hz() const { return Nanos(1'000'000'000) / kernel_->params().tick(); }

void BpfOps::release_kptr(uint64_t address) {
  if (!objects_->is_cgroup(address)) objects_->release(address, "a map");
}

}  // namespace simsched::bpf
