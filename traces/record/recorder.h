// Records the calls by which the command's tasks talk, from construction to stop().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "scx_port/live/kernel_object.h"
#include "traces/causes/causes.h"
#include "traces/record/raw_call.h"

namespace simsched::record {

struct RecorderOptions {
  bool all = false;       // every task's calls, but the recorder's and its child's
  bool launcher = false;  // what this process starts only starts the command (as perf record does)
  uint64_t buffer = 0;    // bytes; 0: 256 MB, or a quarter of what memory there is
};

struct Counts {
  uint64_t calls = 0, lost = 0, unnamed = 0, uring = 0;
};

class Recorder {
 public:
  // From here on all children of this process are recorded. Throws Error: no BPF, no BTF, no privilege.
  explicit Recorder(const RecorderOptions& options);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Takes out what fills more than half of a CPU's room; cheap when there is none.
  void drain();
  // Nothing is recorded any more.
  void stop();
  Counts counts() const;
  // All that was recorded, after stop().
  std::vector<raw_call> take();
  // Calls that have not ended, with `end` 0.
  std::vector<raw_call> unended() const;
  // What noting a call costs the one who makes it; after take(). 0: could not be measured.
  Nanos cost_of_a_call();
  size_t buffer_size() const { return records_.size_bytes(); }

 private:
  template <class T>
  std::span<T> map(const char* name, size_t entries);
  void introduce();
  void take_out(size_t cpu, uint64_t until);

  live::KernelObject object_;
  std::span<raw_call> records_;
  std::span<call_ring> rings_;
  std::span<call_slot> slots_;
  std::vector<uint64_t> seen_;  // heads as of the last look: what lies before them is written
  std::vector<raw_call> taken_;
};

// Which class of call each number is, on this architecture.
std::array<uint8_t, CALL_NUMBERS> call_classes();

// Throws Error when this process may not record here, or the kernel cannot.
void check_can_record();

// What the kernel noted becomes calls: in order, objects numbered, both ends of a stream under one number.
Causes name_objects(std::vector<raw_call> raw);

}  // namespace simsched::record
