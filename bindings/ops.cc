// The callbacks of sched_ext as calls of methods.
#include <array>
#include <limits>
#include <utility>

#include "base/error.h"
#include "bindings/module.h"
#include "bindings/policy.h"

namespace simsched::python {
namespace {

using ext::Op;

// Callbacks that a class of Python may have.
constexpr Op kOps[] = {Op::kSelectCpu, Op::kEnqueue,    Op::kDequeue,    Op::kDispatch,   Op::kTick,
                       Op::kRunnable,  Op::kRunning,    Op::kStopping,   Op::kQuiescent,  Op::kYield,
                       Op::kSetWeight, Op::kSetCpumask, Op::kUpdateIdle, Op::kCpuAcquire, Op::kCpuRelease,
                       Op::kCpuOnline, Op::kCpuOffline, Op::kInitTask,   Op::kExitTask,   Op::kEnable,
                       Op::kDisable,   Op::kDump,       Op::kInit,       Op::kExit};

// A whole number as an argument; it lives as long as the call.
class Int {
 public:
  explicit Int(int64_t value) : object_(py::reinterpret_steal<py::object>(PyLong_FromLongLong(value))) {}
  explicit Int(uint64_t value) : object_(py::reinterpret_steal<py::object>(PyLong_FromUnsignedLongLong(value))) {}
  explicit Int(CpuId cpu) : Int(int64_t{cpu.value()}) {}
  PyObject* ptr() const { return object_.ptr(); }

