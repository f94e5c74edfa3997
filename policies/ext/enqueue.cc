// The way of a runnable task to a dispatch queue (enqueue_task_scx() and what it calls).
#include <cstdio>

#include "policies/ext/ext_class.h"

namespace simsched::ext {

void ExtClass::refill_slice(TaskId id) {
  slice(id) = life_.bypass ? kSliceBypass : kSliceDfl;
  ++counts_.refill_slice_dfl;
}

void ExtClass::set_runnable(CpuId cpu, TaskId id) {
  Entity& t = task(id);
  uint32_t& flags = *t.fields.flags;
  if (flags & kTaskResetRunnableAt) {
    t.runnable_at = kernel_->now();
    if (t.fields.runnable_at != nullptr)
      *t.fields.runnable_at = static_cast<uint64_t>(now() / kernel_->params().tick());
    flags &= ~kTaskResetRunnableAt;
  }
  if (t.runnable_on.valid()) clear_runnable(id, false);
  CpuState& state = cpu_state(cpu);
  t.runnable_on = cpu;
  t.runnable_next = TaskId();
  t.runnable_prev = state.runnable_last;
  (t.runnable_prev.valid() ? task(t.runnable_prev).runnable_next : state.runnable_first) = id;
  state.runnable_last = id;
}

// `reset`: it runs, so that its time starts anew when it waits again.
void ExtClass::clear_runnable(TaskId id, bool reset) {
  Entity& t = task(id);
  if (t.runnable_on.valid()) {
    CpuState& state = cpu_state(t.runnable_on);
    (t.runnable_prev.valid() ? task(t.runnable_prev).runnable_next : state.runnable_first) = t.runnable_next;
    (t.runnable_next.valid() ? task(t.runnable_next).runnable_prev : state.runnable_last) = t.runnable_prev;
    t.runnable_on = CpuId();
  }
  if (reset) *t.fields.flags |= kTaskResetRunnableAt;
}

void ExtClass::enqueue_task(CpuId cpu, TaskId id, uint32_t flags) {
  Entity& t = task(id);
  // Between run queues (task_on_rq_migrating()); a change of class has kEnqueueRestore as well.
  bool moves = (flags & (kEnqueueMove | kEnqueueRestore)) == kEnqueueMove;
  // What runs while its parameters change goes on running, whatever the scheduler thinks of it.
  bool sticky = t.sticky_cpu == cpu || ((flags & kEnqueueRestore) && kernel_->curr(cpu) == id);
  if (t.sticky_cpu.valid()) t.sticky_cpu = CpuId();
  uint64_t enq_flags = flags & (kEnqueueWakeup | kEnqueueRestore | kEnqueueMove | kEnqueueMigrated | kEnqueueInitial);
  if (moves) enq_flags = kEnqueueMigrated;  // activate_task()
  if (t.cpu_selected) enq_flags |= kEnqCpuSelected;
  t.cpu_selected = false;
  set_runnable(cpu, id);
  *t.fields.flags |= kTaskQueued;
  if (has(Op::kRunnable) && !moves) {
    call(Op::kRunnable, Callback::kRest, [&] { ops_->runnable(id, enq_flags); });
  }
  do_enqueue(cpu, id, enq_flags, sticky);
  if ((enq_flags & kEnqCpuSelected) && cpu != t.selected_cpu) ++counts_.select_cpu_fallback;
}

// do_enqueue_task()
void ExtClass::do_enqueue(CpuId cpu, TaskId id, uint64_t enq_flags, bool sticky) {
  Entity& t = task(id);
  DsqIndex local = dsqs_->local(cpu);
  if (sticky) return dispatch_enqueue(local, id, enq_flags);
  *t.fields.flags &= ~uint32_t{kTaskImmed};  // it held until here: through changes of its parameters, and new slices
  auto refilled = [&](DsqIndex queue) {
    refill_slice(id);
    dispatch_enqueue(queue, id, enq_flags);
  };
  // The tasks that an offline CPU still has are on their way elsewhere.
  if (!kernel_->cpu_online(cpu)) return refilled(local);
  if (life_.bypass) {
    ++counts_.bypass_dispatch;
    t.ddsp_dsq_id = kDsqInvalid;
    return refilled(global_dsq(id));
  }
  if (t.ddsp_dsq_id != kDsqInvalid) return direct_dispatch(id, enq_flags);
  if (!(life_.info.flags & kOpsEnqExiting) && kernel_->task_exiting(id)) {
    ++counts_.enq_skip_exiting;
    return refilled(local);
  }
  if (!has(Op::kEnqueue)) return refilled(global_dsq(id));

  t.ops_qseq = ++cpu_state(cpu).ops_qseq;
  t.ops_state = OpsState::kQueueing;
  callback_.direct_task = id;
  callback_.direct_open = true;
  callback_.direct_done = false;
  call(Op::kEnqueue, Callback::kEnqueue, [&] { ops_->enqueue(id, enq_flags); });
  callback_.direct_open = false;
  if (t.ddsp_dsq_id != kDsqInvalid) return direct_dispatch(id, enq_flags);
  t.ops_state = OpsState::kQueued;  // the scheduler has it now
  if (custody_) *t.fields.flags |= kTaskInCustody;
}

// A direct dispatch decided in select_cpu() or enqueue().
void ExtClass::direct_dispatch(TaskId id, uint64_t enq_flags) {
  Entity& t = task(id);
  CpuId cpu = kernel_->task_cpu(id);
  DsqIndex queue = find_dsq_for_dispatch(cpu, t.ddsp_dsq_id, id);
  t.ddsp_enq_flags |= enq_flags;
  const Dsq& dsq = dsqs_->at(queue);
  if (dsq.cpu.valid() && dsq.cpu != cpu) {
    // Another CPU's local queue cannot be reached with this CPU's run queue locked.
    t.ops_state = OpsState::kNone;
    t.deferred = true;
    CpuState& state = cpu_state(cpu);
    if (state.deferred.empty())
      kernel_->set_timer(*this, kernel_->now(), number_of(kDeferred, static_cast<uint32_t>(cpu.value())));
    state.deferred.push_back(id);
    return;
  }
  dispatch_enqueue(queue, id, t.ddsp_enq_flags | kEnqClearOpss);
}

void ExtClass::mark_direct_dispatch(TaskId id, uint64_t dsq, uint64_t enq_flags) {
  if (callback_.direct_done) return error(describe(id) + " already direct-dispatched");
  if (id != callback_.direct_task) {
    return error("scheduling for " + describe(callback_.direct_task) + " but trying to direct-dispatch " +
                 describe(id));
  }
  callback_.direct_done = true;
  task(id).ddsp_dsq_id = dsq;
  task(id).ddsp_enq_flags = enq_flags;
}

// The queue that an id means to a task; the global one, after an error, when it means nothing.
DsqIndex ExtClass::find_dsq_for_dispatch(CpuId local, uint64_t id, TaskId t) {
  if (id == kDsqLocal) return dsqs_->local(local);
  if ((id & kDsqLocalOn) == kDsqLocalOn) {
    auto cpu = static_cast<int32_t>(id & kDsqLocalCpuMask);
    return cpu_valid(cpu, "in SCX_DSQ_LOCAL_ON dispatch verdict") ? dsqs_->local(CpuId(cpu)) : global_dsq(t);
  }
  if (id == kDsqGlobal) return global_dsq(t);
  DsqIndex queue = dsqs_->find(id);
  if (queue >= 0) return queue;
  char text[64];
  std::snprintf(text, sizeof text, "non-existent DSQ 0x%llx for ", static_cast<unsigned long long>(id));
  error(text + describe(t));
  return global_dsq(t);
}

void ExtClass::dispatch_enqueue(DsqIndex index, TaskId id, uint64_t enq_flags) {
  Entity& t = task(id);
  Dsq* queue = &dsqs_->at(index);
  auto complain = [&](const char* format) {
    char text[96];
    std::snprintf(text, sizeof text, format, static_cast<unsigned long long>(queue->id));
    error(text);
  };
  if (!queue->exists) {
    error("attempting to dispatch to a destroyed dsq");
    index = global_dsq(id);
    queue = &dsqs_->at(index);
  }
  if ((queue->id & kDsqFlagBuiltin) && (enq_flags & kEnqDsqPriq)) {
    error("cannot use vtime ordering for built-in DSQs");
    enq_flags &= ~uint64_t{kEnqDsqPriq};
  }
  bool ordered = queue->root.valid();
  if (enq_flags & kEnqDsqPriq) {
    if (!ordered && queue->nr > 0) complain("DSQ ID 0x%016llx already had FIFO-enqueued tasks");
    if (ordered || queue->nr == 0)
      dsqs_->insert(index, id, *t.fields.dsq_vtime);
    else
      dsqs_->push(index, id, false);
  } else {
    if (ordered) {
      complain("DSQ ID 0x%016llx already had PRIQ-enqueued tasks");
      dsqs_->insert(index, id, *t.fields.dsq_vtime);
    } else {
      dsqs_->push(index, id, enq_flags & (kEnqHead | kEnqPreempt));
    }
  }
  t.ddsp_dsq_id = kDsqInvalid;
  t.ddsp_enq_flags = 0;
  const CpuId cpu = queue->cpu;
  // Local and global queues are the end of the way; on others the scheduler still has it.
  if (cpu.valid() || (queue->id & kDsqFlagBuiltin))
    leave_custody(id, 0);
  else if (custody_)
    *t.fields.flags |= kTaskInCustody;
  if (enq_flags & kEnqClearOpss) t.ops_state = OpsState::kNone;
  if (!cpu.valid()) return;
  if (immed_ && enq_flags & kEnqImmed) *t.fields.flags |= kTaskImmed;
  if (*t.fields.flags & kTaskImmed && (queue->nr > 1 || !is_open(cpu, enq_flags))) schedule_reenqueue(cpu, false);

  TaskId curr = kernel_->curr(cpu);
  // A CPU that is choosing what to run will see it.
  if (cpu_state(cpu).in_balance) return;
  bool preempt = (enq_flags & kEnqPreempt) && curr != id && is_ext(curr);
  if (preempt) slice(curr) = 0;
  if (preempt || !curr.valid()) kernel_->resched_curr(cpu);
}

// rq_is_open(): whether a task on the CPU's local queue would run at once, as SCX_ENQ_IMMED wants it to.
bool ExtClass::is_open(CpuId cpu, uint64_t enq_flags) const {
  const TaskId curr = kernel_->curr(cpu);
  if (!curr.valid()) return true;
  if (!is_ext(curr)) return false;
  // Whether what runs gets more time is known at the end of balance(); a preemption ends its time.
  return cpus_[cpu.index()].in_balance || enq_flags & kEnqPreempt;
}

// rq->scx.nr_immed: whether a task on the CPU's local queue was not to wait there.
bool ExtClass::immed_waits(CpuId cpu) const {
  if (!immed_) return false;
  for (TaskId id = dsqs_->at(dsqs_->local(cpu)).first; id.valid(); id = dsqs_->next(id))
    if (*fields(id).flags & kTaskImmed) return true;
  return false;
}

// The scheduler gives the task up, if it has it.
void ExtClass::ops_dequeue(TaskId id, uint64_t deq_flags) {
  clear_runnable(id, false);
  Entity& t = task(id);
  if (custody_) {
    leave_custody(id, deq_flags & kDequeueSleep ? deq_flags : deq_flags | kDeqSchedChange);
    t.ops_state = OpsState::kNone;
    return;
  }
  if (t.ops_state != OpsState::kQueued) return;
  if (has(Op::kDequeue)) call(Op::kDequeue, Callback::kRest, [&] { ops_->dequeue(id, deq_flags); });
  t.ops_state = OpsState::kNone;
}

// task_leave_custody(), 7.1: not while it moves between run queues on its way to a local queue.
void ExtClass::leave_custody(TaskId id, uint64_t deq_flags) {
  Entity& t = task(id);
  if (!custody_ || !(*t.fields.flags & kTaskInCustody) || t.sticky_cpu.valid()) return;
  *t.fields.flags &= ~uint32_t{kTaskInCustody};
  if (has(Op::kDequeue)) call(Op::kDequeue, Callback::kRest, [&] { ops_->dequeue(id, deq_flags); });
}

void ExtClass::dispatch_dequeue(TaskId id) {
  Entity& t = task(id);
  t.deferred = false;
  t.ddsp_dsq_id = kDsqInvalid;
  t.ddsp_enq_flags = 0;
  if (dsqs_->of(id) >= 0) dsqs_->remove(id);
}

bool ExtClass::dequeue_task(CpuId cpu, TaskId id, uint32_t flags) {
  Entity& t = task(id);
  if (!queued(id)) return true;
  bool moves = (flags & (kDequeueMove | kDequeueSave)) == kDequeueMove;
  uint64_t deq_flags = flags & (kDequeueSleep | kDequeueSave | kDequeueMove | kDequeueSpecial);
  if (moves) deq_flags = 0;
  ops_dequeue(id, deq_flags);
  // Running lies within runnable: the end of one comes before the end of the other.
  if (kernel_->curr(cpu) == id) {
    update_curr(cpu, id);
    if (has(Op::kStopping)) call(Op::kStopping, Callback::kRest, [&] { ops_->stopping(id, false); });
  }
  if (has(Op::kQuiescent) && !moves) {
    call(Op::kQuiescent, Callback::kRest, [&] { ops_->quiescent(id, deq_flags); });
  }
  uint32_t& task_flags = *t.fields.flags;
  task_flags =
      (task_flags & ~(kTaskQueued | kTaskDeqdForSleep)) | (flags & kDequeueSleep ? uint32_t{kTaskDeqdForSleep} : 0u);
  dispatch_dequeue(id);
  return true;
}

}  // namespace simsched::ext
