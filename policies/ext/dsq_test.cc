#include "policies/ext/dsq.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <list>
#include <map>
#include <utility>

#include "policies/ext/constants.h"

namespace simsched::ext {
namespace {

constexpr size_t kTasks = 40;

std::vector<TaskId> forwards(const DsqTable& table, DsqIndex queue) {
  std::vector<TaskId> tasks;
  for (TaskId t = table.at(queue).first; t.valid(); t = table.next(t)) tasks.push_back(t);
  return tasks;
}

std::vector<TaskId> backwards(const DsqTable& table, DsqIndex queue) {
  std::vector<TaskId> tasks;
  for (TaskId t = table.at(queue).last; t.valid(); t = table.prev(t)) tasks.push_back(t);
  std::reverse(tasks.begin(), tasks.end());
  return tasks;
}

void expect_queue(const DsqTable& table, DsqIndex queue, const std::vector<TaskId>& model) {
  RC_ASSERT(forwards(table, queue) == model);
  RC_ASSERT(backwards(table, queue) == model);
  RC_ASSERT(table.at(queue).nr == model.size());
  for (TaskId t : model) RC_ASSERT(table.of(t) == queue);
}

TEST(DsqTable, HasALocalQueueForEachCpuAndAGlobalOneForEachNode) {
  DsqTable table(4, 2, kTasks);
  EXPECT_EQ(table.at(table.local(CpuId(3))).cpu, CpuId(3));
  EXPECT_EQ(table.at(table.local(CpuId(3))).id, kDsqLocal);
  EXPECT_EQ(table.at(table.global(NodeId(1))).id, kDsqGlobal);
  EXPECT_FALSE(table.at(table.global(NodeId(1))).cpu.valid());
  EXPECT_EQ(table.nr_global(), 2u);
}

TEST(DsqTable, FindsUserQueuesOfSmallAndLargeIdsUntilTheyAreDestroyed) {
  DsqTable table(1, 1, kTasks);
  for (uint64_t id : {uint64_t{0}, uint64_t{8191}, uint64_t{8192}, uint64_t{1} << 62}) {
    EXPECT_EQ(table.find(id), -1);
    DsqIndex queue = table.create(id);
    EXPECT_EQ(table.find(id), queue);
    EXPECT_EQ(table.create(id), -1);
    table.destroy(queue);
    EXPECT_EQ(table.find(id), -1);
    EXPECT_FALSE(table.at(queue).exists);
    EXPECT_GE(table.create(id), 0);  // and again
  }
}

TEST(DsqTable, DestroysUserQueuesWithWhatTheyHold) {
  DsqTable table(1, 1, kTasks);
  table.insert(table.create(5), TaskId(0), 7);
  table.push(table.create(9), TaskId(1), false);
  table.push(table.local(CpuId(0)), TaskId(2), false);
  table.destroy_user_queues();
  EXPECT_EQ(table.find(5), -1);
  EXPECT_EQ(table.of(TaskId(0)), -1);
  EXPECT_EQ(table.of(TaskId(1)), -1);
  EXPECT_EQ(table.of(TaskId(2)), table.local(CpuId(0)));
}

TEST(DsqTable, CountsArrivals) {
  DsqTable table(1, 1, kTasks);
  DsqIndex queue = table.create(1);
  for (int i = 0; i < 3; ++i) table.push(queue, TaskId(i), i == 1);
  table.remove(TaskId(0));
  table.push(queue, TaskId(0), false);
  EXPECT_EQ(table.seq(TaskId(1)), 2u);
  EXPECT_EQ(table.seq(TaskId(0)), 4u);
}

RC_GTEST_PROP(DsqTable, FifoQueuesAreAsStdList, ()) {
  DsqTable table(3, 1, kTasks);
  std::vector<std::list<TaskId>> model(3);
  std::map<int32_t, size_t> at;  // by task: the queue
  auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, static_cast<int>(kTasks)), rc::gen::inRange(0, 6)));
  for (auto [number, what] : steps) {
    TaskId task(number);
    auto found = at.find(number);
    if (found != at.end()) {
      model[found->second].remove(task);
      table.remove(task);
      at.erase(found);
      RC_ASSERT(table.of(task) == -1);
    } else {
      auto queue = static_cast<size_t>(what / 2);
      bool head = what % 2;
      table.push(table.local(CpuId(queue)), task, head);
      if (head)
        model[queue].push_front(task);
      else
        model[queue].push_back(task);
      at[number] = queue;
    }
    for (size_t q = 0; q < 3; ++q) expect_queue(table, table.local(CpuId(q)), {model[q].begin(), model[q].end()});
  }
}

// Few different vtimes, so that equal ones are common; around `base`, which may be where they wrap around.
RC_GTEST_PROP(DsqTable, OrderedQueuesAreAsStdMultimap, ()) {
  const uint64_t base = *rc::gen::element<uint64_t>(0, 1000, uint64_t{1} << 63, UINT64_MAX - 4);
  DsqTable table(1, 1, kTasks);
  const DsqIndex queue = table.create(1);
  std::multimap<int64_t, TaskId> model;  // by vtime relative to `base`
  auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, static_cast<int>(kTasks)), rc::gen::inRange(-10, 10)));
  for (auto [number, vtime] : steps) {
    TaskId task(number);
    if (table.of(task) >= 0) {
      RC_ASSERT(table.ordered(task));
      model.erase(std::find_if(model.begin(), model.end(), [&](const auto& entry) { return entry.second == task; }));
      table.remove(task);
    } else {
      table.insert(queue, task, base + static_cast<uint64_t>(static_cast<int64_t>(vtime)));
      model.emplace(vtime, task);
    }
    std::vector<TaskId> expected;
    for (const auto& [key, id] : model) expected.push_back(id);
    expect_queue(table, queue, expected);
    RC_ASSERT(table.at(queue).root.valid() == !model.empty());
  }
}

// Moves between ordered and plain queues leave no trace of where a task was before.
RC_GTEST_PROP(DsqTable, ATaskMayBeInOneQueueAfterTheOther, ()) {
  DsqTable table(1, 1, 4);
  const DsqIndex ordered = table.create(1), plain = table.create(2);
  auto steps = *rc::gen::container<std::vector<std::pair<int, bool>>>(
      rc::gen::pair(rc::gen::inRange(0, 4), rc::gen::arbitrary<bool>()));
  for (auto [number, to_ordered] : steps) {
    TaskId task(number);
    if (table.of(task) >= 0) table.remove(task);
    if (to_ordered)
      table.insert(ordered, task, static_cast<uint64_t>(number));
    else
      table.push(plain, task, false);
    auto list = forwards(table, ordered);
    RC_ASSERT(std::is_sorted(list.begin(), list.end()));
    RC_ASSERT(list.size() + forwards(table, plain).size() == table.at(ordered).nr + table.at(plain).nr);
  }
}

}  // namespace
}  // namespace simsched::ext
