#include "scx_port/native/fake_ext_class.h"

#include <sstream>

namespace simsched::ext {
namespace {

std::string hex(uint64_t value) {
  std::ostringstream text;
  text << "0x" << std::hex << value;
  return text.str();
}

template <class... Parts>
void note(ExtClass::Fake* fake, const char* verb, const Parts&... parts) {
  std::ostringstream text;
  text << verb;
  ((text << " " << parts), ...);
  fake->log.push_back(text.str());
}

}  // namespace

const char* op_name(Op op) {
  static const char* const kNames[] = {
      "select_cpu", "enqueue", "dequeue", "dispatch", "tick", "runnable", "running", "stopping", "quiescent", "yield",
      "core_sched_before", "set_weight", "set_cpumask", "update_idle", "cpu_acquire", "cpu_release", "init_task",
      "exit_task", "enable", "disable", "dump", "dump_cpu", "dump_task", "cgroup_init", "cgroup_exit",
      "cgroup_prep_move", "cgroup_move", "cgroup_cancel_move", "cgroup_set_weight", "cpu_online", "cpu_offline", "init",
      "exit"};
  return kNames[static_cast<int>(op)];
}

ExtClass::ExtClass(Engine& engine, Ops& ops) : fake(new Fake) {
  fake->engine = &engine;
  ops.attach(*this);
}
ExtClass::~ExtClass() { delete fake; }

Nanos ExtClass::now() const { return fake->engine->now(); }
CpuId ExtClass::this_cpu() const { return fake->engine->this_cpu(); }
TaskId ExtClass::current() const { return fake->engine->curr(this_cpu()); }
size_t ExtClass::nr_cpu_ids() const { return fake->engine->nr_cpus(); }
const Machine& ExtClass::machine() const { return fake->engine->machine(); }
Engine& ExtClass::engine() { return *fake->engine; }
const CpuSet& ExtClass::online_cpus() const { return machine().cpus(); }

int32_t ExtClass::create_dsq(uint64_t id, int32_t node) {
  note(fake, "create_dsq", id, node);
  return fake->queues.emplace(id, std::vector<TaskId>()).second ? 0 : -kEEXIST;
}
void ExtClass::destroy_dsq(uint64_t id) { note(fake, "destroy_dsq", id); }
bool ExtClass::dsq_insert(TaskId task, uint64_t dsq, uint64_t slice, uint64_t flags) {
  note(fake, "dsq_insert", task.value(), hex(dsq), slice, hex(flags));
  return true;
}
bool ExtClass::dsq_insert_vtime(TaskId task, uint64_t dsq, uint64_t slice, uint64_t vtime, uint64_t flags) {
  note(fake, "dsq_insert_vtime", task.value(), hex(dsq), slice, vtime, hex(flags));
  return true;
}
uint32_t ExtClass::dispatch_nr_slots() const { return 7; }
void ExtClass::dispatch_cancel() { note(fake, "dispatch_cancel"); }
bool ExtClass::dsq_move_to_local(uint64_t dsq, uint64_t flags) {
  note(fake, "dsq_move_to_local", hex(dsq), hex(flags));
  return true;
}
int32_t ExtClass::dsq_nr_queued(uint64_t dsq) const {
  auto queue = fake->queues.find(dsq);
  return queue == fake->queues.end() ? -kENOENT : static_cast<int32_t>(queue->second.size());
}
TaskId ExtClass::dsq_peek(uint64_t dsq) {
  auto queue = fake->queues.find(dsq);
  return queue == fake->queues.end() || queue->second.empty() ? TaskId() : queue->second.front();
}
uint32_t ExtClass::reenqueue_local() {
  note(fake, "reenqueue_local");
  return 3;
}
int32_t ExtClass::iter_dsq_new(DsqIterator* it, uint64_t dsq, uint64_t flags) {
  if (!fake->queues.contains(dsq)) return -kENOENT;
  *it = DsqIterator{.dsq = dsq, .reverse = flags != 0, .valid = true};
  ++fake->live_iterators;
  return 0;
}
TaskId ExtClass::iter_dsq_next(DsqIterator* it) {
  const auto& queue = fake->queues[it->dsq];
  if (it->seq >= queue.size()) return {};
  size_t at = it->seq++;
  return it->reverse ? queue[queue.size() - 1 - at] : queue[at];
}
void ExtClass::iter_dsq_destroy(DsqIterator*) { --fake->live_iterators; }
bool ExtClass::dsq_move(DsqIterator* it, TaskId task, uint64_t dsq, uint64_t flags) {
  note(fake, "dsq_move", it->dsq, task.value(), hex(dsq), hex(flags), it->has_slice ? it->slice : 0);
  return true;
}
bool ExtClass::dsq_move_vtime(DsqIterator* it, TaskId task, uint64_t dsq, uint64_t flags) {
  note(fake, "dsq_move_vtime", it->dsq, task.value(), hex(dsq), hex(flags), it->has_vtime ? it->vtime : 0);
  return true;
}
void ExtClass::dsq_move_set_slice(DsqIterator* it, uint64_t slice) { it->slice = slice, it->has_slice = true; }
void ExtClass::dsq_move_set_vtime(DsqIterator* it, uint64_t vtime) { it->vtime = vtime, it->has_vtime = true; }
bool ExtClass::task_set_slice(TaskId task, uint64_t slice) {
  note(fake, "task_set_slice", task.value(), slice);
  return true;
}
bool ExtClass::task_set_dsq_vtime(TaskId task, uint64_t vtime) {
  note(fake, "task_set_dsq_vtime", task.value(), vtime);
  return true;
}
void ExtClass::kick_cpu(int32_t cpu, uint64_t flags) { note(fake, "kick_cpu", cpu, hex(flags)); }
int32_t ExtClass::select_cpu_dfl(TaskId task, int32_t prev, uint64_t wake_flags, bool* is_idle) {
  note(fake, "select_cpu_dfl", task.value(), prev, wake_flags);
  *is_idle = fake->answer > 0;
  fake->idle.remove(CpuId(fake->answer));
  return fake->answer;
}
int32_t ExtClass::select_cpu_and(TaskId task, int32_t prev, uint64_t wake, const CpuSet& cpus, uint64_t flags) {
  note(fake, "select_cpu_and", task.value(), prev, wake, cpus.str(), flags);
  return fake->answer;
}
const CpuSet& ExtClass::idle_cpumask(int32_t) { return fake->idle; }
const CpuSet& ExtClass::idle_smtmask(int32_t) { return fake->idle_smt; }
bool ExtClass::test_and_clear_cpu_idle(int32_t cpu) {
  bool was = fake->idle.contains(CpuId(cpu));
  fake->idle.remove(CpuId(cpu));
  return was;
}
int32_t ExtClass::pick_idle_cpu(const CpuSet& cpus, uint64_t flags) {
  note(fake, "pick_idle_cpu", cpus.str(), flags);
  return fake->answer;
}
int32_t ExtClass::pick_any_cpu(const CpuSet& cpus, uint64_t flags) {
  note(fake, "pick_any_cpu", cpus.str(), flags);
  return fake->answer;
}
int32_t ExtClass::pick_idle_cpu_node(const CpuSet& cpus, int32_t node, uint64_t flags) {
  note(fake, "pick_idle_cpu_node", cpus.str(), node, flags);
  return fake->answer;
}
int32_t ExtClass::pick_any_cpu_node(const CpuSet& cpus, int32_t node, uint64_t flags) {
  note(fake, "pick_any_cpu_node", cpus.str(), node, flags);
  return fake->answer;
}
uint32_t ExtClass::cpuperf_cap(int32_t) { return 1024; }
uint32_t ExtClass::cpuperf_cur(int32_t) { return 512; }
void ExtClass::cpuperf_set(int32_t cpu, uint32_t perf) { note(fake, "cpuperf_set", cpu, perf); }
TaskId ExtClass::cpu_curr(int32_t cpu) { return fake->engine->curr(CpuId(cpu)); }
bool ExtClass::task_running(TaskId task) const { return fake->engine->task_running(task); }
CpuId ExtClass::task_cpu(TaskId task) const { return fake->engine->task_cpu(task); }
GroupId ExtClass::task_cgroup(TaskId task) const { return fake->engine->group(task); }
const TaskFields& ExtClass::fields(TaskId) const { return fake->no_fields; }
bool ExtClass::task_alive(TaskId) const { return true; }
void ExtClass::exit(int64_t code, const std::string& message) { fake->exit = message, fake->exit_code = code; }
void ExtClass::error(const std::string& message) { fake->error = message; }
void ExtClass::set_timer(uint64_t key, Nanos at) { fake->timers[key] = at; }
void ExtClass::cancel_timer(uint64_t key) { fake->timers.erase(key); }
std::vector<std::pair<std::string, int64_t>> ExtClass::events() const { return fake->events; }

}  // namespace simsched::ext
