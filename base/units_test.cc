#include "base/units.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <type_traits>

#include "base/ids.h"

namespace simsched {
namespace {

template <class A, class B>
concept Addable = requires(A a, B b) { a + b; };

// Mixing units, or a unit with a bare number, does not compile.
static_assert(Addable<Nanos, Nanos> && !Addable<Nanos, Work> && !Addable<Nanos, int64_t>);
static_assert(!std::is_convertible_v<int64_t, Nanos> && !std::is_convertible_v<Nanos, int64_t>);
static_assert(!std::is_convertible_v<CpuId, TaskId> && !std::is_convertible_v<int32_t, CpuId>);

TEST(Quantity, LiteralsAreNanoseconds) {
  EXPECT_EQ(1_us, 1000_ns);
  EXPECT_EQ(1_ms, 1000_us);
  EXPECT_EQ(1_s, 1000_ms);
}

TEST(Quantity, Arithmetic) {
  EXPECT_EQ(2_us + 500_ns, 2500_ns);
  EXPECT_EQ(2_us - 500_ns, 1500_ns);
  EXPECT_EQ(-(2_us), Nanos(-2000));
  EXPECT_EQ(3 * 2_us, 6_us);
  EXPECT_EQ(7_ns / 2, 3_ns);
  EXPECT_EQ(7_us / 2_us, 3);  // a ratio has no unit
  EXPECT_EQ(7_us % 2_us, 1_us);
  Nanos sum;
  sum += 5_ns;
  sum -= 2_ns;
  EXPECT_EQ(sum.count(), 3);
  EXPECT_LT(1_s, Nanos::max());
}

RC_GTEST_PROP(QuantityProperty, DivisionAndRemainderRecompose, ()) {
  Nanos a(*rc::gen::inRange<int64_t>(-1000000, 1000000)), b(*rc::gen::inRange<int64_t>(1, 1000));
  RC_ASSERT(b * (a / b) + a % b == a);
}

TEST(Id, DefaultIsNoneAndOrdersBeforeAll) {
  EXPECT_FALSE(CpuId().valid());
  EXPECT_TRUE(CpuId(0).valid());
  EXPECT_LT(CpuId(), CpuId(0));
  EXPECT_EQ(CpuId(size_t{7}), CpuId(7));
  EXPECT_EQ(CpuId(7).index(), 7u);
}

}  // namespace
}  // namespace simsched
