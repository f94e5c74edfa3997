// Tasks that wait, in the order of their keys, those of equal keys in the order in which they came: skip lists of eight
// levels, as MuQSS has them. Any number of lists of the same tasks; a task is in one at most. Flat data, which a
// snapshot copies.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/ids.h"

namespace simsched::deadline {

class SkipLists {
 public:
  SkipLists() = default;
  SkipLists(size_t lists, size_t tasks) : nr_tasks_(static_cast<uint32_t>(tasks)), nodes_(tasks + lists) {
    lengths_.resize(lists);
    for (size_t i = tasks; i < nodes_.size(); ++i) {  // a list's own node is before its first and after its last task
      nodes_[i].next.fill(static_cast<uint32_t>(i));
      nodes_[i].prev.fill(static_cast<uint32_t>(i));
    }
  }

  uint32_t length(uint32_t list) const { return lengths_[list]; }
  uint32_t length() const { return total_; }  // of all lists
  bool contains(TaskId task) const { return node(task).levels > 0; }
  int64_t key(TaskId task) const { return node(task).key; }
  TaskId first(uint32_t list) const { return task_at(nodes_[nr_tasks_ + list].next[0]); }
  TaskId next(TaskId task) const { return task_at(node(task).next[0]); }  // none after the last

  void insert(uint32_t list, TaskId task, int64_t key) {
    const auto self = static_cast<uint32_t>(task.index());
    Node& added = nodes_[self];
    added.key = key;
    added.list = list;
    added.levels = random_levels();
    uint32_t at = nr_tasks_ + list;
    for (int level = kLevels - 1; level >= 0; --level) {
      const auto l = static_cast<size_t>(level);
      for (uint32_t next = nodes_[at].next[l]; next < nr_tasks_ && nodes_[next].key <= key; next = nodes_[at].next[l])
        at = next;
      if (level >= added.levels) continue;
      added.prev[l] = at;
      added.next[l] = nodes_[at].next[l];
      nodes_[added.next[l]].prev[l] = self;
      nodes_[at].next[l] = self;
    }
    ++lengths_[list];
    ++total_;
  }

  void remove(TaskId task) {
    Node& gone = nodes_[task.index()];
    for (size_t level = 0; level < gone.levels; ++level) {
      nodes_[gone.prev[level]].next[level] = gone.next[level];
      nodes_[gone.next[level]].prev[level] = gone.prev[level];
    }
    gone.levels = 0;
    --lengths_[gone.list];
    --total_;
  }

 private:
  static constexpr int kLevels = 8;
  struct Node {
    int64_t key = 0;
    uint32_t list = 0;
    uint8_t levels = 0;  // 0: in no list
    std::array<uint32_t, kLevels> next{}, prev{};
  };

  const Node& node(TaskId task) const { return nodes_[task.index()]; }
  TaskId task_at(uint32_t at) const { return at < nr_tasks_ ? TaskId(size_t{at}) : TaskId(); }

  // Half of the nodes have one level, a quarter two, ... The order does not depend on it.
  uint8_t random_levels() {
    uint64_t x = ++inserted_ * 0x9e3779b97f4a7c15u;  // splitmix64
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    return static_cast<uint8_t>(std::min(std::countr_zero(x ^ (x >> 27)) + 1, kLevels));
  }

  uint32_t nr_tasks_ = 0, total_ = 0;
  std::vector<Node> nodes_;  // by task, then by list
  std::vector<uint32_t> lengths_;
  uint64_t inserted_ = 0;
};

}  // namespace simsched::deadline
