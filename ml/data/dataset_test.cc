#include "ml/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/temporary_folder.h"
#include "ml/data/dataset_file.h"
#include "ml/data/testing.h"
#include "ml/model/model_file.h"

namespace simsched::ml {
namespace {

using ::testing::HasSubstr;
using testing::some_decisions;

std::span<const std::byte> span_of(const std::string& bytes) { return std::as_bytes(std::span(bytes)); }

template <class Read>
std::string refusal(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}
std::string file_refusal(const std::string& bytes) {
  return refusal([&] { parse_dataset(span_of(bytes), "x.sdat"); });
}
std::string csv_refusal(const std::string& text) {
  return refusal([&] { parse_dataset_csv(text, "x.csv"); });
}

// With the number at `offset` changed, and a check sum that is right.
std::string with(std::string bytes, size_t offset, uint32_t value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(value));
  const uint32_t crc = mlp::crc32(span_of(bytes).subspan(16));
  std::memcpy(bytes.data() + 12, &crc, sizeof(crc));
  return bytes;
}

Dataset with_outcomes(Dataset data) {
  Rng rng(3);
  for (size_t i = 0; i < data.rows(); ++i)
    data.outcome.push_back(static_cast<float>(rng.between(-1000000, 1000000)) / 1024);
  return data;
}

RC_GTEST_PROP(DatasetFile, WhatIsWrittenIsReadAgain, ()) {
  const auto rows = *rc::gen::inRange<size_t>(0, 300);
  Dataset data = some_decisions(rows, *rc::gen::arbitrary<uint64_t>(), *rc::gen::inRange<size_t>(1, 9));
  if (rows > 0 && *rc::gen::arbitrary<bool>()) data = with_outcomes(data);
  RC_ASSERT(parse_dataset(span_of(dataset_bytes(data)), "x.sdat") == data);
  // In a table the origins come in the order in which they are met, and without those that have no rows.
  const Dataset again = parse_dataset_csv(dataset_csv(data), "x.csv");
  RC_ASSERT(again.inputs == data.inputs && again.moves == data.moves && again.outcome == data.outcome);
  for (size_t i = 0; i < rows; ++i) RC_ASSERT(again.origins[again.origin[i]] == data.origins[data.origin[i]]);
}

TEST(DatasetFile, IsSmallerThanItsColumns) {
  Dataset data = some_decisions(20000);
  for (uint16_t& v : data.inputs[FEATURE_WEIGHT]) v = 52;
  EXPECT_LT(dataset_bytes(data).size(), 20000 * 2 * FEATURES * 3 / 4);
}

TEST(DatasetFile, OneThatIsCutOffOrDamagedAnywhereIsRefused) {
  const std::string bytes = dataset_bytes(some_decisions(40));
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(file_refusal(bytes.substr(0, size)), "") << size;
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1 << at % 8);
    EXPECT_NE(file_refusal(damaged), "") << at;
  }
  EXPECT_NE(file_refusal(bytes + "x"), "");
}

TEST(DatasetFile, SaysWhatIsWrongWithAForeignOne) {
  const std::string bytes = dataset_bytes(some_decisions(40));
  EXPECT_THAT(file_refusal(""), HasSubstr("x.sdat: not a dataset"));
  EXPECT_THAT(file_refusal(with(bytes, 4, 2)), HasSubstr("of format 2, not 1"));
  EXPECT_THAT(file_refusal(with(bytes, 8, 7)), HasSubstr("of encoding 7, not 1; collect it again"));
  EXPECT_THAT(file_refusal(with(bytes, 16, 41)), HasSubstr("column 2 of the dataset is damaged"));
  EXPECT_THAT(file_refusal(with(bytes, 16, 1u << 30)), HasSubstr("out of range"));
  EXPECT_THAT(file_refusal(with(bytes, 24, 7)), HasSubstr("not as many origins"));
  EXPECT_THAT(file_refusal(bytes.substr(0, 60)), HasSubstr("damaged or cut off"));
}

TEST(DatasetFile, AnOutcomeThatIsNoNumberIsRefused) {
  for (float bad : {std::nanf(""), HUGE_VALF}) {
    Dataset data = with_outcomes(some_decisions(9));
    data.outcome[5] = bad;
    EXPECT_THAT(file_refusal(dataset_bytes(data)), HasSubstr("an outcome is no finite number"));
  }
}

