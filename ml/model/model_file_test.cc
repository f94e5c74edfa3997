#include "ml/model/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"
#include "base/temporary_folder.h"
#include "ml/model/reference.h"

namespace simsched::mlp {
namespace {

using ::testing::HasSubstr;

std::vector<std::byte> bytes_of(uint64_t seed, mlp_kind kind = MLP_INT8) {
  return model_bytes(random_model(seed, kind), "test");
}

std::string refusal(std::span<const std::byte> bytes) {
  try {
    parse_model(bytes, "x.bin");
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

// A file with something changed in it, and a check sum that is right.
std::string refusal_of(mlp_kind kind, const std::function<void(mlp_model&)>& change) {
  std::vector<std::byte> bytes = bytes_of(5, kind);
  mlp_model model;
  std::memcpy(&model, bytes.data(), sizeof(model));
  change(model);
  std::memcpy(bytes.data(), &model, sizeof(model));
  model.crc = crc32(std::span(bytes).subspan(offsetof(mlp_model, kind)));
  std::memcpy(bytes.data(), &model, sizeof(model));
  return refusal(bytes);
}

TEST(ModelFile, IsTheSameAfterReadingAndWriting) {
  for (mlp_kind kind : {MLP_INT8, MLP_Q21, MLP_TREE}) {
    const std::vector<std::byte> bytes = bytes_of(3, kind);
    const ModelFile file = parse_model(bytes, "x.bin");
    EXPECT_EQ(file.model.version, 3u);
    EXPECT_EQ(file.model.kind, kind);
    EXPECT_EQ(file.golden.size(), 32u);
    EXPECT_EQ(model_bytes(file, "x.bin"), bytes);
    const TemporaryFolder folder("simsched-model");
    const std::string path = folder.file("model.bin");
    write_model(file, path);
    EXPECT_EQ(model_bytes(read_model(path), path), bytes);
  }
}

TEST(ModelFile, ThoseWrittenEarlierAreStillTheSame) {
  const std::string folder = std::string(SIMSCHED_SOURCE_DIR) + "/tests/fuzz/corpus/model_file/";
  EXPECT_EQ(model_bytes(read_model(folder + "int8.bin"), "int8"), bytes_of(1, MLP_INT8));
  EXPECT_EQ(model_bytes(read_model(folder + "q21.bin"), "q21"), bytes_of(1, MLP_Q21));
  EXPECT_EQ(model_bytes(read_model(folder + "tree.bin"), "tree"), bytes_of(1, MLP_TREE));
}

TEST(ModelFile, RefusesWhatIsNoModel) {
  EXPECT_THAT(refusal({}), HasSubstr("x.bin: not a model file"));
  const std::string elf = "\177ELF and more that is no model at all";
  EXPECT_THAT(refusal(std::as_bytes(std::span(elf))), HasSubstr("not a model file"));
}

TEST(ModelFile, RefusesOneThatIsCutOffAnywhere) {
  const std::vector<std::byte> bytes = bytes_of(3);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(refusal(std::span(bytes).first(size)), "") << size;
  std::vector<std::byte> longer = bytes;
  longer.push_back(std::byte{});
  EXPECT_THAT(refusal(longer), HasSubstr("bytes, not"));
}

TEST(ModelFile, RefusesEveryFlippedBit) {
  const std::vector<std::byte> bytes = bytes_of(3);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::vector<std::byte> damaged = bytes;
    damaged[at] ^= std::byte{static_cast<uint8_t>(1 << at % 8)};
    EXPECT_NE(refusal(damaged), "") << at;
  }
}

TEST(ModelFile, SaysWhatIsWrongWithAForeignOne) {
  EXPECT_THAT(refusal_of(MLP_INT8, [](mlp_model& m) { m.format = 2; }), HasSubstr("of format 2, not 1"));
  EXPECT_THAT(refusal_of(MLP_INT8, [](mlp_model& m) { m.kind = 7; }), HasSubstr("unknown kind 7"));
  EXPECT_THAT(refusal_of(MLP_INT8, [](mlp_model& m) { m.version = 0; }), HasSubstr("version is 0"));
  EXPECT_THAT(refusal_of(MLP_INT8, [](mlp_model& m) { m.encoding = 2; }), HasSubstr("of encoding 2, which is unknown"));
  EXPECT_THAT(refusal_of(MLP_INT8, [](mlp_model& m) { m.tau = 0; }), HasSubstr("tau is not positive"));
  EXPECT_THAT(refusal_of(MLP_INT8, [](mlp_model& m) { m.hi[4] = m.lo[4]; }), HasSubstr("range of input 4 is empty"));
  EXPECT_THAT(refusal_of(MLP_INT8, [](mlp_model& m) { ++m.scale[2]; }), HasSubstr("scale of input 2"));
  EXPECT_THAT(refusal_of(MLP_INT8, [](mlp_model& m) { m.int8.shift1 = 32; }), HasSubstr("shift"));
  EXPECT_THAT(refusal_of(MLP_INT8, [](mlp_model& m) { m.int8.w1[3][1] |= 1ull << 63; }), HasSubstr("8 bits"));
  EXPECT_THAT(refusal_of(MLP_INT8, [](mlp_model& m) { m.int8.w2[3] = 128; }), HasSubstr("8 bits"));
  EXPECT_THAT(refusal_of(MLP_INT8, [](mlp_model& m) { m.int8.b1[3] = INT32_MIN; }), HasSubstr("bias"));
  EXPECT_THAT(refusal_of(MLP_Q21, [](mlp_model& m) { m.q21.w1[3][1] = (1 << 27) + 1; }), HasSubstr("beyond 64.0"));
  EXPECT_THAT(refusal_of(MLP_Q21, [](mlp_model& m) { m.q21.w1[3][15] = 1; }), HasSubstr("not zero"));
  EXPECT_THAT(refusal_of(MLP_TREE, [](mlp_model& m) { m.tree.input[3] = 15; }), HasSubstr("input that there is not"));
  EXPECT_THAT(refusal_of(MLP_TREE, [](mlp_model& m) { m.tree.leaf[3] = INT32_MIN; }), HasSubstr("leaf"));
  EXPECT_THAT(refusal_of(MLP_TREE, [](mlp_model& m) { m.tree.threshold[0] = 1; }), HasSubstr("not zero"));
  EXPECT_THAT(refusal_of(MLP_TREE, [](mlp_model& m) { m.q21.b2 = 1; }), HasSubstr("not zero"));
  EXPECT_THAT(refusal_of(MLP_TREE, [](mlp_model& m) { m.scale[1] = 1; }), HasSubstr("scale of input 1"));
  EXPECT_THAT(refusal_of(MLP_INT8, [](mlp_model& m) { m.int8.b2 += 1000; }), HasSubstr("golden vector"));
  EXPECT_THAT(refusal_of(MLP_TREE,
                         [](mlp_model& m) {
                           for (s32& leaf : m.tree.leaf) ++leaf;
                         }),
              HasSubstr("golden vector"));
}

TEST(ModelFile, IsOfThePolicysEncodingOrRefused) {
  mlp_model model = random_model(3).model;
  check_encoding(model, 0, "x.bin");
  model.encoding = 1;
  check_encoding(model, 1, "x.bin");
  EXPECT_THROW(check_encoding(model, 0, "x.bin"), Error);
}

TEST(RandomModel, IsTheSameOnAnyMachine) {
  EXPECT_EQ(crc32(bytes_of(1, MLP_INT8)), 438671398u);
  EXPECT_EQ(crc32(bytes_of(1, MLP_Q21)), 3133944780u);
  EXPECT_EQ(crc32(bytes_of(1, MLP_TREE)), 2208859157u);
  EXPECT_NE(bytes_of(1), bytes_of(2));
}

TEST(RandomModel, MovesStaysAndIsUnsure) {
  for (mlp_kind kind : {MLP_INT8, MLP_Q21, MLP_TREE}) {
    const ModelFile file = random_model(9, kind);
    Rng rng(1);
    int verdicts[3] = {};
    for (int i = 0; i < 3000; ++i) {
      Features features;
      for (uint16_t& f : features) f = static_cast<uint16_t>(rng.below(256));
      ++verdicts[mlp_verdict_of(logit(file.model, features), file.model.tau)];
    }
    for (int count : verdicts) EXPECT_GT(count, 600);
  }
}

// What the policies compute is what the definition says, for nets and inputs of any size.
TEST(Nets, AgreeWithThePlainReference) {
  Rng rng(77);
  for (int n = 0; n < 2000; ++n) {
    const bool wild = n % 2 == 1;
    Int8Net small;
    Q21Net big;
    auto word = [&]() -> int32_t {
      static constexpr int32_t kEdges[] = {INT32_MIN, INT32_MAX, 0, 1, -1, 1 << 21, -(1 << 21)};
      if (wild && rng.below(2) == 0) return kEdges[rng.below(std::size(kEdges))];
      return static_cast<int32_t>(rng.next() >> (wild ? 32 : 42));
    };
    for (auto& row : small.w1) {
      for (int8_t& w : row) w = static_cast<int8_t>(rng.next());
    }
    for (int8_t& w : small.w2) w = static_cast<int8_t>(rng.next());
    for (int32_t& b : small.b1) b = wild ? word() : static_cast<int32_t>(rng.between(-100000, 100000));
    small.b2 = word();
    small.shift1 = static_cast<uint32_t>(rng.below(32));
    small.shift2 = static_cast<uint32_t>(rng.below(32));
    for (auto& row : big.w1) std::ranges::generate(row, word);
    std::ranges::generate(big.b1, word);
    std::ranges::generate(big.w2, word);
    big.b2 = word();
    Ranges ranges;
    for (size_t i = 0; i < MLP_INPUTS; ++i) {
      ranges.lo[i] = static_cast<uint16_t>(rng.below(65535));
      ranges.hi[i] = static_cast<uint16_t>(rng.between(ranges.lo[i] + 1, 65535));
    }
    Tree tree;
    for (uint8_t& i : tree.input) i = static_cast<uint8_t>(rng.below(MLP_INPUTS));
    for (uint16_t& t : tree.threshold) t = static_cast<uint16_t>(wild ? 65535 * rng.below(2) : rng.next());
    std::ranges::generate(tree.leaf, word);
    const mlp_model one = make_model(small, ranges, 1, 1), other = make_model(big, ranges, 1, 1);
    const mlp_model third = make_model(tree, ranges, 1, 1);
    for (int i = 0; i < 50; ++i) {
      Features features;
      for (uint16_t& f : features) f = static_cast<uint16_t>(rng.next());
      ASSERT_EQ(logit(one, features), reference::logit(one, features));
      ASSERT_EQ(logit(other, features), reference::logit(other, features));
      ASSERT_EQ(logit(third, features), reference::logit(third, features));
    }
  }
}

TEST(Nets, TheEndsOfARangeAreZeroAndOne) {
  EXPECT_TRUE(rc::check([] {
    const auto lo = *rc::gen::inRange<uint16_t>(0, 65535);
    const auto hi = *rc::gen::inRange<uint16_t>(static_cast<uint16_t>(lo + 1), 65535);
    for (auto [kind, one] : {std::pair{MLP_INT8, MLP_ONE_INT8}, std::pair{MLP_Q21, MLP_ONE_Q21}}) {
      const u64 scale = mlp_scale(lo, hi, kind);
      RC_ASSERT(mlp_input(lo, lo, scale, one) == 0);
      RC_ASSERT(mlp_input(0, lo, scale, one) == 0);
      RC_ASSERT(mlp_input(hi, lo, scale, one) == one);
      RC_ASSERT(mlp_input(65535, lo, scale, one) == one);
    }
  }));
}

TEST(Nets, PackAndUnpack) {
  const mlp_model model = random_model(4).model;
  const mlp_int8 again = pack(unpack(model.int8));
  EXPECT_EQ(std::memcmp(&again, &model.int8, sizeof(again)), 0);
}

// The path of each leaf: which side of its four thresholds the inputs are on.
TEST(Trees, EqualToTheThresholdGoesRight) {
  Tree tree;
  for (size_t n = 0; n < tree.input.size(); ++n)
    tree.input[n] = static_cast<uint8_t>(n < 1 ? 0 : n < 3 ? 1 : n < 7 ? 2 : 14);
  tree.threshold.fill(100);
  for (size_t l = 0; l < tree.leaf.size(); ++l) tree.leaf[l] = static_cast<int32_t>(l);
  const mlp_model model = make_model(tree, kBytes, 1, 1);
  for (uint32_t leaf = 0; leaf < MLP_LEAVES; ++leaf) {
    Features features{};
    for (auto [bit, input] : {std::pair{3, 0}, {2, 1}, {1, 2}, {0, 14}}) features[input] = leaf >> bit & 1 ? 100 : 99;
    EXPECT_EQ(logit(model, features), static_cast<int32_t>(leaf));
  }
}

TEST(Trees, ANodeThatDoesNotMatterLeadsToTheRight) {
  EXPECT_EQ(logit(make_model(Tree{.leaf = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}}, kBytes, 1, 1), {}), 7);
}

TEST(Verdict, IsOpenBetweenTheTaus) {
  EXPECT_EQ(mlp_verdict_of(5, 5), MLP_MOVE);
  EXPECT_EQ(mlp_verdict_of(4, 5), MLP_UNSURE);
  EXPECT_EQ(mlp_verdict_of(-4, 5), MLP_UNSURE);
  EXPECT_EQ(mlp_verdict_of(-5, 5), MLP_STAY);
  EXPECT_EQ(mlp_verdict_of(INT32_MIN, INT32_MAX), MLP_STAY);
}

}  // namespace
}  // namespace simsched::mlp
