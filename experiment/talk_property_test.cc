// Programs that talk at random, recorded by a scheduler that decides at random: whatever a policy makes of the replay,
// nobody waits for ever.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <deque>
#include <map>
#include <set>

#include "base/rng.h"
#include "experiment/policies.h"
#include "experiment/recording.h"
#include "replay/build_workload.h"
#include "sim/engine.h"
#include "topology/load/load.h"
#include "traces/trace_maker.h"

namespace simsched {
namespace {

constexpr int kCpus = 2;
constexpr int kFirst = 10;  // pid

class TalkingRecording {
 public:
  TalkingRecording(uint64_t seed, int actions) : rng_(seed), maker_(kCpus) {
    nr_tasks_ = 2 + static_cast<int>(rng_.below(6));
    nr_objects_ = 1 + static_cast<int>(rng_.below(5));
    quick_ = rng_.below(2) == 0;
    for (int object = 0; object < nr_objects_; ++object)
      type_.push_back(static_cast<CallObject>(1 + rng_.below(5)));  // pipe .. eventfd
    for (int i = 0; i < nr_tasks_; ++i) {
      maker_.names(kFirst + i, "talker");
      ready_.push_back(kFirst + i);
    }
    for (int i = 0; i < actions; ++i) act(static_cast<int>(rng_.below(kCpus)));
    for (auto& [pid, call] : open_) {
      call.end = Nanos::max();
      maker_.trace().calls.push_back(call);
    }
    std::stable_sort(maker_.trace().calls.begin(), maker_.trace().calls.end(),
                     [](const TraceCall& a, const TraceCall& b) { return a.begin < b.begin; });
  }

  SchedTrace& trace() { return maker_.trace(); }

 private:
  Nanos now() const { return Nanos(now_ * 1000); }

  TraceCall call(int pid, CallKind kind, int object) {
    TraceCall call;
    call.begin = call.end = now();
    call.pid = Pid(pid);
    call.cpu = CpuId(0);
    call.kind = kind;
    if (object >= 0) {
      call.object = static_cast<uint64_t>(2 * object + 2);
      call.type = kind == CallKind::kFutexWait || kind == CallKind::kFutexWake ? CallObject::kFutex
                                                                               : type_[static_cast<size_t>(object)];
    }
    return call;
  }

