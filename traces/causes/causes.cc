// The calls' file, one zstd frame: "SIMCALLS", u32 version, then packed numbers (traces/packed.h): the clock, counts,
// and the calls column by column.
#include "traces/causes/causes.h"

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "traces/call_columns.h"
#include "traces/compressed.h"
#include "traces/formats.h"

namespace simsched {
namespace {

constexpr std::string_view kMagic = "SIMCALLS";
constexpr uint32_t kVersion = 1;
constexpr size_t kHeadSize = 12;
constexpr int kClockMonotonic = 1;  // CLOCK_MONOTONIC of clock_gettime(), in ns
constexpr int kLevel = 9;
constexpr const char* kRemedy = "record it again with: scripts/record --causes";

}  // namespace

std::string causes_bytes(const Causes& causes) {
  PackedWriter out;
  out.bytes_ = kMagic;
  out.bytes_.append(reinterpret_cast<const char*>(&kVersion), sizeof(kVersion));
  out.field(kClockMonotonic);
  out.field(causes.lost), out.field(causes.unnamed), out.field(causes.uring);
  write_calls(out, causes.calls);
  return compress(out.bytes_, kLevel);
}

Causes read_causes(ByteSpan bytes, const std::string& name) {
  if (is_zstd(bytes)) {
    const Bytes content = decompress(bytes, name);
    if (is_zstd(content.span())) throw Error(name, "is packed twice", "unpack it once");
    return read_causes(content.span(), name);
  }
  if (!text_of(bytes).starts_with(kMagic)) throw Error(name, "has no calls of a recording", kRemedy);
  if (bytes.size() < kHeadSize) throw Error(name, "ends in its head", kRemedy);
  if (auto version = load<uint32_t>(bytes.data() + kMagic.size()); version != kVersion)
    throw Error(
        name,
        "is of version " + std::to_string(version) + " of such files, this simsched reads " + std::to_string(kVersion),
        version > kVersion ? "update simsched" : kRemedy);
  PackedReader in(bytes.subspan(kHeadSize), name, "the recorded calls are damaged", kRemedy);
  Causes causes;
  if (int64_t clock = in.number(); clock != kClockMonotonic)
    throw Error(name, "its times are of clock " + std::to_string(clock) + ", not of CLOCK_MONOTONIC", kRemedy);
  in.field(causes.lost), in.field(causes.unnamed), in.field(causes.uring);
  causes.calls = read_calls(in);
  if (!in.done()) in.fail();
  return causes;
}

std::string causes_beside(const std::string& recording) {
  for (const char* ending : {".causes.zst", ".causes"}) {
    const std::string path = trace_stem(recording) + ending;
    if (path != recording && std::filesystem::exists(path)) return path;
  }
  return {};
}

void attach_causes(SchedTrace& trace, Causes causes, const std::string& name) {
  const Nanos last = trace.events.empty() ? Nanos(0) : trace.events.back().time;
  size_t within = 0;
  auto end = std::remove_if(causes.calls.begin(), causes.calls.end(), [&](TraceCall& call) {
    call.begin = call.begin - trace.origin;
    if (call.end != Nanos::max()) call.end = call.end - trace.origin;
    within += call.begin >= Nanos(0) && call.begin <= last;
    return call.begin > last || call.end < Nanos(0);
  });
  if (within == 0 && !causes.calls.empty())
    throw Error(
        name, "none of its calls falls into the recording",
        "the two were not recorded together, or the recording has another clock: perf record -k CLOCK_MONOTONIC");
  causes.calls.erase(end, causes.calls.end());
  trace.calls = std::move(causes.calls);
  trace.holes.lost_calls = causes.lost;
  trace.holes.unnamed_calls = causes.unnamed;
  trace.holes.uring_calls = causes.uring;
}

}  // namespace simsched
