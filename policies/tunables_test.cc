#include "base/tunables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "policies/registry.h"
#include "sim/testing.h"

namespace simsched {
namespace {

using ::testing::HasSubstr;

TEST(ParseNanos, ReadsUnits) {
  Nanos value;
  for (auto [text, count] : std::initializer_list<std::pair<const char*, int64_t>>{
           {"700000", 700000}, {"700us", 700000}, {"1.4ms", 1400000}, {"2s", 2000000000}, {"0", 0}, {"1.5us", 1500}}) {
    EXPECT_TRUE(parse_nanos(text, &value)) << text;
    EXPECT_EQ(value.count(), count) << text;
  }
  for (const char* text : {"", "ms", "1.ms", "-3", "3 ms", "1.4", "0.0000000001s", "9999999999999s", "1h"})
    EXPECT_FALSE(parse_nanos(text, &value)) << text;
}

struct Reader {
  int64_t number = 3;
  Nanos time{5};
  bool flag = false;
  std::string choice = "a", text = "none";
  TunableReader reader;

  Reader() {
    reader.bind("number", &number, 1, 10, "a number");
    reader.bind("time", &time, Nanos(0), 1_ms, "a time");
    reader.bind("flag", &flag, "a flag");
    reader.bind("choice", &choice, {"a", "b"}, "a choice");
    reader.bind("text", &text, "any text");
  }
  std::string error(const char* key, const char* value) {
    try {
      reader.read({{key, value, "f.yaml:3"}}, "p");
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }
};

TEST(Tunables, AreReadByType) {
  Reader r;
  r.reader.read(
      {{"number", "7", ""}, {"time", "20us", ""}, {"flag", "on", ""}, {"choice", "b", ""}, {"text", "c d", ""}}, "p");
  EXPECT_EQ(r.number, 7);
  EXPECT_EQ(r.time, 20_us);
  EXPECT_TRUE(r.flag);
  EXPECT_EQ(r.choice, "b");
  EXPECT_EQ(r.text, "c d");
}

TEST(Tunables, ErrorsSayWhereAndWhat) {
  Reader r;
  EXPECT_THAT(r.error("numbr", "1"), HasSubstr("did you mean"));
  EXPECT_THAT(r.error("numbr", "1"), HasSubstr("f.yaml:3"));
  EXPECT_THAT(r.error("number", "11"), HasSubstr("1 to 10"));
  EXPECT_THAT(r.error("number", "x"), HasSubstr("'x'"));
  EXPECT_THAT(r.error("time", "2ms"), HasSubstr("time"));
  EXPECT_THAT(r.error("flag", "maybe"), HasSubstr("true or false"));
  EXPECT_THAT(r.error("choice", "c"), HasSubstr("a, b"));
  EXPECT_THAT(r.error("text", ""), HasSubstr("write some text"));
}

TEST(Registry, KnowsItsPoliciesAndTheirTunables) {
  const PolicyRegistry registry(kernel_policies());
  ASSERT_GE(registry.infos().size(), 2u);
  EXPECT_EQ(registry.infos()[0].name, "eevdf");
  EXPECT_EQ(registry.infos()[1].name, "cfs");
  for (const PolicyInfo& info : registry.infos())
    for (const auto& tunable : info.tunables) {
      EXPECT_FALSE(tunable.help.empty()) << tunable.key;
      Machine m = testing::flat_machine(8);
      KernelParams kernel;
      EXPECT_EQ(make_policy(info.name, {{tunable.key, tunable.value, ""}}, kernel, m).size(), 4u);
    }
}

TEST(Registry, RejectsUnknownNames) {
  Machine m = testing::flat_machine(1);
  KernelParams kernel;
  EXPECT_THROW(make_policy("eevd", {}, kernel, m), Error);
  EXPECT_THROW(make_policy("cfs", {{"run_to_parity", "true", ""}}, kernel, m), Error);
}

}  // namespace
}  // namespace simsched