  void run_next(int cpu, int pid, uint16_t state) {
    int next = 0;
    if (!ready_.empty()) {
      size_t at = rng_.below(ready_.size());
      next = ready_[at];
      ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    if (pid == 0 && next == 0) return;
    maker_.sw(now_, cpu, pid, state, next);
    running_[cpu] = next;
    if (pid != 0 && state == kStatePreempted) ready_.push_back(pid);
    if (pid != 0 && state == kStateInterruptible) blocked_.insert(pid);
  }

  void wake(int cpu, int waker, int pid) {
    bool runs = running_[0] == pid || running_[1] == pid;
    if (!runs && !blocked_.contains(pid)) return;
    maker_.waking(now_, cpu, waker, pid, 0, static_cast<int>(rng_.below(kCpus)));
    if (blocked_.erase(pid)) ready_.push_back(pid);
  }

  // The calls that it blocked in go on, or end.
  bool go_on(int cpu, int pid) {
    auto found = open_.find(pid);
    if (found == open_.end()) return false;
    TraceCall& call = found->second;
    bool timed_out = false;
    if (call.kind == CallKind::kReceive) {
      int64_t& inside = inside_[call.object];
      if (inside == 0) return run_next(cpu, pid, kStateInterruptible), true;
      call.result = static_cast<int32_t>(1 + static_cast<int64_t>(rng_.below(static_cast<uint64_t>(inside))));
      if (call.type == CallObject::kEventfd) call.result = 8;
      inside = call.type == CallObject::kEventfd ? 0 : inside - call.result;
    } else if (call.kind == CallKind::kPoll) {
      for (auto& [object, inside] : inside_) call.result += inside > 0;
      timed_out = call.result == 0 && rng_.below(3) == 0;
      if (call.result == 0 && !timed_out) return run_next(cpu, pid, kStateInterruptible), true;
    }
    call.end = now();
    maker_.trace().calls.push_back(call);
    open_.erase(found);
    return true;
  }

  void begin(int cpu, int pid, CallKind kind, int object) {
    TraceCall next = call(pid, kind, object);
    if (kind == CallKind::kReceive && type_[static_cast<size_t>(object)] != CallObject::kPipe && rng_.below(2) == 0)
      next.flags = kCallNonBlocking;
    open_.emplace(pid, next);
    if (kind == CallKind::kFutexWait) return run_next(cpu, pid, kStateInterruptible);
    go_on(cpu, pid);
  }

  void send(int cpu, int pid, int object) {
    TraceCall sent = call(pid, CallKind::kSend, object);
    sent.result = 1 + static_cast<int32_t>(rng_.below(200));
    inside_[sent.object] += sent.type == CallObject::kEventfd ? 1 : sent.result;
    for (auto& [other, open] : open_) {
      bool waits = open.kind == CallKind::kPoll || (open.kind == CallKind::kReceive && open.object == sent.object);
      if (waits && rng_.below(4) != 0) wake(cpu, pid, other);
    }
    ++now_;
    sent.end = now();
    maker_.trace().calls.push_back(sent);
  }

  void act(int cpu) {
    now_ += 1 + static_cast<int64_t>(rng_.below(quick_ ? 4 : 100));
    int pid = running_[cpu];
    if (pid == 0) {
      if (!ready_.empty()) return run_next(cpu, 0, kStateRunning);
      // A timer.
      if (!blocked_.empty()) {
        int woken = *std::next(blocked_.begin(), static_cast<std::ptrdiff_t>(rng_.below(blocked_.size())));
        maker_.waking(now_, cpu, 0, woken, kHardIrq);
        blocked_.erase(woken);
        ready_.push_back(woken);
      }
      return;
    }
    if (go_on(cpu, pid)) return;
    int object = static_cast<int>(rng_.below(static_cast<uint64_t>(nr_objects_)));
    switch (rng_.below(9)) {
      case 0:
        return run_next(cpu, pid, kStatePreempted);
      case 1:
        return begin(cpu, pid, CallKind::kPoll, -1);
      case 2:
        return begin(cpu, pid, CallKind::kFutexWait, object);
      case 3: {
        TraceCall wakes = call(pid, CallKind::kFutexWake, object);
        for (auto& [other, open] : open_) {
          if (open.kind != CallKind::kFutexWait || open.object != wakes.object || blocked_.count(other) == 0) continue;
          wake(cpu, pid, other);
          wakes.result = 1;
          break;
        }
        maker_.trace().calls.push_back(wakes);
        return;
      }
      case 4:
        return run_next(cpu, pid, kStateInterruptible);  // sleeps outside of a known call
      case 5:
        return wake(cpu, pid, kFirst + static_cast<int>(rng_.below(static_cast<uint64_t>(nr_tasks_))));
      case 6:
      case 7:
        return send(cpu, pid, object);
      default:
        return begin(cpu, pid, CallKind::kReceive, object);
    }
  }

  Rng rng_;
  TraceMaker maker_;
  int64_t now_ = 0;
  int nr_tasks_, nr_objects_;
  bool quick_;
  std::vector<CallObject> type_;
  int running_[kCpus] = {};
  std::vector<int> ready_;
  std::set<int> blocked_;
  std::map<int, TraceCall> open_;  // by pid
  std::map<uint64_t, int64_t> inside_;
};

TEST(TalkProperty, NoReplayLocksUpUnderAnyPolicy) {
  const PolicyRegistry registry = all_policies();
  const Machine machine = load_machine("vm-2c");
  EXPECT_TRUE(rc::check([&](uint64_t seed) {
    TalkingRecording recording(seed, *rc::gen::inRange(1, 3000));
    if (recording.trace().events.empty()) return;
    Workload workload = build_workload(recording.trace(), machine);
    workload.check(machine.nr_cpus());
    for (const char* name : {"eevdf", "fifo"}) {
      PolicyConfig policy = policy_from_name(name, registry, "test");
      EngineOptions options;
      options.check_invariants = true;
      Engine engine(machine, workload, options, policy.make(options.kernel, machine));
      engine.run();
      RC_ASSERT(engine.result().metric("waits_let_go") == 0);
    }
  }));
}

}  // namespace
}  // namespace simsched
