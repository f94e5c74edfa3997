// How a CPU gets a task to run (balance_scx() and what it calls), and how tasks go from queue to queue.
#include <cstdio>

#include "policies/ext/ext_class.h"

namespace simsched::ext {

// balance_one(): sees to it that the local queue has a task, or says to keep `prev`. The order in which a free CPU
// looks: local queue, global queue, ops.dispatch(), and again.
bool ExtClass::balance(CpuId cpu, TaskId prev, bool* keep) {
  CpuState& state = cpu_state(cpu);
  const bool prev_on_scx = is_ext(prev), prev_on_rq = prev_on_scx && queued(prev);
  const Dsq& local = dsqs_->at(dsqs_->local(cpu));
  auto find = [&] {
    if (state.released) {
      state.released = false;
      if (has(Op::kCpuAcquire)) call(Op::kCpuAcquire, Callback::kRest, [&] { ops_->cpu_acquire(cpu); });
    }
    if (prev_on_rq) {
      update_curr(cpu, prev);
      // What still has slice goes on: fetching more would only delay what is fetched.
      if (slice(prev) > 0 && !life_.bypass) return *keep = true;
    }
    if (dsqs_->at(dsqs_->local(cpu)).nr > 0) return true;
    DsqIndex global = dsqs_->global(machine().cpu(cpu).node);
    if (consume(cpu, global)) return true;
    if (has(Op::kDispatch) && !life_.bypass && kernel_->cpu_online(cpu)) {
      CpuId outer = dispatch_.cpu;
      dispatch_.cpu = cpu;
      for (int loops = kDspMaxLoops;;) {
        dispatch_.dispatched = 0;
        call(Op::kDispatch, Callback::kDispatch, [&] { ops_->dispatch(cpu, prev_on_scx ? prev : TaskId()); });
        flush_dispatch_buffer(cpu);
        if (prev_on_rq && slice(prev) > 0) *keep = true;
        if (*keep || dsqs_->at(dsqs_->local(cpu)).nr > 0 || consume(cpu, global)) break;
        if (dispatch_.dispatched == 0 || life_.bypass) break;
        // A scheduler that keeps dispatching what cannot run here must not hang the CPU.
        if (--loops == 0) {
          kick_cpu(cpu.value(), 0);
          break;
        }
      }
      dispatch_.cpu = outer;
      if (*keep || local.nr > 0) return true;
    }
    if (prev_on_rq && (!(life_.info.flags & kOpsEnqLast) || life_.bypass)) {
      ++counts_.dispatch_keep_last;
      return *keep = true;
    }
    return false;
  };
  state.in_balance = true;
  bool found = find();
  state.in_balance = false;
  // Only now it is known which of them, or whether `prev`, runs next.
  if (found && local.nr > 1 && immed_waits(cpu)) schedule_reenqueue(cpu, false);
  return found;
}

void ExtClass::flush_dispatch_buffer(CpuId cpu) {
  // By index: finishing one may not add others, but the buffer is a member.
  for (size_t i = 0; i < dispatch_.buffer.size(); ++i) finish_dispatch(cpu, dispatch_.buffer[i]);
  dispatch_.dispatched += static_cast<uint32_t>(dispatch_.buffer.size());
  dispatch_.buffer.clear();
}

void ExtClass::finish_dispatch(CpuId cpu, const Dispatch::Entry& entry) {
  Entity& t = task(entry.task);
  // Dispatched by somebody else, or dequeued and queued anew since: not ours any more.
  if (!t.enabled || t.ops_state != OpsState::kQueued || t.ops_qseq != entry.qseq) return;
  DsqIndex queue = find_dsq_for_dispatch(cpu, entry.dsq, entry.task);
  if (dsqs_->at(queue).cpu.valid()) {
    dispatch_to_local(queue, entry.task, entry.enq_flags);
  } else {
    dispatch_enqueue(queue, entry.task, entry.enq_flags | kEnqClearOpss);
  }
}

void ExtClass::dispatch_to_local(DsqIndex local, TaskId id, uint64_t enq_flags) {
  CpuId from = kernel_->task_cpu(id), to = dsqs_->at(local).cpu;
  task(id).ops_state = OpsState::kNone;
  if (from == to) return dispatch_enqueue(local, id, enq_flags);
  if (!can_run_on(id, to, true))
    return dispatch_enqueue(global_dsq(id), id, enq_flags & ~uint64_t{kEnqPreempt | kEnqImmed});
  move_remote(id, enq_flags, to);
}

// task_can_run_on_remote_rq()
bool ExtClass::can_run_on(TaskId id, CpuId cpu, bool enforce) {
  if (!kernel_->affinity(id).contains(cpu) && !kernel_->cpu_allowed(id, cpu)) {
    if (enforce)
      error("SCX_DSQ_LOCAL[_ON] target CPU " + std::to_string(cpu.value()) + " not allowed for " + describe(id));
    return false;
  }
  if (!kernel_->cpu_online(cpu)) {
    if (enforce) ++counts_.dispatch_local_dsq_offline;
    return false;
  }
  return kernel_->cpu_allowed(id, cpu);
}

// move_remote_task_to_local_dsq(): the task changes run queue on its way to the local queue of `to`.
void ExtClass::move_remote(TaskId id, uint64_t enq_flags, CpuId to) {
  Entity& t = task(id);
  t.sticky_cpu = to;
  kernel_->decided(id, kernel_->task_cpu(id), to, MoveSite::kSteal, true);
  kernel_->move_queued_task(id, to, MigrationKind::kPolicy, false);  // dispatch_enqueue() wakes an idle CPU
  // It is on the local queue now, without flags.
  constexpr uint64_t kMeant = kEnqHead | kEnqPreempt | kEnqImmed;
  if (enq_flags & kMeant) {
    dsqs_->remove(id);
    dispatch_enqueue(dsqs_->local(to), id, enq_flags & kMeant);
  }
}

// consume_dispatch_q(): the first task that may run here goes to the local queue.
bool ExtClass::consume(CpuId cpu, DsqIndex queue) {
  for (TaskId id = dsqs_->at(queue).first; id.valid(); id = dsqs_->next(id)) {
    if (kernel_->task_cpu(id) == cpu) {
      dsqs_->remove(id);
      dsqs_->push(dsqs_->local(cpu), id, false);
      leave_custody(id, 0);
      return true;
    }
    if (can_run_on(id, cpu, false)) {
      move_remote(id, 0, cpu);
      return true;
    }
  }
  return false;
}

// process_ddsp_deferred_locals()
void ExtClass::process_deferred(CpuId cpu) {
  std::vector<TaskId> list;
  list.swap(cpu_state(cpu).deferred);
  for (TaskId id : list) {
    Entity& t = task(id);
    if (!t.deferred) continue;  // dequeued meanwhile
    t.deferred = false;
    uint64_t enq_flags = t.ddsp_enq_flags;
    DsqIndex queue = find_dsq_for_dispatch(cpu, t.ddsp_dsq_id, id);
    t.ddsp_dsq_id = kDsqInvalid;
    if (dsqs_->at(queue).cpu.valid())
      dispatch_to_local(queue, id, enq_flags);
    else
      dispatch_enqueue(queue, id, enq_flags);
  }
}

// scx_dsq_move(): from the queue that is iterated over to another.
bool ExtClass::move(DsqIterator* it, TaskId id, uint64_t dsq, uint64_t enq_flags) {
  if (it->queue < 0 || !id.valid()) return false;
  if (!kf_allowed(Callback::kDispatch, true)) return false;
  // The task has left the queue, or came back to it later: nothing is lost.
  if (dsqs_->of(id) != it->queue || static_cast<int32_t>(dsqs_->seq(id) - it->seq) > 0) {
    it->has_slice = it->has_vtime = false;
    return false;
  }
  if (it->has_slice) slice(id) = it->slice;
  if (it->has_vtime) *task(id).fields.dsq_vtime = it->vtime;
  CpuId here = dispatch_.cpu.valid() ? dispatch_.cpu : this_cpu();
  DsqIndex to = find_dsq_for_dispatch(here, dsq, id);
  CpuId to_cpu = dsqs_->at(to).cpu;
  if (it->at == id) {
    // The iteration goes on from the one before.
    it->at = it->reverse ? dsqs_->next(id) : dsqs_->prev(id);
    it->started = it->at.valid();
  }
  if (to_cpu.valid() && to_cpu != kernel_->task_cpu(id)) {
    if (can_run_on(id, to_cpu, true)) {
      move_remote(id, enq_flags, to_cpu);
    } else {
      dsqs_->remove(id);
      dispatch_enqueue(global_dsq(id), id, 0);
    }
  } else {
    dsqs_->remove(id);
    dispatch_enqueue(to, id, enq_flags);
  }
  it->has_slice = it->has_vtime = false;
  if (callback_.kf_mask & Callback::kDispatch) ++dispatch_.dispatched;
  return true;
}

}  // namespace simsched::ext
