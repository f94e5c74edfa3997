// Readers of recordings. All throw Error with the file and the offset or line.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "traces/sched_trace.h"

namespace simsched {

// Told how many of how many bytes are read; may be empty.
using Progress = std::function<void(size_t done, size_t total)>;

// Any recording, told by its first bytes: perf.data, perf script text, or a simsched trace file;
// zstd-compressed ones too. `recorded` is the sidecar to use; empty: NAME.recorded.yaml beside the
// file when there is one. Events are in time order and switches complete.
SchedTrace read_trace(const std::string& path, const std::string& recorded = {}, const Progress& progress = {});

// The formats. `name` is only for messages.
SchedTrace read_perf_data(std::span<const std::byte> bytes, const std::string& name, const Progress& progress = {});
SchedTrace read_perf_script(std::span<const std::byte> bytes, const std::string& name);
SchedTrace read_trace_file(std::span<const std::byte> bytes, const std::string& name);
// The sidecar; `name` is only for messages.
Circumstances parse_circumstances(const std::string& text, const std::string& name);
Circumstances read_circumstances(const std::string& path);

// First bytes of a simsched trace file.
inline constexpr std::string_view kTraceFileMagic = "SIMSCHED";
// simsched's own compact trace file: versioned, zstd-compressed, checksummed. Written to a temporary
// file and renamed, so that no partial file is ever left.
std::string trace_file_bytes(const SchedTrace& trace);
void write_trace_file(const SchedTrace& trace, const std::string& path);

// Puts in the switches that a recording lacks (some guests do not record sched_switch out of idle):
// a task that is seen running on a CPU whose last switch went to idle was switched in when its first
// sched_stat_runtime says. Marks them `inferred` and counts them in `holes`.
void complete_switches(SchedTrace& trace);

}  // namespace simsched
