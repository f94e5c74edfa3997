#include "base/tunables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace simsched {
namespace {

using ::testing::HasSubstr;

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

// One reader of everything that is not one word.
struct Structured {
  std::string file;
  std::vector<std::string> folders;
  Nanos cost{100};
  Tunables rest;
  TunableReader reader;

  Structured() {
    TunableReader costs;
    costs.bind("enqueue", &cost, 0_ns, 1_s, "");
    reader.bind_path("file", &file, {"random"}, "a file");
    reader.bind_paths("include", &folders, "folders");
    reader.bind_map("costs", std::move(costs), "{OP: 100ns}", "costs");
  }
  std::string error(const char* key, const TunableValue& value) {
    try {
      reader.read({{key, value, "f.yaml:3"}}, "p");
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }
};

TunableValue list(TunableValue::List items) { return TunableValue(std::move(items)); }
TunableValue map(Tunables members) { return TunableValue(std::move(members)); }

TEST(Tunables, AreListsAndMapsWhereTheConfigHasThem) {
  Structured s;
  s.reader.read({{"include", list({"a", "b, c"}), ""}, {"costs", map({{"enqueue", "1us", ""}}), ""}}, "p");
  EXPECT_THAT(s.folders, ::testing::ElementsAre("a", "b, c"));
  EXPECT_EQ(s.cost, 1_us);
  s.reader.read({{"include", "one", ""}}, "p");
  EXPECT_THAT(s.folders, ::testing::ElementsAre("one"));
}

TEST(Tunables, OfTheWrongShapeAreRefused) {
  Structured s;
  EXPECT_THAT(s.error("costs", "3"), HasSubstr("'3' is not a value of costs; write it as 'costs: {OP: 100ns}'"));
  EXPECT_THAT(s.error("costs", map({{"enqueu", "1", "f.yaml:4"}})),
              HasSubstr("f.yaml:4: policy p has no tunable 'costs.enqueu'; did you mean 'costs.enqueue'?"));
  EXPECT_THAT(s.error("file", list({"a"})), HasSubstr("f.yaml:3: file is not one value"));
  EXPECT_THAT(s.error("include", list({list({"a"})})), HasSubstr("write a list of paths"));
}

TEST(Tunables, WithoutAnotherNameAreTheRest) {
  Structured s;
  s.reader.bind_rest(&s.rest);
  s.reader.read({{"file", "m.bin", ""}, {"slice", "3", ""}, {"weights", list({"1", "2"}), ""}}, "p");
  EXPECT_EQ(s.file, "m.bin");
  ASSERT_EQ(s.rest.size(), 2u);
  EXPECT_EQ(s.rest[1].value.str(), "[1, 2]");
}

TEST(Tunables, SayWhichOfThemArePaths) {
  const auto infos = Structured().reader.infos();
  ASSERT_EQ(infos.size(), 3u);
  EXPECT_TRUE(infos[0].is_path);
  EXPECT_THAT(infos[0].words, ::testing::ElementsAre("random"));
  EXPECT_TRUE(infos[1].is_path);
  EXPECT_FALSE(infos[2].is_path);
  EXPECT_FALSE(Reader().reader.infos()[4].is_path);
}

TEST(Tunables, AreShownAsTheyAreSet) {
  const Tunables all = {
      {"a", "3ms", ""}, {"l", list({"1", "2"}), ""}, {"m", map({{"x", "1", ""}, {"y", "2", ""}}), ""}};
  EXPECT_EQ(settings_text(all), "a=3ms l=[1, 2] m.x=1 m.y=2");
  EXPECT_EQ(map(all).str(), "{a: 3ms, l: [1, 2], m: {x: 1, y: 2}}");
}

}  // namespace
}  // namespace simsched
