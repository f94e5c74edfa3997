// Earliest Eligible Virtual Deadline First, as in Linux 6.12 to 6.18 (Stoica and Abdel-Wahab, 1995).
#pragma once

#include "policies/fair/params.h"
#include "policies/fair/run_queue.h"
#include "sim/sched_class.h"

namespace simsched::fair {

// Its verbs: rule.h.
class Eevdf {
 public:
  explicit Eevdf(const Params& params) : params_(params) {}

  void place(CfsRq& rq, Entity& e, uint32_t flags) const {
    int64_t vruntime = avg_vruntime(rq);
    if (!e.custom_slice) e.slice = default_slice();
    int64_t lag = 0;
    if (params_.place_lag && rq.nr_queued > 0 && e.vlag != 0) {
      // Joining moves V towards the newcomer, which would lose part of its lag: (W + w) / W makes up for it.
      int64_t load = rq.sum_weight;
      if (const Entity* curr = queued_curr(rq)) load += scale_down(curr->weight);
      load = std::max<int64_t>(load, 1);
      lag = static_cast<int64_t>(static_cast<Int128>(e.vlag) * (load + scale_down(e.weight)) / load);
    }
    e.vruntime = vruntime - lag;
    if (e.rel_deadline) {
      e.deadline += e.vruntime;
      e.rel_deadline = false;
      return;
    }
    int64_t request = virtual_time(e.slice, e);
    // The others are half way through their slices, on average.
    if (params_.place_deadline_initial && (flags & kEnqueueInitial)) request /= 2;
    e.deadline = e.vruntime + request;
  }

  void leave(CfsRq& rq, Entity& e, uint32_t flags) const {
    keep_lag(rq, e);
    if (params_.place_rel_deadline && !(flags & kDequeueSleep)) make_deadline_relative(e);
    if ((flags & kDequeueDelayed) && params_.delay_zero) e.vlag = std::min<int64_t>(e.vlag, 0);
  }

  bool delays_sleep(const CfsRq& rq, const Entity& e) const {
    return params_.delay_dequeue && !eligible(rq, e);
  }

  void reweigh(CfsRq& rq, Entity& e, int64_t weight) const {
    bool waiting = e.on_rq && rq.curr != &e;
    if (e.on_rq) {
      keep_lag(rq, e);
      make_deadline_relative(e);
      if (waiting) dequeue_waiting(rq, e);
      account_dequeue(rq, e);
    }
    // Lag in CPU time and the part of the request still due stay: their virtual images grow as weight shrinks.
    e.vlag = rescale(e.vlag, e.weight, weight);
    if (e.rel_deadline) e.deadline = rescale(e.deadline, e.weight, weight);
    set_weight(e, weight);
    if (e.on_rq) {
      place(rq, e, 0);
      account_enqueue(rq, e);
      if (waiting) enqueue_waiting(rq, e);
    }
  }

  void requeue_delayed(CfsRq& rq, Entity& e) const {
    if (!params_.delay_zero) return;
    keep_lag(rq, e);
    if (e.vlag <= 0) return;
    // It paid off its debt, but must not have gained by sleeping: back to zero lag.
    bool waiting = rq.curr != &e;
    if (waiting) dequeue_waiting(rq, e);
    --rq.nr_queued;
    e.vlag = 0;
    place(rq, e, 0);
    if (waiting) enqueue_waiting(rq, e);
    ++rq.nr_queued;
  }

  Entity* pick(CfsRq& rq) const { return pick(rq, true); }

  void picked(CfsRq& rq, Entity& e) const {
    if (!params_.protects_slice) {
      e.vlag = e.deadline;
      return;
    }
    int64_t slice = std::min<int64_t>(params_.run_to_parity ? min_slice(rq) : params_.min_quantum, e.slice);
    e.vprot = e.deadline;
    if (slice != e.slice) e.vprot = std::min(e.deadline, e.vruntime + virtual_time(slice, e));
  }

