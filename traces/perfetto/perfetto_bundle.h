// FtraceEventBundle of Perfetto traces: some events of one CPU, each by itself or all of a kind in columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "traces/odd_events.h"
#include "traces/perfetto/proto_fields.h"
#include "traces/sched_trace.h"

namespace simsched {

class PerfettoBundles {
 public:
  // Names, lost events and frequencies go into `trace`.
  PerfettoBundles(SchedTrace& trace, OddEvents& odd) : trace_(trace), odd_(odd) {}

  // Throws protozero::exception where it is damaged. `dropped`: packets before it are missing.
  void read(std::string_view bundle, bool dropped, const std::string& where);

  size_t events() const { return events_; }
  uint64_t lost() const { return lost_; }
  bool has_local_clock() const { return local_clock_; }
  // By CPU, from when on all CPUs were recorded; states of switches are numbers.
  std::vector<std::vector<TraceEvent>> take_events();

 private:
  struct CpuState {
    bool seen = false;
    Pid running;  // none: not known
    int16_t prio = kNoPrio;
    Nanos last{0};
  };
  void read_event(perfetto::ProtoFields event, CpuId cpu);
  // False: it is none of the scheduler's.
  bool read_kind(uint32_t tag, perfetto::ProtoFields body, TraceEvent& event);
  void read_power(uint32_t tag, perfetto::ProtoFields body, Nanos time);
  void read_compact(perfetto::ProtoFields columns, CpuId cpu);
  void add(const TraceEvent& event);
  uint32_t name(std::string_view text);
  void refuse(const std::string& what) const;

  SchedTrace& trace_;
  OddEvents& odd_;
  std::vector<CpuState> cpus_;
  std::vector<std::vector<TraceEvent>> per_cpu_;
  std::vector<TraceEvent> bundle_;
  std::string where_;
  size_t events_ = 0;
  uint64_t lost_ = 0;
  Nanos start_{0};
  bool local_clock_ = false;
  // Kinds of events that are told better by others, where those were recorded.
  bool has_waking_ = false, has_fork_ = false;
};

}  // namespace simsched
