// The state of the class is whole in its copy.
#include "policies/fair/state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <type_traits>

#include "base/rng.h"
#include "policies/registry.h"
#include "sim/testing.h"

namespace simsched {
namespace {

static_assert(!std::is_copy_constructible_v<fair::Near<fair::Entity>>);  // a copy elsewhere would not reach

TEST(FairState, PointersOfACopyPointIntoTheCopy) {
  fair::Block from(2, 3), to(2, 3);
  from.queue(1).curr = &from.entity(2);
  from.entity(2).cfs_rq = &from.queue(1);
  from.entity(0).left = &from.entity(1);
  to = from;
  from = fair::Block(2, 3);
  EXPECT_EQ(to.queue(1).curr, &to.entity(2));
  EXPECT_EQ(to.entity(2).cfs_rq, &to.queue(1));
  EXPECT_EQ(to.entity(0).left, &to.entity(1));
  EXPECT_EQ(to.entity(0).right, nullptr);
}

// Two caches of two cores of two threads, one core slow.
Machine uneven_machine() {
  MachineSpec spec = testing::flat_machine(8, 2).spec();
  for (size_t i = 0; i < 8; ++i) spec.cpus[i].llc = LlcId(i / 4);
  spec.cpus[6].capacity = spec.cpus[7].capacity = 611;
  spec.smt_share = 700;
  return Machine(std::move(spec));
}

// Everything that the classes know: groups, policies, nice values, slices, affinities, real-time tasks.
Workload mixed_workload(Rng& rng, size_t nr_cpus) {
  Workload w;
  w.groups.resize(3);
  for (int i = 0; i < 24; ++i) {
    TaskId task = testing::add_task(
        w, "t",
        {op::compute(Work(rng.between(1000, 3'000'000))), op::sleep(Nanos(rng.between(1000, 2'000'000))),
         op::compute(Work(rng.between(1000, 500'000))), op::loop(0, 40)});
    TaskSpec& spec = w.tasks[task.index()];
    spec.group = GroupId(rng.below(3));
    spec.nice = static_cast<int8_t>(rng.between(-10, 10));
    spec.start = Nanos(rng.between(0, 5'000'000));
    if (rng.below(4) == 0) spec.slice = Nanos(rng.between(100'000, 9'000'000));
    if (rng.below(5) == 0) spec.affinity = w.intern_affinity(CpuSet::single(CpuId(rng.below(nr_cpus))));
    switch (rng.below(8)) {
      case 0:
        spec.policy = SchedPolicy::kIdle;
        break;
      case 1:
        spec.policy = SchedPolicy::kBatch;
        break;
      case 2:
        spec.policy = rng.below(2) ? SchedPolicy::kFifo : SchedPolicy::kRr;
        spec.rt_priority = static_cast<decltype(spec.rt_priority)>(rng.between(1, 3));
        break;
      default:
        break;
    }
  }
  return w;
}

// Run to some time, copied, the original gone: the copy ends as a run without a break does.
void check_copies(const char* policy) {
  Rng rng(*rc::gen::arbitrary<uint64_t>());
  const Machine machine = uneven_machine();
  const Workload workload = mixed_workload(rng, machine.nr_cpus());
  auto make = [&] {
    EngineOptions options;
    options.duration = 60_ms;
    options.record = true;
    options.kernel.version = "6.18";
    return std::make_unique<Engine>(machine, workload, options, make_policy(policy, {}, options.kernel, machine));
  };
  auto whole = make(), twin = make(), original = make();
  whole->run();
  twin->run_until(Nanos(rng.between(0, 60'000'000)));  // whatever it did before is gone
  original->run_until(Nanos(rng.between(0, 60'000'000)));
  twin->assign(*original);
  original.reset();  // nothing in the copy may refer to it
  twin->run();
  RC_ASSERT(twin->result().metrics == whole->result().metrics);
  RC_ASSERT(twin->trace().events == whole->trace().events);
}

TEST(FairState, AnEevdfCopyGoesOnAsItsOriginalWould) {
  rc::check([] { check_copies("eevdf"); });
}
TEST(FairState, ACfsCopyGoesOnAsItsOriginalWould) {
  rc::check([] { check_copies("cfs"); });
}

}  // namespace
}  // namespace simsched
