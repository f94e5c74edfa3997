// The kfuncs on dispatch queues.
#include <algorithm>
#include <cstdio>

#include "base/exit_code.h"
#include "policies/ext/ext_class.h"

namespace simsched::ext {
namespace {

constexpr uint32_t kMostReenq = 256;             // SCX_REENQ_LOCAL_MAX_REPEAT of 7.1; kernels before it would hang
constexpr size_t kMostQueues = size_t{1} << 20;  // the kernel's memory ends somewhere, too

std::string hex(const char* format, uint64_t value) {
  char text[96];
  std::snprintf(text, sizeof text, format, static_cast<unsigned long long>(value));
  return text;
}

}  // namespace

// It may sleep: the verifier refuses a program that calls it under a lock.
int32_t ExtClass::create_dsq(uint64_t id, int32_t node) {
  if (!kf_allowed(Callback::kUnlocked, true)) return -kEPERM;
  if (node >= static_cast<int32_t>(machine().nr_nodes()) || node < -1) return -kEINVAL;
  if (id & kDsqFlagBuiltin) return -kEINVAL;
  if (dsqs_->find(id) >= 0) return -kEEXIST;
  if (dsqs_->nr_queues() >= kMostQueues) return -kENOMEM;
  dsqs_->create(id);
  return 0;
}

void ExtClass::destroy_dsq(uint64_t id) {
  DsqIndex queue = dsqs_->find(id);
  if (queue < 0) return;
  uint32_t nr = dsqs_->at(queue).nr;
  if (nr > 0) return error(hex("attempting to destroy in-use dsq 0x%016llx", id) + " (nr=" + std::to_string(nr) + ")");
  dsqs_->destroy(queue);
}

bool ExtClass::dsq_insert(TaskId id, uint64_t dsq, uint64_t new_slice, uint64_t enq_flags) {
  if (!kf_allowed(Callback::kEnqueue | Callback::kDispatch)) return false;
  if (!id.valid()) return error("called with NULL task"), false;
  if (enq_flags & kEnqInternalMask & ~uint64_t{kEnqDsqPriq})
    return error(hex("invalid enq_flags 0x%llx", enq_flags)), false;
  if (!task(id).enabled) {
    ++counts_.insert_not_owned;
    return false;
  }
  const bool local = dsq == kDsqLocal || (dsq & kDsqLocalOn) == kDsqLocalOn;
  if (immed_ && enq_flags & kEnqImmed && !local)
    return error(hex("SCX_ENQ_IMMED on a non-local DSQ 0x%llx", dsq)), false;
  if (immed_ && local && life_.info.flags & kOpsAlwaysEnqImmed) enq_flags |= kEnqImmed;
  if (new_slice != 0)
    slice(id) = new_slice;
  else
    slice(id) = std::max<uint64_t>(slice(id), 1);
  if (callback_.direct_open) {
    mark_direct_dispatch(id, dsq, enq_flags);
    return true;
  }
  uint32_t most = life_.info.dispatch_max_batch > 0 ? life_.info.dispatch_max_batch : kDspMaxBatch;
  if (dispatch_.buffer.size() >= most) return error("dispatch buffer overflow"), false;
  dispatch_.buffer.push_back({id, task(id).ops_qseq, dsq, enq_flags});
  return true;
}

bool ExtClass::dsq_insert_vtime(TaskId id, uint64_t dsq, uint64_t new_slice, uint64_t vtime, uint64_t enq_flags) {
  if (!kf_allowed(Callback::kEnqueue | Callback::kDispatch)) return false;
  if (enq_flags & kEnqInternalMask) return error(hex("invalid enq_flags 0x%llx", enq_flags)), false;
  if (id.valid() && task(id).enabled) *task(id).fields.dsq_vtime = vtime;
  return dsq_insert(id, dsq, new_slice, enq_flags | kEnqDsqPriq);
}

uint32_t ExtClass::dispatch_nr_slots() {
  if (!kf_allowed(Callback::kDispatch)) return 0;
  uint32_t most = life_.info.dispatch_max_batch > 0 ? life_.info.dispatch_max_batch : kDspMaxBatch;
  return most - static_cast<uint32_t>(dispatch_.buffer.size());
}

void ExtClass::dispatch_cancel() {
  if (!kf_allowed(Callback::kDispatch)) return;
  if (dispatch_.buffer.empty()) return error("dispatch buffer underflow");
  dispatch_.buffer.pop_back();
}

bool ExtClass::dsq_move_to_local(uint64_t id, uint64_t) {
  if (!kf_allowed(Callback::kDispatch)) return false;
  flush_dispatch_buffer(dispatch_.cpu);
  DsqIndex queue = dsqs_->find(id);
  if (queue < 0) return error(hex("invalid DSQ ID 0x%016llx", id)), false;
  if (!consume(dispatch_.cpu, queue)) return false;
  ++dispatch_.dispatched;  // a task that was found may be gone again: look once more
  return true;
}

int32_t ExtClass::dsq_nr_queued(uint64_t id) {
  if (id == kDsqLocal) return static_cast<int32_t>(local_dsq_nr(dispatch_.cpu.valid() ? dispatch_.cpu : this_cpu()));
  if ((id & kDsqLocalOn) == kDsqLocalOn) {
    const auto cpu = static_cast<int32_t>(id & kDsqLocalCpuMask);
    return cpu_valid(cpu, nullptr) ? static_cast<int32_t>(local_dsq_nr(CpuId(cpu))) : -kENOENT;
  }
  DsqIndex queue = dsqs_->find(id);
  return queue < 0 ? -kENOENT : static_cast<int32_t>(dsqs_->at(queue).nr);
}

TaskId ExtClass::dsq_peek(uint64_t id) {
  if (id & kDsqFlagBuiltin) return error(hex("peek disallowed on builtin DSQ 0x%llx", id)), TaskId();
  DsqIndex queue = dsqs_->find(id);
  if (queue < 0) return error(hex("peek on non-existent DSQ 0x%llx", id)), TaskId();
  return dsqs_->at(queue).first;
}

// What waits on this CPU's local queue is enqueued anew, with SCX_ENQ_REENQ.
uint32_t ExtClass::reenqueue_local() {
  CpuId cpu = this_cpu();
  if (callback_.kf_mask & Callback::kCpuRelease) return reenqueue(cpu, true);
  schedule_reenqueue(cpu, true);  // since 6.19 from anywhere, and then later
  return 0;
}

// schedule_reenq_local(): `any`, or those that were to run at once and cannot.
void ExtClass::schedule_reenqueue(CpuId cpu, bool any) {
  CpuState& state = cpu_state(cpu);
  state.reenq_any |= any;
  if (state.reenq_pending) return;
  state.reenq_repeat = state.in_reenq ? state.reenq_repeat + 1 : 0;
  if (state.reenq_repeat > kMostReenq) {
    fault("re-enqueues what it re-enqueues: " + std::to_string(kMostReenq) + " times in a row on CPU " +
              std::to_string(cpu.value()),
          kExitDispatchLoop);
    return;
  }
  state.reenq_pending = true;
  kernel_->set_timer(*this, kernel_->now(), number_of(kReenqueue, static_cast<uint32_t>(cpu.value())));
}

// reenq_local()
uint32_t ExtClass::reenqueue(CpuId cpu, bool any) {
  CpuState& state = cpu_state(cpu);
  const Dsq& local = dsqs_->at(dsqs_->local(cpu));
  std::vector<std::pair<TaskId, uint32_t>> list;
  for (TaskId id = local.first, next; id.valid(); id = next) {
    next = dsqs_->next(id);
    const bool waits = *task(id).fields.flags & kTaskImmed && (id != local.first || !is_open(cpu, 0));
    counts_.reenq_immed += waits;
    if (!waits && !any) continue;
    list.emplace_back(id, waits ? kTaskReenqImmed : kTaskReenqKfunc);
    dispatch_dequeue(id);
  }
  state.reenq_pending = state.reenq_any = false;
  state.in_reenq = true;
  for (const auto& [id, reason] : list) reenqueue(cpu, id, reason);
  state.in_reenq = false;
  return static_cast<uint32_t>(list.size());
}

void ExtClass::reenqueue(CpuId cpu, TaskId id, uint32_t reason) {
  uint32_t& flags = *task(id).fields.flags;
  if (immed_) flags |= reason;
  do_enqueue(cpu, id, kEnqReenq, false);
  flags &= ~uint32_t{kTaskReenqReasons};
}

int32_t ExtClass::iter_dsq_new(DsqIterator* it, uint64_t id, uint64_t flags) {
  *it = {};
  if (flags & ~uint64_t{1}) return -kEINVAL;
  DsqIndex queue = dsqs_->find(id);
  if (queue < 0) return -kENOENT;
  it->dsq = id;
  it->queue = queue;
  it->seq = dsqs_->at(queue).seq;
  it->reverse = flags & 1;
  it->valid = true;
  return 0;
}

TaskId ExtClass::iter_dsq_next(DsqIterator* it) {
  if (!it->valid) return TaskId();
  const Dsq& queue = dsqs_->at(it->queue);
  auto newer = [&](TaskId task) { return static_cast<int32_t>(dsqs_->seq(task) - it->seq) > 0; };
  auto beyond = [&](TaskId task) { return it->reverse ? dsqs_->prev(task) : dsqs_->next(task); };
  TaskId id = it->at;
  // The kernel's iterator keeps its place in the list when the task that it showed last is taken away (and maybe comes
  // back): on to what was behind it then.
  bool known = it->started;
  while (known && id.valid() && (dsqs_->of(id) != it->queue || (id == it->at && newer(id)))) {
    known = dsqs_->left(id) == it->queue;
    id = it->reverse ? dsqs_->left_prev(id) : dsqs_->left_next(id);
    if (known && id.valid() && dsqs_->of(id) == it->queue) break;  // not shown yet
  }
  if (!known)
    id = it->reverse ? queue.last : queue.first;
  else if (id == it->at && id.valid())
    id = beyond(id);
  while (id.valid() && newer(id)) id = beyond(id);
  it->started = true;
  it->at = id;
  if (!id.valid()) it->valid = false;
  return id;
}

bool ExtClass::dsq_move(DsqIterator* it, TaskId id, uint64_t dsq, uint64_t enq_flags) {
  return move(it, id, dsq, enq_flags);
}

bool ExtClass::dsq_move_vtime(DsqIterator* it, TaskId id, uint64_t dsq, uint64_t enq_flags) {
  return move(it, id, dsq, enq_flags | kEnqDsqPriq);
}

void ExtClass::dsq_move_set_slice(DsqIterator* it, uint64_t value) {
  it->slice = value;
  it->has_slice = true;
}

void ExtClass::dsq_move_set_vtime(DsqIterator* it, uint64_t value) {
  it->vtime = value;
  it->has_vtime = true;
}

bool ExtClass::task_set_slice(TaskId id, uint64_t value) {
  if (!id.valid() || !task(id).enabled) return false;
  slice(id) = value;
  return true;
}

bool ExtClass::task_set_dsq_vtime(TaskId id, uint64_t value) {
  if (!id.valid() || !task(id).enabled) return false;
  *task(id).fields.dsq_vtime = value;
  return true;
}

}  // namespace simsched::ext
