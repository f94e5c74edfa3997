// Where a waking task goes: near the waker or where it ran last, and there on an idle CPU if the search
// for one is promising (select_task_rq_fair() and select_idle_sibling() of the kernel).
#include <algorithm>

#include "policies/fair/fair.h"

namespace simsched {

using namespace fair;

namespace {

// Calls `visit` for each CPU of the span from the one after `start`, wrapping round, until it returns true; so does
// this then.
template <class Visit>
bool each_after(const Span& span, CpuId start, Visit visit) {
  auto first = std::upper_bound(span.cpus.begin(), span.cpus.end(), start);
  return std::find_if(first, span.cpus.end(), visit) != span.cpus.end() ||
         std::find_if(span.cpus.begin(), first, visit) != first;
}

// Of a cache, those of the own cluster come first.
template <class Visit>
void each_near(const Domain& cache, CpuId start, Visit visit) {
  const Group& own = *cache.groups[0];
  if (!own.cluster) {
    each_after(*cache.span, start, visit);
  } else if (!each_after(*own.span, start, visit)) {
    each_after(*cache.span, start, [&](CpuId cpu) { return !own.span->set.contains(cpu) && visit(cpu); });
  }
}

}  // namespace

uint64_t FairClass::task_util(TaskId task) {
  const Entity& e = entity_of(task);
  return params_.util_est ? std::max(e.avg.util_avg, e.util_est) : e.avg.util_avg;
}

// With 20 % to spare; always, where all CPUs are alike.
bool FairClass::fits(TaskId task, CpuId cpu) {
  return !domains_->asymmetric() ||
         util_fits_cpu(static_cast<int64_t>(task_util(task)), clamp_of(task), cpu) == Fit::kFits;
}

CpuId FairClass::select_task_rq(TaskId task, CpuId prev, uint32_t wake_flags) {
  // Of very many tasks one that wakes has left the caches; all that is needed of it comes at once.
  const char* lines = reinterpret_cast<const char*>(&entity_of(task));
  for (size_t at = 0; at < sizeof(Entity); at += 64) __builtin_prefetch(lines + at);
  __builtin_prefetch(&wakers_[task.index()]);
  if (!hmp_.empty())
    if (const CpuId found = hmp_select(task, prev, wake_flags); found.valid()) return found;
  CpuId cpu = kernel_->this_cpu(), target = prev;
  TaskId current = kernel_->curr(cpu);
  bool sync = (wake_flags & kWfSync) && current.valid() && !kernel_->task_exiting(current);
  bool wakes = wake_flags & kWfTtwu, want_affine = false;
  if (wakes) {
    record_wakee(task);
    if (energy_aware())
      if (const CpuId found = find_energy_efficient_cpu(task, prev); found.valid() && kernel_->cpu_allowed(task, found))
        return found;
    want_affine = kernel_->cpu_allowed(task, cpu) && !wake_wide(task);
  }
  const std::vector<Domain>& domains = domains_->of(cpu);
  size_t top = domains.size();  // the highest domain to look for the idlest CPU in; none
  for (size_t i = 0; i < domains.size(); ++i) {
    if (want_affine && domains[i].wake_affine && domains[i].contains(prev)) {
      if (cpu != prev) target = wake_affine(domains[i], task, prev, sync);
      break;
    }
    if (!wakes && domains[i].fork_exec)
      top = i;
    else if (!want_affine)
      break;
  }
  if (top < domains.size())
    target = find_idlest_cpu(top, task, cpu, prev);
  else if (wakes)
    target = select_idle_sibling(task, prev, target);
  return kernel_->cpu_allowed(task, target) ? target : kernel_->allowed(task).next_wrap(target);
}

// The waker's CPU or the previous one: as the start of the search.
CpuId FairClass::wake_affine(const Domain& domain, TaskId task, CpuId prev, bool sync) {
  CpuId cpu = kernel_->this_cpu();
  if (params_.wa_idle) {
    // An interrupt on an idle CPU: the data may be in its cache.
    if (kernel_->idle_cpu(cpu) && domains_->share_cache(cpu, prev)) return kernel_->idle_cpu(prev) ? prev : cpu;
    const CfsRq& root = root_of(cpu);
    if (sync && kernel_->nr_running(cpu) - (root.h_nr_queued - root.h_nr_runnable) == 1) return cpu;
    if (kernel_->idle_cpu(prev)) return prev;
  }
  if (!params_.wa_weight) return prev;
  auto load_here = static_cast<int64_t>(cpu_load(cpu)), load_prev = static_cast<int64_t>(cpu_load(prev));
  TaskId current = kernel_->curr(cpu);
  if (sync && current.valid() && is_fair(current)) {
    auto current_load = static_cast<int64_t>(task_load(current));
    if (current_load > load_here) return cpu;
    load_here -= current_load;
  }
  auto load = static_cast<int64_t>(task_load(task));
  load_here = (load_here + load) * capacity_of(prev) * 100;
  load_prev = (load_prev - load) * capacity_of(cpu) * (params_.wa_bias ? 100 + (domain.imbalance_pct - 100) / 2 : 100);
  if (sync) ++load_prev;
  return load_here < load_prev ? cpu : prev;
}

CpuId FairClass::select_idle_sibling(TaskId task, CpuId prev, CpuId target) {
  auto suits = [&](CpuId cpu) { return idle_or_sched_idle(cpu) && fits(task, cpu); };
  if (suits(target)) return target;
  // Where cores of a cache form clusters, a CPU of another cluster is taken only if no idle one is found (6.12).
  const auto near = [&](CpuId cpu) { return !domains_->clusters() || domains_->share_cluster(cpu, target); };
  CpuId otherwise = target;
  if (prev != target && domains_->share_cache(prev, target) && suits(prev)) {
    if (near(prev)) return prev;
    otherwise = prev;
  }

  // A kernel thread of this CPU that wakes what it works for is about to be done.
  CpuId here = kernel_->this_cpu();
  TaskId current = kernel_->curr(here);
  if (prev == here && current.valid() && kernel_->nr_running(here) <= 1) {
    bool kthread = kernel_->is_stopper(current) || kernel_->spec(current).kthread;
    if (kthread && kernel_->allowed(current).size() == 1 && fits(task, prev)) return prev;
  }

  CpuId recent = entity_of(task).recent_cpu;
  entity_of(task).recent_cpu = prev;
  if (recent.valid() && recent != prev && recent != target && domains_->share_cache(recent, target) &&
      kernel_->cpu_allowed(task, recent) && suits(recent)) {
    if (near(recent)) return recent;
    if (otherwise == target) otherwise = recent;
  }

  if (domains_->asymmetric()) {
    CpuId found = select_idle_capacity(task, target);
    return found.valid() ? found : target;
  }
  const Domain* cache = domains_->cache(target);
  if (!cache) return target;
  CpuId found;
  bool idle_cores = smt_ && cache_state(target).has_idle_core;
  if (smt_ && !idle_cores && domains_->share_cache(prev, target)) {
    found = select_idle_smt(task, prev);
    if (found.valid()) return found;
  }
  found = idle_cores ? select_idle_core(task, *cache, target) : select_idle_cpu(task, *cache, target);
  return found.valid() ? found : otherwise;
}

// Cores of different capacity: an idle CPU that fits, else the biggest idle one.
CpuId FairClass::select_idle_capacity(TaskId task, CpuId target) {
  CpuId best;
  int64_t best_worth = 0;
  for (const Domain& domain : domains_->of(target)) {
    if (!domain.asym_capacity) continue;
    each_after(*domain.span, CpuId(target.value() - 1), [&](CpuId cpu) {
      if (!kernel_->cpu_allowed(task, cpu) || !idle_or_sched_idle(cpu)) return false;
      int64_t worth = capacity_of(cpu);
      if (fits(task, cpu)) worth += kCapacityScale;
      if (worth > best_worth) {
        best_worth = worth;
        best = cpu;
      }
      return worth > kCapacityScale;
    });
    break;
  }
  return best;
}

CpuId FairClass::select_idle_smt(TaskId task, CpuId target) {
  for (CpuId cpu : kernel_->machine().smt_cpus(target))
    if (cpu != target && kernel_->cpu_allowed(task, cpu) && idle_or_sched_idle(cpu)) return cpu;
  return CpuId();
}

// A core all of whose threads are idle; failing that, any idle CPU seen on the way.
CpuId FairClass::select_idle_core(TaskId task, const Domain& cache, CpuId target) {
  CpuId core, any;
  ++search_;
  each_near(cache, target, [&](CpuId cpu) {
    uint32_t& seen = core_seen_[kernel_->machine().cpu(cpu).core.index()];
    if (!kernel_->cpu_allowed(task, cpu) || seen == search_) return false;
    seen = search_;
    bool idle = true;
    for (CpuId thread : kernel_->machine().smt_cpus(cpu)) {
      idle &= kernel_->idle_cpu(thread);
      if (!any.valid() && kernel_->cpu_allowed(task, thread) && idle_or_sched_idle(thread)) any = thread;
    }
    if (idle) core = cpu;
    return idle;
  });
  if (core.valid()) return core;
  cache_state(target).has_idle_core = false;
  return any;
}

CpuId FairClass::select_idle_cpu(TaskId task, const Domain& cache, CpuId target) {
  int64_t left = params_.sis_util ? cache_state(target).nr_idle_scan : INT64_MAX;
  CpuId found;
  if (left == 0) return found;  // overloaded: hardly a chance
  each_near(cache, target, [&](CpuId cpu) {
    if (!kernel_->cpu_allowed(task, cpu)) return false;
    if (left-- <= 0) return true;
    if (!idle_or_sched_idle(cpu)) return false;
    found = cpu;
    return true;
  });
  return found;
}

// A CPU goes idle: is its whole core idle now?
void FairClass::note_idle_core(CpuId cpu) {
  CacheState& cache = cache_state(cpu);
  if (cache.has_idle_core) return;
  for (CpuId thread : kernel_->machine().smt_cpus(cpu))
    if (thread != cpu && !kernel_->idle_cpu(thread)) return;
  cache.has_idle_core = true;
}

}  // namespace simsched
