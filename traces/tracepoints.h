// The scheduler's tracepoints in a recording: where the fields of their raw records are. The formats
// differ between kernels, so each recording brings its own, and libtraceevent reads them once; the
// millions of samples are then read with these offsets alone.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "traces/bytes.h"
#include "traces/prev_state.h"

namespace simsched {

enum class TracepointKind : uint8_t {
  kSwitch,
  kWaking,
  kWakeup,
  kWakeupNew,
  kMigrate,
  kStatRuntime,
  kFork,
  kExec,
  kExit,
  kFrequency,  // power:cpu_frequency
  kIdle,       // power:cpu_idle
};

// A field of a raw record. Size 0: not there.
struct TracepointField {
  enum Form : uint8_t { kPlain, kDataLoc, kRelLoc };  // text may stand elsewhere: `__data_loc`, `__rel_loc`
  uint16_t offset = 0;
  uint16_t size = 0;
  Form form = kPlain;

  int64_t number(ByteSpan raw) const;  // within raw: Tracepoint::size says so
  ByteSpan text(ByteSpan raw) const;   // clipped to raw; up to the NUL or not
};

struct Tracepoint {
  TracepointKind kind;
  TracepointField flags, current;  // common_flags; common_pid or prev_pid
  TracepointField pid, comm, prio, cpu, dest_cpu, value;
  TracepointField current_prio;  // of kSwitch: prev_prio
  size_t size = 0;     // raw records must have as many bytes
};

class Tracepoints {
 public:
  // `bytes`: the tracing data that perf and trace-cmd copy from the kernel's tracing folder, from their magic on.
  void add(ByteSpan bytes, const std::string& name, size_t offset);
  // Only the formats of events, system by system.
  void add_systems(ByteReader& from);

  const Tracepoint* find(uint16_t common_type) const {
    return common_type < by_type_.size() && by_type_[common_type] != 0 ? &known_[by_type_[common_type] - 1] : nullptr;
  }
  // As sched_switch's print format tells.
  StateCode state_code() const { return state_code_; }
  bool has(TracepointKind kind) const { return kinds_ >> static_cast<unsigned>(kind) & 1; }

 private:
  void add_format(std::string_view system, ByteSpan format, const std::string& where);

  std::vector<Tracepoint> known_;
  std::vector<uint8_t> by_type_;  // index into known_ plus 1, by common_type
  uint32_t kinds_ = 0;
  StateCode state_code_ = StateCode::kUnknown;
};

}  // namespace simsched
