// perf.data: walks the records and turns those of the scheduler into events, CPU by CPU.
#include "traces/perf_data/perf_data.h"

#include <algorithm>
#include <optional>

#include "traces/compressed.h"
#include "traces/event_merge.h"
#include "traces/formats.h"
#include "traces/odd_events.h"
#include "traces/perf_data/perf_data_format.h"
#include "traces/perf_data/perf_data_header.h"
#include "traces/prev_state.h"
#include "traces/tracepoint_events.h"

namespace simsched {
namespace {

using namespace perf;

constexpr size_t kProgressStep = size_t{1} << 20;

class PerfDataReader {
 public:
  PerfDataReader(ByteSpan bytes, const std::string& name, const Progress& progress)
      : name_(name), progress_(progress), head_(read_head(bytes, name)) {}

  SchedTrace read() {
    size_t used = walk(head_.records, head_.records_offset, true);
    if (used != head_.records.size() && !trace_.holes.cut_end)
      end_early(Error(at_offset(name_, head_.records_offset + used), "ends in the middle of a record",
                      "the copy is cut short: copy it again"));
    if (head_.has_folder)
      throw Error(name_, "holds no events of CPUs: perf record --threads wrote them to other files of its folder",
                  "record it without --threads");
    odd_.report(trace_, events_);
    if (!head_.tracepoints.has(TracepointKind::kSwitch))
      throw Error(name_, "has no sched_switch events", "record it with: perf sched record");
    trace_.os_release = head_.os_release;
    OddEvents odd_states;
    StateCode code = head_.tracepoints.state_code();
    settle_states(per_cpu_, code != StateCode::kUnknown ? code : state_code_of_release(head_.os_release), name_,
                  odd_states);
    odd_states.report(trace_, events_ - std::min(events_, odd_states.count()));
    merge_events(trace_, std::move(per_cpu_), first_sample_);
    trace_.tells_cpus = head_.nr_cpus != 0;
    trace_.nr_cpus = std::max(trace_.nr_cpus, head_.nr_cpus);
    trace_.machine = head_.topology.machine(trace_.nr_cpus);
    return std::move(trace_);
  }

 private:
  // Returns how many bytes are whole records.
  size_t walk(ByteSpan records, size_t offset, bool in_file);
  void handle(uint32_t type, uint16_t misc, ByteSpan body, size_t offset);
  size_t trailing_data(uint32_t type, ByteSpan body, ByteSpan rest, size_t offset);
  void sample(ByteSpan body, size_t offset);
  void side_record(uint32_t type, uint16_t misc, ByteSpan body, size_t offset);
  void compressed(uint32_t type, ByteSpan body, size_t offset);
  void add(const TraceEvent& event, size_t offset);
  // The rest cannot be read. Without anything before it that is the end.
  void end_early(const Error& error) {
    if (events_ == 0) throw error;
    trace_.holes.cut_end = true;
    trace_.notes.push_back("the end was left out: " + error.where() + ": " + error.problem());
  }

  [[noreturn]] void fail(size_t offset, const std::string& what) const {
    throw Error(at_offset(name_, offset), what, "copy or record it again");
  }

