// What a scheduler hears of control groups.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policies/ext/testing.h"

namespace simsched::ext {
namespace {

TEST(ExtCgroups, HearOfMovesAndOfNewSettings) {
  Workload w;
  const TaskId task = testing::add_hog(w, "t", 50);
  w.groups.push_back({.name = "a", .weight = 300, .quota = 20_ms});
  w.groups.push_back({.name = "b", .parent = GroupId(1), .idle = true});
  w.tasks[0].group = GroupId(1);
  w.settings = {{.name = "", .weight = 400, .quota = 20_ms},
                {.name = "", .weight = 400, .quota = 30_ms, .period = 50_ms, .burst = 10_ms},
                {}};
  auto change = [&](Nanos at, simsched::Op op) { w.changes.push_back({at, Nanos(0), op}); };
  change(1_ms, op::set_group(GroupId(2), task));
  change(2_ms, op::set_group(GroupId(0), task));  // refused
  change(3_ms, {OpKind::kChangeGroup, 0, 0, 1, 0});
  change(4_ms, {OpKind::kChangeGroup, 0, 0, 1, 1});
  change(5_ms, {OpKind::kChangeGroup, 0, 0, 2, 2});
  std::vector<std::string> heard;
  auto hear = [&](const std::string& what, auto... values) {
    std::string line = what;
    ((line += " " + std::to_string(values)), ...);
    heard.push_back(line);
  };
  testing::Script s = testing::Script::shared_queue();
  s.cgroup_init = [&](GroupId group, uint32_t weight) { return hear("init", group.value(), weight), 0; };
  s.cgroup_prep_move = [&](TaskId, GroupId from, GroupId to) {
    hear("prep", from.value(), to.value());
    return to == GroupId(0) ? -1 : 0;
  };
  s.cgroup_move = [&](TaskId, GroupId from, GroupId to) { hear("move", from.value(), to.value()); };
  s.cgroup_set_weight = [&](GroupId group, uint32_t weight) { hear("weight", group.value(), weight); };
  s.cgroup_set_bandwidth = [&](GroupId group, uint64_t period, uint64_t quota, uint64_t burst) {
    hear("bandwidth", group.value(), period, quota, burst);
  };
  s.cgroup_set_idle = [&](GroupId group, bool idle) { hear("idle", group.value(), idle); };
  EXPECT_EQ(testing::simulate(simsched::testing::flat_machine(1), w, s).status, "ok");
  const std::vector<std::string> expected = {
      "init 0 100",   "init 1 300", "init 2 1",     "prep 1 2",
      "move 1 2",     "prep 2 0",   "weight 1 400", "bandwidth 1 50000 30000 10000",
      "weight 2 100", "idle 2 0"};
  EXPECT_EQ(heard, expected);
}

}  // namespace
}  // namespace simsched::ext
