// What a policy in Python sees of the kernel: its tasks, and the kfuncs without their scx_bpf_.

#include <string>

#include "bindings/cpu_set.h"
#include "bindings/module.h"
#include "bindings/policy.h"

namespace simsched::python {
namespace {

using ext::DsqIterator;
using ext::ExtClass;

PythonOps& ops_of(const std::shared_ptr<Host>& host) {
  if (host->ops == nullptr) throw std::runtime_error("the scheduler is gone: its simulation is over, or it was ended");
  return *host->ops;
}
ExtClass& ext_of(const Scx& scx) { return ops_of(scx.host).ext(); }
ExtClass& ext_of(const TaskRef& task) { return ops_of(task.host).ext(); }

// A task of this very simulation, that still lives.
TaskId living(const TaskRef& task) {
  if (!ops_of(task.host).knows(task.id)) throw std::runtime_error("the task is gone: exit_task() was called for it");
  return task.id;
}
TaskId ours(const Scx& scx, const TaskRef& task) {
  if (task.host != scx.host) throw py::value_error("the task is one of another simulation");
  return living(task);
}

const ext::TaskFields& fields_of(const TaskRef& task) { return ext_of(task).fields(living(task)); }

CpuId cpu_of(const ExtClass& ext, int64_t cpu) {
  if (cpu < 0 || cpu >= static_cast<int64_t>(ext.nr_cpu_ids()))
    throw py::index_error("CPUs are 0 to " + std::to_string(ext.nr_cpu_ids() - 1));
  return CpuId(static_cast<int32_t>(cpu));
}

// Of CPUs that there are.
CpuSet allowed_of(const Scx& scx, const CpuSet& cpus) { return cpus & ext_of(scx).machine().cpus(); }

// A walk over a queue: of use in the callback that began it.
class Walk {
 public:
  Walk(const Scx& scx, uint64_t dsq, bool reverse) : scx_(scx), callback_(ops_of(scx.host).callback()) {
    if (ext_of(scx).iter_dsq_new(&iterator_, dsq, reverse ? 1 : 0) < 0) throw py::key_error("there is no such queue");
  }
  py::object next() {
    const TaskId task = ext().iter_dsq_next(&iterator_);
    if (!task.valid()) throw py::stop_iteration();
    return ops_of(scx_.host).task_object(task);
  }
  bool move(const TaskRef& task, uint64_t dsq, uint64_t enq_flags, const py::object& slice, const py::object& vtime) {
    if (!slice.is_none()) ext().dsq_move_set_slice(&iterator_, slice.cast<uint64_t>());
    if (vtime.is_none()) return ext().dsq_move(&iterator_, ours(scx_, task), dsq, enq_flags);
    ext().dsq_move_set_vtime(&iterator_, vtime.cast<uint64_t>());
    return ext().dsq_move_vtime(&iterator_, ours(scx_, task), dsq, enq_flags);
  }

