#include "policies/dl_server.h"

#include <algorithm>

namespace simsched {
namespace {

constexpr Nanos kBudget = 50_ms, kPeriod = 1_s;  // dl_server_start() in 6.12, sched_init_dl_servers() later

}  // namespace

void DlServer::attach(Kernel& kernel) {
  kernel_ = &kernel;
  servers_.resize(kernel.nr_cpus());
}

bool DlServer::starves(TaskId curr) const {
  if (!curr.valid()) return false;
  SchedPolicy policy = kernel_->policy(curr);
  return std::any_of(above_.begin(), above_.end(), [&](const SchedClass* cls) { return cls->takes(policy); });
}

// Begins an account where a higher class keeps this one off the CPU, or goes on with it.
void DlServer::notice(CpuId cpu) {
  Server& s = server(cpu);
  if (s.state != State::kStopped) return account(cpu);
  if (kernel_->nr_running(cpu) < 2 || !starves(kernel_->curr(cpu)) || !has_tasks_(cpu)) return;
  s.state = State::kDeferred;
  s.deadline = kernel_->now() + kPeriod;
  s.left = kBudget;
  s.since = kernel_->now();
  s.free = false;
  arm_timer(cpu, s.deadline - s.left);
}

// A timer that comes too early asks again.
void DlServer::arm_timer(CpuId cpu, Nanos at) {
  Server& s = server(cpu);
  if (s.timer <= at) return;
  s.timer = at;
  kernel_->set_timer(*this, at, static_cast<uint32_t>(cpu.value()));
}

// update_curr_dl_se(): time that the class ran, or could have, comes off the budget. A server that is not running has
// nothing to do once the class got its share by itself.
void DlServer::account(CpuId cpu) {
  Server& s = server(cpu);
  Nanos used = s.free ? kernel_->now() - s.since : Nanos(0);
  s.left -= used;
  s.since = kernel_->now();
  TaskId curr = kernel_->curr(cpu);
  s.free = !starves(curr) && !(curr.valid() && kernel_->is_stopper(curr));
  if ((s.state == State::kDeferred && s.left <= Nanos(0)) || (s.state == State::kThrottled && used > Nanos(0)))
    s.state = State::kStopped;
}

// replenish_dl_entity()
void DlServer::replenish(Server& s) {
  for (; s.left <= Nanos(0); s.left += kBudget) s.deadline += kPeriod;
  if (s.deadline > kernel_->now()) return;
  s.deadline = kernel_->now() + kPeriod;
  s.left = kBudget;
}

TaskId DlServer::pick_task(CpuId cpu) {
  Server& s = server(cpu);
  if (s.state == State::kStopped) return {};
  account(cpu);
  if (s.state != State::kRunning) return {};
  if (s.left <= Nanos(0)) {
    if (kernel_->now() < s.deadline) {
      s.state = State::kThrottled;
      arm_timer(cpu, s.deadline);
      return {};
    }
    replenish(s);
  }
  TaskId next = has_tasks_(cpu) ? served_.pick_task(cpu) : TaskId();
  if (!next.valid()) s.state = State::kStopped;
  return next;
}

void DlServer::scheduled(CpuId cpu) { notice(cpu); }

// Asked after a wake-up too, unless a tick is due anyway.
Nanos DlServer::next_tick(CpuId cpu) {
  notice(cpu);
  const Server& s = server(cpu);
  return s.state == State::kRunning && s.free ? kernel_->now() + std::max(s.left, Nanos(0)) : Nanos::max();
}

void DlServer::tick_balance(CpuId cpu) {
  Server& s = server(cpu);
  if (s.state != State::kRunning) return;
  account(cpu);
  if (s.left <= Nanos(0)) kernel_->resched_curr(cpu);
}

// dl_server_timer()
void DlServer::timer(uint32_t number) {
  CpuId cpu(static_cast<int32_t>(number));
  Server& s = server(cpu);
  s.timer = Nanos::max();
  kernel_->set_this_cpu(cpu);
  if (s.state == State::kStopped || s.state == State::kRunning) return;
  account(cpu);
  if (s.state == State::kStopped) return;
  Nanos due = s.state == State::kDeferred ? s.deadline - s.left : s.deadline;
  if (kernel_->now() < due) return arm_timer(cpu, due);
  if (!has_tasks_(cpu)) {
    s.state = State::kStopped;
    return;
  }
  if (s.state == State::kThrottled) replenish(s);
  s.state = State::kRunning;
  if (!s.free) kernel_->resched_curr(cpu);
}

}  // namespace simsched