TEST(DatasetFile, ADecisionIsToStayOrToMoveAndFromSomewhere) {
  Dataset data = some_decisions(9);
  data.moves[3] = 2;
  EXPECT_THAT(file_refusal(dataset_bytes(data)), HasSubstr("neither to stay nor to move"));
  data = some_decisions(9);
  data.origin[3] = 8;
  EXPECT_THAT(file_refusal(dataset_bytes(data)), HasSubstr("an origin that there is not"));
}

TEST(DatasetCsv, NamesTheLineOfWhatIsWrong) {
  const std::string text = dataset_csv(with_outcomes(some_decisions(5)));
  auto changed = [&](size_t line, size_t field, const std::string& to) {
    size_t at = 0;
    while (--line > 0) at = text.find('\n', at) + 1;
    while (field-- > 0) at = text.find(',', at) + 1;
    return csv_refusal(text.substr(0, at) + to + text.substr(text.find_first_of(",\n", at)));
  };
  EXPECT_THAT(csv_refusal("a,b\n"), HasSubstr("x.csv:1: not a table of decisions"));
  EXPECT_THAT(changed(1, 1, " encoding 2"), HasSubstr("x.csv:1: its inputs are of encoding 2, not 1"));
  EXPECT_THAT(changed(2, 0, "wait"), HasSubstr("x.csv:2: the heading is another one"));
  EXPECT_THAT(changed(4, 2, "nan"), HasSubstr("x.csv:4: run is 'nan'"));
  EXPECT_THAT(changed(4, 2, "65536"), HasSubstr("x.csv:4: run is '65536'"));
  EXPECT_THAT(changed(4, 2, "-1"), HasSubstr("x.csv:4: run is '-1'"));
  EXPECT_THAT(changed(4, 2, ""), HasSubstr("x.csv:4: run is ''"));
  EXPECT_THAT(changed(5, 15, "2"), HasSubstr("x.csv:5: moves is '2'"));
  for (const char* bad : {"nan", "inf", "-inf", "1e999", "x"})
    EXPECT_THAT(changed(6, 16, bad), HasSubstr("x.csv:6: outcome is '"));
  EXPECT_THAT(changed(7, 20, "x"), HasSubstr("x.csv:7: seed is 'x'"));
}

TEST(DatasetFile, EitherFormIsToldByItsFirstBytes) {
  const TemporaryFolder folder("simsched-dataset");
  const Dataset data = some_decisions(30, 1, 1);
  for (const std::string& content : {dataset_bytes(data), dataset_csv(data)}) {
    write_file_atomically(folder.file("d"), content);
    EXPECT_EQ(read_dataset(folder.file("d")), data);
  }
}

TEST(Dataset, ASampleHasTheClassesThatAreWantedInTheirOrder) {
  const Dataset data = some_decisions(4000);
  const Dataset chosen = sample(data, 300, 200, 1, "c.yaml:3");
  EXPECT_EQ(chosen.count(), (std::array<size_t, 2>{300, 200}));
  EXPECT_EQ(chosen, sample(data, 300, 200, 1, ""));
  EXPECT_NE(chosen, sample(data, 300, 200, 2, ""));
  // Each of them is one of the others, after the one before.
  size_t at = 0;
  for (size_t i = 0; i < chosen.rows(); ++i, ++at) {
    while (at < data.rows() && data.row(at) != chosen.row(i)) ++at;
    ASSERT_LT(at, data.rows());
  }
  EXPECT_THAT(refusal([&] { sample(data, 300, 4000, 1, "c.yaml:3"); }), HasSubstr("c.yaml:3: 4000 decisions to move"));
}

TEST(Dataset, JoinedOnesKeepTheirOrigins) {
  Dataset data = some_decisions(10, 1, 2);
  append(data, some_decisions(10, 2, 3), "x");
  EXPECT_EQ(data.rows(), 20u);
  EXPECT_EQ(data.origins.size(), 5u);
  EXPECT_GE(data.origin[15], 2);
  EXPECT_THAT(refusal([&] { append(data, with_outcomes(some_decisions(3)), "y.sdat"); }), HasSubstr("have outcomes"));
}

}  // namespace
}  // namespace simsched::ml
