#include "policies/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Registry, PoliciesAreMadeFromTheTunablesThatTheyDescribe) {
  const PolicyRegistry registry(cpp_policies());
  const Machine m = testing::flat_machine(8);
  for (const KernelParams& kernel : {KernelParams{.version = "5.10"}, KernelParams{.version = "6.18"}}) {
    for (const auto& policy : registry.policies()) {
      EXPECT_FALSE(policy->summary().empty()) << policy->name();
      for (const auto& tunable : policy->tunables({kernel, m})) {
        EXPECT_FALSE(tunable.help.empty()) << tunable.key;
        EXPECT_GE(registry.make(policy->name(), {{tunable.key, tunable.value, ""}}, kernel, m).size(), 3u);
      }
    }
  }
}

TEST(Registry, DefaultsFollowTheKernel) {
  const PolicyRegistry registry(cpp_policies());
  const Machine m = testing::flat_machine(8);
  auto base_slice = [&](const char* version) {
    const KernelParams kernel{.version = version};
    return registry.get("eevdf", "").tunables({kernel, m}).front().value;
  };
  EXPECT_EQ(base_slice("6.12"), "3000000");
  EXPECT_EQ(base_slice("6.18"), "2800000");
}

TEST(Registry, RejectsUnknownNames) {
  Machine m = testing::flat_machine(1);
  KernelParams kernel;
  EXPECT_THAT([&] { make_policy("eevd", {}, kernel, m, "c.yaml:3"); },
              ThrowsMessage<Error>(HasSubstr("c.yaml:3: no policy is called 'eevd'; did you mean 'eevdf'?")));
  EXPECT_THROW(make_policy("cfs", {{"run_to_parity", "true", ""}}, kernel, m), Error);
}

// As a program that uses the simulator may have one.
struct Own final : Policy {
  using Policy::Policy;
  std::vector<TunableReader::Info> tunables(const PolicyContext&) const override { return {}; }
  ClassStack make(const PolicyContext& context, const Tunables&) const override {
    return fair_stack(fair::Params(fair::Discipline::kEevdf, context.kernel, context.machine.nr_cpus()),
                      context.kernel);
  }
};

TEST(Registry, TakesPoliciesOfOthersUnderNamesOfTheirOwn) {
  PolicyRegistry registry(cpp_policies());
  registry.add(std::make_unique<Own>("own", "mine"));
  EXPECT_EQ(registry.names().back(), "own");
  EXPECT_EQ(registry.make("own", {}, KernelParams{}, testing::flat_machine(2)).size(), 5u);
  EXPECT_THAT([&] { registry.add(std::make_unique<Own>("cfs", "not mine")); },
              ThrowsMessage<Error>(HasSubstr("two policies 'cfs'")));
}

}  // namespace
}  // namespace simsched
