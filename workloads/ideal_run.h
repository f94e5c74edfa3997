// For tests: runs a Workload on an ideal machine - as many CPUs as tasks, no costs, work takes its
// time - and tells how far each task got. What does not finish here finishes nowhere.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <queue>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "workloads/workload.h"

namespace simsched {

struct IdealRun {
  struct Task {
    bool started = false, ended = false;
    Nanos end{0};
    Work work{0};
    bool waits_for_token = false;
  };
  std::vector<Task> tasks;
  Nanos end{0};  // of the last task that keeps the simulation alive

  bool completed(const Workload& workload) const {
    for (size_t i = 0; i < tasks.size(); ++i) {
      if (!workload.tasks[i].background && !tasks[i].ended) return false;
    }
    return true;
  }
};

class IdealMachine {
 public:
  explicit IdealMachine(const Workload& workload)
      : workload_(workload),
        states_(workload.tasks.size()),
        tokens_(workload.nr_tokens),
        waiters_(workload.nr_tokens),
        timers_(workload.timers),
        channels_(workload.channels.size()) {
    run_.tasks.resize(workload.tasks.size());
    for (TokenId token : workload.given) ++tokens_[token.index()];
    for (size_t i = 0; i < workload.tasks.size(); ++i) alive_ += !workload.tasks[i].background;
  }

  // Until all tasks that keep the simulation alive have exited, nothing can happen any more, or `limit`.
  IdealRun run(Nanos limit = Nanos::max()) {
    for (size_t i = 0; i < states_.size(); ++i) {
      if (!workload_.tasks[i].parent.valid()) start(i, workload_.tasks[i].start);
    }
    while (!queue_.empty() && alive_ > 0) {
      auto [time, order, task] = queue_.top();
      queue_.pop();
      if (time > limit) break;
      step(task, time);
    }
    return run_;
  }

 private:
  struct State {
    size_t pc = 0;
    Nanos start{0};
    uint64_t exited_children = 0;
    bool waits_for_child = false;
    int64_t moved = 0;  // bytes of the message in progress that are through
    std::array<int64_t, kLoopSlots> rounds{};
  };

  void at(size_t task, Nanos time) { queue_.emplace(time, order_++, task); }

  void start(size_t task, Nanos time) {
    SIMSCHED_CHECK(!run_.tasks[task].started, "a task is started twice");
    run_.tasks[task].started = true;
    states_[task].start = time;
    at(task, time);
  }

  void end(size_t task, Nanos now) {
    run_.tasks[task].ended = true;
    run_.tasks[task].end = now;
    if (!workload_.tasks[task].background) {
      --alive_;
      run_.end = std::max(run_.end, now);
    }
    TaskId parent = workload_.tasks[task].parent;
    if (!parent.valid()) return;
    State& state = states_[parent.index()];
    ++state.exited_children;
    if (!state.waits_for_child) return;
    state.waits_for_child = false;
    at(parent.index(), now);
  }

  void wake(std::queue<size_t>& waiters, Nanos now) {
    run_.tasks[waiters.front()].waits_for_token = false;
    at(waiters.front(), now);
    waiters.pop();
  }

