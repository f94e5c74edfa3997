#include "traces/systrace/systrace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace simsched {
namespace {

constexpr const char* kLines =
    "# tracer: nop\n"
    "          <idle>-0     (-----) [001] d..2  100.000001: sched_switch: prev_comm=swapper/1 prev_pid=0 prev_prio=120 "
    "prev_state=R ==> next_comm=RenderThread next_pid=10 next_prio=110\n"
    "    RenderThread-10    (   10) [001] d.h3  100.000500: sched_waking: comm=main pid=11 prio=120 target_cpu=000\n"
    "    RenderThread-10    (   10) [001] ...1  100.000600: cpu_frequency: state=1100000 cpu_id=1\n";

SchedTrace read(const std::string& page) { return read_systrace(std::as_bytes(std::span(page)), "t.html"); }

void expect_lines(const SchedTrace& trace) {
  ASSERT_EQ(trace.events.size(), 2u);
  EXPECT_EQ(trace.events[0].pid, Pid(10));
  EXPECT_EQ(trace.events[1].context, kHardIrq);
  EXPECT_EQ(trace.holes.unknown_records, 0u);
  EXPECT_THAT(trace.power, testing::ElementsAre(PowerEvent{599_us, CpuId(1), 1100000, PowerEvent::Kind::kFrequency}));
}

TEST(Systrace, BlocksOfThePage) {
  expect_lines(read(std::string("<!DOCTYPE html>\n<script>var a = [1];</script>\n"
                                "<script class=\"trace-data\" type=\"application/text\">\n") +
                    kLines + "</script>\n<p>sched_switch: this is no event</p></html>\n"));
}

TEST(Systrace, TextOfJavaScript) {
  std::string escaped(kLines);
  for (size_t at = 0; (at = escaped.find('\n', at)) != std::string::npos; at += 4) escaped.replace(at, 1, "\\n\\\n");
  expect_lines(read("<html>\n  var linuxPerfData = \"\\\n" + escaped + "\";\n</html>\n"));
}

TEST(Systrace, ErrorsTellTheLineOfThePage) {
  auto error_of = [](const std::string& page) {
    try {
      read(page);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(error_of("<html>\n<p>x</p>\n</html>"), testing::HasSubstr("a page without a trace"));
  EXPECT_THAT(
      error_of("<html>\n\n<script class=\"trace-data\">\n# tracer: nop\n a-1 [000] 5.0: sched_switch: x\n</script>"),
      testing::HasSubstr("t.html:5: "));
}

}  // namespace
}  // namespace simsched
