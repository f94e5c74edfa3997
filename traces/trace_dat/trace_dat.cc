#include "traces/trace_dat/trace_dat.h"

#include <algorithm>

#include "traces/event_merge.h"
#include "traces/formats.h"
#include "traces/odd_events.h"
#include "traces/prev_state.h"
#include "traces/trace_dat/trace_dat_file.h"
#include "traces/tracepoint_events.h"

namespace simsched {
namespace {

class TraceDatReader {
 public:
  TraceDatReader(ByteSpan bytes, const std::string& name, const Progress& progress)
      : name_(name), progress_(progress), file_(read_trace_dat_file(bytes, name)) {}

  SchedTrace read() {
    // Files hold the formats of all events there are, recorded or not.
    each_record(
        [&](const Tracepoint& point, const RingPage&, CpuId) { seen_ |= 1u << static_cast<unsigned>(point.kind); });
    if (!seen(TracepointKind::kSwitch))
      throw Error(name_, "has no sched_switch events", "record it with: trace-cmd record -e sched");
    each_record([&](const Tracepoint& point, const RingPage& page, CpuId cpu) { take(point, page, cpu); });

    odd_.report(trace_, events_);
    trace_.holes.lost_events += std::max<uint64_t>(lost_, file_.overruns);
    trace_.holes.cut_end = file_.cut_end;
    trace_.os_release = file_.os_release;
    if (file_.clock == "local" || file_.clock == "counter")
      trace_.notes.push_back("its clock is '" + file_.clock +
                             "', which CPUs need not agree on: trace-cmd record -C mono");
    OddEvents odd_states;
    const StateCode code = file_.tracepoints.state_code();
    settle_states(per_cpu_, code != StateCode::kUnknown ? code : state_code_of_release(file_.os_release), name_,
                  odd_states);
    odd_states.report(trace_, events_ - std::min(events_, odd_states.count()));
    merge_events(trace_, std::move(per_cpu_), first_);
    trace_.nr_cpus = std::max(trace_.nr_cpus, file_.cpus.size());
    trace_.tells_cpus = true;
    return std::move(trace_);
  }

 private:
  bool seen(TracepointKind kind) const { return seen_ >> static_cast<unsigned>(kind) & 1; }

  // Those of the scheduler, CPU by CPU. A page that is damaged costs itself.
  template <class Visit>
  void each_record(Visit visit) {
    const bool counts = seen_ != 0;  // the second time
    size_t done = 0, total = 0;
    for (const auto& cpu : file_.cpus) total += cpu.pages.size();
    for (const auto& cpu : file_.cpus) {
      const size_t page_size = file_.layout.size;
      for (size_t at = 0; at + page_size <= cpu.pages.size(); at += page_size, done += page_size) {
        if (progress_ && counts && done % (page_size * 256) == 0) progress_(done, total);
        try {
          RingPage page(cpu.pages.subspan(at, page_size), file_.layout, name_, cpu.offset + at);
          if (counts && page.lost() != 0) lose(page, cpu.cpu);
          while (page.next()) {
            const ByteSpan raw = page.raw();
            const Tracepoint* point = raw.size() < 8 ? nullptr : file_.tracepoints.find(load<uint16_t>(raw.data()));
            if (point != nullptr && raw.size() >= point->size)
              visit(*point, page, cpu.cpu);
            else if (counts)
              ++trace_.holes.unknown_records;
          }
        } catch (const Error& error) {
          if (counts) odd_.add(error);
        }
      }
    }
  }

  void lose(RingPage page, CpuId cpu) {
    TraceEvent event;
    event.kind = TraceKind::kLost;
    event.value = std::max<int64_t>(1, page.lost());
    lost_ += static_cast<uint64_t>(event.value);
    event.time = Nanos(static_cast<int64_t>(page.time() & kTimes));
    event.cpu = cpu;
    add(event);
  }

  void take(const Tracepoint& point, const RingPage& page, CpuId cpu) {
    TraceEvent event;
    event.time = Nanos(static_cast<int64_t>(page.time() & kTimes));
    event.cpu = cpu;
    if (!decoder_.decode(point, page.raw(), {.wakeups = seen(TracepointKind::kWaking)}, {name_, page.offset()}, event))
      return;
    constexpr int32_t kMostCpus = 1 << 16;
    if (const int32_t last = std::max(event.other_cpu.value(), event.dest_cpu.value()); last >= kMostCpus)
      throw Error(at_offset(name_, page.offset()), "CPU " + std::to_string(last) + " makes no sense",
                  "copy or record it again");
    first_ = std::min(first_, event.time);
    ++events_;
    add(event);
  }

  void add(const TraceEvent& event) {
    if (per_cpu_.size() <= event.cpu.index()) per_cpu_.resize(event.cpu.index() + 1);
    per_cpu_[event.cpu.index()].push_back(event);
  }

  static constexpr uint64_t kTimes = (uint64_t{1} << 62) - 1;  // so that differences of times fit

  const std::string& name_;
  const Progress& progress_;
  TraceDatFile file_;
  SchedTrace trace_;
  std::vector<std::vector<TraceEvent>> per_cpu_;
  Nanos first_ = Nanos::max();
  uint32_t seen_ = 0;  // kinds of tracepoints, as bits
  uint64_t lost_ = 0;
  size_t events_ = 0;
  OddEvents odd_;
  TracepointEvents decoder_{trace_};
};

}  // namespace

SchedTrace read_trace_dat(ByteSpan bytes, const std::string& name, const Progress& progress) {
  return TraceDatReader(bytes, name, progress).read();
}

TraceFormat trace_dat_format() {
  return {"a trace.dat of trace-cmd",
          {".dat"},
          [](ByteSpan bytes) { return text_of(bytes).starts_with("\x17\x08\x44tracing"); },
          read_trace_dat,
          true};
}

}  // namespace simsched
