// What the host wants to see: decisions, a recording, a model that changes.
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>

#include "scx_port/proof/guest/checks.h"
#include "scx_port/proof/guest/clock.h"
#include "scx_port/proof/guest/files.h"
#include "scx_port/proof/guest/loader.h"
#include "scx_port/proof/guest/loads.h"

namespace simsched::guest {
namespace {

constexpr int64_t kRecordBytes = 88, kEnough = 105'000;

int64_t records(const std::string& log) {
  struct stat status;
  return stat(log.c_str(), &status) == 0 ? status.st_size / kRecordBytes : 0;
}

// The last "NAME": NUMBER of a text; -1: none.
int64_t last_value(const std::string& text, const std::string& name) {
  const size_t at = text.rfind("\"" + name + "\":");
  return at == std::string::npos ? -1 : std::atoll(text.c_str() + at + name.size() + 3);
}

// This process before all tasks of the scheduler under test, and what it starts at once as well, as the exported unit
// has it for a loader: a scheduler under heavy load may let one that empties its log wait for seconds.
class RealTime {
 public:
  RealTime() { set(SCHED_RR, 1); }
  ~RealTime() { set(SCHED_OTHER, 0); }
  void not_for_children() { set(SCHED_RR | SCHED_RESET_ON_FORK, 1); }

 private:
  static void set(int policy, int priority) {
    const sched_param parameter{priority};
    sched_setscheduler(0, policy, &parameter);
  }
};

}  // namespace

void check_log(Report& report) {
  const std::string log = std::string(kOut) + "decisions";
  RealTime real_time;
  Loader loader(kExport, {"--json", "--decisions", log});
  real_time.not_for_children();
  if (!attaches(report, "log_attaches", loader)) return;
  const int64_t began = clock_ns(CLOCK_MONOTONIC);
  for (int round = 0; round < 12 && records(log) < kEnough && loader.running(); ++round) {
    build(32, 12, 1);
    for (int i = 0; i < 8 && records(log) < kEnough; ++i) wake_ups(24, 500);
  }
  const int64_t took = (clock_ns(CLOCK_MONOTONIC) - began) / 1'000'000;
  check_sysrq(report, loader);  // the log is whole after that, too
  report.check("decisions", records(log) >= kEnough,
               std::to_string(records(log)) + " records in " + std::to_string(took) + " ms, " +
                   std::to_string(last_value(loader.output(), "decisions_lost")) + " lost",
               "at least " + std::to_string(kEnough));
  write_text(std::string(kOut) + "decisions.json", loader.output());
}

void check_end(Report& report) {
  Loader loader(kExport);
  if (attaches(report, "end_attaches", loader)) check_sysrq(report, loader);
}

// With a clock that counts instructions, two boots write the same bytes.
void check_repeat(Report& report) {
  const std::string log = std::string(kOut) + "repeat";
  Loader loader(kExport, {"--decisions", log});
  if (!attaches(report, "repeat_attaches", loader)) return;
  wake_ups(6, 400);
  build(16, 8, 2);
  const auto code = loader.stop();
  report.check("repeat", code == 0 && records(log) > 100, std::to_string(records(log)) + " records, " + text_of(code),
               "some hundred and exit code 0");
}

void check_costs(Report& report) {
  Loader loader(kExport, {"--json", "--costs"});
  if (!attaches(report, "costs_attaches", loader)) return;
  build(48, 8, 1);
  wake_ups(8, 1500);
  const auto code = loader.stop();
  report.check("costs", code == 0, text_of(code), "exit code 0");
  write_text(std::string(kOut) + "costs.json", loader.output());
}

void check_trace(Report& report) {
  const std::string tracing = "/sys/kernel/tracing/";
  write_text(tracing + "buffer_size_kb", "8192");
  write_text(tracing + "trace_clock", "mono");
  for (const char* event : {"sched_switch", "sched_waking", "sched_wakeup", "sched_wakeup_new", "sched_migrate_task",
                            "sched_process_fork", "sched_process_exec", "sched_process_exit"})
    write_text(tracing + "events/sched/" + event + "/enable", "1");
  Loader loader(kExport);
  if (!attaches(report, "trace_attaches", loader)) return;
  write_text(tracing + "trace", "");
  write_text(tracing + "tracing_on", "1");
  const Jobs jobs = build(48, 12, 4);
  write_text(tracing + "tracing_on", "0");
  const std::string trace = read_text(tracing + "trace");
  write_text(std::string(kOut) + "trace.txt", trace);
  report.check("trace", jobs.ext == 48 && count(trace, "sched_switch:") > 100 && count(trace, "sched_waking:") > 10,
               std::to_string(count(trace, "\n")) + " lines, " + jobs.text(), "switches and wake-ups of all jobs");
  check_kill(report, loader);
}

// The loader reads the model again at SIGHUP. /model2.bin is another version of /export/model.bin.
void check_model(Report& report) {
  const std::string model = std::string(kExport) + "/model.bin", first = read_text(model);
  Loader loader(kExport, {"--json", "--stats", "0.2"});
  if (!attaches(report, "model_attaches", loader)) return;
  const std::string name = "model_version";
  auto version = [&] { return last_value(loader.output(), name); };
  wake_ups(6, 600);
  const int64_t before = version();
  write_text(model, read_text("/model2.bin"));
  loader.send(SIGHUP);
  const bool changed = until(10, [&] {
    wake_ups(6, 100);
    return version() != before;
  });
  const int64_t after = version();
  report.check("model", changed && before > 0 && after > 0 && scheduler_is("enabled"),
               "version " + std::to_string(before) + ", then " + std::to_string(after) + ", state " + scx("state"),
               "another version, without an end of the scheduler");
  write_text(model, first.substr(0, first.size() / 2));
  loader.send(SIGHUP);
  const bool told = until(10, [&] { return loader.messages().find("error") != std::string::npos; });
  wake_ups(6, 300);
  report.check("model_refused", told && loader.running() && scheduler_is("enabled") && version() == after,
               loader.last_words() + ", version " + std::to_string(version()),
               "an error, and the model before goes on");
  const auto code = loader.stop();
  report.check("model_unload", code == 0, text_of(code), "exit code 0");
  write_text(model, first);
  write_text(std::string(kOut) + "model.json", loader.output());
}

}  // namespace simsched::guest