 private:
  ExtClass& ext() const {
    if (ops_of(scx_.host).callback() != callback_)
      throw std::runtime_error("a walk ends with the callback that began it");
    return ext_of(scx_);
  }
  const Scx scx_;
  const uint64_t callback_;
  DsqIterator iterator_;
};

void bind_constants(py::module_& module) {
  auto constants = module.def_submodule("scx", "Constants of sched_ext, with the kernel's names less SCX_.");
  const std::pair<const char*, uint64_t> kAll[] = {{"DSQ_INVALID", ext::kDsqInvalid},
                                                   {"DSQ_GLOBAL", ext::kDsqGlobal},
                                                   {"DSQ_LOCAL", ext::kDsqLocal},
                                                   {"DSQ_LOCAL_ON", ext::kDsqLocalOn},
                                                   {"SLICE_DFL", ext::kSliceDfl},
                                                   {"SLICE_INF", ext::kSliceInf},
                                                   {"ENQ_WAKEUP", ext::kEnqWakeup},
                                                   {"ENQ_HEAD", ext::kEnqHead},
                                                   {"ENQ_CPU_SELECTED", ext::kEnqCpuSelected},
                                                   {"ENQ_PREEMPT", ext::kEnqPreempt},
                                                   {"ENQ_REENQ", ext::kEnqReenq},
                                                   {"ENQ_LAST", ext::kEnqLast},
                                                   {"DEQ_SLEEP", ext::kDeqSleep},
                                                   {"KICK_IDLE", ext::kKickIdle},
                                                   {"KICK_PREEMPT", ext::kKickPreempt},
                                                   {"KICK_WAIT", ext::kKickWait},
                                                   {"PICK_IDLE_CORE", ext::kPickIdleCore},
                                                   {"PICK_IDLE_IN_NODE", ext::kPickIdleInNode},
                                                   {"WAKE_FORK", ext::kWakeFork},
                                                   {"WAKE_TTWU", ext::kWakeTtwu},
                                                   {"WAKE_SYNC", ext::kWakeSync},
                                                   {"TASK_QUEUED", ext::kTaskQueued},
                                                   {"OPS_KEEP_BUILTIN_IDLE", ext::kOpsKeepBuiltinIdle},
                                                   {"OPS_ENQ_LAST", ext::kOpsEnqLast},
                                                   {"OPS_ENQ_EXITING", ext::kOpsEnqExiting},
                                                   {"OPS_SWITCH_PARTIAL", ext::kOpsSwitchPartial},
                                                   {"OPS_ENQ_MIGRATION_DISABLED", ext::kOpsEnqMigrationDisabled},
                                                   {"OPS_BUILTIN_IDLE_PER_NODE", ext::kOpsBuiltinIdlePerNode},
                                                   {"CPUPERF_ONE", ext::kCpuPerfOne}};
  for (const auto& [name, value] : kAll) constants.attr(name) = value;
}

void bind_task(py::module_& module) {
  py::class_<TaskRef>(module, "Task", py::dynamic_attr(),
                      "A task, as callbacks are given it: the same object as long as it lives. A scheduler may hang "
                      "attributes of its own on it. Raises RuntimeError once the task is gone.")
      .def_property_readonly("pid", [](const TaskRef& task) { return ext_of(task).kernel().spec(living(task)).pid; })
      .def_property_readonly(
          "comm", [](const TaskRef& task) { return ext_of(task).kernel().workload().task_name(living(task)); })
      .def_property(
          "slice", [](const TaskRef& task) { return *fields_of(task).slice; },
          [](const TaskRef& task, uint64_t slice) { *fields_of(task).slice = slice; },
          "What is left of its slice, in ns.")
      .def_property(
          "dsq_vtime", [](const TaskRef& task) { return *fields_of(task).dsq_vtime; },
          [](const TaskRef& task, uint64_t vtime) { *fields_of(task).dsq_vtime = vtime; },
          "The scheduler's own, by which queues are ordered.")
      .def_property(
          "disallow", [](const TaskRef& task) { return *fields_of(task).disallow != 0; },
          [](const TaskRef& task, bool disallow) { *fields_of(task).disallow = disallow; },
          "Set in init_task(): it stays with the fair class.")
      .def_property_readonly(
          "weight", [](const TaskRef& task) { return *fields_of(task).weight; }, "1 to 10000; of nice 0 it is 100.")
      .def_property_readonly(
          "flags", [](const TaskRef& task) { return *fields_of(task).flags; }, "scx.TASK_QUEUED.")
      .def_property_readonly("nice", [](const TaskRef& task) { return int{ext_of(task).kernel().nice(living(task))}; })
      .def_property_readonly(
          "cpus", [](const TaskRef& task) { return ext_of(task).kernel().allowed(living(task)); },
          "Where it may run: CpuSet.")
      .def_property_readonly(
          "cpu", [](const TaskRef& task) { return ext_of(task).task_cpu(living(task)).value(); },
          "Where it runs, or ran last.")
      .def_property_readonly("running", [](const TaskRef& task) { return ext_of(task).task_running(living(task)); })
      .def_property_readonly(
          "sum_exec_runtime",
          [](const TaskRef& task) { return ext_of(task).kernel().time_on_cpu(living(task)).count(); },
          "How long it has run since its start, in ns.")
      .def_property_readonly("cgroup",
                             [](const TaskRef& task) {
                               const ExtClass& ext = ext_of(task);
                               return ext_of(task).kernel().workload().group_path(ext.task_cgroup(living(task)));
                             })
      .def("__repr__", [](const TaskRef& task) {
        if (task.host->ops == nullptr || !task.host->ops->knows(task.id)) return std::string("<simsched.Task: gone>");
        return "<simsched.Task " + task.host->ops->ext().kernel().describe(task.id) + ">";
      });
}

void bind_queues(py::class_<Scx>& scx) {
  scx.def(
         "create_dsq", [](const Scx& s, uint64_t dsq, int32_t node) { return ext_of(s).create_dsq(dsq, node); },
         py::arg("dsq"), py::arg("node") = -1, "0, or a negative errno.")
      .def(
          "destroy_dsq", [](const Scx& s, uint64_t dsq) { ext_of(s).destroy_dsq(dsq); }, py::arg("dsq"))
      .def(
          "dsq_insert",
          [](const Scx& s, const TaskRef& task, uint64_t dsq, uint64_t slice, uint64_t enq_flags) {
            return ext_of(s).dsq_insert(ours(s, task), dsq, slice, enq_flags);
          },
          py::arg("task"), py::arg("dsq"), py::arg("slice"), py::arg("enq_flags") = 0)
      .def(
          "dsq_insert_vtime",
          [](const Scx& s, const TaskRef& task, uint64_t dsq, uint64_t slice, uint64_t vtime, uint64_t enq_flags) {
            return ext_of(s).dsq_insert_vtime(ours(s, task), dsq, slice, vtime, enq_flags);
          },
          py::arg("task"), py::arg("dsq"), py::arg("slice"), py::arg("vtime"), py::arg("enq_flags") = 0)
      .def("dispatch_nr_slots", [](const Scx& s) { return ext_of(s).dispatch_nr_slots(); })
      .def("dispatch_cancel", [](const Scx& s) { ext_of(s).dispatch_cancel(); })
      .def(
          "dsq_move_to_local", [](const Scx& s, uint64_t dsq) { return ext_of(s).dsq_move_to_local(dsq); },
          py::arg("dsq"), "Whether there was a task to move.")
      .def(
          "dsq_nr_queued", [](const Scx& s, uint64_t dsq) { return ext_of(s).dsq_nr_queued(dsq); }, py::arg("dsq"))
      .def(
          "dsq_peek", [](const Scx& s, uint64_t dsq) { return ops_of(s.host).task_object(ext_of(s).dsq_peek(dsq)); },
          py::arg("dsq"), "The first Task, or None.")
      .def(
          "dsq_tasks", [](const Scx& s, uint64_t dsq, bool reverse) { return Walk(s, dsq, reverse); }, py::arg("dsq"),
          py::arg("reverse") = false, "The Tasks in a queue, in order. Raises KeyError.")
      .def("reenqueue_local", [](const Scx& s) { return ext_of(s).reenqueue_local(); })
      .def(
          "task_set_slice",
          [](const Scx& s, const TaskRef& task, uint64_t slice) {
            return ext_of(s).task_set_slice(ours(s, task), slice);
          },
          py::arg("task"), py::arg("slice"))
      .def(
          "task_set_dsq_vtime",
          [](const Scx& s, const TaskRef& task, uint64_t vtime) {
            return ext_of(s).task_set_dsq_vtime(ours(s, task), vtime);
          },
          py::arg("task"), py::arg("vtime"));
}

void bind_cpus(py::class_<Scx>& scx) {
  scx.def(
         "kick_cpu", [](const Scx& s, int32_t cpu, uint64_t flags) { ext_of(s).kick_cpu(cpu, flags); }, py::arg("cpu"),
         py::arg("flags") = 0)
      .def(
          "select_cpu_dfl",
          [](const Scx& s, const TaskRef& task, int32_t prev, uint64_t wake_flags) {
            bool idle = false;
            const int32_t cpu = ext_of(s).select_cpu_dfl(ours(s, task), prev, wake_flags, &idle);
            return std::pair(cpu, idle);
          },
          py::arg("task"), py::arg("prev_cpu"), py::arg("wake_flags"), "(cpu, whether it is idle).")
      .def(
          "select_cpu_and",
          [](const Scx& s, const TaskRef& task, int32_t prev, uint64_t wake_flags, const CpuSet& allowed,
             uint64_t flags) {
            return ext_of(s).select_cpu_and(ours(s, task), prev, wake_flags, allowed_of(s, allowed), flags);
          },
          py::arg("task"), py::arg("prev_cpu"), py::arg("wake_flags"), py::arg("cpus"), py::arg("flags") = 0,
          "An idle CPU of those, or a negative errno.")
      .def(
          "idle_cpumask", [](const Scx& s, int32_t node) { return CpuSet(ext_of(s).idle_cpumask(node)); },
          py::arg("node") = -1)
      .def(
          "idle_smtmask", [](const Scx& s, int32_t node) { return CpuSet(ext_of(s).idle_smtmask(node)); },
          py::arg("node") = -1, "CPUs of cores that are idle as a whole.")
      .def("online_cpumask", [](const Scx& s) { return CpuSet(ext_of(s).online_cpus()); })
      .def(
          "test_and_clear_cpu_idle", [](const Scx& s, int32_t cpu) { return ext_of(s).test_and_clear_cpu_idle(cpu); },
          py::arg("cpu"))
      .def(
          "pick_idle_cpu",
          [](const Scx& s, const CpuSet& cpus, uint64_t flags) {
            return ext_of(s).pick_idle_cpu(allowed_of(s, cpus), flags);
          },
          py::arg("cpus"), py::arg("flags") = 0, "An idle CPU, or a negative errno.")
      .def(
          "pick_any_cpu",
          [](const Scx& s, const CpuSet& cpus, uint64_t flags) {
            return ext_of(s).pick_any_cpu(allowed_of(s, cpus), flags);
          },
          py::arg("cpus"), py::arg("flags") = 0)
      .def(
          "cpuperf_cap", [](const Scx& s, int32_t cpu) { return ext_of(s).cpuperf_cap(cpu); }, py::arg("cpu"))
      .def(
          "cpuperf_cur", [](const Scx& s, int32_t cpu) { return ext_of(s).cpuperf_cur(cpu); }, py::arg("cpu"))
      .def(
          "cpuperf_set", [](const Scx& s, int32_t cpu, uint32_t perf) { ext_of(s).cpuperf_set(cpu, perf); },
          py::arg("cpu"), py::arg("perf"))
      .def(
          "cpu_curr", [](const Scx& s, int32_t cpu) { return ops_of(s.host).task_object(ext_of(s).cpu_curr(cpu)); },
          py::arg("cpu"), "The Task that runs there; None: idle.")
      .def(
          "local_dsq_nr", [](const Scx& s, int64_t cpu) { return ext_of(s).local_dsq_nr(cpu_of(ext_of(s), cpu)); },
          py::arg("cpu"));
}

}  // namespace

void bind_scx(py::module_& module) {
  bind_constants(module);
  bind_task(module);
  py::class_<Walk>(module, "DsqTasks", "A walk over a queue, within one callback.")
      .def("__iter__", [](py::object walk) { return walk; })
      .def("__next__", &Walk::next)
      .def("move", &Walk::move, py::arg("task"), py::arg("dsq"), py::arg("enq_flags") = 0,
           py::arg("slice") = py::none(), py::arg("vtime") = py::none(),
           "Moves a task that the walk has shown to another queue: whether it was there.");
  py::class_<Scx> scx(module, "Scx",
                      "The kernel as a scheduler sees it: kfuncs, with the kernel's names less scx_bpf_.");
  bind_queues(scx);
  bind_cpus(scx);
  scx.def(
         "now", [](const Scx& s) { return ext_of(s).now().count(); }, "The clock, in ns.")
      .def("this_cpu", [](const Scx& s) { return ext_of(s).this_cpu().value(); })
      .def_property_readonly("nr_cpu_ids", [](const Scx& s) { return ext_of(s).nr_cpu_ids(); })
      .def_property_readonly(
          "machine", [](const Scx& s) { return std::make_shared<Machine>(ext_of(s).machine()); },
          "A copy: simsched.Machine.")
      .def(
          "set_timer", [](const Scx& s, uint64_t key, int64_t at) { ext_of(s).set_timer(key, Nanos(at)); },
          py::arg("key"), py::arg("at"), "Calls timer(key) at that time of now(), instead of an earlier one.")
      .def(
          "cancel_timer", [](const Scx& s, uint64_t key) { ext_of(s).cancel_timer(key); }, py::arg("key"))
      .def(
          "exit", [](const Scx& s, int64_t code, const std::string& message) { ext_of(s).exit(code, message); },
          py::arg("code"), py::arg("message") = "", "Ends the scheduler: all tasks go to the fair class.")
      .def(
          "error", [](const Scx& s, const std::string& message) { ext_of(s).policy_error(message); },
          py::arg("message"), "The same as an error.");
}

}  // namespace simsched::python
