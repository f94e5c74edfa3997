// Policies written in Python: the ops of sched_ext as methods of a class, hosted by the same scheduling class as those
// in BPF C. All of it runs with the GIL held.
#pragma once

#include <pybind11/pybind11.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "policies/ext/ext_class.h"
#include "policies/policy.h"

namespace simsched::python {

class PythonOps;

// What objects of Python know of the scheduler that they belong to: they may live longer.
struct Host {
  PythonOps* ops = nullptr;
};

// p of a callback: a task, the same object as long as the task lives. Schedulers may hang attributes of their own on
// it.
struct TaskRef {
  std::shared_ptr<Host> host;
  TaskId id;
};

// self.scx: the kfuncs.
struct Scx {
  std::shared_ptr<Host> host;
};

// An object of Python that threads without the GIL may hold on to.
using SharedObject = std::shared_ptr<pybind11::object>;
SharedObject share(pybind11::object object);

// Calls the methods of `policy`, an object of the user's class. What they raise is thrown through the engine, which is
// of no use then.
class PythonOps final : public ext::Ops {
 public:
  explicit PythonOps(pybind11::object policy);
  ~PythonOps() override;

  ext::ExtClass& ext() { return *ext_class_; }
  // Grows with each callback that is not called from another: what belongs to one is of no use in the next.
  uint64_t callback() const { return callback_; }
  bool knows(TaskId task) const { return task.valid() && tasks_[task.index()]; }
  pybind11::object task_object(TaskId task) const;  // None: none, or not one of ours

  const ext::OpsInfo& info() const override { return info_; }
  void attach(ext::ExtClass& ext_class) override;
  void assign(const ext::Ops& other) override;
  void adopt_task(TaskId task) override;
  void drop_task(TaskId task) override;
  ext::TaskFields fields_of(TaskId task) override;

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
  int32_t init() override;
  void exit(const ext::ExitInfo& info) override;
  void timer(uint64_t key) override;
  CpuId locked_cpu() const override { return locked_; }
  std::vector<std::pair<std::string, int64_t>> counters() override;

 private:
  struct Fields {
    uint64_t slice = 0, vtime = 0;
    uint32_t weight = 0, flags = 0;
    uint8_t disallow = 0;
  };
  pybind11::object call(ext::Op op, CpuId locked, std::initializer_list<PyObject*> arguments);
  int32_t number(ext::Op op, const pybind11::object& answer, bool none_is_0) const;
  PyObject* task_pointer(TaskId task) const;  // borrowed; None: none
  CpuId cpu_of(TaskId task) const { return ext_class_->task_cpu(task); }

  const pybind11::object policy_;
  const std::shared_ptr<Host> host_ = std::make_shared<Host>();
  pybind11::object scx_;
  ext::OpsInfo info_;
  std::array<pybind11::object, ext::kNrOps> methods_;  // bound; null: not implemented
  pybind11::object timer_;
  ext::ExtClass* ext_class_ = nullptr;
  std::vector<Fields> fields_;           // by task, as tasks_
  std::vector<pybind11::object> tasks_;  // TaskRefs; null: not alive
  CpuId locked_;
  uint64_t callback_ = 0;
  int depth_ = 0;
};

// The row of a class under the name that configs call it by. Its tunables are the parameters of the class, by keyword.
std::unique_ptr<Policy> python_policy(const std::string& name, const pybind11::object& type);

}  // namespace simsched::python
