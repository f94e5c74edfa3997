#include "scx_port/host/set_variables.h"

#include <gmock/gmock.h>

#include "scx_port/host/testing/simulation.h"

namespace simsched::bpf {
namespace {

using ::testing::HasSubstr;
using testing::Simulation;

const char kSource[] = R"(
#include <scx/common.bpf.h>
char _license[] SEC("license") = "GPL";
const volatile u64 slice_ns = 20000000;
const volatile u32 slice_us = 1;
const volatile bool fifo;
const volatile s8 small = -1;
const volatile u8 byte = 1;
const volatile char prefix[8] = "x";
const volatile u32 weights[3] = {1, 2, 3};
const volatile u32 nr_cpu_ids = 64;
const volatile bool smt_enabled;
const volatile u64 __SCX_SLICE_DFL;
const volatile u64 __SCX_DSQ_LOCAL_ON;
const volatile u64 __SCX_OPS_SWITCH_PARTIAL;
struct opts { u32 a; u64 limit_ns; };
struct opts opts = {1, 2};
u64 counter;
void BPF_STRUCT_OPS(f, struct task_struct *p, u64 e) {
  counter += slice_ns + slice_us + fifo + small + byte + prefix[0] + weights[0] + nr_cpu_ids + smt_enabled + opts.a +
    __SCX_SLICE_DFL + __SCX_DSQ_LOCAL_ON + __SCX_OPS_SWITCH_PARTIAL;
}
SCX_OPS_DEFINE(o, .enqueue = (void *)f, .name = "options");
)";

struct SetVariables : ::testing::Test {
  SetVariables() : host(testing::compile("options", kSource)) {}
  void set(const std::string& name, const TunableValue& value) {
    for (const VariableSetting& setting : resolve_variables(host.ops->vm().object(), {{name, value, "c.yaml:3"}}, 2))
      write_variable(host.ops->vm(), setting);
  }
  std::string error(const std::string& name, const TunableValue& value) {
    try {
      set(name, value);
    } catch (const Error& failed) {
      return failed.what();
    }
    return "";
  }
  Simulation host;
};

TEST_F(SetVariables, Numbers) {
  set("slice_ns", "5000000");
  EXPECT_EQ(host.variable("slice_ns"), 5000000u);
  set("slice_ns", "0xffffffffffffffff");
  EXPECT_EQ(host.variable("slice_ns"), ~uint64_t{0});
  set("slice_ns", "SCX_SLICE_INF");
  EXPECT_EQ(host.variable("slice_ns"), ~uint64_t{0});
  set("small", "-128");
  EXPECT_EQ(host.variable<int8_t>("small"), -128);
  set("fifo", "true");
  EXPECT_TRUE(host.variable<bool>("fifo"));
  set("fifo", "0");
  EXPECT_FALSE(host.variable<bool>("fifo"));
  set("opts", TunableValue(Tunables{{"a", "9", ""}}));
  EXPECT_EQ(host.variable<uint32_t>("opts"), 9u);
  set("counter", " 12 ");
  EXPECT_EQ(host.variable("counter"), 12u);
}

TEST_F(SetVariables, Durations) {
  set("slice_ns", "20ms");
  EXPECT_EQ(host.variable("slice_ns"), 20'000'000u);
  set("slice_us", "1s");
  EXPECT_EQ(host.variable<uint32_t>("slice_us"), 1'000'000u);
  set("opts", TunableValue(Tunables{{"limit_ns", "3us", ""}}));
  EXPECT_EQ(host.variable("opts", 1), 3000u);
  EXPECT_THAT(error("slice_us", "1500ns"), HasSubstr("cannot hold 1500ns exactly"));
  EXPECT_THAT(error("counter", "20ms"), HasSubstr("does not say its unit"));
  EXPECT_THAT(error("slice_ns", "20 apples"), HasSubstr("takes no '20 apples'"));
}

TEST_F(SetVariables, TextAndLists) {
  set("prefix", "abc");
  EXPECT_EQ(host.text("prefix"), "abc");
  set("prefix", "\"d e\"");
  EXPECT_EQ(host.text("prefix"), "d e");
  EXPECT_THAT(error("prefix", "12345678"), HasSubstr("holds 7 characters"));
  set("weights", TunableValue(TunableValue::List{"7", "8"}));
  EXPECT_EQ(host.variable<uint32_t>("weights", 0), 7u);
  EXPECT_EQ(host.variable<uint32_t>("weights", 1), 8u);
  EXPECT_EQ(host.variable<uint32_t>("weights", 2), 3u);
  EXPECT_THAT(error("weights", TunableValue(TunableValue::List{"1", "2", "3", "4"})), HasSubstr("has 3 elements"));
  EXPECT_THAT(error("weights", "5"), HasSubstr("is an array"));
  EXPECT_THAT(error("counter", TunableValue(TunableValue::List{"1"})), HasSubstr("is one number, not '[1]'"));
}

TEST_F(SetVariables, WhatDoesNotFitIsRefused) {
  EXPECT_THAT(error("byte", "256"), HasSubstr("cannot hold 256; it is from 0 to 255"));
  EXPECT_THAT(error("byte", "-1"), HasSubstr("cannot hold -1"));
  EXPECT_THAT(error("small", "128"), HasSubstr("from -128 to 127"));
  EXPECT_THAT(error("slice_us", "0x100000000"), HasSubstr("cannot hold"));
  EXPECT_THAT(error("fifo", "2"), HasSubstr("true or false"));
  EXPECT_THAT(error("counter", "many"), HasSubstr("takes no 'many'"));
  EXPECT_THAT(error("counter", "99999999999999999999"), HasSubstr("takes no"));
  EXPECT_THAT(error("counter", ""), HasSubstr("takes no ''"));
  EXPECT_THAT(error("opts", "1"), HasSubstr("opts: {MEMBER: VALUE}"));
  EXPECT_THAT(error("opts", TunableValue(Tunables{{"b", "1", ""}})), HasSubstr("no member 'b'"));
}

TEST_F(SetVariables, UnknownNamesSuggestTheNearest) {
  EXPECT_EQ(error("slice_n", "1"), "c.yaml:3: options has no variable 'slice_n'; did you mean 'slice_ns'?");
}

TEST_F(SetVariables, KnownOnesAreSetForTheMachine) {
  EXPECT_EQ(host.variable<uint32_t>("nr_cpu_ids"), 4u);
  EXPECT_TRUE(host.variable<bool>("smt_enabled"));
  EXPECT_EQ(host.variable("__SCX_SLICE_DFL"), ext::kSliceDfl);
  EXPECT_EQ(host.variable("__SCX_DSQ_LOCAL_ON"), ext::kDsqLocalOn);
  EXPECT_EQ(host.variable("__SCX_OPS_SWITCH_PARTIAL"), ext::kOpsSwitchPartial);
}

}  // namespace
}  // namespace simsched::bpf
