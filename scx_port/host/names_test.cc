// One object for all kernels: the functions of sched_ext have had several names, and a policy takes the one there is.
#include <gmock/gmock.h>

#include <algorithm>

#include "scx_port/host/shipped.h"
#include "scx_port/host/testing/simulation.h"
#include "scx_port/schedulers/scheduler.h"

namespace simsched::bpf {
namespace {

using testing::Simulation;

// Without the ___suffix that libbpf ignores, but with ___v2, which is part of a name.
std::string plain(std::string name) {
  const size_t any = name.rfind("___any");
  return any == std::string::npos ? name : name.substr(0, any);
}

// The object as a kernel sees it that lacks these functions.
std::shared_ptr<const BpfObject> without(const std::string& policy, const std::vector<std::string>& missing) {
  auto object = std::make_shared<BpfObject>(*shipped_object(policy));
  for (BpfCall& call : object->calls) {
    if (std::find(missing.begin(), missing.end(), plain(call.name)) == missing.end()) continue;
    EXPECT_TRUE(call.weak) << call.name << " is missing in some kernel, and no fall-back stands in for it";
    call.name = "missing_" + call.name;
  }
  return object;
}

RunResult simulate(const std::string& policy, std::shared_ptr<const BpfObject> object,
                   Simulation::Variables variables = {}) {
  const std::string half = policy == "simple" || policy == "packet" ? "" : policy;
  Simulation host(std::move(object), std::move(variables), make_user_half(half, {}));
  host.engine->run();
  EXPECT_EQ(host.fault(), "") << policy;
  EXPECT_EQ(host.ext->exit_info().message, "") << policy;
  RunResult result = host.engine->result();
  return result;
}

int64_t metric(const RunResult& result, const std::string& name) { return result.metric(name); }

struct Kernel {
  const char* version;
  std::vector<std::string> missing;
};

// What kernel/sched/ext.c does not export in these versions, of what policies here use.
const Kernel kKernels[] = {
    {"6.12",
     {"scx_bpf_dsq_insert", "scx_bpf_dsq_insert___v2", "scx_bpf_dsq_insert_vtime", "__scx_bpf_dsq_insert_vtime",
      "scx_bpf_dsq_move_to_local", "scx_bpf_dsq_move_to_local___v2", "scx_bpf_dsq_move", "scx_bpf_dsq_move_vtime",
      "scx_bpf_task_set_slice", "scx_bpf_task_set_dsq_vtime", "scx_bpf_now", "scx_bpf_dsq_peek", "scx_bpf_cpu_node",
      "scx_bpf_nr_node_ids"}},
    {"6.18",
     {"scx_bpf_dispatch", "scx_bpf_dispatch_vtime", "scx_bpf_consume", "scx_bpf_dispatch_from_dsq",
      "scx_bpf_dispatch_vtime_from_dsq", "scx_bpf_dsq_insert___v2", "__scx_bpf_dsq_insert_vtime",
      "scx_bpf_dsq_move_to_local___v2", "scx_bpf_task_set_slice", "scx_bpf_task_set_dsq_vtime", "scx_bpf_dsq_peek"}},
    {"7.3", {"scx_bpf_dispatch", "scx_bpf_dispatch_vtime", "scx_bpf_consume", "scx_bpf_dispatch_from_dsq"}},
};

class Names : public ::testing::TestWithParam<const char*> {};

TEST_P(Names, OfEveryKernelGiveTheSameSchedule) {
  const std::string policy = GetParam();
  const RunResult expected = simulate(policy, shipped_object(policy));
  EXPECT_GT(metric(expected, "ext_calls_enqueue") + metric(expected, "ext_calls_select_cpu"), 0);
  for (const Kernel& kernel : kKernels) {
    SCOPED_TRACE(kernel.version);
    EXPECT_EQ(simulate(policy, without(policy, kernel.missing)).figures(), expected.figures());
  }
}

INSTANTIATE_TEST_SUITE_P(All, Names, ::testing::Values("simple", "packet", "rusty", "rusty_ml", "gate", "upf_ml"));

// A ring that nobody empties loses decisions, counts them, and changes nothing.
TEST(DecisionLog, IsCountedAndHarmlessWhenFull) {
  const std::string policy = "packet";  // of the few tasks here it makes decisions enough
  Simulation host(shipped_object(policy), {{"decisions_logged", "true"}});
  host.engine->run();
  EXPECT_EQ(host.fault(), "");
  EXPECT_GT(host.variable<uint64_t>("decisions_lost"), 0u);
  EXPECT_EQ(metric(host.engine->result(), "makespan_ns"),
            metric(simulate(policy, shipped_object(policy)), "makespan_ns"));
}

}  // namespace
}  // namespace simsched::bpf
