#include "scx_port/live/model_slots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>

#include "base/error.h"
#include "scx_port/live/cost.h"
#include "scx_port/live/testing.h"

extern "C" const unsigned char slots_bpf_object[];
extern "C" const unsigned long slots_bpf_object_size;
extern "C" const unsigned char parity_bpf_object[];
extern "C" const unsigned long parity_bpf_object_size;

namespace simsched::live {
namespace {

using ::testing::HasSubstr;

class Slots : public testing::LiveTest {
 protected:
  void SetUp() override {
    testing::LiveTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    object.emplace(std::as_bytes(std::span(slots_bpf_object, slots_bpf_object_size)), "slots");
    object->load();
    slots.emplace(*object, [this](ModelSlots::Clock::time_point) { ++waits; });
  }

  uint32_t decide(const uint16_t (&in)[mlp::MLP_ROW]) {
    mlp::mlp_test test{};
    std::ranges::copy(in, test.in);
    return object->run("decide", std::as_writable_bytes(std::span(&test, 1)));
  }
  // That the policy decides as the model does.
  void expect_decides(const mlp::ModelFile& file) {
    for (const mlp::mlp_golden& golden : file.golden) {
      EXPECT_EQ(decide(golden.in), static_cast<uint32_t>(mlp::mlp_verdict_of(golden.logit, file.model.tau)));
    }
  }

  std::optional<KernelObject> object;
  std::optional<ModelSlots> slots;
  int waits = 0;
};

TEST_F(Slots, WithoutAModelEveryDecisionIsOpen) {
  EXPECT_EQ(slots->active_version(), 0u);
  EXPECT_EQ(decide({}), static_cast<uint32_t>(mlp::MLP_UNSURE));
}

TEST_F(Slots, ModelsOfAllKindsDecideInTurn) {
  uint32_t seed = 1;
  for (auto kind : {mlp::MLP_INT8, mlp::MLP_Q21, mlp::MLP_TREE, mlp::MLP_INT8, mlp::MLP_TREE, mlp::MLP_Q21}) {
    const mlp::ModelFile file = mlp::random_model(seed, kind);
    slots->install(file, "m.bin");
    EXPECT_EQ(slots->active_version(), seed++);
    expect_decides(file);
  }
}

TEST_F(Slots, ASlotRestsBeforeItIsWrittenAgain) {
  std::set<uint32_t> used;
  for (uint32_t seed = 1; seed <= mlp::MLP_SLOTS; ++seed) {
    const uint32_t before = slots->active();
    slots->install(mlp::random_model(seed), "m.bin");
    EXPECT_NE(slots->active(), before);
    used.insert(slots->active());
  }
  EXPECT_EQ(used.size(), size_t{mlp::MLP_SLOTS});
  // The next would take the one that was left longest ago, and still just now.
  const int before = waits;
  slots->install(mlp::random_model(99), "m.bin");
  EXPECT_EQ(waits, before + 1);
}

TEST_F(Slots, AModelThatAnswersDifferentlyIsRefusedAndTheOldOneStays) {
  const mlp::ModelFile good = mlp::random_model(1);
  slots->install(good, "m.bin");
  const uint32_t active = slots->active();
  mlp::ModelFile bad = mlp::random_model(2);
  bad.golden[3].logit += 1;
  try {
    slots->install(bad, "m.bin");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("m.bin: model version 2 answers"));
    EXPECT_THAT(error.what(), HasSubstr("golden vector 3"));
    EXPECT_THAT(error.what(), HasSubstr("the model that was active stays"));
  }
  EXPECT_EQ(slots->active(), active);
  EXPECT_EQ(slots->active_version(), 1u);
  expect_decides(good);
}

TEST_F(Slots, AnObjectWithoutSlotsIsRefused) {
  KernelObject other(std::as_bytes(std::span(parity_bpf_object, parity_bpf_object_size)), "parity");
  EXPECT_FALSE(ModelSlots::has_slots(other));
  EXPECT_THROW(ModelSlots{other}, Error);
}

TEST_F(Slots, ACostIsThatOfTheProgramWithoutTheCall) {
  const mlp::mlp_test test{};
  const CostOptions few{.calls = 100, .rounds = 3};
  const Cost cost = measure_cost(*object, "nothing", std::as_bytes(std::span(&test, 1)), few);
  EXPECT_GT(cost.empty, 0_ns);
  EXPECT_GT(cost.gross, 0_ns);
  EXPECT_LE(cost.net(), cost.gross);
  EXPECT_THROW(measure_cost(*object, "absent", {}, few), Error);
}

}  // namespace
}  // namespace simsched::live
