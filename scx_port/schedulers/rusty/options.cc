#include "scx_port/schedulers/rusty/options.h"

namespace simsched::rusty {

void Options::bind(TunableReader& reader) {
  reader.bind("slice_us_underutil", &slice_us_underutil, 10, 1000000, "slice while CPUs are idle at times, in us");
  reader.bind("slice_us_overutil", &slice_us_overutil, 10, 1000000, "slice while no CPU ever is, in us");
  reader.bind("interval", &interval, 1_ms, 3600_s, "time between two rounds of the load balancer");
  reader.bind("tune_interval", &tune_interval, 1_ms, 3600_s, "time between two looks at how busy the CPUs are");
  reader.bind("load_half_life", &load_half_life, 1_ms, 100_s, "half-life of the load averages");
  reader.bind("greedy_threshold", &greedy_threshold, 0, 1 << 20, "0: CPUs take no tasks from other domains");
  reader.bind("greedy_threshold_x_numa", &greedy_threshold_x_numa, 0, 1 << 20,
              "0: ... nor from other nodes; else only from queues shorter than this");
  reader.bind("direct_greedy_under", &direct_greedy_under, 0, 100,
              "percent busy below which a domain's idle CPUs are given foreign tasks; 100: always");
  reader.bind("kick_greedy_under", &kick_greedy_under, 0, 100,
              "percent busy below which a domain's idle CPUs are told of foreign tasks; 100: always");
  reader.bind("direct_greedy_numa", &direct_greedy_numa, "... foreign tasks may come from other nodes");
  reader.bind("kthreads_local", &kthreads_local, "kernel threads of one CPU are counted as placed directly");
  reader.bind("balanced_kworkers", &balanced_kworkers, "the balancer leaves kworkers alone");
  reader.bind("fifo_sched", &fifo_sched, "domain queues are first come, first served");
  reader.bind("mempolicy_affinity", &mempolicy_affinity, "tasks prefer the nodes their memory is bound to");
  reader.bind("perf", &perf, 0, 1024, "performance level that all CPUs are set to; 0: none");
  reader.bind("balancer", &balancer, {"as_designed", "as_coded", "phantom", "off"},
              "as_designed: tasks move; as_coded: requests are cancelled, as upstream since 2025-01; "
              "phantom: load moves in the books, hardly any task does");
}

rusty_balancer Options::balancer_kind() const {
  if (balancer == "as_coded") return RUSTY_LB_AS_CODED;
  if (balancer == "phantom") return RUSTY_LB_PHANTOM;
  if (balancer == "off") return RUSTY_LB_OFF;
  return RUSTY_LB_AS_DESIGNED;
}

}  // namespace simsched::rusty
