// simsched-record-calls: records the calls by which a command's tasks talk.
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/error.h"
#include "base/exit_code.h"
#include "base/output_file.h"
#include "traces/record/recorder.h"

namespace simsched::record {
namespace {

constexpr const char* kHelp = R"(usage: simsched-record-calls -o NAME.causes.zst [options] [--] COMMAND...

Records the system calls by which COMMAND and its children talk, while it runs: which pipe, socket or futex, from when
to when, how much. scripts/record --causes calls it around perf; docs/recording.md has more. Needs root, or CAP_BPF
and CAP_PERFMON.

  -o, --output FILE   the file to write
  --launcher          COMMAND only starts what is to be recorded (perf record): it is left out itself
  --all               the calls of all tasks of the machine, but COMMAND's own when it is a launcher
  --buffer MB         room for calls (default: 256, or a quarter of the memory that there is); 40 bytes each
  -h, --help          this text

Exit: that of COMMAND; 2: cannot record.
)";

struct Options {
  std::string output;
  RecorderOptions recorder;
  char** command = nullptr;
};

Options parse(int argc, char** argv) {
  enum { kLauncher = 256, kAll, kBuffer };
  const option known[] = {{"output", required_argument, nullptr, 'o'}, {"launcher", no_argument, nullptr, kLauncher},
                          {"all", no_argument, nullptr, kAll},         {"buffer", required_argument, nullptr, kBuffer},
                          {"help", no_argument, nullptr, 'h'},         {nullptr, 0, nullptr, 0}};
  Options options;
  for (int c; (c = getopt_long(argc, argv, "+o:h", known, nullptr)) != -1;) {
    const std::string_view text = optarg != nullptr ? optarg : "";
    switch (c) {
      case 'o':
        options.output = text;
        break;
      case kLauncher:
        options.recorder.launcher = true;
        break;
      case kAll:
        options.recorder.all = true;
        break;
      case kBuffer: {
        uint64_t megabytes = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), megabytes);
        if (error != std::errc() || end != text.data() + text.size() || megabytes == 0 || megabytes > 65536)
          throw Error("--buffer " + std::string(text), "is not a number of MB", "give 1 to 65536");
        options.recorder.buffer = megabytes << 20;
        break;
      }
      case 'h':
        std::fputs(kHelp, stdout), std::exit(0);
      default:
        std::exit(kExitBadInput);  // getopt has said why
    }
  }
  if (options.output.empty()) throw Error("", "no -o FILE is given", "see simsched-record-calls --help");
  if (optind >= argc) throw Error("", "no command is given", "see simsched-record-calls --help");
  options.command = argv + optind;
  return options;
}

pid_t start(char** command) {
  const pid_t child = fork();
  if (child < 0) throw Error("", std::string("cannot fork: ") + std::strerror(errno));
  if (child == 0) {
    signal(SIGINT, SIG_DFL), signal(SIGTERM, SIG_DFL);
    execvp(command[0], command);
    std::fprintf(stderr, "simsched-record-calls: error: %s: cannot be run: %s\n", command[0], std::strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
  }
  return child;
}

double seconds_since(const timespec& begin) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec - begin.tv_sec) + static_cast<double>(now.tv_nsec - begin.tv_nsec) * 1e-9;
}

void report(const std::string& path, const Causes& causes, const Counts& counts, double seconds, size_t size,
            Nanos cost) {
  const double memory = static_cast<double>(counts.calls * sizeof(raw_call)) * 1e-6;
  const auto cpus = static_cast<double>(sysconf(_SC_NPROCESSORS_ONLN));
  std::fprintf(stderr, "%s: %zu calls in %.2f s, %llu lost; %.1f MB in memory (%.1f MB/s), %.1f MB in the file\n",
               path.c_str(), causes.calls.size(), seconds, static_cast<unsigned long long>(counts.lost), memory,
               memory / seconds, static_cast<double>(size) * 1e-6);
  const double spent = static_cast<double>((counts.calls + counts.lost) * static_cast<uint64_t>(cost.count())) * 1e-9;
  if (cost > Nanos(0))
    std::fprintf(stderr, "%s: recording them cost some %lld ns each (measured now), %.2f s of %.2f s of CPU time\n",
                 path.c_str(), static_cast<long long>(cost.count()), spent, seconds * cpus);
  if (counts.unnamed > 0)
    std::fprintf(stderr, "%s: besides them %llu of sockets whose other end could not be told\n", path.c_str(),
                 static_cast<unsigned long long>(counts.unnamed));
  if (counts.uring > 0)
    std::fprintf(stderr, "%s: besides them %llu of io_uring_enter; what io_uring did is not understood\n", path.c_str(),
                 static_cast<unsigned long long>(counts.uring));
  if (counts.lost > 0)
    std::fprintf(stderr, "%s: lost calls make the recording useless for channels: record with --buffer MB\n",
                 path.c_str());
}

int record(const Options& options) {
  constexpr timespec kPause{0, 50000000};
  OutputFile file(options.output);  // what cannot be written fails now
  Recorder recorder(options.recorder);
  signal(SIGINT, SIG_IGN), signal(SIGTERM, SIG_IGN);  // the command ends; its calls are written all the same
  timespec begin;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  const pid_t child = start(options.command);
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    nanosleep(&kPause, nullptr);
    recorder.drain();
  }
  const double seconds = seconds_since(begin);
  recorder.stop();
  std::vector<raw_call> raw = recorder.take();
  for (const raw_call& call : recorder.unended()) raw.push_back(call);
  const Counts counts = recorder.counts();
  Causes causes = name_objects(std::move(raw));
  causes.lost = counts.lost, causes.unnamed = counts.unnamed, causes.uring = counts.uring;
  const std::string bytes = causes_bytes(causes);
  file.write(bytes);
  file.finish();
  report(options.output, causes, counts, seconds, bytes.size(), recorder.cost_of_a_call());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace
}  // namespace simsched::record

int main(int argc, char** argv) {
  try {
    return simsched::record::record(simsched::record::parse(argc, argv));
  } catch (const simsched::Error& error) {
    std::fprintf(stderr, "simsched-record-calls: error: %s\n", error.what());
    return simsched::kExitBadInput;
  }
}
