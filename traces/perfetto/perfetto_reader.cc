#include "traces/perfetto/perfetto_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <protozero/varint.hpp>
#include <vector>

#include "traces/compressed.h"
#include "traces/event_merge.h"
#include "traces/formats.h"
#include "traces/odd_events.h"
#include "traces/perfetto/perfetto_bundle.h"
#include "traces/perfetto/perfetto_fields.h"
#include "traces/prev_state.h"
#include "traces/unpack.h"

namespace simsched {
namespace {

using namespace perfetto;

constexpr std::byte kPacketTag{trace::kPacket << 3 | 2};  // with its length before it
constexpr int kDeepest = 2;                               // packed packets in packed packets
constexpr size_t kMostRatio = 1024,
                 kMostSmall = size_t{64} << 20;  // as traces/unpack.h has it, of all packets together

class PerfettoReader {
 public:
  PerfettoReader(ByteSpan bytes, const std::string& name, const Progress& progress)
      : bytes_(bytes), name_(name), progress_(progress) {}

  SchedTrace read() {
    read_packets(bytes_, 0);
    if (bundles_.events() == 0)
      throw Error(name_, "has no scheduler events", "record it with the data source linux.ftrace, events sched/*");
    odd_.report(trace_, bundles_.events());
    trace_.holes.lost_events += std::max(bundles_.lost(), overruns_);
    if (bundles_.has_local_clock())
      trace_.notes.emplace_back("its clock is 'local', which CPUs need not agree on: record it with another");
    std::vector<std::vector<TraceEvent>> per_cpu = bundles_.take_events();
    OddEvents odd_states;
    settle_states(per_cpu, state_code_of_release(trace_.os_release), name_, odd_states);
    odd_states.report(trace_, bundles_.events() - std::min(bundles_.events(), odd_states.count()));
    Nanos first = Nanos::max();
    for (const auto& events : per_cpu)
      for (const TraceEvent& event : events) first = std::min(first, event.time);
    merge_events(trace_, std::move(per_cpu), first);
    return std::move(trace_);
  }

 private:
  // One after the other. `depth` 0: those of the file, of which the last may be cut off.
  void read_packets(ByteSpan bytes, int depth) {
    size_t at = 0;
    while (at < bytes.size()) {
      if (progress_ && depth == 0 && ++packets_ % 1024 == 0) progress_(at, bytes.size());
      if (depth == 0) offset_ = at;
      const char* next = reinterpret_cast<const char*>(bytes.data()) + at + 1;
      const char* end = reinterpret_cast<const char*>(bytes.data()) + bytes.size();
      uint64_t size = 0;
      try {
        if (bytes[at] != kPacketTag) throw Error(at_offset(name_, offset_), "no packet begins here", "copy it again");
        size = protozero::decode_varint(&next, end);
        if (size > static_cast<uint64_t>(end - next)) throw protozero::end_of_buffer_exception{};
      } catch (const protozero::exception&) {
        if (depth > 0 || bundles_.events() == 0)
          throw Error(at_offset(name_, offset_), "a packet goes beyond the end", "copy or record it again");
        trace_.holes.cut_end = true;
        return;
      }
      const size_t begin = bytes.size() - static_cast<size_t>(end - next);
      at = begin + size;
      try {
        read_packet(ProtoFields({next, size}), depth);
      } catch (const protozero::exception& error) {
        odd_.add(Error(at_offset(name_, offset_), std::string("a packet cannot be read: ") + error.what()));
      }
    }
  }

  void read_packet(ProtoFields packet, int depth) {
    std::optional<std::string_view> bundle, system, cpus, deflated, zstd, stats;
    bool dropped = false, of_other_machine = false;
    while (packet.next()) {
      switch (packet.tag()) {
        case packet::kFtraceEvents:
          bundle = packet.bytes();
          break;
        case packet::kSystemInfo:
          system = packet.bytes();
          break;
        case packet::kCpuInfo:
          cpus = packet.bytes();
          break;
        case packet::kFtraceStats:
          stats = packet.bytes();
          break;
        case packet::kCompressed:
          deflated = packet.bytes();
          break;
        case packet::kZstdCompressed:
          zstd = packet.bytes();
          break;
        case packet::kDropped:
          dropped = packet.number() != 0;
          break;
        case packet::kMachineId:
          of_other_machine = packet.number() != 0;
          break;
        default:
          break;
      }
    }
    if (of_other_machine) {
      ++trace_.holes.unknown_records;
      return;
    }
    if (deflated || zstd) return read_packed(deflated ? *deflated : *zstd, deflated.has_value(), depth);
    if (system) read_system(ProtoFields(*system));
    if (cpus) read_cpus(ProtoFields(*cpus));
    if (stats) read_stats(ProtoFields(*stats));
    if (bundle) bundles_.read(*bundle, dropped, at_offset(name_, offset_));
  }

