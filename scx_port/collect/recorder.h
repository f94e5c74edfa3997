// Records the decisions of the running kernel, from construction to stop().
#pragma once

#include <exception>
#include <memory>
#include <optional>

#include "scx_port/collect/hooks.h"
#include "scx_port/collect/outcomes.h"

struct ring_buffer;

namespace simsched::collect {

struct RecorderOptions {
  uint32_t sample = 1;       // one of so many tasks
  Nanos window{1000000000};  // in which an outcome is waited for
  bool cost = false;         // measure what the BPF programs take
  Without without;
};

class Recorder {
 public:
  // `emit` gets each decision once its window is over. Throws Error: no BPF, no BTF, no privilege.
  Recorder(const RecorderOptions& options, Outcomes::Emit emit);
  ~Recorder();

  // Takes what there is. To be called several times a second; what `emit` throws comes out here.
  void drain();
  // Ends recording, detaches everything and emits what is left.
  void stop();

  collect_counters counters() const;  // of all CPUs
  static uint64_t lost(const collect_counters& c) { return c.lost_decisions + c.lost_switches + c.lost_moves; }
  About about() const;  // complete after stop()

 private:
  static int take(void* self, void* data, size_t size);
  void set_recording(bool on);
  void count_programs();

  RecorderOptions options_;
  Host host_;
  live::KernelObject object_;
  Hooks hooks_;
  std::unique_ptr<ring_buffer, void (*)(ring_buffer*)> ring_;
  int stats_ = -1;
  Nanos start_, end_{0};
  std::optional<Outcomes> outcomes_;
  uint64_t lost_ = 0, foreign_ = 0;
  std::exception_ptr thrown_;
  std::map<std::string, int64_t> program_numbers_;
  bool stopped_ = false;
};

// Throws Error when this process may not record here, or the kernel cannot.
void check_can_record();
// Gives up what recording needed; leaves what writing a file in another's folder needs.
void drop_privileges();

}  // namespace simsched::collect
