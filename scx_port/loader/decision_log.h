// The decisions of a policy (scx_port/include/simsched/decision.bpf.h), from its ring buffer into a file.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "base/units.h"
#include "scx_port/live/kernel_object.h"

struct ring_buffer;

namespace simsched::live {

class DecisionLog {
 public:
  // Before load(): has the policy log. Throws Error where it has no decisions.
  static void enable(KernelObject& object);

  // Adds to `path`. Throws Error when it cannot be written.
  DecisionLog(KernelObject& object, const std::string& path);
  ~DecisionLog();

  static constexpr Nanos kPeriod{5'000'000};  // how often to drain: the policy does not wake its reader
  void drain();
  uint64_t records() const { return records_; }
  uint64_t lost() const;  // the ring was full

 private:
  static int add(void* self, void* record, size_t size);
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
    void operator()(ring_buffer* ring) const;
  };

  KernelObject& object_;
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::unique_ptr<ring_buffer, Close> ring_;
  uint64_t records_ = 0;
  bool failed_ = false;
};

}  // namespace simsched::live
