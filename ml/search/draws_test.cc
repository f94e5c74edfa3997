#include "ml/search/draws.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"

namespace simsched::search {
namespace {

using ::testing::HasSubstr;

std::string draw(const std::string& text, uint64_t seed, std::optional<size_t> cpus = 8) {
  Rng rng(seed);
  YAML::Emitter out;
  out << YAML::Flow << drawn(YAML::Load(text), "f", rng, cpus);
  return out.c_str();
}

std::map<std::string, int> counts(const std::string& text, int times = 1000) {
  std::map<std::string, int> seen;
  for (int i = 0; i < times; ++i) ++seen[draw(text, static_cast<uint64_t>(i))];
  return seen;
}

std::string complaint(const std::string& text, std::optional<size_t> cpus = 8) {
  try {
    draw(text, 1, cpus);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(Draws, WhatIsNoDrawStaysAsItIs) {
  for (const char* text : {"{a: 1, b: [x, {c: 2ms}]}", "[1, 2]", "hello", "{any: 1, more: 2}"})
    EXPECT_EQ(draw(text, 1), text);
}

TEST(Draws, AnyIsEachAsOften) {
  const auto seen = counts("{any: [1, {a: {any: [x, y]}}, [3]]}");
  EXPECT_EQ(seen.size(), 4);
  EXPECT_NEAR(seen.at("1"), 333, 60);
  EXPECT_NEAR(seen.at("{a: x}"), 167, 50);
}

TEST(Draws, RangesKeepTheirUnitAndTheirEnds) {
  const auto seen = counts("{from: 2ms, to: 5ms}");
  EXPECT_EQ(seen.size(), 4);
  EXPECT_GT(seen.at("2ms"), 180);
  EXPECT_GT(seen.at("5ms"), 180);
  EXPECT_EQ(draw("{from: 3, to: 3}", 1), "3");
}

TEST(Draws, RatiosAreEachAsLikely) {
  int low = 0;
  for (const auto& [text, count] : counts("{from: 1, to: 10000, log: true}")) {
    EXPECT_GE(std::stoi(text), 1);
    EXPECT_LE(std::stoi(text), 10000);
    if (std::stoi(text) < 100) low += count;
  }
  EXPECT_NEAR(low, 500, 60);
}

TEST(Draws, SharesOfTheCpus) {
  for (const auto& [text, count] : counts("{from: 50%, to: 200%, of: cpus}")) {
    EXPECT_GE(std::stoi(text), 4);
    EXPECT_LE(std::stoi(text), 16);
  }
  EXPECT_EQ(draw("{from: 10%, to: 10%, of: cpus}", 1, 2), "1");
}

TEST(Draws, TheSameSeedDrawsTheSame) {
  const char* text = "{a: {from: 1, to: 1000000}, b: {from: 1, to: 1000000}}";
  EXPECT_EQ(draw(text, 5), draw(text, 5));
  EXPECT_NE(draw(text, 5), draw(text, 6));
}

TEST(Draws, SaysWhatIsNoDraw) {
  EXPECT_THAT(complaint("a:\n  {from: 5, to: 3}"), HasSubstr("f:2: a draw goes from 5 down to 3"));
  EXPECT_THAT(complaint("{from: 5ms, to: 9s}"), HasSubstr("the same unit"));
  EXPECT_THAT(complaint("{from: 0, to: 9, log: true}"), HasSubstr("begin at 1"));
  EXPECT_THAT(complaint("{from: -1, to: 9}"), HasSubstr("whole number"));
  EXPECT_THAT(complaint("{from: 1, to: 99999999999999999999}"), HasSubstr("whole number"));
  EXPECT_THAT(complaint("{from: 1}"), HasSubstr("has no 'to'"));
  EXPECT_THAT(complaint("{from: 1, to: 2, of: nodes}"), HasSubstr("of: cpus"));
  EXPECT_THAT(complaint("{from: 1%, to: 2%, of: cpus}", std::nullopt), HasSubstr("by its own CPUs"));
  EXPECT_THAT(complaint("{from: 1, to: 2, step: 1}"), HasSubstr("no key 'step'"));
  EXPECT_THAT(complaint("{any: []}"), HasSubstr("not a list"));
  std::string deep = "1";
  for (int i = 0; i < 100; ++i) deep = "[" + deep + "]";
  EXPECT_THAT(complaint(deep), HasSubstr("too deep"));
  EXPECT_THAT(
      complaint("a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]"),
      HasSubstr("too many"));
}

}  // namespace
}  // namespace simsched::search
