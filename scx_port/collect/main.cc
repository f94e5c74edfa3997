// simsched-collect: records what the running kernel's scheduler decides, and prints such recordings.
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/error.h"
#include "base/exit_code.h"
#include "base/files.h"
#include "base/output_file.h"
#include "scx_port/collect/recorder.h"

namespace simsched::collect {
namespace {

constexpr const char* kHelp = R"(usage: simsched-collect -o FILE [options] [-- COMMAND ...]
       simsched-collect --csv FILE | --about FILE

Records on the running kernel where tasks are placed, which tasks may change their CPU, from what inputs, and what
became of it. Ends with COMMAND, after --for, or by Ctrl-C, whichever is first. Needs root, or CAP_BPF and CAP_PERFMON.

  -o, --output FILE   the decision file to write
  --for SECONDS       end after so long; a COMMAND that still runs is ended
  --sample N          one of N tasks, with all its decisions (default: every task)
  --window MS         wait so long for a decision's outcome (default: 1000)
  --without WHAT      fexit or kprobe, may be repeated: do as on a kernel that lacks it
  --cost              measure the time that the recording takes in the kernel, too
  --csv FILE          print a decision file's rows
  --about FILE        print what it is about
  -h, --help          this text

  simsched-collect -o build.decisions -- make -j4
  simsched-collect -o evening.decisions --for 600 --sample 10
  simsched-collect --csv build.decisions > build.csv

Exit: that of COMMAND, or 0; 2: cannot record or read. docs/collector.md describes the columns.
)";

struct Options {
  std::string output, csv, about;
  int64_t seconds = 0;  // 0: no limit
  RecorderOptions recorder;
  char** command = nullptr;
};

volatile sig_atomic_t stop_signal = 0;

int64_t number(const char* text, const char* option, int64_t high) {
  int64_t value = 0;
  const char* end = text + std::strlen(text);
  auto [at, error] = std::from_chars(text, end, value);
  if (error != std::errc() || at != end || value < 1 || value > high)
    throw Error("", std::string(option) + ": '" + text + "' is not a number from 1 to " + std::to_string(high));
  return value;
}

void leave_out(Without& without, const std::string& what) {
  if (what == "fexit")
    without.fexit = true;
  else if (what == "kprobe")
    without.kprobe = true;
  else
    throw Error("", "--without: '" + what + "' is neither fexit nor kprobe", "see --help");
}

Options parse(int argc, char** argv) {
  enum { kFor = 256, kSample, kWindow, kWithout, kCost, kCsv, kAbout };
  const option known[] = {{"output", required_argument, nullptr, 'o'},
                          {"for", required_argument, nullptr, kFor},
                          {"sample", required_argument, nullptr, kSample},
                          {"window", required_argument, nullptr, kWindow},
                          {"without", required_argument, nullptr, kWithout},
                          {"cost", no_argument, nullptr, kCost},
                          {"csv", required_argument, nullptr, kCsv},
                          {"about", required_argument, nullptr, kAbout},
                          {"help", no_argument, nullptr, 'h'},
                          {nullptr, 0, nullptr, 0}};
  Options options;
  opterr = 0;
  for (int c; (c = getopt_long(argc, argv, "+:o:h", known, nullptr)) != -1;) {
    switch (c) {
      case 'o':
        options.output = optarg;
        break;
      case kFor:
        options.seconds = number(optarg, "--for", 1'000'000);
        break;
      case kSample:
        options.recorder.sample = static_cast<uint32_t>(number(optarg, "--sample", 1'000'000));
        break;
      case kWindow:
        options.recorder.window = 1_ms * number(optarg, "--window", 60'000);
        break;
      case kWithout:
        leave_out(options.recorder.without, optarg);
        break;
      case kCost:
        options.recorder.cost = true;
        break;
      case kCsv:
        options.csv = optarg;
        break;
      case kAbout:
        options.about = optarg;
        break;
      case 'h':
        std::fputs(kHelp, stdout), std::exit(0);
      case ':':
        throw Error("", std::string(argv[optind - 1]) + " needs a value", "see --help");
      default:
        throw Error("", std::string("unknown option ") + argv[optind - 1], "see --help");
    }
  }
  if (optind < argc) options.command = argv + optind;
  const bool prints = !options.csv.empty() || !options.about.empty();
  if (prints && (!options.output.empty() || options.command))
    throw Error("", "--csv and --about print a recording and record nothing", "see --help");
  if (!prints && options.output.empty()) throw Error("", "no file to write", "name one with -o FILE");
  return options;
}

// Starts COMMAND. A pipe that closes on exec tells whether it could be.
pid_t start(char** command) {
  int told[2];
  if (pipe2(told, O_CLOEXEC) != 0) throw Error("", std::string("no pipe: ") + std::strerror(errno));
  const pid_t child = fork();
  if (child < 0) throw Error("", std::string("cannot fork: ") + std::strerror(errno));
  if (child == 0) {
    for (const int number : {SIGINT, SIGTERM, SIGCHLD, SIGPIPE}) signal(number, SIG_DFL);
    execvp(command[0], command);
    const int error = errno;
    _exit(write(told[1], &error, sizeof(error)) < 0 ? 126 : 127);
  }
  close(told[1]);
  int error = 0;
  const ssize_t got = read(told[0], &error, sizeof(error));
  close(told[0]);
  if (got > 0) {
    waitpid(child, nullptr, 0);
    throw Error(command[0], std::string("cannot be run: ") + std::strerror(error));
  }
  return child;
}

int exit_status(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

void progress(const Recorder& recorder, Nanos elapsed) {
  const collect_counters c = recorder.counters();
  std::fprintf(stderr, "\rrecording %lld s: %llu decisions, %llu records lost ", static_cast<long long>(elapsed / 1_s),
               static_cast<unsigned long long>(c.decisions), static_cast<unsigned long long>(Recorder::lost(c)));
}

int record(const Options& options) {
  struct sigaction action {};
  action.sa_handler = [](int signal) { stop_signal = signal; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  DecisionWriter writer(options.output);
  Recorder recorder(options.recorder, [&](const Decision& d) { writer.add(d); });
  action.sa_handler = [](int) {};  // ends a sleep
  sigaction(SIGCHLD, &action, nullptr);
  const pid_t child = options.command ? start(options.command) : 0;
  drop_privileges();

  constexpr Nanos kPause{20000000};
  const bool on_terminal = isatty(STDERR_FILENO) != 0;
  bool running = child != 0;
  int status = 0;
  timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (Nanos shown{0}; stop_signal == 0 && (running || child == 0);) {
    const timespec pause{0, static_cast<long>(kPause.count())};
    nanosleep(&pause, nullptr);
    recorder.drain();
    if (running && waitpid(child, &status, WNOHANG) == child) running = false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const Nanos elapsed((now.tv_sec - begin.tv_sec) * 1000000000LL + now.tv_nsec - begin.tv_nsec);
    if (options.seconds > 0 && elapsed >= 1_s * options.seconds) break;
    if (on_terminal && elapsed - shown >= 1_s) progress(recorder, shown = elapsed);
  }
  recorder.stop();
  if (on_terminal) std::fputc('\n', stderr);
  if (running) kill(child, stop_signal != 0 ? stop_signal : SIGTERM), waitpid(child, &status, 0);
  const About about = recorder.about();
  writer.finish(about);
  const uint64_t lost = Recorder::lost(recorder.counters());
  for (const std::string& hook : about.hooks) std::fprintf(stderr, "%s\n", hook.c_str());
  std::fprintf(stderr, "%s: %llu decisions, %llu records lost\n", options.output.c_str(),
               static_cast<unsigned long long>(writer.rows()), static_cast<unsigned long long>(lost));
  return running ? 0 : exit_status(status);
}

int run(int argc, char** argv) {
  const Options options = parse(argc, argv);
  if (options.csv.empty() && options.about.empty()) return record(options);
  const std::string& path = options.csv.empty() ? options.about : options.csv;
  const DecisionFile file = read_decisions(read_file(path).span(), path);
  if (options.csv.empty())
    print_about(file, stdout);
  else
    print_csv(file, stdout);
  finish_standard_output();
  return 0;
}

}  // namespace
}  // namespace simsched::collect

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);  // an error like others
  try {
    return simsched::collect::run(argc, argv);
  } catch (const simsched::Error& error) {
    std::fprintf(stderr, "simsched-collect: error: %s\n", error.what());
    return simsched::kExitBadInput;
  }
}
