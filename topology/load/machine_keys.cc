#include "topology/load/machine_keys.h"

#include <vector>

#include "topology/load/cost_fields.h"
#include "topology/machine.h"

namespace simsched {
namespace {

using Kind = ConfigKey::Kind;

constexpr int64_t kMostCpus = static_cast<int64_t>(kMaxCpus);
constexpr int64_t kHighestPriority = 255;                          // CPPC's highest_perf is a byte
constexpr int64_t kMostMilli = 10'000'000, kMostMicro = kMostMilli * 1000;  // 10 kW, 10 s
constexpr int64_t kMostMhz = 100'000;
constexpr int64_t kMostMw = 10'000'000'000, kMostMs = 3'600'000, kMostMc = 1'000'000;

constexpr ConfigKey kGroup[] = {
    {"cpus", Kind::kText, "the CPUs of this entry, as \"0-3,8\""},
    {"core", Kind::kInteger, "they are all this core", 0, kMostCpus - 1},
    {"threads_per_core", Kind::kInteger, "so many of them in turn are a core", 1, kMostCpus},
    {"cluster", Kind::kInteger, "cores of an LLC that share a cache below it", 0, kMostCpus - 1},
    {"llc", Kind::kInteger, "last-level cache", 0, kMostCpus - 1},
    {"node", Kind::kInteger, "NUMA node", 0, static_cast<int64_t>(kMaxNodes) - 1},
    {"capacity", Kind::kInteger, "speed, of 1024", 1, kCapacityScale},
    {"kernel_capacity", Kind::kInteger, "what the kernel takes for their capacity", 1, kCapacityScale},
    {"priority", Kind::kInteger, "the firmware's rank, for asymmetric packing", 0, kHighestPriority},
    {"type", Kind::kText, "one of core_types"},
    {"power_domain", Kind::kInteger, "CPUs with one clock and one supply", 0, kMostCpus - 1},
};
constexpr ConfigKey kOpp[] = {
    {"mhz", Kind::kInteger, "frequency", 1, kMostMhz},
    {"capacity", Kind::kInteger, "speed there, of 1024", 1, kCapacityScale},
    {"cpu_mw", Kind::kInteger, "power of a core that runs", 0, kMostMilli},
    {"cpu_uw", Kind::kInteger, "the same", 0, kMostMicro},
    {"shared_mw", Kind::kInteger, "power of what its domain shares", 0, kMostMilli},
    {"shared_uw", Kind::kInteger, "the same", 0, kMostMicro},
};
constexpr ConfigKey kIdle[] = {
    {"name", Kind::kText, "as C1"},
    {"exit_latency_us", Kind::kInteger, "how long waking up takes", 0, kMostMilli},
    {"exit_latency_ns", Kind::kInteger, "the same", 0, kMostMicro},
    {"target_residency_us", Kind::kInteger, "how long a sleep has to be for it to pay", 0, kMostMilli},
    {"target_residency_ns", Kind::kInteger, "the same", 0, kMostMicro},
    {"cpu_mw", Kind::kInteger, "power of the core", 0, kMostMilli},
    {"cpu_uw", Kind::kInteger, "the same", 0, kMostMicro},
    {"shared_mw", Kind::kInteger, "power of what its domain shares", 0, kMostMilli},
    {"shared_uw", Kind::kInteger, "the same", 0, kMostMicro},
    {"polls", Kind::kBoolean, "does not sleep"},
};
constexpr ConfigKey kClasses[] = {
    {kWorkClassNames[0], Kind::kInteger, "of 1024", 1, kCapacityScale},
    {kWorkClassNames[1], Kind::kInteger, "of 1024", 1, kCapacityScale},
    {kWorkClassNames[2], Kind::kInteger, "of 1024", 1, kCapacityScale},
    {kWorkClassNames[3], Kind::kInteger, "of 1024", 1, kCapacityScale},
};
static_assert(std::size(kClasses) == kNrWorkClasses);
constexpr ConfigKey kType[] = {
    {"capacity", Kind::kInteger, "speed of its cores, of 1024", 1, kCapacityScale},
    {"opps", Kind::kList, "operating points, rising", 0, 0, {}, opp_keys},
    {"idle_states", Kind::kList, "from shallow to deep", 0, 0, {}, idle_state_keys},
    {"class_speed", Kind::kMap, "speed for a kind of work, of that for scalar work", 0, 0, {}, work_class_keys},
    {"smt_share", Kind::kMap, "what a busy sibling leaves, by kind of work", 0, 0, {}, work_class_keys},
    {"isa", Kind::kList, "instruction sets that it has, of those that not all need to have", 0, 0, kIsaNames},
    {"transition_latency_us", Kind::kInteger, "from a request for another frequency until it holds", 0, kMostMilli},
    {"transition_latency_ns", Kind::kInteger, "the same", 0, kMostMicro},
    {"transition_delay_us", Kind::kInteger, "the least time between two requests", 0, kMostMilli},
    {"transition_delay_ns", Kind::kInteger, "the same", 0, kMostMicro},
};
constexpr ConfigKey kMemory[] = {
    {"latency_ns", Kind::kAny, "a square over the nodes: [[80, 140], [140, 80]]"},
    {"node_mbs", Kind::kAny, "MB/s that the memory of a node delivers; one number, or a list"},
    {"link_mbs", Kind::kAny, "MB/s of the links of a node to others; one number, or a list"},
    {"llc_kib", Kind::kAny, "size of a last-level cache; one number, or a list"},
};
constexpr ConfigKey kPower[] = {
    {"pl1_mw", Kind::kInteger, "what the machine may take for long", 1, kMostMw},
    {"pl2_mw", Kind::kInteger, "what it may take while the mean is below", 1, kMostMw},
    {"tau_ms", Kind::kInteger, "of the running mean", 10, kMostMs},
};
constexpr ConfigKey kThermal[] = {
    {"resistance_mc_per_w", Kind::kInteger, "thousandths of a degree a watt in the end", 1, kMostMc},
    {"tau_ms", Kind::kInteger, "by then it has come 63 % of the way", 10, kMostMs},
    {"ambient_mc", Kind::kInteger, "where it begins", -kMostMc, kMostMc},
    {"trip_mc", Kind::kInteger, "from where on it is throttled", -kMostMc, kMostMc},
    {"hysteresis_mc", Kind::kInteger, "how much colder until that ends", 0, kMostMc},
};
constexpr ConfigKey kMachine[] = {
    {"name", Kind::kText, "of the machine"},
    {"preset", Kind::kText, "another machine, which the other keys change"},
    {"hwloc", Kind::kText, "the same from hwloc's XML"},
    {"nodes", Kind::kInteger, "NUMA nodes", 1, kMostCpus},
    {"llcs_per_node", Kind::kInteger, "last-level caches of a node", 1, kMostCpus},
    {"cores_per_llc", Kind::kInteger, "cores of a last-level cache", 1, kMostCpus},
    {"threads_per_core", Kind::kInteger, "CPUs of a core", 1, kMostCpus},
    {"smt_numbering", Kind::kChoice, "how CPUs are numbered", 0, 0, kSmtNumberings},
    {"cpus", Kind::kOneOrList, "a list of groups; or how many CPUs are kept, or which, as \"0-3,8\"", 0, 0, {},
     cpu_group_keys},
    {"capacity", Kind::kInteger, "speed of every core, of 1024", 1, kCapacityScale},
    {"smt", Kind::kBoolean, "false: the first thread of each core alone"},
    {"smt_share", Kind::kInteger, "what a busy sibling leaves of a core's speed, of 1024", 1, kCapacityScale},
    {"distances", Kind::kAny, "a square over the nodes: [[10, 20], [20, 10]]"},
    {"costs", Kind::kMapOrText, "what scheduling costs in ns, or the file that has it", 0, 0, {}, cost_keys},
    {"reclaim_distance", Kind::kInteger, "nodes farther apart are not balanced over at fork and exec", 10, 255},
    {"asym_packing", Kind::kBoolean, "tasks go to the idle CPU of the highest priority"},
    {"isolated", Kind::kText, "CPUs without scheduling domains, as \"0-3,8\""},
    {"core_types", Kind::kNamed, "what is known of cores beside capacity", 0, 0, {}, core_type_keys},
    {"memory", Kind::kMap, "latency, bandwidth, caches", 0, 0, {}, memory_keys},
    {"isa_affinity", Kind::kBoolean, "a task runs only where it finds its instruction sets"},
    {"nohz_full", Kind::kText, "CPUs without a tick while one task runs there"},
    {"power_limit", Kind::kMap, "what the machine may take", 0, 0, {}, power_limit_keys},
    {"thermal", Kind::kMap, "how warm it gets", 0, 0, {}, thermal_keys},
};

}  // namespace

ConfigKeys machine_keys() { return kMachine; }
ConfigKeys cpu_group_keys() { return kGroup; }
ConfigKeys core_type_keys() { return kType; }
ConfigKeys opp_keys() { return kOpp; }
ConfigKeys idle_state_keys() { return kIdle; }
ConfigKeys work_class_keys() { return kClasses; }
ConfigKeys memory_keys() { return kMemory; }
ConfigKeys power_limit_keys() { return kPower; }
ConfigKeys thermal_keys() { return kThermal; }

ConfigKeys cost_keys() {
  static const std::vector<ConfigKey> keys = [] {
    std::vector<ConfigKey> all;
    for (const CostField& cost : kCostFields) all.push_back({cost.key, Kind::kInteger, "", 0, kLongestCost});
    for (const SpreadField& cost : kSpreadFields)
      all.push_back({cost.key, Kind::kAny, "or five: minimum, quartiles, maximum"});
    return all;
  }();
  return keys;
}

}  // namespace simsched
