// Dispatch queues: FIFO or ordered by vtime, as struct scx_dispatch_q (kernel/sched/ext.c, Linux 6.18).
//
// All queues share one array of links, by task: a task is on at most one queue. A queue ordered by vtime is a list in
// that order too, with a treap beside it that finds the place of a new task in logarithmic time.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"

namespace simsched::ext {

struct Dsq {
  uint64_t id = 0;
  TaskId first, last, root;  // root: of the treap; none: FIFO order
  uint32_t nr = 0;
  uint32_t seq = 0;    // counts arrivals
  CpuId cpu;           // whose local queue it is
  bool exists = true;  // destroyed ones stay in the table
};

// Index into DsqTable; -1: none.
using DsqIndex = int32_t;

class DsqTable {
 public:
  DsqTable(size_t nr_cpus, size_t nr_nodes, size_t nr_tasks);

  DsqIndex local(CpuId cpu) const { return cpu.value(); }
  DsqIndex global(NodeId node) const { return static_cast<DsqIndex>(nr_cpus_) + node.value(); }
  DsqIndex find(uint64_t id) const;  // a user queue; -1: none of that id
  DsqIndex create(uint64_t id);      // -1: there is one already
  void destroy(DsqIndex queue);      // it is empty
  void destroy_user_queues();        // whatever they hold is off them
  Dsq& at(DsqIndex queue) { return queues_[static_cast<size_t>(queue)]; }
  const Dsq& at(DsqIndex queue) const { return queues_[static_cast<size_t>(queue)]; }
  size_t nr_global() const { return nr_nodes_; }
  size_t nr_queues() const { return queues_.size(); }  // with those that are no more

  void push(DsqIndex queue, TaskId task, bool at_head);
  void insert(DsqIndex queue, TaskId task, uint64_t vtime);  // behind those of equal vtime
  void remove(TaskId task);
  DsqIndex of(TaskId task) const { return links_[task.index()].queue; }
  TaskId next(TaskId task) const { return links_[task.index()].next; }
  TaskId prev(TaskId task) const { return links_[task.index()].prev; }
  uint32_t seq(TaskId task) const { return links_[task.index()].seq; }
  // Of a task that was removed from a queue: which one, and its neighbours at that time.
  DsqIndex left(TaskId task) const { return links_[task.index()].left_queue; }
  TaskId left_next(TaskId task) const { return links_[task.index()].left_next; }
  TaskId left_prev(TaskId task) const { return links_[task.index()].left_prev; }
  bool ordered(TaskId task) const { return links_[task.index()].ordered; }

 private:
  struct Link {
    TaskId prev, next, left_prev, left_next;
    TaskId left, right, up;  // in the treap
    uint64_t vtime = 0;      // its place: the policy may change p->scx.dsq_vtime, it must not move
    uint32_t heap = 0;
    uint32_t seq = 0;
    DsqIndex queue = -1, left_queue = -1;
    bool ordered = false;
  };
  Link& link(TaskId task) { return links_[task.index()]; }
  void list_insert(Dsq& queue, TaskId task, TaskId after);  // after none: at the head
  void added(Dsq& queue, DsqIndex index, TaskId task, bool ordered);
  void rotate_up(Dsq& queue, TaskId task);
  void replace(Dsq& queue, TaskId old, TaskId with);

  size_t nr_cpus_, nr_nodes_;
  std::vector<Dsq> queues_;      // local by CPU, global by node, then the user's
  std::vector<DsqIndex> small_;  // by id, of small ids
  std::unordered_map<uint64_t, DsqIndex> large_;
  std::vector<Link> links_;  // by task
};

}  // namespace simsched::ext
