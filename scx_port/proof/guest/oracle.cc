#include "scx_port/proof/guest/oracle.h"

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "scx_port/proof/guest/clock.h"
#include "scx_port/proof/guest/files.h"
#include "scx_port/proof/guest/report.h"
#include "scx_port/proof/load/load_file.h"

namespace simsched::guest {
namespace {

using load::OpKind;

// The memory that all tasks of a load share, and its file, which stays open when a task replaces its program.
constexpr int kMemory = 100, kFirstPipe = 101;

// All of a load that changes lies in one file in memory. A Waiting task is woken by its word, or by its pipe.
struct TaskState {
  std::atomic<uint32_t> woken{0};
  int32_t next = -1;  // who waits behind it for the same token
  uint32_t pc = 0;
  int64_t started = 0;
  int64_t passed[load::kLoopSlots] = {};
};
struct TokenState {
  std::atomic<uint32_t> lock{0};
  int32_t count = 0, first = -1, last = -1;
};
struct Start {
  int64_t began = 0;
  size_t size = 0;
  load::Header header{};
};

struct Load {
  Start* start;
  load::Task* tasks;
  load::Op* ops;
  TaskState* states;
  TokenState* tokens;

  explicit Load(void* memory) : start(static_cast<Start*>(memory)) {
    const load::Header& header = start->header;
    tasks = reinterpret_cast<load::Task*>(start + 1);
    ops = reinterpret_cast<load::Op*>(tasks + header.nr_tasks);
    states = reinterpret_cast<TaskState*>(ops + header.nr_ops);
    tokens = reinterpret_cast<TokenState*>(states + header.nr_tasks);
  }
  static size_t size(const load::Header& header) {
    return sizeof(Start) + header.nr_tasks * (sizeof(load::Task) + sizeof(TaskState)) +
           header.nr_ops * sizeof(load::Op) + header.nr_tokens * sizeof(TokenState);
  }
};

void* map_memory(size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, kMemory, 0);
  if (memory == MAP_FAILED) _exit(1);
  return memory;
}

// Until this thread has had so much CPU time. Asking for that makes the kernel bring its books up to date, which may
// end a slice before the tick would; so it is asked only when that much time has passed anyway.
void run_for(int64_t ns) {
  const int64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns;
  for (int64_t left = ns; left > 0; left = end - clock_ns(CLOCK_THREAD_CPUTIME_ID)) {
    const int64_t then = clock_ns(CLOCK_MONOTONIC) + left;
    while (clock_ns(CLOCK_MONOTONIC) < then) {
    }
  }
}

void sleep_until(int64_t time) {
  const timespec at{time / 1'000'000'000, time % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {
  }
}

class Lock {
 public:
  explicit Lock(std::atomic<uint32_t>& word) : word_(word) {
    while (word_.exchange(1) != 0) sched_yield();
  }
  ~Lock() { word_ = 0; }
  Lock(const Lock&) = delete;