  // Runs the ops of a task up to the first that takes time.
  void step(size_t task, Nanos now) {
    State& state = states_[task];
    std::span<const Op> program = workload_.program(TaskId(task));
    while (state.pc < program.size()) {
      const Op& op = program[state.pc];
      size_t next = state.pc + 1;
      switch (op.kind) {
        case OpKind::kCompute:
          run_.tasks[task].work += Work(op.value);
          state.pc = next;
          return at(task, now + Nanos(op.value));
        case OpKind::kSleep:
          state.pc = next;
          return at(task, now + Nanos(op.value));
        case OpKind::kSleepUntil:
          state.pc = next;
          return at(task, std::max(now, Nanos(op.value)));
        case OpKind::kSleepPeriod:
          state.pc = next;
          return at(task, state.start + Nanos(((now - state.start).count() / op.value + 1) * op.value));
        case OpKind::kWait:
          if (tokens_[static_cast<size_t>(op.arg)] == 0) {
            waiters_[static_cast<size_t>(op.arg)].push(task);
            run_.tasks[task].waits_for_token = true;
            state.pc = next;
            return;
          }
          --tokens_[static_cast<size_t>(op.arg)];
          break;
        case OpKind::kSignal: {
          std::queue<size_t>& waiters = waiters_[static_cast<size_t>(op.arg)];
          if (waiters.empty() && !(op.flags & (kOpLost | kOpAll))) ++tokens_[static_cast<size_t>(op.arg)];
          for (bool more = !waiters.empty(); more; more = op.flags & kOpAll && !waiters.empty()) wake(waiters, now);
          break;
        }
        case OpKind::kBarrier: {
          std::queue<size_t>& waiters = waiters_[static_cast<size_t>(op.arg)];
          state.pc = next;
          if (static_cast<int64_t>(waiters.size()) + 1 < op.value) {
            waiters.push(task);
            run_.tasks[task].waits_for_token = true;
            return;
          }
          while (!waiters.empty()) wake(waiters, now);
          break;
        }
        case OpKind::kTimer: {
          Nanos& due = timers_[static_cast<size_t>(op.arg)];
          due += Nanos(op.value);
          state.pc = next;
          if (due > now) return at(task, due);
          if (!(op.flags & kOpCatchUp)) due = now;
          break;
        }
        case OpKind::kRuntime:
          run_.tasks[task].work += Work(op.value);
          state.pc = next;
          return at(task, now + Nanos(op.value));
        case OpKind::kSend:
        case OpKind::kReceive:
          if (!transfer(task, op, now)) return;
          break;
        case OpKind::kFork:
          start(static_cast<size_t>(op.arg), now);
          break;
        case OpKind::kWaitChild:
          if (state.exited_children == 0) {
            state.waits_for_child = true;
            return;
          }
          --state.exited_children;
          break;
        case OpKind::kPacketIn:  // nothing comes here
        case OpKind::kPoll:
          return;
        case OpKind::kExit:
          return end(task, now);
        case OpKind::kLoop: {
          int64_t& rounds = state.rounds[op.slot];
          if (op.value == 0 || ++rounds < op.value) {
            next = static_cast<size_t>(op.arg);
          } else {
            rounds = 0;
          }
          break;
        }
        case OpKind::kKill:  // whatever was to be done is done
        case OpKind::kKilled:
        case OpKind::kLock:    // held by nobody when all run at once
        case OpKind::kSelect:  // its segments one after the other: one feasible order
        case OpKind::kSelectEnd:
        case OpKind::kFrame:
        case OpKind::kPacketOut:
        case OpKind::kUser:
        case OpKind::kExec:
        case OpKind::kYield:
        case OpKind::kSetNice:
        case OpKind::kSetPolicy:
        case OpKind::kSetAffinity:
        case OpKind::kSetGroup:
        case OpKind::kChangeGroup:
          break;
      }
      state.pc = next;
    }
    end(task, now);
  }

  struct Channel {
    int64_t bytes = 0;
    std::vector<size_t> blocked;
  };

  // Whether all of the message is through; else the task tries again when something has changed.
  bool transfer(size_t task, const Op& op, Nanos now) {
    Channel& channel = channels_[static_cast<size_t>(op.arg)];
    const ChannelSpec& spec = workload_.channels[static_cast<size_t>(op.arg)];
    int64_t& moved = states_[task].moved;
    int64_t part = op.value - moved, room = std::max<int64_t>(0, spec.capacity - channel.bytes);
    if (op.kind == OpKind::kReceive) part = std::min(part, channel.bytes);
    if (op.kind == OpKind::kSend && spec.capacity > 0)
      part = spec.kind == ChannelSpec::Kind::kUnix ? (room > 0 ? part : 0) : std::min(part, room);
    channel.bytes += op.kind == OpKind::kSend ? part : -part;
    moved += part;
    if (part > 0) {
      for (size_t other : channel.blocked) at(other, now);
      channel.blocked.clear();
    }
    run_.tasks[task].waits_for_token = moved < op.value;
    if (moved < op.value) {
      channel.blocked.push_back(task);
      return false;
    }
    moved = 0;
    return true;
  }

  const Workload& workload_;
  std::vector<State> states_;
  std::vector<uint64_t> tokens_;
  std::vector<std::queue<size_t>> waiters_;
  std::vector<Nanos> timers_;
  std::vector<Channel> channels_;
  std::priority_queue<std::tuple<Nanos, uint64_t, size_t>, std::vector<std::tuple<Nanos, uint64_t, size_t>>,
                      std::greater<>>
      queue_;
  uint64_t order_ = 0;
  size_t alive_ = 0;
  IdealRun run_;
};

inline IdealRun run_ideally(const Workload& workload, Nanos limit = Nanos::max()) {
  return IdealMachine(workload).run(limit);
}

}  // namespace simsched