 private:
  py::object object_;
};

PyObject* boolean(bool value) { return value ? Py_True : Py_False; }

// As the kernel calls it; `yield` is a word of Python's own.
const char* method_name(Op op) { return op == Op::kYield ? "yield_" : ext::op_name(op); }

template <class Number>
Number attribute(const py::object& object, const char* name, Number otherwise) {
  const py::object value = py::getattr(object, name, py::none());
  return value.is_none() ? otherwise : value.cast<Number>();
}

constexpr size_t kMostArguments = 4;

}  // namespace

PythonOps::PythonOps(py::object policy) : policy_(std::move(policy)) {
  host_->ops = this;
  info_.name = attribute<std::string>(policy_, "name", py::str(py::type::handle_of(policy_).attr("__name__")));
  info_.flags = attribute<uint64_t>(policy_, "flags", 0);
  info_.dispatch_max_batch = attribute<uint32_t>(policy_, "dispatch_max_batch", 0);
  info_.timeout = Nanos(attribute<int64_t>(policy_, "timeout_ns", 0));
  for (const Op op : kOps) {
    py::object method = py::getattr(policy_, method_name(op), py::none());
    if (method.is_none()) continue;
    methods_[static_cast<size_t>(op)] = std::move(method);
    info_.implemented |= uint64_t{1} << static_cast<int>(op);
  }
  timer_ = py::getattr(policy_, "timer", py::none());
}

PythonOps::~PythonOps() { host_->ops = nullptr; }

void PythonOps::attach(ext::ExtClass& ext_class) {
  ext_class_ = &ext_class;
  const size_t tasks = ext_class.kernel().workload().tasks.size();
  fields_.resize(tasks);
  tasks_.resize(tasks);
  scx_ = py::cast(Scx{host_});
  policy_.attr("scx") = scx_;
}

// Their attributes are copied as deep as they go; what refers to a task or to the kfuncs refers to those of here.
void PythonOps::assign(const ext::Ops& other_ops) {
  const auto& other = static_cast<const PythonOps&>(other_ops);
  info_ = other.info_;
  fields_ = other.fields_;
  locked_ = other.locked_;
  py::dict memo;
  auto alike = [&](const py::object& theirs, const py::object& ours) {
    memo[py::reinterpret_steal<py::object>(PyLong_FromVoidPtr(theirs.ptr()))] = ours;
  };
  alike(other.policy_, policy_);
  alike(other.scx_, scx_);
  for (size_t i = 0; i < tasks_.size(); ++i) {
    if (!other.tasks_[i]) {
      tasks_[i] = {};
      continue;
    }
    if (!tasks_[i]) tasks_[i] = py::cast(TaskRef{host_, TaskId(i)});
    alike(other.tasks_[i], tasks_[i]);
  }
  const py::object deepcopy = py::module_::import("copy").attr("deepcopy");
  auto copy_attributes = [&](const py::object& theirs, const py::object& ours) {
    const py::object copied = deepcopy(theirs.attr("__dict__"), memo);
    ours.attr("__dict__").attr("clear")();
    ours.attr("__dict__").attr("update")(copied);
  };
  copy_attributes(other.policy_, policy_);
  for (size_t i = 0; i < tasks_.size(); ++i)
    if (tasks_[i] && py::len(other.tasks_[i].attr("__dict__")) + py::len(tasks_[i].attr("__dict__")) > 0)
      copy_attributes(other.tasks_[i], tasks_[i]);
}

void PythonOps::adopt_task(TaskId task) {
  fields_[task.index()] = {};
  tasks_[task.index()] = py::cast(TaskRef{host_, task});
}

void PythonOps::drop_task(TaskId task) { tasks_[task.index()] = {}; }

ext::TaskFields PythonOps::fields_of(TaskId task) {
  Fields& fields = fields_[task.index()];
  return {&fields.slice, &fields.vtime, &fields.weight, &fields.flags, &fields.disallow};
}

PyObject* PythonOps::task_pointer(TaskId task) const {
  const bool known = task.valid() && task.index() < tasks_.size() && tasks_[task.index()];
  return known ? tasks_[task.index()].ptr() : Py_None;
}

py::object PythonOps::task_object(TaskId task) const { return py::reinterpret_borrow<py::object>(task_pointer(task)); }

py::object PythonOps::call(Op op, CpuId locked, std::initializer_list<PyObject*> arguments) {
  std::array<PyObject*, kMostArguments + 1> slots{};  // the first is the callee's to use
  std::copy(arguments.begin(), arguments.end(), slots.begin() + 1);
  const CpuId outer = std::exchange(locked_, locked);
  if (depth_++ == 0) ++callback_;
  PyObject* answer = PyObject_Vectorcall(methods_[static_cast<size_t>(op)].ptr(), slots.data() + 1,
                                         arguments.size() | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
  --depth_;
  locked_ = outer;
  if (answer == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(answer);
}

int32_t PythonOps::number(Op op, const py::object& answer, bool none_is_0) const {
  if (none_is_0 && answer.is_none()) return 0;
  const py::object index = py::reinterpret_steal<py::object>(PyNumber_Index(answer.ptr()));
  int overflow = 0;
  const long value = index ? PyLong_AsLongAndOverflow(index.ptr(), &overflow) : 0;
  PyErr_Clear();
  if (!index || overflow != 0 || value < std::numeric_limits<int32_t>::min() ||
      value > std::numeric_limits<int32_t>::max())
    throw py::type_error(info_.name + "." + ext::op_name(op) + "() returned " + py::repr(answer).cast<std::string>() +
                         ", not " + (op == Op::kSelectCpu ? "the number of a CPU" : "0 or a negative errno"));
  return static_cast<int32_t>(value);
}

int32_t PythonOps::select_cpu(TaskId task, CpuId prev, uint64_t wake_flags) {
  return number(Op::kSelectCpu, call(Op::kSelectCpu, {}, {task_pointer(task), Int(prev).ptr(), Int(wake_flags).ptr()}),
                false);
}
void PythonOps::enqueue(TaskId task, uint64_t enq_flags) {
  call(Op::kEnqueue, cpu_of(task), {task_pointer(task), Int(enq_flags).ptr()});
}
void PythonOps::dequeue(TaskId task, uint64_t deq_flags) {
  call(Op::kDequeue, cpu_of(task), {task_pointer(task), Int(deq_flags).ptr()});
}
void PythonOps::dispatch(CpuId cpu, TaskId prev) { call(Op::kDispatch, cpu, {Int(cpu).ptr(), task_pointer(prev)}); }
void PythonOps::tick(TaskId task) { call(Op::kTick, cpu_of(task), {task_pointer(task)}); }
void PythonOps::runnable(TaskId task, uint64_t enq_flags) {
  call(Op::kRunnable, cpu_of(task), {task_pointer(task), Int(enq_flags).ptr()});
}
void PythonOps::running(TaskId task) { call(Op::kRunning, cpu_of(task), {task_pointer(task)}); }
void PythonOps::stopping(TaskId task, bool runnable) {
  call(Op::kStopping, cpu_of(task), {task_pointer(task), boolean(runnable)});
}
void PythonOps::quiescent(TaskId task, uint64_t deq_flags) {
  call(Op::kQuiescent, cpu_of(task), {task_pointer(task), Int(deq_flags).ptr()});
}
bool PythonOps::yield(TaskId from, TaskId to) {
  const py::object answer = call(Op::kYield, cpu_of(from), {task_pointer(from), task_pointer(to)});
  const int truth = PyObject_IsTrue(answer.ptr());
  if (truth < 0) throw py::error_already_set();
  return truth != 0;
}
void PythonOps::set_weight(TaskId task, uint32_t weight) {
  call(Op::kSetWeight, cpu_of(task), {task_pointer(task), Int(uint64_t{weight}).ptr()});
}
void PythonOps::set_cpumask(TaskId task, const CpuSet& cpus) {
  const py::object mask = py::cast(cpus);
  call(Op::kSetCpumask, cpu_of(task), {task_pointer(task), mask.ptr()});
}
void PythonOps::update_idle(CpuId cpu, bool idle) { call(Op::kUpdateIdle, cpu, {Int(cpu).ptr(), boolean(idle)}); }
void PythonOps::cpu_acquire(CpuId cpu) { call(Op::kCpuAcquire, cpu, {Int(cpu).ptr()}); }
void PythonOps::cpu_release(CpuId cpu, int32_t reason, TaskId by) {
  call(Op::kCpuRelease, cpu, {Int(cpu).ptr(), Int(int64_t{reason}).ptr(), task_pointer(by)});
}
void PythonOps::cpu_online(CpuId cpu) { call(Op::kCpuOnline, {}, {Int(cpu).ptr()}); }
void PythonOps::cpu_offline(CpuId cpu) { call(Op::kCpuOffline, {}, {Int(cpu).ptr()}); }
int32_t PythonOps::init_task(TaskId task, bool fork) {
  return number(Op::kInitTask, call(Op::kInitTask, {}, {task_pointer(task), boolean(fork)}), true);
}
void PythonOps::exit_task(TaskId task, bool cancelled) {
  call(Op::kExitTask, cpu_of(task), {task_pointer(task), boolean(cancelled)});
}
void PythonOps::enable(TaskId task) { call(Op::kEnable, cpu_of(task), {task_pointer(task)}); }
void PythonOps::disable(TaskId task) { call(Op::kDisable, cpu_of(task), {task_pointer(task)}); }
std::string PythonOps::dump() { return py::str(call(Op::kDump, {}, {})).cast<std::string>(); }
int32_t PythonOps::init() { return info_.has(Op::kInit) ? number(Op::kInit, call(Op::kInit, {}, {}), true) : 0; }

void PythonOps::exit(const ext::ExitInfo& info) {
  const py::object told =
      py::module_::import("simsched._policy")
          .attr("ExitInfo")(static_cast<uint32_t>(info.kind), info.exit_code, info.reason, info.message);
  call(Op::kExit, {}, {told.ptr()});
}

void PythonOps::timer(uint64_t key) {
  if (timer_.is_none()) return;
  const CpuId outer = std::exchange(locked_, CpuId());
  if (depth_++ == 0) ++callback_;
  timer_(key);
  --depth_;
  locked_ = outer;
}

std::vector<std::pair<std::string, int64_t>> PythonOps::counters() {
  std::vector<std::pair<std::string, int64_t>> list;
  const py::object own = py::getattr(policy_, "counters", py::none());
  if (!py::isinstance<py::dict>(own)) return list;
  for (const auto& [name, value] : own.cast<py::dict>())
    list.emplace_back(py::str(name).cast<std::string>(), value.cast<int64_t>());
  return list;
}

}  // namespace simsched::python
