// For tests and fuzzers: builds small perf.data files in memory, with the formats of Linux 6.18.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "traces/bytes.h"

namespace simsched {

class PerfDataImage {
 public:
  // Numbers of the tracepoints.
  enum : uint16_t { kSwitch = 11, kWaking, kWakeupNew, kMigrate, kStatRuntime, kFork, kFrequency, kIdle, kForeign };

  // IP | TID | TIME | CPU | PERIOD | RAW | IDENTIFIER, as perf sched record asks for.
  uint64_t sample_type = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 16;
  uint64_t read_format = 0;
  std::string switch_state_field = "prev_state";  // to leave it out under another name
  std::string records;
  std::string os_release = "6.18.1-test";
  uint32_t nr_cpus = 2;
  std::string switch_print = "\"%d\", REC->common_pid";  // sched_switch's print format
  std::map<uint64_t, std::string> features;              // further ones, by number

  template <class T>
  static void put(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  static std::string padded(std::string text, size_t size) {
    text.resize(size);
    return text;
  }

  static void put_string(std::string& out, const std::string& text) {
    put(out, static_cast<uint32_t>(text.size() + 1));
    out += text + '\0';
  }

  void record(uint32_t type, uint16_t misc, const std::string& body) { records += record_bytes(type, misc, body); }
  static std::string record_bytes(uint32_t type, uint16_t misc, const std::string& body) {
    std::string out;
    put<uint32_t>(out, type);
    put<uint16_t>(out, misc);
    put<uint16_t>(out, static_cast<uint16_t>(body.size() + 8));
    return out + body;
  }

  // `between` stands in for the parts between the fixed ones and the raw record.
  std::string sample_body(uint64_t time, uint32_t cpu, const std::string& raw, const std::string& between = "") const {
    std::string out;
    if (sample_type & 1 << 16) put<uint64_t>(out, 100);
    if (sample_type & 1 << 0) put<uint64_t>(out, 0xffffffff81000000);
    if (sample_type & 1 << 1) put<uint64_t>(out, 0xffffffffffffffff);  // pid and tid -1: already unhashed
    if (sample_type & 1 << 2) put<uint64_t>(out, time);
    if (sample_type & 1 << 3) put<uint64_t>(out, 0);
    if (sample_type & 1 << 6) put<uint64_t>(out, 100);
    if (sample_type & 1 << 9) put<uint64_t>(out, 100);
    if (sample_type & 1 << 7) put<uint64_t>(out, cpu);
    if (sample_type & 1 << 8) put<uint64_t>(out, 1);
    out += between;
    if (!(sample_type & 1 << 10)) return out;
    put<uint32_t>(out, static_cast<uint32_t>(raw.size()));
    return out + raw;
  }
  void sample(uint64_t time, uint32_t cpu, const std::string& raw, const std::string& between = "") {
    record(9, 0, sample_body(time, cpu, raw, between));
  }

  static std::string common(uint16_t id, int32_t current, uint8_t flags) {
    std::string raw;
    put<uint16_t>(raw, id);
    put<uint8_t>(raw, flags);
    put<uint8_t>(raw, 0);
    put<int32_t>(raw, current);
    return raw;
  }
  // Names stand behind the fixed fields, their place is told by a `__data_loc`.
  static std::string with_text(std::string raw, size_t field, const std::string& text) {
    auto where = static_cast<uint32_t>(raw.size() | (text.size() + 1) << 16);
    std::memcpy(raw.data() + field, &where, 4);
    return raw + text + '\0';
  }

  static std::string switch_raw(int32_t prev, int64_t state, int32_t next, const std::string& next_comm) {
    std::string raw = common(kSwitch, prev, 0) + padded("prev", 16);
    put<int32_t>(raw, prev);
    put<int32_t>(raw, 120);
    put<int64_t>(raw, state);
    raw += padded(next_comm, 16);
    put<int32_t>(raw, next);
    put<int32_t>(raw, 110);
    return raw;
  }
  static std::string waking_raw(int32_t current, int32_t pid, int32_t cpu, uint8_t flags = 0, uint16_t id = kWaking) {
    std::string raw = common(id, current, flags) + padded("task" + std::to_string(pid), 16);
    put<int32_t>(raw, pid);
    put<int32_t>(raw, 120);
    put<int32_t>(raw, cpu);
    return raw;
  }
  static std::string migrate_raw(int32_t current, int32_t pid, int32_t from, int32_t to) {
    std::string raw = common(kMigrate, current, 0) + std::string(4, '\0');
    for (int32_t value : {pid, 120, from, to}) put(raw, value);
    return with_text(raw, 8, "moved");
  }
  static std::string stat_raw(int32_t current, int32_t pid, uint64_t runtime) {
    std::string raw = common(kStatRuntime, current, 0) + std::string(4, '\0');
    put(raw, pid);
    put(raw, runtime);
    return with_text(raw, 8, "task" + std::to_string(pid));
  }
  static std::string power_raw(uint16_t id, uint32_t value, uint32_t cpu) {
    std::string raw = common(id, 0, 0);
    put(raw, value);
    put(raw, cpu);
    return raw;
  }
  static std::string fork_raw(int32_t parent, int32_t child) {
    std::string raw = common(kFork, parent, 0) + std::string(4, '\0');
    put(raw, parent);
    raw += std::string(4, '\0');
    put(raw, child);
    return with_text(with_text(raw, 8, "parent"), 16, "child");
  }

  // The sample_id that ends other records: tid, time, cpu, identifier.
  static std::string trailer(uint64_t time, uint32_t cpu, int32_t tid) {
    std::string out;
    put<int32_t>(out, tid);
    put<int32_t>(out, tid);
    put<uint64_t>(out, time);
    put<uint64_t>(out, cpu);
    put<uint64_t>(out, 100);
    return out;
  }
  void comm(uint64_t time, uint32_t cpu, int32_t pid, const std::string& name, bool exec) {
    std::string body;
    put(body, pid);
    put(body, pid);
    record(3, exec ? 1 << 13 : 0, body + padded(name, 16) + trailer(time, cpu, pid));
  }
  void fork_or_exit(uint32_t type, uint64_t time, uint32_t cpu, int32_t pid, int32_t parent) {
    std::string body;
    for (int32_t value : {pid, parent, pid, parent}) put(body, value);
    put(body, time);
    record(type, 0, body + trailer(time, cpu, type == 7 ? parent : pid));
  }
  void lost(uint64_t time, uint32_t cpu, uint64_t count) {
    std::string body;
    put<uint64_t>(body, 100);
    put(body, count);
    record(2, 0, body + trailer(time, cpu, 0));
  }

  std::string tracing_data() const {
    std::vector<std::string> formats{
        format("sched_switch", kSwitch,
               {text("prev_comm", 8), number("pid_t", "prev_pid", 24, 4), number("int", "prev_prio", 28, 4),
                number("long", switch_state_field, 32, 8), text("next_comm", 40), number("pid_t", "next_pid", 56, 4),
                number("int", "next_prio", 60, 4)},
               switch_print),
        format("sched_waking", kWaking, woken()),
        format("sched_wakeup_new", kWakeupNew, woken()),
        format("sched_migrate_task", kMigrate,
               {data_loc("comm", 8), number("pid_t", "pid", 12, 4), number("int", "prio", 16, 4),
                number("int", "orig_cpu", 20, 4), number("int", "dest_cpu", 24, 4)}),
        format("sched_stat_runtime", kStatRuntime,
               {data_loc("comm", 8), number("pid_t", "pid", 12, 4), number("u64", "runtime", 16, 8)}),
        format("sched_process_fork", kFork,
               {data_loc("parent_comm", 8), number("pid_t", "parent_pid", 12, 4), data_loc("child_comm", 16),
                number("pid_t", "child_pid", 20, 4)})};
    std::string out("\x17\x08\x44tracing0.6\0\0\x08\0\x10\0\0", 20);
    for (const char* header : {"header_page", "header_event"}) {
      out += header;
      out += std::string(9, '\0');  // its NUL, and a size of 0
    }
    const std::vector<std::string> fields{number("u32", "state", 8, 4), number("u32", "cpu_id", 12, 4)};
    put<uint32_t>(out, 0);
    put<uint32_t>(out, 2);
    put_system(out, "sched", formats);
    put_system(out, "power", {format("cpu_frequency", kFrequency, fields), format("cpu_idle", kIdle, fields)});
    return out + std::string(16, '\0');
  }

  std::string attr() const {
    std::string out;
    put<uint32_t>(out, 2);    // a tracepoint
    put<uint32_t>(out, 128);  // its size
    put<uint64_t>(out, kSwitch);
    put<uint64_t>(out, 1);
    put<uint64_t>(out, sample_type);
    put<uint64_t>(out, read_format);
    put<uint64_t>(out, 1 << 13 | 1 << 18 | 1 << 24);  // task, sample_id_all, comm_exec
    return padded(out, 128);
  }

  std::string bytes() const {
    std::string ids;
    put<uint64_t>(ids, 100);
    std::map<uint64_t, std::string> sections = features;
    sections[1] = tracing_data();
    put_string(sections[4], os_release);
    put(sections[7], nr_cpus);
    put(sections[7], nr_cpus);
    uint64_t bits = 0;
    for (const auto& [number, section] : sections) bits |= uint64_t{1} << number;

    constexpr uint64_t kHeader = 104, kAttr = 128 + 16;
    uint64_t ids_at = kHeader, attrs_at = ids_at + ids.size(), data_at = attrs_at + kAttr;
    uint64_t table_at = data_at + records.size(), body_at = table_at + sections.size() * 16;
    std::string out = "PERFILE2";
    for (uint64_t value : {kHeader, kAttr, attrs_at, kAttr, data_at, uint64_t{records.size()}}) put(out, value);
    out += std::string(16, '\0');  // no event types
    put(out, bits);
    out += std::string(24, '\0') + ids + attr();
    put(out, ids_at);
    put<uint64_t>(out, ids.size());
    out += records;
    for (const auto& [number, section] : sections) {
      put(out, body_at);
      put<uint64_t>(out, section.size());
      body_at += section.size();
    }
    for (const auto& [number, section] : sections) out += section;
    return out;
  }

  // The same, as written by `perf record -o -`.
  std::string pipe_bytes() const {
    std::string out = "PERFILE2", tracing = tracing_data(), ids, size;
    put<uint64_t>(out, 16);
    put<uint64_t>(ids, 100);
    out += record_bytes(64, 0, attr() + ids);
    put(size, static_cast<uint32_t>(tracing.size()));
    out += record_bytes(66, 0, size + std::string(4, '\0')) + padded(tracing, (tracing.size() + 7) & ~size_t{7});
    return out + records;
  }

 private:
  static void put_system(std::string& out, const std::string& system, const std::vector<std::string>& formats) {
    out += system + '\0';
    put(out, static_cast<uint32_t>(formats.size()));
    for (const std::string& one : formats) {
      put<uint64_t>(out, one.size());
      out += one;
    }
  }
  static std::string field(const std::string& declared, size_t offset, size_t size) {
    return "\tfield:" + declared + ";\toffset:" + std::to_string(offset) + ";\tsize:" + std::to_string(size) +
           ";\tsigned:1;\n";
  }
  static std::string number(const std::string& type, const std::string& name, size_t offset, size_t size) {
    return field(type + " " + name, offset, size);
  }
  static std::string text(const std::string& name, size_t offset) { return field("char " + name + "[16]", offset, 16); }
  static std::string data_loc(const std::string& name, size_t offset) {
    return field("__data_loc char[] " + name, offset, 4);
  }
  static std::vector<std::string> woken() {
    return {text("comm", 8), number("pid_t", "pid", 24, 4), number("int", "prio", 28, 4),
            number("int", "target_cpu", 32, 4)};
  }
  static std::string format(const std::string& name, int id, const std::vector<std::string>& fields,
                            const std::string& print = "\"%d\", REC->common_pid") {
    std::string out = "name: " + name + "\nID: " + std::to_string(id) + "\nformat:\n";
    out += field("unsigned short common_type", 0, 2) + field("unsigned char common_flags", 2, 1) +
           field("unsigned char common_preempt_count", 3, 1) + field("int common_pid", 4, 4) + "\n";
    for (const std::string& one : fields) out += one;
    return out + "\nprint fmt: " + print + "\n";
  }
};

}  // namespace simsched
