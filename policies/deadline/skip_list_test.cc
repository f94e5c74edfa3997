#include "policies/deadline/skip_list.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace simsched::deadline {
namespace {

std::vector<int> order(const SkipLists& lists, uint32_t list) {
  std::vector<int> tasks;
  for (TaskId task = lists.first(list); task.valid(); task = lists.next(task)) tasks.push_back(task.value());
  return tasks;
}

TEST(SkipLists, KeepOrderAndArrival) {
  SkipLists lists(2, 5);
  EXPECT_FALSE(lists.first(0).valid());
  for (int i = 0; i < 4; ++i) lists.insert(0, TaskId(i), i % 2);
  lists.insert(1, TaskId(4), -7);
  EXPECT_EQ(order(lists, 0), (std::vector<int>{0, 2, 1, 3}));
  EXPECT_EQ(order(lists, 1), (std::vector<int>{4}));
  EXPECT_EQ(lists.length(0), 4u);
  EXPECT_EQ(lists.length(), 5u);
  lists.remove(TaskId(2));
  EXPECT_FALSE(lists.contains(TaskId(2)));
  lists.insert(1, TaskId(2), 9);
  EXPECT_EQ(order(lists, 0), (std::vector<int>{0, 1, 3}));
  EXPECT_EQ(order(lists, 1), (std::vector<int>{4, 2}));
}

TEST(SkipLists, AreAsASortedListWhateverComesAndGoes) {
  constexpr size_t kTasks = 300;
  Rng rng(7);
  SkipLists lists(3, kTasks);
  std::vector<std::vector<std::pair<int64_t, int>>> expected(3);  // (key, task), stable
  std::vector<int> in(kTasks, -1);
  for (int step = 0; step < 20000; ++step) {
    const auto task = static_cast<int>(rng.below(kTasks));
    int& list = in[static_cast<size_t>(task)];
    if (list >= 0) {
      lists.remove(TaskId(task));
      std::erase_if(expected[static_cast<size_t>(list)], [&](const auto& entry) { return entry.second == task; });
      list = -1;
    } else {
      list = static_cast<int>(rng.below(3));
      const auto key = static_cast<int64_t>(rng.below(50));
      lists.insert(static_cast<uint32_t>(list), TaskId(task), key);
      auto& sorted = expected[static_cast<size_t>(list)];
      auto at = std::find_if(sorted.begin(), sorted.end(), [&](const auto& entry) { return entry.first > key; });
      sorted.insert(at, {key, task});
    }
    if (step % 100 != 0) continue;
    for (uint32_t i = 0; i < 3; ++i) {
      std::vector<int> tasks;
      for (const auto& entry : expected[i]) tasks.push_back(entry.second);
      ASSERT_EQ(order(lists, i), tasks);
      ASSERT_EQ(lists.length(i), tasks.size());
    }
  }
}

}  // namespace
}  // namespace simsched::deadline
