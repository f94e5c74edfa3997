#include "report/table.h"

#include <gtest/gtest.h>

namespace simsched {
namespace {

TEST(Table, AlignsColumns) {
  Table table;
  table.add_column("policy", Align::kLeft);
  table.add_column("makespan");
  table.add_row({"eevdf", "12.31 s"});
  table.add_row({"a-long-name", "9 s"});
  EXPECT_EQ(table.str(),
            "policy        makespan\n"
            "-----------   --------\n"
            "eevdf          12.31 s\n"
            "a-long-name        9 s\n");
}

TEST(Table, JoinedColumnsAndShortRows) {
  Table table;
  table.add_column("value");
  table.add_column("", Align::kLeft, true);
  table.add_column("last");
  table.add_row({"1", "+2%", "x"});
  table.add_row({"200"});
  EXPECT_EQ(table.str(),
            "value       last\n"
            "-----       ----\n"
            "    1 +2%      x\n"
            "  200\n");
}

TEST(Table, HeadingsOfSeveralLines) {
  Table table;
  table.add_column("policy", Align::kLeft);
  table.add_column("wake latency\np99");
  table.add_row({"eevdf", "5 ms"});
  EXPECT_EQ(table.str(),
            "         wake latency\n"
            "policy            p99\n"
            "------   ------------\n"
            "eevdf            5 ms\n");
}

TEST(Table, CountsCodePoints) {
  EXPECT_EQ(display_width("±0.3"), 4u);
  Table table;
  table.add_column("d");
  table.add_row({"±1"});
  table.add_row({"10"});
  EXPECT_EQ(table.str(), " d\n--\n±1\n10\n");
}

TEST(Table, ColoursDoNotChangeTheWidth) {
  Table table;
  table.add_column("a", Align::kLeft);
  table.add_column("b");
  table.add_row({Cell("x", Style::kGood), "1"});
  EXPECT_EQ(table.str(false), "a   b\n-   -\nx   1\n");
  EXPECT_NE(table.str(true).find("\033[1;32mx\033[0m   1"), std::string::npos);
}

}  // namespace
}  // namespace simsched