  const std::string& name_;
  const Progress& progress_;
  Head head_;
  SchedTrace trace_;
  std::vector<std::vector<TraceEvent>> per_cpu_;
  Nanos first_sample_ = Nanos::max();
  size_t events_ = 0;  // of the scheduler
  OddEvents odd_;
  std::optional<Decompressor> decompressor_;
  std::string decompressed_;  // what is not yet walked of it
  TracepointEvents decoder_{trace_};
};

size_t PerfDataReader::walk(ByteSpan records, size_t offset, bool in_file) {
  size_t at = 0, report = 0;
  while (records.size() - at >= kRecordHeaderSize) {
    const std::byte* header = records.data() + at;
    uint32_t type = load<uint32_t>(header);
    uint16_t misc = load<uint16_t>(header + 4), size = load<uint16_t>(header + 6);
    if (size < kRecordHeaderSize) {
      end_early(Error(at_offset(name_, offset + at), "a record has a size of " + std::to_string(size),
                      "copy or record it again"));
      break;
    }
    if (size > records.size() - at) break;
    ByteSpan body = records.subspan(at + kRecordHeaderSize, size - kRecordHeaderSize);
    size_t body_offset = offset + at + kRecordHeaderSize;
    try {
      if (type == kRecordCompressed || type == kRecordCompressed2) {
        if (!in_file) fail(offset, "a compressed record within compressed records");
        compressed(type, body, body_offset);
        if (trace_.holes.cut_end) break;
      } else {
        handle(type, misc, body, body_offset);
      }
    } catch (const Error& error) {
      odd_.add(error);
    }
    at += size;
    at += trailing_data(type, body, records.subspan(at), offset + at);
    if (in_file && progress_ && at >= report) {
      progress_(at, records.size());
      report = at + kProgressStep;
    }
  }
  if (in_file && progress_) progress_(at, records.size());
  return at;
}

// Two kinds of record are followed by data that their size does not count.
size_t PerfDataReader::trailing_data(uint32_t type, ByteSpan body, ByteSpan rest, size_t offset) {
  uint64_t size = 0;
  if (type == kRecordTracingData && body.size() >= 4) size = load<uint32_t>(body.data());
  if (type == kRecordAuxtrace && body.size() >= 8) size = load<uint64_t>(body.data());
  if (type == kRecordTracingData) size = (size + 7) / 8 * 8;  // padded
  if (size > rest.size()) fail(offset, "ends in the middle of a record");
  if (type == kRecordTracingData) add_feature(head_, kFeatureTracingData, rest.first(size), name_, offset);
  return size;
}

void PerfDataReader::handle(uint32_t type, uint16_t misc, ByteSpan body, size_t offset) {
  switch (type) {
    case kRecordSample:
      return sample(body, offset);
    case kRecordComm:
    case kRecordFork:
    case kRecordExit:
    case kRecordLost:
    case kRecordLostSamples:
      return side_record(type, misc, body, offset);
    case kRecordFinishedRound:
    case kRecordFinishedInit:
    case kRecordTracingData:
    case kRecordAuxtrace:
      return;
    case kRecordHeaderAttr: {  // the attr, as long as it says itself, then its ids
      size_t size = body.size() < kMinAttrSize ? 0 : std::max<size_t>(load<uint32_t>(body.data() + 4), kMinAttrSize);
      if (size == 0 || size > body.size()) fail(offset, "the description of an event is too short");
      return head_.attrs.add(body.first(size), body.subspan(size), name_, offset);
    }
    case kRecordHeaderFeature:
      if (body.size() < 8) fail(offset, "a feature record is too short");
      return add_feature(head_, load<uint64_t>(body.data()), body.subspan(8), name_, offset + 8);
    default:
      ++trace_.holes.unknown_records;
  }
}

void PerfDataReader::compressed(uint32_t type, ByteSpan body, size_t offset) {
  if (!decompressor_) decompressor_.emplace();
  if (type == kRecordCompressed2) {  // Linux 6.16: padded to 8 bytes, so it tells the size of its data
    uint64_t size = body.size() < 8 ? 0 : load<uint64_t>(body.data());
    if (body.size() < 8 || size > body.size() - 8) fail(offset, "a compressed record is too short");
    body = body.subspan(8, size);
  }
  try {
    decompressor_->append(body, decompressed_, at_offset(name_, offset));
  } catch (const Error& error) {  // and so is all that follows in the stream
    return end_early(error);
  }
  size_t used = walk(std::as_bytes(std::span(decompressed_)), offset, false);
  decompressed_.erase(0, used);
}

void PerfDataReader::sample(ByteSpan body, size_t offset) {
  if (head_.attrs.empty()) fail(offset, "a sample comes before the description of its event");
  const RecordLayout& layout = head_.attrs.of_sample(body);
  ByteSpan raw = layout.raw(body, name_, offset);
  const Tracepoint* point = raw.size() < 8 ? nullptr : head_.tracepoints.find(load<uint16_t>(raw.data()));
  if (point == nullptr) {
    ++trace_.holes.unknown_records;
    return;
  }
  if (raw.size() < point->size) fail(offset, "a sample is shorter than its event's format says");
  if (layout.time < 0 || layout.cpu < 0)
    throw Error(at_offset(name_, offset), "samples lack their time or CPU", "record it with: perf sched record");
  TraceEvent event;
  event.time = Nanos(load<int64_t>(body.data() + layout.time));
  event.cpu = CpuId(load<int32_t>(body.data() + layout.cpu));
  const TracepointEvents::Elsewhere elsewhere{.wakeups = head_.tracepoints.has(TracepointKind::kWaking),
                                              .execs = head_.attrs.has_comm_exec(),
                                              .exits = head_.attrs.has_task()};
  if (!decoder_.decode(*point, raw, elsewhere, {name_, offset}, event)) return;
  add(event, offset);
  first_sample_ = std::min(first_sample_, event.time);
  ++events_;
}

void PerfDataReader::side_record(uint32_t type, uint16_t misc, ByteSpan body, size_t offset) {
  if (head_.attrs.empty()) fail(offset, "a record comes before the description of its event");
  const RecordLayout& layout = head_.attrs.of_record(body);
  size_t own = type == kRecordLostSamples || type == kRecordComm ? 8 : type == kRecordLost ? 16 : 24;
  if (body.size() < own + layout.trailer_size) fail(offset, "a record is too short");
  const std::byte* trailer = body.data() + body.size() - layout.trailer_size;
  const std::byte* data = body.data();
  auto pid = [](const std::byte* at) { return Pid(load<int32_t>(at)); };

  TraceEvent event;
  if (layout.trailer_time >= 0) event.time = Nanos(load<int64_t>(trailer + layout.trailer_time));
  event.cpu = CpuId(layout.trailer_cpu >= 0 ? load<int32_t>(trailer + layout.trailer_cpu) : 0);
  if (layout.trailer_tid >= 0) event.current = pid(trailer + layout.trailer_tid + 4);
  bool made_up = event.time.count() == 0;  // by perf, for what was there before the recording
  if (made_up) {
    event.cpu = CpuId(0);
    event.current = Pid();
  }
  switch (type) {
    case kRecordComm:  // pid, tid, comm
      event.kind = misc & kMiscCommExec && !made_up ? TraceKind::kExec : TraceKind::kComm;
      event.pid = pid(data + 4);
      event.name = decoder_.name(body.subspan(8, body.size() - 8 - layout.trailer_size));
      break;
    case kRecordFork:  // pid, ppid, tid, ptid, time
      if (made_up || head_.tracepoints.has(TracepointKind::kFork)) return;
      event.kind = TraceKind::kFork;
      event.pid = pid(data + 8);
      if (!event.current.valid()) event.current = pid(data + 12);
      break;
    case kRecordExit:
      event.kind = TraceKind::kExit;
      event.pid = event.current = pid(data + 8);
      break;
    default:  // LOST: id, lost; LOST_SAMPLES: lost
      event.kind = TraceKind::kLost;
      event.value = load<int64_t>(data + (type == kRecordLost ? 8 : 0));
      trace_.holes.lost_events += static_cast<uint64_t>(event.value);
  }
  add(event, offset);
}

void PerfDataReader::add(const TraceEvent& event, size_t offset) {
  constexpr int32_t kMaxCpus = 1 << 16;
  int32_t last = std::max({event.cpu.value(), event.other_cpu.value(), event.dest_cpu.value()});
  if (!event.cpu.valid() || last >= kMaxCpus)
    fail(offset, "CPU " + std::to_string(event.cpu.valid() ? last : event.cpu.value()) + " makes no sense");
  constexpr int64_t kMaxTime = int64_t{1} << 62;  // so that differences of times fit
  if (event.time.count() < 0 || event.time.count() > kMaxTime) fail(offset, "the time of a record makes no sense");
  if (per_cpu_.size() <= event.cpu.index()) per_cpu_.resize(event.cpu.index() + 1);
  per_cpu_[event.cpu.index()].push_back(event);
}

}  // namespace

SchedTrace read_perf_data(ByteSpan bytes, const std::string& name, const Progress& progress) {
  return PerfDataReader(bytes, name, progress).read();
}

TraceFormat perf_data_format() {
  return {
      "a perf.data file",
      {".perf.data", ".data", ".perf"},
      [](ByteSpan bytes) { return text_of(bytes).starts_with("PERFILE2") || text_of(bytes).starts_with("2ELIFREP"); },
      read_perf_data,
      true};
}

}  // namespace simsched
