#include "experiment/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "experiment/inputs.h"
#include "experiment/policies.h"

namespace simsched {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const PolicyRegistry kPolicies(cpp_policies());

const std::string kSmall = "machine: vm-2c\nworkload: {trace: t.data}\npolicies: [eevdf]\n";

std::string message(const std::string& text) {
  try {
    parse_config(text, "c.yaml", kPolicies);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Config, Smallest) {
  Config config = parse_config(kSmall, "c.yaml", kPolicies);
  EXPECT_EQ(config.file, "c.yaml");
  ASSERT_EQ(config.machines.size(), 1u);
  EXPECT_EQ(config.workload.trace, "t.data");
  ASSERT_EQ(config.policies.size(), 1u);
  EXPECT_EQ(config.policies[0].policy->name(), "eevdf");
  EXPECT_EQ(config.policies[0].label, "eevdf");
  EXPECT_EQ(config.policies[0].where, "c.yaml:3");
  EXPECT_THAT(config.seeds, ElementsAre(1));
  EXPECT_EQ(config.duration, Nanos::max());
  EXPECT_EQ(config.jobs, 0);
}

TEST(Config, Everything) {
  Config config = parse_config(R"(
machines: [vm-2c, {preset: desktop-2llc, name: big}]
workload: {trace: t.data, recorded: r.yaml, limit: 5s}
kernel: {version: 6.12, hz: 1000, preempt: lazy, autogroup: true, base_slice_ns: 3ms, governor: ondemand, idle_governor: teo}
policies:
  - eevdf
  - eevdf: {base_slice_ns: 20ms, label: long-slice}
  - cfs: {min_granularity: 1ms}
seeds: [7, 9]
duration: 10s
metrics: [makespan_ns, migrations]
output: out
jobs: 2
)",
                               "c.yaml", kPolicies);
  EXPECT_EQ(config.machines.size(), 2u);
  EXPECT_EQ(config.workload.recorded, "r.yaml");
  EXPECT_EQ(config.workload.limit, 5_s);
  EXPECT_EQ(config.kernel.version, "6.12");
  EXPECT_EQ(config.kernel.hz, 1000);
  EXPECT_EQ(config.kernel.preempt, Preempt::kLazy);
  EXPECT_EQ(config.kernel.autogroup, true);
  EXPECT_EQ(config.kernel.base_slice, 3_ms);
  EXPECT_EQ(config.kernel.governor, Governor::kOndemand);
  EXPECT_EQ(config.kernel.idle_governor, IdleGovernor::kTeo);
  ASSERT_EQ(config.policies.size(), 3u);
  EXPECT_EQ(config.policies[1].label, "long-slice");
  ASSERT_EQ(config.policies[1].tunables.size(), 1u);
  EXPECT_EQ(config.policies[1].tunables[0].key, "base_slice_ns");
  EXPECT_EQ(config.policies[1].tunables[0].value, "20ms");
  EXPECT_EQ(config.policies[1].tunables[0].where, "c.yaml:7");
  EXPECT_EQ(config.policies[2].label, "cfs(min_granularity=1ms)");
  EXPECT_THAT(config.seeds, ElementsAre(7, 9));
  EXPECT_EQ(config.duration, 10_s);
  EXPECT_THAT(config.metrics, ElementsAre("makespan_ns", "migrations"));
  EXPECT_EQ(config.output, "out");
  EXPECT_EQ(config.jobs, 2);
}

TEST(Config, ValuesOfTunablesAreTextListsAndMaps) {
  Config config =
      parse_config("machine: vm-2c\nworkload: {hogs: {}}\npolicies:\n  - cfs: {a: 3ms, l: [x, y], m: {k: 1,\n  n: 2}}",
                   "c.yaml", kPolicies);
  const PolicyConfig& policy = config.policies.at(0);
  EXPECT_EQ(policy.label, "cfs(a=3ms l=[x, y] m.k=1 m.n=2)");
  ASSERT_EQ(policy.tunables.size(), 3u);
  EXPECT_EQ(policy.tunables[1].value.list()->size(), 2u);
  EXPECT_EQ(policy.tunables[2].value.map()->at(1).key, "n");
  EXPECT_EQ(policy.tunables[2].value.map()->at(1).where, "c.yaml:5");
}

TEST(Config, SeedsAreACountOrAList) {
  EXPECT_THAT(parse_config(kSmall + "seeds: 3", "c", kPolicies).seeds, ElementsAre(1, 2, 3));
  EXPECT_THAT(parse_config(kSmall + "seeds: [0]", "c", kPolicies).seeds, ElementsAre(0));
}

TEST(Config, AMachineIsOptionalForARecording) {
  EXPECT_TRUE(parse_config("workload: {trace: t}\npolicies: [cfs]", "c", kPolicies).machines.empty());
  EXPECT_THAT(message("workload: {hackbench: {}}\npolicies: [cfs]"), HasSubstr("no machine is given"));
}

struct BadInput {
  std::string text, starts;  // the message must start so
};

class BadConfig : public testing::TestWithParam<BadInput> {};

TEST_P(BadConfig, IsNamedWithFileAndLine) { EXPECT_THAT(message(GetParam().text), StartsWith(GetParam().starts)); }

const std::string kTop = "machine: vm-2c\n", kLoad = "workload: {trace: t}\n", kPolicy = "policies: [eevdf]\n";

INSTANTIATE_TEST_SUITE_P(
    All, BadConfig,
    testing::Values(
        BadInput{"", "c.yaml: is not an experiment"}, BadInput{"- a\n- b\n", "c.yaml: is not an experiment"},
        BadInput{"just words", "c.yaml: is not an experiment"},
        BadInput{std::string("a\0b", 3), "c.yaml: is not a text"},
        BadInput{"machine: [\n", "c.yaml:2: this is not YAML"}, BadInput{"a: b: c\n", "c.yaml:1: this is not YAML"},
        BadInput{kTop + "policy: [eevdf]\n", "c.yaml:2: an experiment has no key 'policy'; "},
        BadInput{kTop + kTop, "c.yaml:2: 'machine' is given twice"},
        BadInput{kLoad + kPolicy + "machine:\n", "c.yaml:3: machine is empty"},
        BadInput{"machine: [a, b]\n" + kLoad + kPolicy, "c.yaml:1: machine is a list; call it 'machines'"},
        BadInput{"machines: a\n" + kLoad + kPolicy, "c.yaml:1: machines is not a list"},
        BadInput{kTop + "machines: [a]\n" + kLoad, "c.yaml:2: both machine and machines"},
        BadInput{kTop + kPolicy, "c.yaml: no workload is given"},
        BadInput{kTop + "workload: t.data\n", "c.yaml:2: no workload is called"},
        BadInput{kTop + "workload: {a: {}, b: {}}\n", "c.yaml:2: the workload is neither"},
        BadInput{kTop + "workload: {trace: t, limt: 1s}\n", "c.yaml:2: a workload with a trace has no key 'limt'"},
        BadInput{kTop + "workload: {trace: [t]}\n", "c.yaml:2: trace is not one value"},
        BadInput{kTop + "workload: {trace: ''}\n", "c.yaml:2: trace is empty"},
        BadInput{kTop + "workload: {trace: t, limit: soon}\n", "c.yaml:2: limit is 'soon', not a duration"},
        BadInput{kTop + kLoad, "c.yaml: no policies are given"},
        BadInput{kTop + kLoad + "policies: eevdf\n", "c.yaml:3: policies is not a list"},
        BadInput{kTop + kLoad + "policies: []\n", "c.yaml:3: policies is not a list"},
        BadInput{kTop + kLoad + "policies: [eevfd]\n", "c.yaml:3: no policy is called 'eevfd'; "},
        BadInput{kTop + kLoad + "policies: [cfs, eevdf]\nkernel: {version: 5.4}\n",
                 "c.yaml:3: eevdf came with Linux 6.6, and the kernel here is 5.4"},
        BadInput{kTop + kLoad + "policies: [eevdf, eevdf]\n", "c.yaml:3: two policies are shown as 'eevdf'"},
        BadInput{kTop + kLoad + "policies: [[eevdf]]\n", "c.yaml:3: a policy is neither"},
        BadInput{kTop + kLoad + "policies:\n- eevdf:\n", "c.yaml:4: the tunables of eevdf are not a mapping"},
        BadInput{kTop + kLoad + "policies: [{eevdf: {a: }}]\n", "c.yaml:3: a is not one value"},
        BadInput{kTop + kLoad + "policies: [{eevdf: {a: {b: {c: [1]}}}}]\n", "c.yaml:3: a.b.c is not one value"},
        BadInput{kTop + kLoad + "policies: [{eevdf: {label: [a]}}]\n", "c.yaml:3: label is not one value"},
        BadInput{kTop + kLoad + "policies: [{eevdf: {a: 1, a: 2}}]\n", "c.yaml:3: 'a' is given twice"},
        BadInput{kTop + kLoad + kPolicy + "seeds: 0\n", "c.yaml:4: seeds is 0; take a whole number"},
        BadInput{kTop + kLoad + kPolicy + "seeds: many\n", "c.yaml:4: seeds is 'many', not a whole number"},
        BadInput{kTop + kLoad + kPolicy + "seeds: [1, 1]\n", "c.yaml:4: seed 1 is given twice"},
        BadInput{kTop + kLoad + kPolicy + "seeds: []\n", "c.yaml:4: 0 seeds are given"},
        BadInput{kTop + kLoad + kPolicy + "duration: 0\n", "c.yaml:4: duration is 0; take"},
        BadInput{kTop + kLoad + kPolicy + "duration: -1s\n", "c.yaml:4: duration is "},
        BadInput{kTop + kLoad + kPolicy + "metrics: makespan_ns\n", "c.yaml:4: metrics is not a list"},
        BadInput{kTop + kLoad + kPolicy + "metrics:\n- makespan\n", "c.yaml:5: no metric is called 'makespan'"},
        BadInput{kTop + kLoad + kPolicy + "output: ''\n", "c.yaml:4: output is empty"},
        BadInput{kTop + kLoad + kPolicy + "jobs: 0\n", "c.yaml:4: jobs is 0"},
        BadInput{kTop + kLoad + kPolicy + "kernel: 6.12\n", "c.yaml:4: kernel is not a mapping"},
        BadInput{kTop + kLoad + kPolicy + "kernel: {HZ: 250}\n", "c.yaml:4: kernel has no key 'HZ'"},
        BadInput{kTop + kLoad + kPolicy + "kernel: {hz: 1}\n", "c.yaml:4: hz is 1; take"},
        BadInput{kTop + kLoad + kPolicy + "kernel: {governor: schedutils}\n",
                 "c.yaml:4: governor is 'schedutils'; did you mean 'schedutil'?"},
        BadInput{kTop + kLoad + kPolicy + "kernel: {idle_governor: ladder}\n", "c.yaml:4: idle_governor is 'ladder'"},
        BadInput{kTop + kLoad + kPolicy + "kernel: {version: new}\n", "c.yaml:4: version is 'new'"},
        BadInput{kTop + kLoad + kPolicy + "kernel: {preempt: lasy}\n",
                 "c.yaml:4: preempt is 'lasy'; did you mean 'lazy'?"},
        BadInput{kTop + kLoad + kPolicy + "kernel: {autogroup: maybe}\n", "c.yaml:4: autogroup is 'maybe'"},
        BadInput{kTop + kLoad + kPolicy + "kernel: {base_slice_ns: 1ns}\n", "c.yaml:4: base_slice_ns is 1ns; take"}));

TEST(Config, AMistakeInWhatASchedulerIsGivenHasThePolicysLine) {
  const PolicyRegistry all = all_policies();
  const auto refusal = [&](const std::string& experts) -> std::string {
    const std::string text =
        "machine: vm-2c\nworkload: hogs\npolicies:\n  - rusty_ml: {label: x, experts: " + experts + "}\n";
    try {
      Inputs{parse_config(text, "c.yaml", all)};
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal("[]"), StartsWith("c.yaml:4: '[]' is not a value of experts"));
  EXPECT_THAT(refusal("[., .], model: none"), StartsWith("c.yaml:4: x: 'experts' and 'model' are given; keep one"));
  EXPECT_THAT(refusal("[., ., ., ., ., ., ., ., .]"), StartsWith("c.yaml:4: x: 'experts' has 9 models"));
}

TEST(Config, AMissingFileIsNamed) {
  try {
    load_config("/no/such/config.yaml", kPolicies);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), StartsWith("/no/such/config.yaml: "));
  }
}

TEST(Config, AWorkloadMayBeAName) {
  EXPECT_TRUE(parse_config("machine: vm-2c\nworkload: hogs\npolicies: [cfs]", "c.yaml", kPolicies)
                  .workload.generator["hogs"]
                  .IsDefined());
  EXPECT_THAT(message("machine: vm-2c\nworkload: hog\npolicies: [cfs]"),
              HasSubstr("no workload is called 'hog'; did you mean 'hogs'?"));
}

}  // namespace
}  // namespace simsched
