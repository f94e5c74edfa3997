#include "traces/circumstances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace simsched {
namespace {

std::string error_of(const std::string& text) {
  try {
    parse_circumstances(text, "x.yaml");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Circumstances, AllKeys) {
  Circumstances found = parse_circumstances(R"(
kernel: "6.18"
hz: 1000
preempt: lazy
base_slice_ns: 1400000
autogroup: true
machine: vm-2c
tasks:
  - {tree: make, slice_ns: 20000000, policy: batch, nice: -5, cpus: "0-3,8"}
  - tree: cc1
    policy: 1
)",
                                            "x.yaml");
  EXPECT_EQ(found.kernel, "6.18");
  EXPECT_EQ(found.hz, 1000);
  EXPECT_EQ(found.preempt, "lazy");
  EXPECT_EQ(found.base_slice, Nanos(1400000));
  EXPECT_TRUE(found.autogroup);
  EXPECT_EQ(found.machine, "vm-2c");
  ASSERT_EQ(found.tasks.size(), 2u);
  EXPECT_EQ(found.tasks[0].tree, "make");
  EXPECT_EQ(found.tasks[0].slice, 20_ms);
  EXPECT_EQ(found.tasks[0].policy, 3);
  EXPECT_EQ(found.tasks[0].nice, -5);
  EXPECT_EQ(found.tasks[0].cpus, "0-3,8");
  EXPECT_EQ(found.tasks[1].policy, 1);
}

TEST(Circumstances, EmptyIsTheDefault) {
  EXPECT_EQ(parse_circumstances("# nothing\n", "x.yaml").hz, Circumstances().hz);
}

TEST(Circumstances, SaysWhereAndWhat) {
  EXPECT_EQ(error_of("kernel: \"6.18\"\nhzz: 250\n"), "x.yaml:2: unknown key 'hzz'; did you mean 'hz'?");
  EXPECT_EQ(error_of("hz: 0\n"), "x.yaml:1: hz '0' is not a number it can be; use 1 to 10000");
  EXPECT_EQ(error_of("hz: many\n"), "x.yaml:1: hz 'many' is not a number it can be; use 1 to 10000");
  EXPECT_EQ(error_of("preempt: ful\n"), "x.yaml:1: unknown preempt 'ful'; did you mean 'full'?");
  EXPECT_THAT(error_of("autogroup: perhaps\n"), testing::HasSubstr("x.yaml:1: autogroup is not true or false"));
  EXPECT_THAT(error_of("kernel: new\n"), testing::HasSubstr("x.yaml:1: kernel 'new' is not a version"));
  EXPECT_THAT(error_of("machine: [a]\n"), testing::HasSubstr("x.yaml:1: machine has no value"));
  EXPECT_THAT(error_of("tasks: 3\n"), testing::HasSubstr("x.yaml:1: tasks is not a list"));
  EXPECT_THAT(error_of("tasks:\n  - {nice: 3}\n"), testing::HasSubstr("x.yaml:2: an entry of tasks has no tree"));
  EXPECT_THAT(error_of("tasks:\n  - {tree: a, nice: 30}\n"), testing::HasSubstr("use -20 to 19"));
  EXPECT_THAT(error_of("tasks:\n  - {tree: a, polic: 3}\n"), testing::HasSubstr("did you mean 'policy'?"));
  EXPECT_THAT(error_of("tasks:\n  - {tree: a, policy: batsh}\n"), testing::HasSubstr("did you mean 'batch'?"));
  EXPECT_THAT(error_of("tasks:\n  - {tree: a, cpus: 3-1}\n"),
              testing::HasSubstr("x.yaml:2: '3-1' is not a list of CPUs"));
  EXPECT_THAT(error_of("a: [\n"), testing::HasSubstr("mend the YAML there"));
  EXPECT_THAT(error_of("just text\n"), testing::HasSubstr("x.yaml:1: is not a list of 'key: value'"));
  EXPECT_THROW(read_circumstances("/no/such/file.yaml"), Error);
}

}  // namespace
}  // namespace simsched
