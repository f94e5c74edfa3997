// Joins what the kernel told, in its order, into decisions with their outcomes. Each decision is passed on when the
// window after it is over, in the order of deciding: memory holds one window.
#pragma once

#include <deque>
#include <functional>
#include <unordered_map>

#include "scx_port/collect/decision_file/decision_file.h"
#include "scx_port/collect/host.h"
#include "scx_port/collect/decision_file/record.h"

namespace simsched::collect {

class Outcomes {
 public:
  using Emit = std::function<void(const Decision&)>;
  // `start` is the kernel's clock when recording began.
  Outcomes(const Host& host, Nanos start, Nanos window, Emit emit);

  // One record of the ring; false when it is none.
  bool add(std::span<const std::byte> record);
  // No record of before `now` is still to come.
  void advance(Nanos now);
  // Records were lost since the last call: outcomes that are still open may lack them.
  void records_were_lost();
  void finish(Nanos end);

  // Moves of queued tasks that no decision explains: balancing that was not seen, exec, affinity, real-time tasks.
  int64_t unexplained_moves() const { return unexplained_moves_; }

 private:
  using Number = uint64_t;  // of a decision, in the order of deciding
  struct Task {
    Nanos started = kNever, stopped = kNever, burst = kNever;
    Stop stop = Stop::kNotSeen;
    // Open decisions about it, by what they wait for. Each leaves a list when that happens, or the window is over.
    std::deque<Number> to_run, to_stop, to_move;
  };

  void decide(const collect_decision& record);
  void change(const collect_switch& record);
  void move(const collect_move& record);
  void starts(Task& task, CpuId cpu, Nanos now);
  void stops(Task& task, Stop stop, Nanos now);
  Decision* open(Number number);
  void push(std::deque<Number>& list, Number number);
  void close_first();

  const Host& host_;
  Nanos start_, window_;
  Emit emit_;
  std::deque<Decision> open_;
  Number first_ = 0;  // of open_
  std::unordered_map<int32_t, Task> tasks_;
  int64_t unexplained_moves_ = 0;
};

}  // namespace simsched::collect
