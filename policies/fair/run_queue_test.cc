#include "policies/fair/rule.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <span>

#include "base/rng.h"
#include "sim/sched_class.h"

namespace simsched::fair {
namespace {

// One run queue with a discipline, and no hierarchy.
struct Bench {
  explicit Bench(Discipline discipline = Discipline::kEevdf, const char* version = "6.18")
      : params(discipline, kernel(version), 2), rule(params) {}
  Bench(const Bench&) = delete;

  static KernelParams kernel(const char* version) {
    KernelParams k;
    k.version = version;
    k.base_slice = 1400_us;
    return k;
  }

  Entity& add(int nice = 0, Nanos slice = Nanos(0)) {
    Entity& e = make(nice, slice);
    join(e, kEnqueueInitial);
    return e;
  }
  Entity& make(int nice = 0, Nanos slice = Nanos(0)) {
    Entity& e = all[nr++];
    e.id = static_cast<int32_t>(nr) - 1;
    e.heap = static_cast<uint32_t>(Rng(nr).next());
    e.cfs_rq = &rq;
    e.custom_slice = slice.count() > 0;
    e.slice = static_cast<uint32_t>((e.custom_slice ? slice : params.base_slice).count());
    set_weight(e, nice_weight(nice) << kLoadShift);
    return e;
  }
  void join(Entity& e, uint32_t flags) {
    rule.place(rq, e, flags);
    account_enqueue(rq, e);
    rule.waits(e);
    enqueue_waiting(rq, e);
    e.on_rq = true;
    ++rq.h_nr_queued;
  }
  void leave(Entity& e, uint32_t flags) {
    rule.leave(rq, e, flags);
    if (rq.curr != &e) dequeue_waiting(rq, e);
    else rq.curr = nullptr;
    e.on_rq = false;
    account_dequeue(rq, e);
    --rq.h_nr_queued;
  }
  void run(Entity& e) {
    if (rq.curr == &e) return;
    if (rq.curr) {
      rule.waits(*rq.curr);
      enqueue_waiting(rq, *rq.curr);
      rq.curr = nullptr;
    }
    dequeue_waiting(rq, e);
    rule.picked(rq, e);
    rq.curr = &e;
    e.ran = 0;
  }
  std::span<Entity> entities() { return {all.data(), nr}; }
  std::span<const Entity> entities() const { return {all.data(), nr}; }
  // `curr` runs for a while; whether it should give way then.
  bool elapse(Nanos time) {
    Entity& e = *rq.curr;
    e.ran += time.count();
    e.vruntime += virtual_time(time.count(), e);
    bool resched = rule.ran(rq, e);
    return rule.tick(rq, e) || resched;
  }

