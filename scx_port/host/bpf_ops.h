// BpfOps: a sched_ext scheduler compiled to BPF, as the scheduling class sees it (policies/ext/ops.h). Owns the Vm that
// runs it and the kernel's objects in its memory.
//
// Where the kernel's verifier would have refused a program, this host ends it at the first step that would be wrong:
// ExtClass::fault() is told, and the scheduling class falls back to fair.
#pragma once

#include <array>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bpf/vm.h"
#include "policies/ext/ext_class.h"
#include "policies/ext/ops.h"
#include "scx_port/host/cid_map.h"
#include "scx_port/host/kernel_objects.h"
#include "scx_port/host/loader_settings.h"
#include "scx_port/host/set_variables.h"
#include "scx_port/schedulers/user_half.h"

namespace simsched::bpf {

struct BpfOpsOptions {
  std::vector<VariableSetting> variables;  // globals to set
  std::string where;                                           // names the config in errors about them
  LoaderSettings loader;                                       // what else a loader would do
  std::unique_ptr<UserHalf> user_half;                         // may be none
  std::function<void(const std::string&)> print;               // bpf_printk(); none: dropped
  std::function<void(const std::string&)> note;                // what a user should know; none: dropped
  uint64_t memory_limit = 0;                                   // bytes; 0: the default
};

bool is_scheduler(const StructOps& ops);  // a struct sched_ext_ops, or a struct sched_ext_ops_cid

// What the struct_ops of an object say. Throws Error when it is not one sched_ext scheduler.
struct BpfOpsTable {
  explicit BpfOpsTable(const BpfObject& object);

  ext::OpsInfo info;
  bool by_cid = false;                         // it knows CPUs by their topological ids (cid_map.h)
  std::array<int32_t, ext::kNrOps> functions;  // by Op; -1: none
  std::vector<size_t> sched_switch;            // programs on that tracepoint
  std::vector<std::string> ignored;            // programs that nothing here ever calls
};

class VmUserHost;

class BpfOps : public ext::Ops, private VmHost {
 public:
  explicit BpfOps(std::shared_ptr<const BpfObject> object, BpfOpsOptions options = {});
  ~BpfOps() override;

  Vm& vm() { return *vm_; }  // once attached
  const Vm& vm() const { return *vm_; }
  KernelObjects& objects() { return *objects_; }
  ext::ExtClass& ext_class() { return *ext_class_; }
  const BpfOpsTable& table() const { return table_; }

  // ---- Ops ----
  const ext::OpsInfo& info() const override { return table_.info; }
  void attach(ext::ExtClass& ext_class) override;
  void assign(const Ops& other) override;
  void adopt_task(TaskId task) override { objects_->adopt(task); }
  void drop_task(TaskId task) override;
  ext::TaskFields fields_of(TaskId task) override { return objects_->fields(task); }
  bool faulted(std::string* message, int* exit_code) override;
  CpuId locked_cpu() const override { return locked_; }
  std::string call_site() const override { return vm_->trap_info() ? std::string() : vm_->call_site(); }
  int32_t select_cpu(TaskId task, CpuId prev, uint64_t wake_flags) override;
  void enqueue(TaskId task, uint64_t enq_flags) override;
  void dequeue(TaskId task, uint64_t deq_flags) override;
  void dispatch(CpuId cpu, TaskId prev) override;
  void tick(TaskId task) override;
  void runnable(TaskId task, uint64_t enq_flags) override;
  void running(TaskId task) override;
  void stopping(TaskId task, bool runnable) override;
  void quiescent(TaskId task, uint64_t deq_flags) override;
  bool yield(TaskId from, TaskId to) override;
  void set_weight(TaskId task, uint32_t weight) override;
  void set_cpumask(TaskId task, const CpuSet& cpus) override;
  void update_idle(CpuId cpu, bool idle) override;
  void cpu_acquire(CpuId cpu) override;
  void cpu_release(CpuId cpu, int32_t reason, TaskId by) override;
  void cpu_online(CpuId cpu) override;
  void cpu_offline(CpuId cpu) override;
  int32_t init_task(TaskId task, bool fork) override;
  void exit_task(TaskId task, bool cancelled) override;
  void enable(TaskId task) override;
  void disable(TaskId task) override;
  std::string dump() override;
  int32_t cgroup_init(GroupId group, uint32_t weight) override;
  void cgroup_exit(GroupId group) override;
  int32_t cgroup_prep_move(TaskId task, GroupId from, GroupId to) override;
  void cgroup_move(TaskId task, GroupId from, GroupId to) override;
  void cgroup_set_weight(GroupId group, uint32_t weight) override;
  void cgroup_set_bandwidth(GroupId group, uint64_t period_us, uint64_t quota_us, uint64_t burst_us) override;
  void cgroup_set_idle(GroupId group, bool idle) override;
  void task_regrouped(TaskId task) override { objects_->regroup(task); }
  int32_t init() override;
  void exit(const ext::ExitInfo& info) override;
  void timer(uint64_t key) override;
  bool wants_sched_switch() const override { return !table_.sched_switch.empty(); }
  void sched_switch(CpuId cpu, TaskId prev, TaskId next) override;
  std::vector<std::pair<std::string, int64_t>> counters() override;