  bool ran(CfsRq& rq, Entity& curr) const {
    bool request_done = curr.vruntime >= curr.deadline;
    if (request_done) {
      if (!curr.custom_slice) curr.slice = default_slice();
      curr.deadline = curr.vruntime + virtual_time(curr.slice, curr);
    }
    update_min_vruntime(rq);
    if (rq.nr_queued == 1) return false;
    if (request_done) return true;
    if (params_.protects_slice) return !protected_slice(curr);
    // A shorter slice took its protection away: it gives way once it has had its share.
    return params_.preempt_short && curr.vlag != curr.deadline && !eligible(rq, curr);
  }

  bool preempts(CfsRq& rq, Entity& curr, Entity& woken, uint32_t wake_flags) const {
    bool shorter = params_.preempt_short && woken.slice < curr.slice;
    if (!params_.protects_slice) {
      if (shorter && eligible(rq, woken) && (woken.deadline < curr.deadline || !eligible(rq, curr)))
        cancel_protection(curr);
      return pick(rq, true) == &woken;
    }
    if (!shorter && (((wake_flags & kWfFork) && !params_.fork_preempts) || woken.delayed)) return false;
    if (pick(rq, !shorter) == &woken) {
      if (shorter) cancel_protection(curr);
      return true;
    }
    if (params_.run_to_parity && shorter)
      curr.vprot = std::min(curr.vprot, curr.vruntime + virtual_time(min_slice(rq), curr));
    return false;
  }

  void cancel_protection(Entity& curr) const {
    if (!protected_slice(curr)) return;
    if (params_.protects_slice) curr.vprot = curr.vruntime;
    else curr.vlag = curr.deadline + 1;
  }

  void yield(CfsRq& rq, Entity& curr) const {
    if (!params_.yield_forfeits) {
      curr.deadline += virtual_time(curr.slice, curr);
    } else if (eligible(rq, curr)) {
      curr.vruntime = curr.deadline;
      curr.deadline += virtual_time(curr.slice, curr);
      update_min_vruntime(rq);
    }
  }

  int64_t runs_for(const CfsRq&, Entity& curr) const {
    int64_t until = curr.deadline;
    if (params_.protects_slice) until = std::min(until, curr.vprot);
    else if (params_.preempt_short && curr.vlag != curr.deadline) return 0;
    return std::max<int64_t>(0, real_time(until - curr.vruntime, curr));
  }

 private:
  uint32_t default_slice() const { return static_cast<uint32_t>(params_.base_slice.count()); }

  static int64_t rescale(int64_t value, int64_t weight, int64_t new_weight) {
    return static_cast<int64_t>(static_cast<Int128>(value) * weight / new_weight);
  }

  // Lag is kept within what one slice (and the tick that ends it late) can make.
  void keep_lag(CfsRq& rq, Entity& e) const {
    int64_t limit = virtual_time(std::max(2 * int64_t{e.slice}, params_.tick), e);
    e.vlag = std::clamp(avg_vruntime(rq) - e.vruntime, -limit, limit);
  }

  void make_deadline_relative(Entity& e) const {
    e.deadline -= e.vruntime;
    e.rel_deadline = true;
  }

  bool protected_slice(const Entity& curr) const {
    if (params_.protects_slice) return curr.vprot > curr.vruntime;
    return params_.run_to_parity && curr.vlag == curr.deadline;
  }

  Entity* pick(CfsRq& rq, bool protect) const {
    Entity* first = tree::first(rq.root);
    Entity* curr = queued_curr(rq);
    if (rq.nr_queued == 1) return curr ? curr : first;
    if (Entity* next = rq.next; params_.pick_buddy && next && eligible(rq, *next)) return next;
    if (curr && !eligible(rq, *curr)) curr = nullptr;
    if (curr && protect && protected_slice(*curr)) return curr;
    Entity* best = first && eligible(rq, *first) ? first : first_eligible(rq);
    return !best || (curr && curr->deadline < best->deadline) ? curr : best;
  }

  // The earliest deadline among the eligible of the tree: leftmost, leaving out subtrees without any.
  static Entity* first_eligible(const CfsRq& rq) {
    Entity* at = rq.root;
    while (at) {
      if (Entity* left = at->left; left && vruntime_eligible(rq, left->min_vruntime)) at = left;
      else if (eligible(rq, *at)) return at;
      else at = at->right;
    }
    return nullptr;
  }

  const Params& params_;
};

}  // namespace simsched::fair
