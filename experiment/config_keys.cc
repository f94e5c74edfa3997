#include "experiment/config_keys.h"

#include "experiment/config.h"
#include "topology/core_type.h"
#include "topology/machine.h"

namespace simsched {
namespace {

using Kind = ConfigKey::Kind;

constexpr ConfigKey kOutput[] = {
    {"folder", Kind::kText, "folder for the results"},
    {"tasks", Kind::kBoolean, "with figures of each task, and of each name"},
};
constexpr ConfigKey kHotplug[] = {
    {"at", Kind::kDuration, "when, before the duration"},
    {"cpu", Kind::kInteger, "which CPU", 0, static_cast<int64_t>(kMaxCpus) - 1},
    {"online", Kind::kBoolean, "whether it comes or goes"},
};
constexpr ConfigKey kKernel[] = {
    {"version", Kind::kText, "selects between behaviours of policies that differ by version, as \"6.12\""},
    {"hz", Kind::kInteger, "scheduler ticks a second", 10, 10000},
    {"preempt", Kind::kChoice, "when a task in the kernel may be preempted", 0, 0, kPreemptNames},
    {"autogroup", Kind::kBoolean, "one task group a session"},
    {"base_slice_ns", Kind::kDuration, "slice of the fair policies, 100us to 1s"},
    {"governor", Kind::kChoice, "of frequencies", 0, 0, kGovernorNames},
    {"idle_governor", Kind::kChoice, "of idle states", 0, 0, kIdleGovernorNames},
};
constexpr ConfigKey kTrace[] = {
    {"trace", Kind::kText, "path of a recording"},
    {"recorded", Kind::kText, "path of its sidecar, where that is not the one beside it"},
    {"limit", Kind::kDuration, "replay only so much from its start"},
};
constexpr ConfigKey kChange[] = {
    {"at", Kind::kDuration, "when, or when first"},
    {"every", Kind::kDuration, "how often, each value of a list in turn"},
    {"nice", Kind::kOneOrList, "-20 to 19"},
    {"policy", Kind::kOneOrList, "scheduling policy", 0, 0, kTaskPolicyNames},
    {"priority", Kind::kInteger, "of real-time policies", 1, 99},
    {"runtime", Kind::kDuration, "of policy deadline: CPU time in each period, 1024ns or more"},
    {"deadline", Kind::kDuration, "the same: how long after a period's begin it is due, at its end where not given"},
    {"period", Kind::kDuration, "the same: 100us to 4194304us"},
    {"cpus", Kind::kOneOrList, "where it may run, as \"0-3,8\""},
    {"group", Kind::kOneOrList, "control group, / for the root"},
};
constexpr ConfigKey kTask[] = {
    {"nice", Kind::kInteger, "nice value", -20, 19},
    {"policy", Kind::kChoice, "scheduling policy", 0, 0, kTaskPolicyNames},
    {"priority", Kind::kInteger, "of real-time policies", 1, 99},
    {"runtime", Kind::kDuration, "of policy deadline: CPU time in each period, 1024ns or more"},
    {"deadline", Kind::kDuration, "the same: how long after a period's begin it is due, at its end where not given"},
    {"period", Kind::kDuration, "the same: 100us to 4194304us"},
    {"slice", Kind::kDuration, "custom slice, 100us to 100ms"},
    {"slice_ns", Kind::kDuration, "the same"},
    {"cpus", Kind::kText, "where they may run, as \"0-3,8\""},
    {"group", Kind::kText, "one of the groups of a mix, / for the root"},
    {"uclamp_min", Kind::kInteger, "least utilisation", 0, kCapacityScale},
    {"uclamp_max", Kind::kInteger, "highest utilisation", 0, kCapacityScale},
    {"background", Kind::kBoolean, "the simulation does not wait for them"},
    {"memory", Kind::kAmount, "share of the work that waits for memory, as 30%"},
    {"footprint", Kind::kAmount, "memory that it keeps using, as 8MiB"},
    {"share", Kind::kText, "tasks with the same name here use one memory"},
    {"class", Kind::kChoice, "what its work is made of", 0, 0, kWorkClassNames},
    {"isa", Kind::kList, "instruction sets that it needs", 0, 0, kIsaNames},
    {"changes", Kind::kList, "what becomes of them while they run", 0, 0, {}, change_keys},
};
constexpr ConfigKey kPart[] = {
    {"name", Kind::kText, "of its tasks"},
    {"start", Kind::kDuration, "when they begin"},
    {"stop", Kind::kDuration, "when they all end"},
    {"copies", Kind::kInteger, "so many of it", 1, 100000},
};
constexpr ConfigKey kRule[] = {
    {"name", Kind::kText, "name of the tasks, or how it begins, then *"},
    {"tree", Kind::kText, "the same, with all their descendants"},
};
constexpr ConfigKey kQuota[] = {
    {"quota", Kind::kDuration, "CPU time in each period, 1ms or more"},
    {"period", Kind::kDuration, "1ms to 1s"},
    {"burst", Kind::kDuration, "of what was left over, what may be used later"},
};
constexpr ConfigKey kGroup[] = {
    {"weight", Kind::kInteger, "cpu.weight", 1, 10000},
    {"idle", Kind::kBoolean, "cpu.idle"},
    {"max", Kind::kMapOrText, "cpu.max: {quota: TIME, period: TIME, burst: TIME}, or max", 0, 0, {}, quota_keys},
    {"cpus", Kind::kText, "cpuset.cpus"},
    {"groups", Kind::kNamed, "groups in it", 0, 0, {}, group_keys},
    {"changes", Kind::kList, "settings from some time on", 0, 0, {}, group_change_keys},
};
constexpr ConfigKey kGroupChange[] = {
    {"weight", Kind::kInteger, "cpu.weight", 1, 10000},
    {"idle", Kind::kBoolean, "cpu.idle"},
    {"max", Kind::kMapOrText, "cpu.max: {quota: TIME, period: TIME, burst: TIME}, or max", 0, 0, {}, quota_keys},
    {"cpus", Kind::kText, "cpuset.cpus"},
    {"at", Kind::kDuration, "from when on"},
};
constexpr ConfigKey kMix[] = {
    {"mix", Kind::kAny, "a list of workloads beside each other"},
    {"groups", Kind::kNamed, "control groups", 0, 0, {}, group_keys},
};
constexpr ConfigKey kExperiment[] = {
    {"machine", Kind::kAny, "a preset, host, a machine file, or {preset: NAME, ...changes}"},
    {"machines", Kind::kAny, "a list of machines"},
    {"workload", Kind::kAny, "{trace: FILE}, a generator, or {mix: [...]}"},
    {"kernel", Kind::kMap, "the simulated kernel", 0, 0, {}, kernel_keys},
    {"policies", Kind::kAny, "a list; differences are to the first"},
    {"seeds", Kind::kAny, "how many runs of each policy, or a list of seeds"},
    {"duration", Kind::kDuration, "stop after so much simulated time"},
    {"metrics", Kind::kAny, "a list of what tables show"},
    {"output", Kind::kAny, "folder for the results, or {folder: F, tasks: true}"},
    {"jobs", Kind::kInteger, "simulations at a time", 1, kMaxJobs},
    {"hotplug", Kind::kList, "CPUs that go or come", 0, 0, {}, hotplug_keys},
    {"tasks", Kind::kAny, "what tasks are, by their names"},
    {"reference", Kind::kAny, "what others have published of it"},
};

}  // namespace

ConfigKeys experiment_keys() { return kExperiment; }
ConfigKeys trace_keys() { return kTrace; }
ConfigKeys mix_keys() { return kMix; }
ConfigKeys kernel_keys() { return kKernel; }
ConfigKeys hotplug_keys() { return kHotplug; }
ConfigKeys output_keys() { return kOutput; }
ConfigKeys task_keys() { return kTask; }
ConfigKeys part_keys() { return kPart; }
ConfigKeys rule_keys() { return kRule; }
ConfigKeys change_keys() { return kChange; }
ConfigKeys group_keys() { return kGroup; }
ConfigKeys group_change_keys() { return kGroupChange; }
ConfigKeys quota_keys() { return kQuota; }

}  // namespace simsched