  // ---- for the kfuncs ----
  static BpfOps& of(Vm& vm) { return *static_cast<BpfOps*>(vm.user); }
  const CidMap& cids() const { return cids_; }
  int32_t cpu_of_cid(int32_t cid);             // -EINVAL, after an error, of one that does not exist
  uint64_t rq(CpuId cpu);                      // its struct rq
  uint64_t idle_mask(bool smt, int32_t node);  // handed out: kept up to date until put_idle_mask()
  void put_idle_mask() { idle_masks_out_ -= idle_masks_out_ > 0; }
  void idle_changed() {
    if (idle_masks_out_ > 0) refresh_idle_masks();
  }
  bool add_dump(const std::string& text) {  // false: no dump is under way
    if (dumping_) dump_ += text;
    return dumping_;
  }
  // Open iterators over dispatch queues; the policy's struct holds the number of one.
  ext::DsqIterator* iterator_new(uint64_t address);
  ext::DsqIterator* iterator(uint64_t address, const char* kfunc, bool* none);
  void iterator_destroy(uint64_t address);

 private:
  struct IdleMask {
    bool smt;
    int32_t node;
    uint64_t address;
  };
  struct OpenIterator {
    uint64_t address = 0;  // of the policy's struct; 0: free
    ext::DsqIterator state;
  };

  // Calls an op: `locked` is the CPU whose run queue the kernel would have locked.
  uint64_t call(ext::Op op, CpuId locked, std::initializer_list<uint64_t> arguments);
  bool has(ext::Op op) const { return table_.functions[static_cast<size_t>(op)] >= 0; }
  // scx_cpu_arg(): a CPU as an op is told it.
  uint64_t cpu_argument(CpuId cpu) const { return static_cast<uint32_t>(table_.by_cid ? cids_.cid(cpu) : cpu.value()); }
  CpuId cpu_of(TaskId task) const { return kernel_->task_cpu(task); }
  // A structure that callbacks are passed, in guest memory; its members are looked up once.
  struct Arguments {
    uint64_t address = 0;
    size_t size = 0;
    std::array<Member, 4> members;
  };
  Arguments make_arguments(const char* structure, std::initializer_list<const char*> members);
  uint64_t fill(const Arguments& arguments, std::initializer_list<uint64_t> values);
  void put_text(const Arguments& arguments, const char* structure, const char* member, const std::string& text);
  void refresh_idle_masks();
  void report_fault();
  void set_up();                // as a loader, between load and attach
  void run_program(size_t number);
  void run_program(const ProgramRun& run, std::span<const std::byte> before);  // before: the context of the last one
  void name_defaults();         // that a loader would have set
  void plan_user_half();
  void run_user_half();

  // VmHost
  Nanos now() const override { return ext_class_->now(); }
  CpuId this_cpu() const override { return ext_class_->this_cpu(); }
  uint64_t current_task() override { return objects_->current(this_cpu()); }
  uint64_t current_pid_tgid() override;
  std::string current_comm() override;
  uint64_t current_cgroup_id() override;
  void arm_timer(uint64_t timer, Nanos at) override { ext_class_->set_timer(timer, at); }
  void cancel_timer(uint64_t timer) override { ext_class_->cancel_timer(timer); }
  void print(const std::string& text) override;
  int64_t hz() const override;
  NodeId node_of(CpuId cpu) const override { return ext_class_->machine().cpu(cpu).node; }
  bool is_task(uint64_t address) override { return objects_->is_task(address); }
  bool is_cgroup(uint64_t address) override { return objects_->is_cgroup(address); }
  void release_kptr(uint64_t address) override;
  uint64_t per_cpu_ptr(uint64_t address, CpuId cpu) override {
    return address == 0 ? 0 : address == runqueues_ ? rq(cpu) : address == preempt_count_ ? preempt_count_value_ : 0;
  }

  std::shared_ptr<const BpfObject> object_;
  BpfOpsOptions options_;
  BpfOpsTable table_;
  ext::ExtClass* ext_class_ = nullptr;
  Kernel* kernel_ = nullptr;
  std::unique_ptr<Vm> vm_;
  std::unique_ptr<KernelObjects> objects_;
  std::unique_ptr<VmUserHost> user_host_;
  bool user_half_started_ = false, fault_reported_ = false;
  CpuId locked_;
  CidMap cids_;  // of the CPUs that were online when it was loaded
  // What the policy takes for the addresses of the kernel's per-CPU variables; 0: it does not.
  uint64_t runqueues_ = 0, preempt_count_ = 0;
  uint64_t preempt_count_value_ = 0;  // where it is 0 for all CPUs: nothing here wakes in an interrupt's context
  std::string dump_;
  bool dumping_ = false;
  std::vector<IdleMask> idle_masks_;
  int idle_masks_out_ = 0;
  std::array<OpenIterator, 32> iterators_;
  Arguments init_args_, exit_args_, cpu_acquire_args_, cpu_release_args_, cgroup_init_args_, exit_info_, dump_context_;
};

}  // namespace simsched::bpf
