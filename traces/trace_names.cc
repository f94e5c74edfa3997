#include "traces/trace_names.h"

#include <vector>

namespace simsched {
namespace {

constexpr Nanos kNone{-1};

struct Life {
  uint32_t name = 0;
  NameTime time;
  Nanos running = kNone;  // since then
  Nanos waiting = kNone;
  bool woken = false;  // while it ran: on its way to block
  bool seen = false;
};

class Follower {
 public:
  explicit Follower(const SchedTrace& trace) : trace_(trace), begin_(trace.events.front().time) {}

  std::map<std::string, NameTime> run() {
    for (const TraceEvent& event : trace_.events) {
      if (event.pid.valid() && event.current.valid()) follow(event);
    }
    const Nanos end = trace_.events.back().time;
    for (Life& life : lives_) finish(life, end);
    by_name_.erase("");  // never named: nothing is known of it
    return std::move(by_name_);
  }

 private:
  Life& life(Pid pid) {
    if (lives_.size() <= pid.index()) lives_.resize(pid.index() + 1);
    return lives_[pid.index()];
  }

  void follow(const TraceEvent& event) {
    switch (event.kind) {
      case TraceKind::kSwitch:
        leave(event);
        come(event);
        break;
      case TraceKind::kFork: {  // a pid may be used again
        Life& child = life(event.pid);
        finish(child, event.time);
        child = {};
        break;
      }
      case TraceKind::kWaking:
      case TraceKind::kWakeupNew: {
        Life& woken = life(event.pid);
        woken.seen = true;
        if (woken.running != kNone)
          woken.woken = true;
        else if (woken.waiting == kNone)
          woken.waiting = event.time;
        break;
      }
      default:
        break;
    }
    if (event.pid.value() != 0 && event.name != 0) life(event.pid).name = event.name;
    if (event.current.value() == 0 || event.kind == TraceKind::kSwitch) return;
    Life& current = life(event.current);
    if (current.running == kNone) current.waiting = kNone;  // it runs, and since when is not known
  }

  void leave(const TraceEvent& event) {
    if (event.current.value() == 0) return;
    Life& prev = life(event.current);
    if (!prev.seen) prev.running = begin_;  // there from the start
    if (prev.running != kNone) prev.time.run += event.time - prev.running;
    prev.running = prev.waiting = kNone;
    prev.seen = true;
    const bool runnable = event.state == kStateRunning || event.state == kStatePreempted;
    if (runnable || prev.woken) prev.waiting = event.time;
    prev.woken = false;
  }

  void come(const TraceEvent& event) {
    if (event.pid.value() == 0) return;
    Life& next = life(event.pid);
    if (next.waiting != kNone) next.time.wait += event.time - next.waiting;
    next.waiting = kNone;
    next.running = event.time;
    next.woken = false;
    next.seen = true;
  }

  void finish(Life& life, Nanos end) {
    if (!life.seen) return;
    if (life.running != kNone) life.time.run += end - life.running;
    NameTime& sum = by_name_[trace_.names[life.name]];
    sum.run += life.time.run;
    sum.wait += life.time.wait;
  }

  const SchedTrace& trace_;
  const Nanos begin_;
  std::vector<Life> lives_;  // by pid
  std::map<std::string, NameTime> by_name_;
};

}  // namespace

std::map<std::string, NameTime> time_by_name(const SchedTrace& trace) {
  return trace.events.empty() ? std::map<std::string, NameTime>() : Follower(trace).run();
}

}  // namespace simsched
