// simsched-loader: puts an exported scheduler into the running kernel, and stays with it until it ends.
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/exit_code.h"
#include "base/files.h"
#include "scx_port/live/kernel_check.h"
#include "scx_port/loader/session.h"

namespace simsched::live {
namespace {

constexpr Nanos kLook{100'000'000};  // how often it is looked whether the scheduler still runs
constexpr int kMaxRestarts = 60;     // in a row, each within a second of the one before

constexpr const char* kHelp = R"(
It needs root, or CAP_BPF and CAP_PERFMON, and drops all other rights at once. The scheduler ends when this process
does, however it ends; every task is then the kernel's default class's again.

  SIGINT, SIGTERM   end the scheduler
  SIGHUP            read the model again

Exit codes: 0 ended by somebody's wish, 2 bad input or a kernel that cannot load it, 42 stall, 43 other error of the
scheduler's.

Examples:
  simsched-loader                     schedule with the export that this program lies in
  simsched-loader DIR --check         only say whether this kernel can
  simsched-loader DIR --stats 1       counters, every second
  simsched-loader DIR --json --stats 1 | jq .counters)";

struct Arguments {
  std::string folder;
  bool check = false, json = false, verbose = false;
  double stats = 0, duration = 0;
  uint32_t timeout = 0;
  SessionOptions session;
};

void say(const std::string& text) { std::fprintf(stderr, "simsched-loader: %s\n", text.c_str()); }

// The signals that end or steer this process, as a file.
int signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

class Loader {
 public:
  Loader(const Arguments& arguments, const ExportedFolder& folder)
      : arguments_(arguments), folder_(folder), signals_(signals()) {}