  void read_packed(std::string_view view, bool deflated, int depth) {
    if (depth >= kDeepest) throw Error(at_offset(name_, offset_), "is packed too often", "copy or record it again");
    const ByteSpan packed = std::as_bytes(std::span(view.data(), view.size()));
    const std::string where = at_offset(name_, offset_);
    const Bytes bytes = deflated ? unpack_zlib(packed, where).bytes : decompress(packed, where);
    unpacked_ += bytes.size();
    if (unpacked_ / kMostRatio > bytes_.size() + kMostSmall / kMostRatio)
      throw Error(where, "holds over a thousand times its size", "it is no recording");
    read_packets(bytes.span(), depth + 1);
  }

  void read_system(ProtoFields info) {
    while (info.next()) {
      if (info.tag() == system_info::kNumCpus) {
        trace_.tells_cpus = true;
        trace_.nr_cpus = static_cast<size_t>(std::clamp<int64_t>(info.number(), 0, kMostRecordedCpus));
      } else if (info.tag() == system_info::kUtsname) {
        ProtoFields names = info.message();
        while (names.next())
          if (names.tag() == utsname::kRelease) trace_.os_release = names.bytes();
      }
    }
  }

  // Every CPU's capacity and frequencies, in their order.
  void read_cpus(ProtoFields info) {
    trace_.machine.clear();
    while (info.next() && trace_.machine.size() < static_cast<size_t>(kMostRecordedCpus)) {
      if (info.tag() != cpu_info::kCpus) continue;
      ProtoFields fields = info.message();
      RecordedCpu& cpu = trace_.machine.emplace_back();
      cpu.core = static_cast<int32_t>(trace_.machine.size()) - 1;
      while (fields.next()) {
        if (fields.tag() == cpu_info::kCapacity) {
          cpu.capacity = static_cast<int32_t>(std::clamp<int64_t>(fields.number(), 1, kFullRecordedCapacity));
        } else if (fields.tag() == cpu_info::kFrequencies) {
          cpu.top_khz = std::max(cpu.top_khz, static_cast<uint32_t>(fields.number()));
        }
      }
    }
  }

  // What the kernel's buffers had no room for: at the end, less what that was at the start.
  void read_stats(ProtoFields stats) {
    int64_t sum = 0;
    bool at_end = false;
    while (stats.next()) {
      if (stats.tag() == ftrace_stats::kPhase) {
        at_end = stats.number() == ftrace_stats::kEndOfTrace;
      } else if (stats.tag() == ftrace_stats::kCpuStats) {
        ProtoFields cpu = stats.message();
        while (cpu.next())
          if (cpu.tag() == ftrace_stats::kOverrun) sum += std::clamp<int64_t>(cpu.number(), 0, INT32_MAX);
      }
    }
    if (at_end) {
      overruns_ = static_cast<uint64_t>(std::max<int64_t>(0, sum - overruns_at_start_));
    } else {
      overruns_at_start_ = sum;
    }
  }

  ByteSpan bytes_;
  const std::string& name_;
  const Progress& progress_;
  SchedTrace trace_;
  OddEvents odd_;
  PerfettoBundles bundles_{trace_, odd_};
  size_t packets_ = 0, offset_ = 0;  // of the packet of the file that is read
  size_t unpacked_ = 0;              // bytes so far
  uint64_t overruns_ = 0;
  int64_t overruns_at_start_ = 0;
};

}  // namespace

SchedTrace read_perfetto(ByteSpan bytes, const std::string& name, const Progress& progress) {
  return PerfettoReader(bytes, name, progress).read();
}

TraceFormat perfetto_format() {
  return {"a Perfetto trace",
          {".perfetto-trace", ".perfetto", ".pftrace"},
          [](ByteSpan bytes) { return !bytes.empty() && bytes[0] == kPacketTag && !is_text(bytes); },
          read_perfetto,
          true};
}

}  // namespace simsched
