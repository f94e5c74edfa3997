#include "policies/ext/dsq.h"

#include "base/error.h"
#include "base/rng.h"
#include "policies/ext/constants.h"

namespace simsched::ext {
namespace {

constexpr size_t kSmallIds = 8192;

bool before(uint64_t a, uint64_t b) { return static_cast<int64_t>(a - b) < 0; }  // time_before64()

}  // namespace

DsqTable::DsqTable(size_t nr_cpus, size_t nr_nodes, size_t nr_tasks)
    : nr_cpus_(nr_cpus), nr_nodes_(nr_nodes), queues_(nr_cpus + nr_nodes), links_(nr_tasks) {
  for (size_t i = 0; i < queues_.size(); ++i) {
    queues_[i].id = i < nr_cpus ? kDsqLocal : kDsqGlobal;
    if (i < nr_cpus) queues_[i].cpu = CpuId(i);
  }
  for (size_t i = 0; i < links_.size(); ++i) links_[i].heap = static_cast<uint32_t>(Rng(i).next());
}

DsqIndex DsqTable::find(uint64_t id) const {
  if (id < small_.size()) return small_[id];
  if (id < kSmallIds) return -1;
  auto found = large_.find(id);
  return found == large_.end() ? -1 : found->second;
}

DsqIndex DsqTable::create(uint64_t id) {
  if (find(id) >= 0) return -1;
  auto index = static_cast<DsqIndex>(queues_.size());
  queues_.emplace_back().id = id;
  if (id < kSmallIds) {
    if (id >= small_.size()) small_.resize(id + 1, -1);
    small_[id] = index;
  } else {
    large_.emplace(id, index);
  }
  return index;
}

void DsqTable::destroy(DsqIndex index) {
  Dsq& queue = at(index);
  SIMSCHED_CHECK(queue.nr == 0, "a queue that is destroyed holds tasks");
  if (queue.id < kSmallIds) {
    small_[queue.id] = -1;
  } else {
    large_.erase(queue.id);
  }
  queue.exists = false;
  queue.id = kDsqInvalid;
}

void DsqTable::destroy_user_queues() {
  for (size_t i = nr_cpus_ + nr_nodes_; i < queues_.size(); ++i) {
    Dsq& queue = queues_[i];
    while (queue.first.valid()) remove(queue.first);
    if (queue.exists) destroy(static_cast<DsqIndex>(i));
  }
}

void DsqTable::list_insert(Dsq& queue, TaskId task, TaskId after) {
  Link& l = link(task);
  l.prev = after;
  l.next = after.valid() ? link(after).next : queue.first;
  (l.prev.valid() ? link(l.prev).next : queue.first) = task;
  (l.next.valid() ? link(l.next).prev : queue.last) = task;
}

void DsqTable::added(Dsq& queue, DsqIndex index, TaskId task, bool ordered) {
  Link& l = link(task);
  l.queue = index;
  l.ordered = ordered;
  l.seq = ++queue.seq;
  ++queue.nr;
}

void DsqTable::push(DsqIndex index, TaskId task, bool at_head) {
  Dsq& queue = at(index);
  list_insert(queue, task, at_head ? TaskId() : queue.last);
  added(queue, index, task, false);
}

void DsqTable::insert(DsqIndex index, TaskId task, uint64_t vtime) {
  Dsq& queue = at(index);
  Link& l = link(task);
  l.vtime = vtime;
  l.left = l.right = l.up = TaskId();
  TaskId parent, behind;  // behind: the last one that stays before it
  bool goes_left = false;
  for (TaskId at = queue.root; at.valid();) {
    parent = at;
    goes_left = before(vtime, link(at).vtime);
    if (!goes_left) behind = at;
    at = goes_left ? link(at).left : link(at).right;
  }
  l.up = parent;
  if (!parent.valid()) {
    queue.root = task;
  } else {
    (goes_left ? link(parent).left : link(parent).right) = task;
  }
  while (l.up.valid() && link(l.up).heap < l.heap) rotate_up(queue, task);
  list_insert(queue, task, behind);
  added(queue, index, task, true);
}

// The task takes its parent's place, which becomes its child.
void DsqTable::rotate_up(Dsq& queue, TaskId task) {
  Link& l = link(task);
  TaskId parent = l.up;
  Link& p = link(parent);
  replace(queue, parent, task);
  if (p.left == task) {
    p.left = l.right;
    if (l.right.valid()) link(l.right).up = parent;
    l.right = parent;
  } else {
    p.right = l.left;
    if (l.left.valid()) link(l.left).up = parent;
    l.left = parent;
  }
  p.up = task;
}

// Whoever points down to `old` points to `with`.
void DsqTable::replace(Dsq& queue, TaskId old, TaskId with) {
  TaskId up = link(old).up;
  if (!up.valid()) {
    queue.root = with;
  } else {
    (link(up).left == old ? link(up).left : link(up).right) = with;
  }
  if (with.valid()) link(with).up = up;
}

void DsqTable::remove(TaskId task) {
  Link& l = link(task);
  Dsq& queue = at(l.queue);
  if (l.ordered) {
    while (l.left.valid() || l.right.valid()) {
      bool left = !l.right.valid() || (l.left.valid() && link(l.left).heap > link(l.right).heap);
      rotate_up(queue, left ? l.left : l.right);
    }
    replace(queue, task, TaskId());
  }
  (l.prev.valid() ? link(l.prev).next : queue.first) = l.next;
  (l.next.valid() ? link(l.next).prev : queue.last) = l.prev;
  l.left_queue = l.queue;
  l.left_prev = l.prev;
  l.left_next = l.next;
  l.prev = l.next = TaskId();
  l.queue = -1;
  --queue.nr;
}

}  // namespace simsched::ext