 private:
  std::atomic<uint32_t>& word_;
};

void wait_for(Load& load, int task, int token_number) {
  TokenState& token = load.tokens[token_number];
  TaskState& state = load.states[task];
  {
    const Lock lock(token.lock);
    if (token.count > 0) {
      --token.count;
      return;
    }
    state.woken = 0;
    state.next = -1;
    (token.first < 0 ? token.first : load.states[token.last].next) = task;
    token.last = task;
  }
  if (load.tasks[task].reads != 0) {
    char byte = 0;
    if (read(kFirstPipe + 2 * task, &byte, 1) != 1) _exit(1);
    return;
  }
  while (state.woken == 0) syscall(SYS_futex, &state.woken, FUTEX_WAIT, 0, nullptr, nullptr, 0);
}

void signal(Load& load, int token_number) {
  TokenState& token = load.tokens[token_number];
  int first = -1;
  {
    const Lock lock(token.lock);
    first = token.first;
    if (first < 0) {
      ++token.count;
      return;
    }
    token.first = load.states[first].next;
  }
  if (load.tasks[first].reads != 0) {
    if (write(kFirstPipe + 2 * first + 1, "", 1) != 1) _exit(1);
    return;
  }
  load.states[first].woken = 1;
  syscall(SYS_futex, &load.states[first].woken, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

[[noreturn]] void run_task(Load load, int task);

void start_task(Load& load, int task) {
  const pid_t pid = fork();
  if (pid < 0) _exit(1);
  if (pid != 0) return;
  prctl(PR_SET_NAME, load.tasks[task].name);
  load.states[task].started = clock_ns(CLOCK_MONOTONIC);
  run_task(load, task);
}

void replace_program(int task) {
  const std::string number = std::to_string(task);
  execl("/proc/self/exe", "init", "task", number.c_str(), nullptr);
  _exit(1);
}

void run_task(Load load, int task) {
  prctl(PR_SET_TIMERSLACK, 1);
  const load::Task& spec = load.tasks[task];
  TaskState& state = load.states[task];
  while (state.pc < spec.nr_ops) {
    const load::Op& op = load.ops[spec.first_op + state.pc++];
    const int64_t now = op.kind == OpKind::kSleep || op.kind == OpKind::kSleepPeriod ? clock_ns(CLOCK_MONOTONIC) : 0;
    switch (op.kind) {
      case OpKind::kCompute:
        run_for(op.value);
        break;
      case OpKind::kSleep:
        sleep_until(now + op.value);
        break;
      case OpKind::kSleepUntil:
        sleep_until(load.start->began + op.value);
        break;
      case OpKind::kSleepPeriod:
        sleep_until(state.started + ((now - state.started) / op.value + 1) * op.value);
        break;
      case OpKind::kWait:
        wait_for(load, task, op.arg);
        break;
      case OpKind::kSignal:
        signal(load, op.arg);
        break;
      case OpKind::kFork:
        start_task(load, op.arg);
        break;
      case OpKind::kWaitChild:
        waitpid(-1, nullptr, 0);
        break;
      case OpKind::kExec:
        replace_program(task);
        break;
      case OpKind::kExit:
        _exit(0);
      case OpKind::kYield:
        sched_yield();
        break;
      case OpKind::kSetNice:
        setpriority(PRIO_PROCESS, 0, static_cast<int>(op.value));
        break;
      case OpKind::kLoop:
        if (op.value == 0 || ++state.passed[op.slot] < op.value)
          state.pc = static_cast<uint32_t>(op.arg);
        else
          state.passed[op.slot] = 0;
        break;
    }
  }
  _exit(0);
}

// The first task begins on CPU 0, and may go anywhere.
void be_on_first_cpu() {
  cpu_set_t all, first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  sched_getaffinity(0, sizeof(all), &all);
  sched_setaffinity(0, sizeof(first), &first);
  sched_setaffinity(0, sizeof(all), &all);
}

const std::string kTracing = "/sys/kernel/tracing/";

bool run_load(const std::string& content) {
  load::Header header{};
  std::memcpy(&header, content.data(), std::min(content.size(), sizeof(header)));
  if (header.magic != load::kMagic) return false;
  const size_t size = Load::size(header);
  const int file = static_cast<int>(syscall(SYS_memfd_create, "load", 0));
  if (file < 0 || dup2(file, kMemory) < 0 || ftruncate(kMemory, static_cast<off_t>(size)) != 0) return false;
  close(file);
  void* memory = map_memory(size);
  auto* start = static_cast<Start*>(memory);
  start->size = size;
  start->header = header;
  Load load(memory);
  std::memcpy(load.tasks, content.data() + sizeof(header), content.size() - sizeof(header));
  for (uint32_t i = 0; i < header.nr_tokens; ++i) new (load.tokens + i) TokenState;
  for (uint32_t i = 0; i < header.nr_tasks; ++i) {
    new (load.states + i) TaskState;
    if (load.tasks[i].reads == 0) continue;
    int ends[2];
    if (pipe(ends) != 0) return false;
    for (int end : {0, 1}) {
      dup2(ends[end], kFirstPipe + 2 * static_cast<int>(i) + end);
      close(ends[end]);
    }
  }
  write_text(kTracing + "trace", "");
  write_text(kTracing + "tracing_on", "1");
  const pid_t launcher = fork();
  if (launcher == 0) {
    setpgid(0, 0);
    be_on_first_cpu();
    prctl(PR_SET_NAME, load::kLaunch);
    start->began = load.states[header.nr_tasks - 1].started = clock_ns(CLOCK_MONOTONIC);
    run_task(load, static_cast<int>(header.nr_tasks) - 1);
  }
  int status = 0;
  waitpid(launcher, &status, 0);
  write_text(kTracing + "tracing_on", "0");
  kill(-launcher, SIGKILL);
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  sleep_ms(200);  // what was killed is gone, and forgotten
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  munmap(memory, size);
  for (uint32_t i = 0; i <= 2 * header.nr_tasks; ++i) close(kMemory + static_cast<int>(i));
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

void go_on(int task) {
  prctl(PR_SET_PDEATHSIG, 0);
  auto* start = static_cast<Start*>(map_memory(sizeof(Start)));
  Load load(map_memory(start->size));
  prctl(PR_SET_NAME, load.tasks[task].name);
  run_task(load, task);
}

namespace {

// The levels at which the kernel balances, for people.
void write_domains() {
  mkdir("/tmp/debug", 0755);
  mount("debugfs", "/tmp/debug", "debugfs", 0, nullptr);
  std::string text;
  for (int level = 0; level < 16; ++level) {
    const std::string folder = "/tmp/debug/sched/domains/cpu0/domain" + std::to_string(level) + "/";
    if (const std::string name = first_line(folder + "name"); !name.empty())
      text += name + ": " + first_line(folder + "flags") + "\n";
  }
  write_text(std::string(kOut) + "domains", text);
}

}  // namespace

bool run_loads(int repeats) {
  Report report;
  write_domains();
  rlimit files{65536, 65536};
  setrlimit(RLIMIT_NOFILE, &files);
  write_text(kTracing + "buffer_size_kb", "4096");
  write_text(kTracing + "trace_clock", "mono");
  for (const char* event : {"sched_switch", "sched_waking", "sched_wakeup_new", "sched_migrate_task",
                            "sched_process_fork", "sched_process_exec", "sched_process_exit"})
    write_text(kTracing + "events/sched/" + event + "/enable", "1");
  report.line("# clock: " + first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource"));
  std::vector<std::filesystem::path> loads;
  for (const auto& entry : std::filesystem::directory_iterator("/loads")) loads.push_back(entry.path());
  std::sort(loads.begin(), loads.end());
  for (const auto& path : loads) {
    const std::string name = path.filename(), content = read_text(path);
    for (int repeat = 1; repeat <= repeats; ++repeat) {
      const int64_t began = clock_ns(CLOCK_MONOTONIC);
      const bool ended = run_load(content);
      const std::string trace = read_text(kTracing + "trace");
      write_text(kOut + name + "." + std::to_string(repeat) + ".txt", trace);
      report.check(name, ended && trace.size() > 1000,
                   std::to_string(count(trace, "\n")) + " lines, " +
                       std::to_string((clock_ns(CLOCK_MONOTONIC) - began) / 1'000'000) + " ms",
                   "its end and a recording");
    }
  }
  report.line("done");
  return report.all_ok();
}

}  // namespace simsched::guest