  Params params;
  Rule rule;
  CfsRq rq;
  std::array<Entity, 128> all;  // beside their run queue: they point to each other
  size_t nr = 0;
};

int64_t naive_average(const Bench& b) {
  Int128 sum = 0;
  int64_t weights = 0;
  for (const Entity& e : b.entities()) {
    if (!e.on_rq) continue;
    sum += static_cast<Int128>(e.vruntime) * scale_down(e.weight);
    weights += scale_down(e.weight);
  }
  if (sum < 0) sum -= weights - 1;
  return static_cast<int64_t>(sum / weights);
}

bool naive_eligible(const Bench& b, const Entity& candidate) {
  Int128 sum = 0;
  for (const Entity& e : b.entities())
    if (e.on_rq) sum += static_cast<Int128>(e.vruntime - candidate.vruntime) * scale_down(e.weight);
  return sum >= 0;
}

const Entity* naive_pick(const Bench& b) {
  const Entity* best = nullptr;
  for (const Entity& e : b.entities())
    if (e.on_rq && naive_eligible(b, e) && (!best || e.deadline < best->deadline)) best = &e;
  return best;
}

void check_tree(const Entity* e, int64_t* low) {
  if (!e) return;
  int64_t least = e->vruntime;
  uint32_t slice = e->slice;
  for (const Entity* child : {e->left.get(), e->right.get()}) {
    if (!child) continue;
    RC_ASSERT(child->up == e);
    RC_ASSERT(child->heap >= e->heap);
    least = std::min(least, child->min_vruntime);
    slice = std::min(slice, child->min_slice);
  }
  RC_ASSERT(e->min_vruntime == least);
  RC_ASSERT(e->min_slice == slice);
  check_tree(e->left, low);
  RC_ASSERT(e->deadline >= *low);
  *low = e->deadline;
  check_tree(e->right, low);
}

TEST(RunQueue, PickIsTheBestOfAllForAnyHistory) {
  rc::check([] {
    Bench b;
    size_t steps = *rc::gen::inRange<size_t>(1, 120);
    for (size_t i = 0; i < steps; ++i) {
      size_t what = *rc::gen::inRange<size_t>(0, 10);
      if (b.rq.nr_queued == 0 || what < 2) {
        b.add(*rc::gen::inRange(-20, 20), Nanos(*rc::gen::element<int64_t>(0, 0, 100000, 3000000, 20000000)));
      } else if (what == 2) {
        Entity* e = b.rq.curr ? b.rq.curr.get() : b.rule.pick(b.rq);
        b.leave(*e, kDequeueSleep);
      } else if (what == 3) {
        for (Entity& e : b.entities())
          if (!e.on_rq) {
            b.join(e, kEnqueueWakeup);
            break;
          }
      } else if (what == 4) {
        Entity& e = b.entities()[*rc::gen::inRange<size_t>(0, b.entities().size())];
        b.rule.reweigh(b.rq, e, nice_weight(*rc::gen::inRange(-20, 20)) << kLoadShift);
      } else if (b.rq.curr && what < 8) {
        b.elapse(Nanos(*rc::gen::inRange(1, 5000000)));
      } else {
        b.run(*b.rule.pick(b.rq));
      }
      if (b.rq.nr_queued == 0) continue;
      int64_t low = INT64_MIN;
      check_tree(b.rq.root, &low);
      RC_ASSERT(avg_vruntime(b.rq) == naive_average(b));
      for (const Entity& e : b.entities())
        if (e.on_rq) RC_ASSERT(eligible(b.rq, e) == naive_eligible(b, e));
      Entity* curr = b.rq.curr;
      bool holds = curr && naive_eligible(b, *curr) && curr->vprot > curr->vruntime;
      const Entity* expected = b.rq.nr_queued == 1 || holds ? b.rule.pick(b.rq) : naive_pick(b);
      if (holds) RC_ASSERT(expected == curr);
      RC_ASSERT(b.rule.pick(b.rq)->deadline == expected->deadline);
    }
  });
}

TEST(RunQueue, WeightsAreAFactorOfOneAndAQuarterApart) {
  for (int nice = -20; nice < 19; ++nice) {
    int64_t ratio = nice_weight(nice) * 1000 / nice_weight(nice + 1);
    EXPECT_NEAR(static_cast<double>(ratio), 1250, 60) << nice;
  }
  EXPECT_EQ(nice_weight(0), 1024);
}

TEST(RunQueue, VirtualTimeIsInverseToWeight) {
  Bench b;
  Entity &normal = b.make(), &heavy = b.make(-5), &light = b.make(5);
  EXPECT_EQ(virtual_time(1000000, normal), 1000000);
  EXPECT_EQ(virtual_time(1000000, heavy), 1000000 * 1024 / 3121);
  EXPECT_NEAR(static_cast<double>(virtual_time(1000000, light)), 1000000. * 1024 / 335, 2);
  for (Entity* e : {&normal, &heavy, &light}) {
    int64_t time = real_time(1000000, *e);
    EXPECT_GE(virtual_time(time, *e), 1000000 - 1);
    EXPECT_LE(virtual_time(time - 10, *e), 1000000);
  }
}

TEST(Eevdf, ANewTaskIsDueAfterHalfASlice) {
  Bench b;
  Entity& e = b.add();
  EXPECT_EQ(e.deadline - e.vruntime, 700000);
  b.params.place_deadline_initial = false;
  Entity& f = b.add();
  EXPECT_EQ(f.deadline - f.vruntime, 1400000);
}

TEST(Eevdf, KeepsLagOverSleep) {
  Bench b;
  Entity &a = b.add(), &c = b.add();
  b.run(a);
  b.elapse(1_ms);
  int64_t lag = avg_vruntime(b.rq) - a.vruntime;
  EXPECT_EQ(lag, -500000);
  b.leave(a, kDequeueSleep);
  EXPECT_EQ(a.vlag, lag);
  b.run(c);
  b.elapse(5_ms);
  b.join(a, kEnqueueWakeup);
  EXPECT_EQ(avg_vruntime(b.rq) - a.vruntime, lag);  // as it was, though its joining moved the average
}

TEST(Eevdf, LagIsLimitedToTwoSlices) {
  Bench b;
  Entity& a = b.add();
  b.add();
  b.run(a);
  b.elapse(100_ms);
  b.leave(a, kDequeueSleep);
  EXPECT_EQ(a.vlag, -4000000);  // two slices are less than a tick
}

TEST(Eevdf, RunsToParityUnlessAShorterSliceComes) {
  Bench b;
  Entity& a = b.add();
  b.rule.picked(b.rq, a);
  b.run(a);
  b.elapse(Nanos(100000));
  Entity& same = b.add();
  EXPECT_FALSE(b.rule.preempts(b.rq, a, same, kWfTtwu));
  Entity& shorter = b.add(0, 100_us);
  EXPECT_TRUE(b.rule.preempts(b.rq, a, shorter, kWfTtwu));
  EXPECT_EQ(b.rule.pick(b.rq), &shorter);
}

TEST(Eevdf, AShortSliceThatCannotPreemptYetShortensTheProtection) {
  Bench b;
  Entity& a = b.add();
  b.run(a);
  Entity& shorter = b.make(0, 300_us);
  shorter.vlag = -2000000;  // not eligible
  b.join(shorter, kEnqueueWakeup);
  EXPECT_FALSE(b.rule.preempts(b.rq, a, shorter, kWfTtwu));
  EXPECT_EQ(a.vprot, a.vruntime + 300000);
}

TEST(Eevdf, ANewTaskPreemptsUntil618Only) {
  for (const char* version : {"6.12", "6.17", "6.18"}) {
    Bench b(Discipline::kEevdf, version);
    Entity& a = b.add();
    b.run(a);
    b.elapse(3_ms);  // alone: its protection is long over, its request new
    Entity& child = b.add();
    EXPECT_EQ(b.rule.preempts(b.rq, a, child, kWfFork), std::string(version) != "6.18") << version;
    EXPECT_TRUE(b.rule.preempts(b.rq, a, child, kWfTtwu)) << version;
  }
}

TEST(Eevdf, ProtectionEndsWithTheRequest) {
  for (const char* version : {"6.12", "6.18"}) {
    Bench b(Discipline::kEevdf, version);
    Entity& a = b.add();
    b.add();
    b.run(a);
    int64_t left = b.rule.runs_for(b.rq, a);
    EXPECT_EQ(left, 700000);
    EXPECT_FALSE(b.elapse(Nanos(left - 1)));
    EXPECT_TRUE(b.elapse(1_ns));
  }
}

TEST(Eevdf, DelaysTheSleepOfOneThatOwes) {
  Bench b;
  Entity& a = b.add();
  b.add();
  EXPECT_FALSE(b.rule.delays_sleep(b.rq, a));
  b.run(a);
  b.elapse(1_ms);
  EXPECT_TRUE(b.rule.delays_sleep(b.rq, a));
  b.params.delay_dequeue = false;
  EXPECT_FALSE(b.rule.delays_sleep(b.rq, a));
}

TEST(Eevdf, ADelayedSleeperGainsNothing) {
  Bench b;
  Entity &a = b.add(), &c = b.add();
  b.run(a);
  b.elapse(1_ms);
  a.delayed = true;
  b.run(c);
  b.elapse(10_ms);  // meanwhile it would have earned a lot
  b.rule.requeue_delayed(b.rq, a);
  // Placed on the average of the others and itself as it was.
  EXPECT_LE(avg_vruntime(b.rq) - a.vruntime, 1);
}

TEST(Eevdf, ReweighingKeepsWhatIsOwed) {
  Bench b;
  Entity& a = b.add();
  b.add();
  b.run(a);
  b.elapse(1_ms);
  b.run(*b.rule.pick(b.rq));
  ASSERT_NE(b.rq.curr, &a);
  int64_t owed = (avg_vruntime(b.rq) - a.vruntime) * scale_down(a.weight);
  b.rule.reweigh(b.rq, a, 2 * kNice0Load);
  int64_t owed_after = (avg_vruntime(b.rq) - a.vruntime) * scale_down(a.weight);
  EXPECT_NEAR(static_cast<double>(owed_after), static_cast<double>(owed), 4096);
}

TEST(Cfs, LeastVruntimeRunsNext) {
  Bench b(Discipline::kCfs);
  b.add();
  b.add();
  Entity& first = *b.rule.pick(b.rq);
  b.run(first);
  EXPECT_FALSE(b.elapse(1_ms));
  EXPECT_EQ(b.rule.pick(b.rq), &first);
  while (!b.elapse(1_ms)) ASSERT_LT(first.ran, 100000000);
  EXPECT_GE(first.ran, 6000000);  // half a period: a period is 6 ms * (1 + log2 2)
  EXPECT_NE(b.rule.pick(b.rq), &first);
}

TEST(Cfs, ASleeperIsCreditedHalfAPeriod) {
  Bench b(Discipline::kCfs);
  Entity &a = b.add(), &c = b.add();
  b.leave(a, kDequeueSleep);
  b.run(c);
  b.elapse(1_s);
  b.join(a, kEnqueueWakeup);
  EXPECT_EQ(a.vruntime, b.rq.min_vruntime - 6000000);  // latency 6 ms * (1 + log2 2) / 2
  EXPECT_TRUE(b.rule.preempts(b.rq, c, a, kWfTtwu));
}

TEST(Cfs, LeadWithinTheGranularityDoesNotPreempt) {
  Bench b(Discipline::kCfs);
  Entity &a = b.add(), &c = b.add();
  b.run(a);
  a.vruntime = c.vruntime + 2000000;
  EXPECT_FALSE(b.rule.preempts(b.rq, a, c, kWfTtwu));
  a.vruntime = c.vruntime + 2000001;
  EXPECT_TRUE(b.rule.preempts(b.rq, a, c, kWfTtwu));
}

TEST(Cfs, AMovingTaskKeepsItsPlaceRelativeToTheQueue) {
  Bench from(Discipline::kCfs), to(Discipline::kCfs);
  Entity &a = from.add(), &other = from.add();
  from.run(other);
  from.elapse(20_ms);
  int64_t relative = a.vruntime - from.rq.min_vruntime;
  from.leave(a, kDequeueMove);
  Entity& there = to.add();
  to.run(there);
  to.elapse(500_ms);
  a.cfs_rq = &to.rq;
  to.join(a, kEnqueueMove);
  EXPECT_EQ(a.vruntime - to.rq.min_vruntime, relative);
}

}  // namespace
}  // namespace simsched::fair