  int run() {
    for (int restarts = 0;;) {
      Session session(folder_, arguments_.session);
      session.attach();
      say(folder_.manifest.policy + (restarts_ > 0 ? " schedules again" : " schedules") + " (" + folder_.manifest.ops +
          ", kernel " + kernel_release() + ")");
      const Nanos began = session.now();
      if (end_ == Nanos::max() && arguments_.duration > 0) end_ = began + seconds(arguments_.duration);
      const ExitInfo info = follow(session);
      session.work();  // what is left in the log
      print_statistics(session);
      if (!info.wants_restart()) return finish(session, info);
      say(info.text() + "; it is loaded again");
      ++restarts_;
      restarts = session.now() - began < Nanos{1'000'000'000} ? restarts + 1 : 0;
      if (restarts > kMaxRestarts) throw Error(folder_.manifest.policy, "the kernel asks for restarts without end");
    }
  }

 private:
  static Nanos seconds(double value) { return Nanos(static_cast<int64_t>(value * 1e9)); }

  // Until the scheduler ends (its exit info), or somebody wants it to (none).
  ExitInfo follow(Session& session) {
    Nanos next_statistics = arguments_.stats > 0 ? session.now() + seconds(arguments_.stats) : Nanos::max();
    for (;;) {
      const Nanos now = session.now();
      const Nanos until = std::min({session.next(), next_statistics, end_, now + kLook});
      pollfd file{signals_, POLLIN, 0};
      const int64_t wait_ms = std::max<int64_t>(0, ((until - now).count() + 999'999) / 1'000'000);
      poll(&file, 1, static_cast<int>(std::min<int64_t>(wait_ms, 1000)));
      signalfd_siginfo signal;
      while (read(signals_, &signal, sizeof(signal)) == sizeof(signal)) {
        if (signal.ssi_signo != SIGHUP) return {};
        reload_model(session);
      }
      session.work();
      if (ExitInfo info = session.exit_info(); info.ended()) return info;
      if (session.now() >= end_) return {};
      if (session.now() >= next_statistics) {
        print_statistics(session);
        next_statistics = next_statistics + seconds(arguments_.stats);
      }
    }
  }

  void reload_model(Session& session) {
    try {
      say(session.reload_model());
    } catch (const Error& error) {
      say(std::string("error: ") + error.what() + "; the scheduler goes on as it was");
    }
  }

  void print_statistics(Session& session) {
    Statistics statistics = session.statistics();
    statistics.extra.emplace_back("restarts", restarts_);
    if (arguments_.json)
      std::printf("%s\n", to_json(statistics).c_str());
    else if (arguments_.stats > 0)
      std::printf("%s", to_text(statistics, have_before_ ? &before_ : nullptr).c_str());
    std::fflush(stdout);
    before_ = std::move(statistics);
    have_before_ = true;
  }

  int finish(Session& session, ExitInfo info) {
    if (!info.ended()) {
      session.detach();  // waits for the kernel, which may yet have had another reason
      info = session.exit_info();
    }
    say(folder_.manifest.policy + " ended: " + info.text());
    if (info.process_exit_code() != 0 && !info.dump.empty()) std::fprintf(stderr, "%s\n", info.dump.c_str());
    return info.process_exit_code();
  }

  const Arguments& arguments_;
  const ExportedFolder& folder_;
  int signals_;
  int64_t restarts_ = 0;
  Nanos end_ = Nanos::max();
  Statistics before_;
  bool have_before_ = false;
};

int run(const Arguments& arguments) {
  const ExportedFolder folder = read_exported_folder(arguments.folder);
  set_verbose(arguments.verbose);
  const std::vector<std::string> problems = kernel_problems();
  if (arguments.check) {
    for (const std::string& problem : problems) say(problem);
    if (problems.empty()) say("kernel " + kernel_release() + " can load " + folder.manifest.policy);
    return problems.empty() ? 0 : kExitBadInput;
  }
  if (!problems.empty()) {
    std::string all;
    for (const std::string& problem : problems) all += (all.empty() ? "" : "; ") + problem;
    throw Error("", all);
  }
  if (const std::string other = attached_scheduler(); !other.empty())
    throw Error("", "the scheduler '" + other + "' is attached already", "end it first");
  std::optional<CostCounting> counting;
  if (arguments.session.costs) counting.emplace();
  keep_needed_capabilities();
  return Loader(arguments, folder).run();
}

}  // namespace
}  // namespace simsched::live

int main(int argc, char** argv) {
  using namespace simsched;
  using namespace simsched::live;
  CLI::App app("Puts a scheduler that 'simsched export' made into the running kernel", "simsched-loader");
  Arguments arguments;
  arguments.folder = own_folder();
  app.add_option("DIR", arguments.folder, "The exported folder [the one this program lies in]");
  app.add_flag("--check", arguments.check, "Only say whether this kernel can load it, and what is missing");
  app.add_option("--stats", arguments.stats, "Print counters every so many seconds")->check(CLI::Range(0.01, 1e6));
  app.add_flag("--json", arguments.json, "... as one JSON object a line");
  app.add_option("--for", arguments.duration, "End after so many seconds")->check(CLI::Range(0.01, 1e9));
  app.add_option("--decisions", arguments.session.decisions, "Log every decision into this file; see docs/port.md");
  app.add_flag("--costs", arguments.session.costs, "Also say what each callback costs");
  app.add_option("--model", arguments.session.model, "Model file instead of the exported one");
  CLI::Option* timeout =
      app.add_option("--timeout", arguments.timeout, "Milliseconds after which the kernel calls a waiting task stalled")
          ->check(CLI::Range(1, 30000));
  app.add_flag("-v,--verbose", arguments.verbose, "Print what libbpf says");
  app.footer(kHelp);
  try {
    app.parse(argc, argv);
    arguments.session.say = say;
    if (timeout->count() > 0) arguments.session.timeout_ms = arguments.timeout;
    return simsched::live::run(arguments);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    say(std::string("error: ") + error.what() + "; see 'simsched-loader --help'");
  } catch (const std::exception& error) {
    std::string line = std::string("error: ") + error.what();
    std::replace(line.begin(), line.end(), '\n', ' ');
    say(line);
  }
  return kExitBadInput;
}
