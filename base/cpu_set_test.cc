#include "base/cpu_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/error.h"

namespace simsched {
namespace {

// The model: std::set does everything CpuSet does, slowly and obviously.
using Model = std::set<int32_t>;

CpuSet make(const Model& model) {
  CpuSet set;
  for (int32_t cpu : model) set.add(CpuId(cpu));
  return set;
}

Model members(const CpuSet& set) {
  Model model;
  for (CpuId cpu : set) model.insert(cpu.value());
  return model;
}

Model arbitrary() { return *rc::gen::container<Model>(rc::gen::inRange<int32_t>(0, 300)); }

TEST(CpuSet, EmptyHasNoMembers) {
  CpuSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.size(), 0u);
  EXPECT_FALSE(set.first_cpu().valid());
  EXPECT_FALSE(set.next_wrap(CpuId(3)).valid());
  EXPECT_EQ(set.str(), "");
  EXPECT_EQ(CpuSet::first(0), set);
}

TEST(CpuSet, FirstFillsWholeAndPartWords) {
  for (size_t count : {1u, 63u, 64u, 65u, 128u, 1000u}) {
    CpuSet set = CpuSet::first(count);
    EXPECT_EQ(set.size(), count);
    EXPECT_TRUE(set.contains(CpuId(count - 1)));
    EXPECT_FALSE(set.contains(CpuId(count)));
  }
}

TEST(CpuSet, NoneIsNeverAMember) { EXPECT_FALSE(CpuSet::first(64).contains(CpuId())); }

TEST(CpuSet, NextWrapVisitsItselfLast) {
  CpuSet set = CpuSet::parse("2,70");
  EXPECT_EQ(set.next_wrap(CpuId(2)), CpuId(70));
  EXPECT_EQ(set.next_wrap(CpuId(70)), CpuId(2));
  EXPECT_EQ(CpuSet::single(CpuId(5)).next_wrap(CpuId(5)), CpuId(5));
}

TEST(CpuSet, EqualityIgnoresTrailingWords) {
  CpuSet set = CpuSet::single(CpuId(1));
  set.add(CpuId(500));
  set.remove(CpuId(500));
  EXPECT_EQ(set, CpuSet::single(CpuId(1)));
  set.remove(CpuId(9999));  // never a member: nothing happens
  EXPECT_EQ(set.size(), 1u);
}

TEST(CpuSet, ParsesListsAsTheKernelPrintsThem) {
  EXPECT_EQ(members(CpuSet::parse("0-3,8,10-11")), (Model{0, 1, 2, 3, 8, 10, 11}));
  EXPECT_EQ(members(CpuSet::parse("5,1,5")), (Model{1, 5}));
  EXPECT_TRUE(CpuSet::parse("").empty());
  EXPECT_TRUE(CpuSet::parse("65535").contains(CpuId(65535)));
}

TEST(CpuSet, RefusesWhatIsNotAList) {
  for (const char* bad : {"a", "1-", "-1", "3-1", "1,", ",1", "1,,2", "1 2", "1--2", "+1", "65536", "99999999999", "0x1"})
    EXPECT_THROW(CpuSet::parse(bad), Error) << bad;
  try {
    CpuSet::parse("1-x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("'1-x'"), testing::HasSubstr("0-3,8")));
  }
}

RC_GTEST_PROP(CpuSetProperty, StrAndParseAreInverse, ()) {
  Model model = arbitrary();
  CpuSet set = make(model);
  RC_ASSERT(CpuSet::parse(set.str()) == set);
  RC_ASSERT(members(set) == model);
  RC_ASSERT(set.size() == model.size());
}

RC_GTEST_PROP(CpuSetProperty, OperationsAreThoseOfSets, ()) {
  Model a = arbitrary(), b = arbitrary(), both, either, only_a;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::inserter(either, either.end()));
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(only_a, only_a.end()));
  CpuSet left = make(a), right = make(b);
  RC_ASSERT(members(left & right) == both);
  RC_ASSERT(members(left | right) == either);
  RC_ASSERT(members(left - right) == only_a);
  RC_ASSERT(left.intersects(right) == !both.empty());
  RC_ASSERT(left.subset_of(right) == only_a.empty());
  RC_ASSERT((left == right) == (a == b));
}

RC_GTEST_PROP(CpuSetProperty, NextWrapVisitsEveryMemberOnce, ()) {
  Model model = *rc::gen::suchThat(rc::gen::container<Model>(rc::gen::inRange<int32_t>(0, 300)),
                                   [](const Model& m) { return !m.empty(); });
  CpuSet set = make(model);
  CpuId cpu = set.first_cpu();
  Model seen;
  for (size_t i = 0; i < model.size(); ++i, cpu = set.next_wrap(cpu)) seen.insert(cpu.value());
  RC_ASSERT(seen == model);
  RC_ASSERT(cpu == set.first_cpu());
}

}  // namespace
}  // namespace simsched
