// The decision file: what a kernel's scheduler decided, from what, and what became of it. docs/collector.md describes
// the bytes. It needs base/ only: whoever learns from it need not talk to a kernel.
//
//   DecisionFile file = read_decisions(read_file(path).span(), path);
//   for (const Decision& d : file.decisions) ...
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/ids.h"
#include "base/output_file.h"
#include "base/units.h"

namespace simsched::collect {

using Pid = Id<struct PidTag>;

enum class Trigger : uint8_t {
  kWake,
  kWakeSync,  // the waker is about to sleep
  kFork,
  kExec,
  kBalanceBusy,  // the CPU that balances has tasks
  kBalanceIdle,
  kBalanceNewlyIdle,
  kMoved,  // a queued task changed its CPU; what was decided against was not to be seen
};
// What source and destination share.
enum class Relation : uint8_t { kSameCpu, kSmt, kL2, kLlc, kNode, kRemote, kUnknown };
// How the task's run ended.
enum class Stop : uint8_t { kNotSeen, kSlept, kPreempted, kExited };

// A number that the kernel did not have or that was not seen.
inline constexpr int32_t kAbsent = -1;
inline constexpr Nanos kNever{-1};

// In the kernel's PELT units: 1024 is one CPU, or one task of nice 0.
struct RunQueue {
  int32_t nr_running = kAbsent, load = kAbsent, util = kAbsent, runnable = kAbsent, capacity = kAbsent;
};

// A row of the file, byte for byte.
struct Decision {
  // ---- when, who, what ----
  Nanos time;  // since recording began
  Pid pid, tgid;
  char comm[16] = {};
  CpuId src, dst;  // placement: previous and chosen CPU; balancing: from where to where
  CpuId waker_cpu;
  Pid waker_pid;
  Trigger trigger = Trigger::kWake;
  uint8_t result = 0;  // placement: another CPU was chosen; balancing: the task may go
  Relation relation = Relation::kUnknown;
  uint8_t running = 0;  // the task was on its CPU

  // ---- what a model may know ----
  int32_t node_distance = kAbsent;  // 10: the same node
  RunQueue src_queue, dst_queue;
  int32_t weight = kAbsent;  // of nice 0: 1024
  int32_t nice = 0;
  int32_t policy = kAbsent;  // SCHED_NORMAL 0, FIFO 1, RR 2, BATCH 3, IDLE 5, DEADLINE 6, EXT 7
  int32_t task_load = kAbsent, task_util = kAbsent;
  int32_t allowed_cpus = kAbsent;
  int32_t numa_node = kAbsent;
  int32_t migration_type = kAbsent;  // balancing: load 0, util 1, task 2, misfit 3
  int32_t lb_flags = 0;              // LBF_*
  int32_t failed_balances = kAbsent, cache_nice_tries = kAbsent, domain_cpus = kAbsent;
  int64_t imbalance = 0;
  Nanos cpu_time;             // since the task was made
  int64_t vlag = 0;           // virtual ns
  Nanos cold = kNever;        // balancing: since it was last charged for running
  Nanos since_run = kNever;   // since it last left a CPU; 0 while running
  Nanos last_burst = kNever;  // how long it ran then

  // ---- what became of it, within the window ----
  Nanos run_delay = kNever;  // until it ran
  Nanos ran = kNever;        // how long then, up to the window's end
  Nanos next_move = kNever;  // until it changed its CPU, other than by this decision
  CpuId ran_cpu, next_cpu;
  uint8_t carried_out = 0;          // it went where `result` said
  Stop last_stop = Stop::kNotSeen;  // of last_burst
  Stop stop = Stop::kNotSeen;       // of `ran`
  uint8_t uncertain = 0;            // records were lost in the window
  uint8_t cut_short = 0;            // recording ended before the window
  uint8_t reserved[3] = {};
};
static_assert(std::is_trivially_copyable_v<Decision> && std::has_unique_object_representations_v<Decision>);

struct HostCpu {
  CpuId cpu;
  int32_t core = kAbsent, l2 = kAbsent, llc = kAbsent, node = kAbsent;  // lowest CPU of each; number of the node
  int32_t capacity = kAbsent;                                           // 1024: the largest
  bool operator==(const HostCpu&) const = default;
};

struct About {
  std::string kernel;              // "Linux 6.18.12 x86_64"
  std::vector<std::string> hooks;  // what was seen, by what
  std::vector<HostCpu> cpus;
  std::vector<std::vector<int32_t>> node_distances;
  std::map<std::string, int64_t> numbers;  // duration_ns, window_ns, sample, counts
};

struct DecisionFile {
  About about;
  std::vector<Decision> decisions;
};

// ---- columns ----
enum class ColumnType : uint8_t { kI64, kI32, kU8, kText16 };
struct Column {
  const char* name;
  ColumnType type;
  uint32_t offset;  // in the row
};
std::span<const Column> columns();

// ---- reading ----
// Throws Error with one line for anything that is not a whole decision file.
DecisionFile read_decisions(std::span<const std::byte> bytes, const std::string& name);
// A head line of column names, a line per decision; triggers, relations and stops in words.
void print_csv(const DecisionFile& file, std::FILE* out);
// What the recording is about, for people.
void print_about(const DecisionFile& file, std::FILE* out);

// ---- writing ----
// Rows go to an OutputFile: without finish() nothing is left. A device or a pipe is refused, as the head is written
// last. Throws Error.
class DecisionWriter {
 public:
  explicit DecisionWriter(const std::string& path);

  void add(const Decision& decision);
  uint64_t rows() const { return rows_; }
  void finish(const About& about);

 private:
  OutputFile file_;
  uint64_t rows_ = 0;
  uint64_t checksum_;
};

}  // namespace simsched::collect
