#include "scx_port/export/parity.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "base/rng.h"
#include "base/temporary_folder.h"
#include "ml/model/model_file.h"
#include "scx_port/host/hosted.h"
#include "scx_port/include/simsched/decision.h"

namespace simsched {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

ExportedFolder shipped(const std::string& name) {
  HostedPolicy policy;
  policy.shipped = name;
  ExportedFolder folder{name, {}, kernel_object(policy)};
  folder.manifest.policy = name;
  return folder;
}

std::vector<std::byte> bytes_of(const std::vector<decision>& decisions) {
  std::vector<std::byte> bytes(decisions.size() * sizeof(decision));
  std::memcpy(bytes.data(), decisions.data(), bytes.size());
  return bytes;
}

// What scx_simple does with a task that slept, in the words of docs/sched_ext.md: its vtime, but no more than a slice
// behind the queue's.
decision key(uint64_t vtime, uint64_t now, uint64_t slice) {
  const bool behind = static_cast<int64_t>(vtime - (now - slice)) < 0;
  return {.at = 1, .cpu = 0, .kind = 1, .in = {vtime, now, slice}, .out = behind ? now - slice : vtime};
}

TEST(Parity, FindsThatAllIsEqual) {
  Rng rng(1);
  std::vector<decision> log;
  for (int i = 0; i < 10000; ++i) log.push_back(key(rng.next() >> (i % 64), rng.next() >> (i % 50), 20'000'000));
  const ParityResult result = check_parity(shipped("simple"), bytes_of(log), "log");
  EXPECT_EQ(result.decisions, 10000u);
  EXPECT_EQ(result.different, 0u) << result.first_difference;
}

TEST(Parity, FindsTheOneThatDiffers) {
  std::vector<decision> log(100, key(5, 100'000'000, 20'000'000));
  log[70].out += 1;
  const ParityResult result = check_parity(shipped("simple"), bytes_of(log), "log");
  EXPECT_EQ(result.different, 1u);
  EXPECT_THAT(result.first_difference, HasSubstr("the kernel's 80000001, here 80000000"));
}

TEST(Parity, ReadsWholeRecordsOnly) {
  auto log = bytes_of({key(1, 2, 3)});
  log.pop_back();
  EXPECT_THAT([&] { check_parity(shipped("simple"), log, "d.log"); },
              ThrowsMessage<Error>(HasSubstr("d.log: is no log of decisions: 87 bytes")));
}

// rusty_ml's question (kind 32 of rusty_ml_decide.bpf.h): fifteen inputs of 16 bits and the slot of who answers; the
// answer is 1 << 34, the verdict from bit 32 on, and the logit.
TEST(Parity, EachOfSeveralModelsAnswersFromItsSlot) {
  const TemporaryFolder files("simsched-parity");
  ExportedFolder folder = shipped("rusty_ml");
  folder.path = files.path();
  std::vector<mlp::ModelFile> models;
  for (uint32_t slot = 1; slot <= 3; ++slot) {
    models.push_back(mlp::random_model(slot, mlp::MLP_INT8, mlp::kFeatureRanges));
    mlp::write_model(models.back(), files.file(expert_file(slot)));
    folder.manifest.experts.push_back({expert_file(slot), slot, 0});
  }
  std::vector<decision> log;
  for (uint64_t slot = 1; slot <= 3; ++slot) {
    const mlp::mlp_model& model = models[slot - 1].model;
    for (const mlp::mlp_golden& golden : models[slot - 1].golden) {
      std::array<uint16_t, mlp::MLP_ROW> row;
      std::copy_n(golden.in, mlp::MLP_INPUTS, row.begin());
      for (size_t i = 0; i < mlp::MLP_INPUTS; ++i) row[i] = std::clamp(row[i], model.lo[i], model.hi[i]);
      row[mlp::MLP_INPUTS] = static_cast<uint16_t>(slot);
      const int32_t logit = mlp::mlp_logit(&model, row.data());
      decision d{.at = 1, .cpu = 0, .kind = 32, .in = {}, .out = 0};
      std::memcpy(d.in, row.data(), sizeof(row));
      d.out = 1ULL << 34 | static_cast<uint64_t>(mlp::mlp_verdict_of(logit, model.tau)) << 32 |
              static_cast<uint32_t>(logit);
      log.push_back(d);
    }
  }
  const ParityResult result = check_parity(folder, bytes_of(log), "log");
  EXPECT_EQ(result.different, 0u) << result.first_difference;
  folder.manifest.experts.pop_back();
  EXPECT_GT(check_parity(folder, bytes_of(log), "log").different, 10u) << "an empty slot leaves all open";
}

// Any inputs at all: a pure function answers, and the same each time.
class AnyInputs : public ::testing::TestWithParam<const char*> {};

TEST_P(AnyInputs, AreDecidedTheSameTwice) {
  Rng rng(7);
  std::vector<decision> log;
  for (uint32_t i = 0; i < 5000; ++i) {
    decision d{.at = i, .cpu = 0, .kind = i % 12, .in = {}, .out = 0};
    for (auto& input : d.in) input = i % 3 == 0 ? rng.next() % 4 - 1 : rng.next() >> (rng.next() % 64);
    log.push_back(d);
  }
  const ParityResult result = check_parity(shipped(GetParam()), bytes_of(log), "log");
  EXPECT_EQ(result.decisions, 5000u);
}

INSTANTIATE_TEST_SUITE_P(All, AnyInputs, ::testing::Values("simple", "packet", "rusty"));

}  // namespace
}  // namespace simsched
