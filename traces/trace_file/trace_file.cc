// simsched's own trace file:
//   "SIMSCHED", u32 version, u32 FNV-1a of these 12 bytes, then one zstd frame with its content checksum.
// In the frame, numbers are LEB128 and strings have their length before them: what the trace is about, its
// names, then the events column by column, so that like stands beside like and compresses.
#include "traces/trace_file/trace_file.h"

#include <algorithm>

#include "base/files.h"
#include "traces/call_columns.h"
#include "traces/compressed.h"
#include "traces/formats.h"
#include "traces/packed.h"

namespace simsched {
namespace {

constexpr std::string_view kMagic = "SIMSCHED";
// 1 had no calls; 2 not the priority of who is switched out, nor what was told of circumstances and machine, nor notes;
// 3 no frequencies.
constexpr uint32_t kVersion = 4, kOldest = 1;
constexpr size_t kHeaderSize = 16;
constexpr int kLevel = 9;  // zstd: slower ones gain 2 % more

uint32_t fnv(std::string_view bytes) {
  uint32_t hash = 0x811c9dc5;
  for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193;
  return hash;
}

std::string header(uint32_t version) {
  std::string bytes(kMagic);
  bytes.append(reinterpret_cast<const char*>(&version), 4);
  uint32_t check = fnv(bytes);
  bytes.append(reinterpret_cast<const char*>(&check), 4);
  return bytes;
}

// What comes before the events, in the one order that both directions use.
template <class Io, class Trace>
void about(Io& io, Trace& trace, uint32_t version) {
  io.field(trace.nr_cpus);
  io.field(trace.origin);
  io.field(trace.os_release);
  auto& c = trace.circumstances;
  io.field(c.kernel), io.field(c.hz), io.field(c.preempt), io.field(c.base_slice), io.field(c.autogroup);
  io.field(c.machine);
  auto& h = trace.holes;
  io.field(h.lost_events), io.field(h.unknown_records), io.field(h.clock_backwards);
  io.field(h.inferred_switches), io.field(h.unplaced_wakeups);
  if (version < 3) return;
  io.field(h.unreadable), io.field(h.cut_end), io.field(h.clock_conflicts);
  io.field(c.told.kernel), io.field(c.told.hz), io.field(c.told.preempt), io.field(c.told.base_slice);
  io.field(c.told.autogroup), io.field(c.told.machine);
  if (version >= 4) io.field(trace.tells_cpus);
}

template <class Io, class Tree>
void about_tree(Io& io, Tree& tree) {
  io.field(tree.tree), io.field(tree.slice), io.field(tree.policy), io.field(tree.nice), io.field(tree.cpus);
}

template <class Io, class Cpu>
void about_cpu(Io& io, Cpu& cpu, uint32_t version) {
  io.field(cpu.core), io.field(cpu.llc), io.field(cpu.node);
  if (version >= 4) io.field(cpu.capacity), io.field(cpu.top_khz);
}

void write_power(PackedWriter& out, const std::vector<PowerEvent>& power) {
  out.field(power.size());
  Nanos last{0};
  for (const PowerEvent& event : power) {
    out.field(event.time - last);
    last = event.time;
  }
  for (const PowerEvent& event : power) out.number(event.cpu.value());
  for (const PowerEvent& event : power) out.number(event.value);
  for (const PowerEvent& event : power) out.number(static_cast<int64_t>(event.kind));
}

// A time that does not fall.
Nanos read_time(PackedReader& in, Nanos last) {
  const int64_t step = in.number();
  if (step < 0 || step > std::numeric_limits<int64_t>::max() - last.count()) in.fail();
  return last + Nanos(step);
}

std::vector<PowerEvent> read_power(PackedReader& in, size_t nr_cpus) {
  std::vector<PowerEvent> power(in.count());
  Nanos time{0};
  for (PowerEvent& event : power) event.time = time = read_time(in, time);
  for (PowerEvent& event : power)
    event.cpu = CpuId(static_cast<int32_t>(in.number(0, static_cast<int64_t>(nr_cpus) - 1)));
  for (PowerEvent& event : power) event.value = static_cast<uint32_t>(in.number(0, kNotIdle));
  for (PowerEvent& event : power) event.kind = static_cast<PowerEvent::Kind>(in.number(0, 1));
  return power;
}

// The columns of the events; `each(get, set, low, high)` does one of them.
template <class Each>
void columns(const SchedTrace& trace, uint32_t version, Each each) {
  using E = TraceEvent;
  constexpr int64_t kMin32 = -1, kMax32 = std::numeric_limits<int32_t>::max();
  auto cpus = static_cast<int64_t>(trace.nr_cpus) - 1, names = static_cast<int64_t>(trace.names.size()) - 1;
  each([](const E& e) { return static_cast<int64_t>(e.kind); },
       [](E& e, int64_t v) { e.kind = static_cast<TraceKind>(v); }, int64_t{0}, static_cast<int64_t>(TraceKind::kLost));
  each([](const E& e) { return int64_t{e.cpu.value()}; },
       [](E& e, int64_t v) { e.cpu = CpuId(static_cast<int32_t>(v)); }, int64_t{0}, cpus);
  each([](const E& e) { return int64_t{e.pid.value()}; }, [](E& e, int64_t v) { e.pid = Pid(static_cast<int32_t>(v)); },
       kMin32, kMax32);
  each([](const E& e) { return int64_t{e.current.value()}; },
       [](E& e, int64_t v) { e.current = Pid(static_cast<int32_t>(v)); }, kMin32, kMax32);
  each([](const E& e) { return int64_t{e.other_cpu.value()}; },
       [](E& e, int64_t v) { e.other_cpu = CpuId(static_cast<int32_t>(v)); }, int64_t{-1}, cpus);
  each([](const E& e) { return int64_t{e.dest_cpu.value()}; },
       [](E& e, int64_t v) { e.dest_cpu = CpuId(static_cast<int32_t>(v)); }, int64_t{-1}, cpus);
  each([](const E& e) { return int64_t{e.name}; }, [](E& e, int64_t v) { e.name = static_cast<uint32_t>(v); },
       int64_t{0}, names);
  each([](const E& e) { return int64_t{e.state}; }, [](E& e, int64_t v) { e.state = static_cast<uint16_t>(v); },
       int64_t{0}, int64_t{0xffff});
  each([](const E& e) { return int64_t{e.prio}; }, [](E& e, int64_t v) { e.prio = static_cast<int16_t>(v); },
       int64_t{-32768}, int64_t{32767});
  each([](const E& e) { return int64_t{e.context} | (e.inferred ? 4 : 0); },
       [](E& e, int64_t v) {
         e.context = static_cast<uint8_t>(v & 3);
         e.inferred = (v & 4) != 0;
       },
       int64_t{0}, int64_t{7});
  each([](const E& e) { return e.value; }, [](E& e, int64_t v) { e.value = v; }, std::numeric_limits<int64_t>::min(),
       std::numeric_limits<int64_t>::max());
  if (version < 3) return;
  each([](const E& e) { return int64_t{e.current_prio}; },
       [](E& e, int64_t v) { e.current_prio = static_cast<int16_t>(v); }, int64_t{-32768}, int64_t{32767});
}

}  // namespace

std::string trace_file_bytes(const SchedTrace& trace) {
  PackedWriter out;
  about(out, trace, kVersion);
  out.field(trace.circumstances.tasks.size());
  for (const RecordedTree& tree : trace.circumstances.tasks) about_tree(out, tree);
  out.field(trace.holes.no_switch_from_idle.size());
  for (bool lacks : trace.holes.no_switch_from_idle) out.field(lacks);
  out.field(trace.machine.size());
  for (const RecordedCpu& cpu : trace.machine) about_cpu(out, cpu, kVersion);
  out.field(trace.notes.size());
  for (const std::string& note : trace.notes) out.field(note);
  out.field(trace.names.size());
  for (const std::string& name : trace.names) out.field(name);
  out.field(trace.events.size());
  Nanos last{0};
  for (const TraceEvent& event : trace.events) {
    out.field(event.time - last);
    last = event.time;
  }
  columns(trace, kVersion, [&](auto get, auto, int64_t, int64_t) {
    for (const TraceEvent& event : trace.events) out.number(get(event));
  });
  const SchedTrace::Holes& holes = trace.holes;
  out.field(holes.lost_calls), out.field(holes.unnamed_calls), out.field(holes.uring_calls);
  write_calls(out, trace.calls);
  write_power(out, trace.power);
  return header(kVersion) + compress(out.bytes_, kLevel);
}

SchedTrace read_trace_file(ByteSpan bytes, const std::string& name) {
  std::string_view text = text_of(bytes);
  if (!text.starts_with(kMagic)) throw Error(name, "is not a simsched trace file", "write one with: simsched import");
  std::string_view head = text.substr(0, std::min(kHeaderSize, text.size()));
  if (head.size() < kHeaderSize || load<uint32_t>(bytes.data() + 12) != fnv(head.substr(0, 12)))
    throw Error(at_offset(name, 0), "the head of the trace file is damaged", "write it again with: simsched import");
  const auto version = load<uint32_t>(bytes.data() + 8);
  if (version > kVersion || version < kOldest)
    throw Error(name,
                "is of version " + std::to_string(version) + " of the trace file, this simsched reads up to " +
                    std::to_string(kVersion),
                version > kVersion ? "update simsched" : "write it again with: simsched import");
  Bytes content = decompress(bytes.subspan(kHeaderSize), name);

  PackedReader in(content.span(), name, "the trace file is damaged", "write it again with: simsched import");
  SchedTrace trace;
  about(in, trace, version);
  if (trace.nr_cpus > static_cast<size_t>(kMostRecordedCpus)) in.fail();
  trace.circumstances.tasks.resize(in.count());
  for (RecordedTree& tree : trace.circumstances.tasks) about_tree(in, tree);
  trace.holes.no_switch_from_idle.resize(in.count());
  for (size_t cpu = 0; cpu < trace.holes.no_switch_from_idle.size(); ++cpu)
    trace.holes.no_switch_from_idle[cpu] = in.number(0, 1) != 0;
  if (version >= 3) {
    trace.machine.resize(in.count());
    for (RecordedCpu& cpu : trace.machine) about_cpu(in, cpu, version);
    trace.notes.resize(in.count());
    for (std::string& note : trace.notes) in.field(note);
  }
  trace.names.resize(in.count());
  for (std::string& interned : trace.names) in.field(interned);
  if (trace.names.empty() || !trace.names[0].empty()) in.fail();
  trace.events.resize(in.count());
  Nanos time{0};
  for (TraceEvent& event : trace.events) event.time = time = read_time(in, time);
  columns(trace, version, [&](auto, auto set, int64_t low, int64_t high) {
    for (TraceEvent& event : trace.events) set(event, in.number(low, high));
  });
  if (version >= 2) {
    in.field(trace.holes.lost_calls), in.field(trace.holes.unnamed_calls), in.field(trace.holes.uring_calls);
    trace.calls = read_calls(in);
  }
  if (version >= 4) trace.power = read_power(in, trace.nr_cpus);
  if (!in.done()) in.fail();
  return trace;
}

TraceFormat trace_file_format() {
  return {"a simsched trace",
          {".simtrace", ".simsched"},
          [](ByteSpan bytes) { return text_of(bytes).starts_with(kMagic); },
          [](ByteSpan bytes, const std::string& name, const Progress&) { return read_trace_file(bytes, name); },
          false};
}

}  // namespace simsched
