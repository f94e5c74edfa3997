#include "traces/tracepoints.h"

#include <traceevent/event-parse.h>

#include <algorithm>
#include <memory>

namespace simsched {
namespace {

// Which fields of a tracepoint (include/trace/events/sched.h, power.h) are read as what.
struct Spec {
  TracepointKind kind;
  const char* name;
  const char *pid = nullptr, *comm = nullptr, *prio = nullptr, *cpu = nullptr, *dest_cpu = nullptr, *value = nullptr;
  const char* current = nullptr;  // common_pid when null
  const char* current_prio = nullptr;
};

constexpr Spec kSpecs[] = {
    {TracepointKind::kSwitch, "sched_switch", "next_pid", "next_comm", "next_prio", nullptr, nullptr, "prev_state",
     "prev_pid", "prev_prio"},
    {TracepointKind::kWaking, "sched_waking", "pid", "comm", "prio", "target_cpu"},
    {TracepointKind::kWakeup, "sched_wakeup", "pid", "comm", "prio", "target_cpu"},
    {TracepointKind::kWakeupNew, "sched_wakeup_new", "pid", "comm", "prio", "target_cpu"},
    {TracepointKind::kMigrate, "sched_migrate_task", "pid", "comm", "prio", "orig_cpu", "dest_cpu"},
    {TracepointKind::kStatRuntime, "sched_stat_runtime", "pid", "comm", nullptr, nullptr, nullptr, "runtime"},
    {TracepointKind::kFork, "sched_process_fork", "child_pid", "child_comm"},
    {TracepointKind::kExec, "sched_process_exec", "pid", "filename"},
    {TracepointKind::kExit, "sched_process_exit", "pid", "comm", "prio"},
    {TracepointKind::kFrequency, "cpu_frequency", nullptr, nullptr, nullptr, "cpu_id", nullptr, "state"},
    {TracepointKind::kIdle, "cpu_idle", nullptr, nullptr, nullptr, "cpu_id", nullptr, "state"},
};

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// "type name", "type name[8]" or "__data_loc type[] name"; a type may have several words.
bool sound_declaration(std::string_view text) {
  bool elsewhere = text.starts_with("__data_loc ") || text.starts_with("__rel_loc ");
  size_t words = 0;
  while (true) {
    size_t end = 0;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end == 0 || (text[0] >= '0' && text[0] <= '9')) return false;
    ++words;
    text.remove_prefix(end);
    if (elsewhere && words >= 2 && text.starts_with("[] ")) {
      text.remove_prefix(3);
      size_t name = 0;
      while (name < text.size() && is_word(text[name])) ++name;
      return name > 0 && name == text.size() && !(text[0] >= '0' && text[0] <= '9');
    }
    if (!text.starts_with(' ')) break;
    text.remove_prefix(1);
  }
  if (words < 2 || elsewhere) return false;
  if (text.empty()) return true;
  return text.size() >= 3 && text.front() == '[' && text.back() == ']' &&
         text.find_first_not_of("0123456789", 1) == text.size() - 1;
}

// Takes "<key>digits;" off the front.
bool take_number(std::string_view& text, std::string_view key) {
  if (!text.starts_with(key)) return false;
  size_t end = text.find_first_not_of("0123456789", key.size());
  if (end == std::string_view::npos || end == key.size() || end > key.size() + 5 || text[end] != ';') return false;
  text.remove_prefix(end + 1);
  return true;
}

// libtraceevent 1.7 trusts the kernel: damaged formats make it crash. So only formats go there that are as
// the kernel prints them (f_show() in kernel/trace/trace_events.c, Linux 6.12).
bool sound_format(std::string_view text) {
  size_t header = 0;  // lines "name:", "ID:" and "format:"
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (header < 3) {
      constexpr std::string_view kKeys[] = {"name: ", "ID: ", "format:"};
      if (!line.starts_with(kKeys[header])) return false;
      std::string_view value = line.substr(kKeys[header].size());
      if (!std::all_of(value.begin(), value.end(), is_word) || value.empty() != (header == 2)) return false;
      bool is_number = value.size() <= 5 && value.find_first_not_of("0123456789") == std::string_view::npos;
      if (header == 1 && !is_number) return false;
      ++header;
      continue;
    }
    if (line.empty()) continue;
    constexpr std::string_view kField = "\tfield:";
    size_t semicolon = line.find(';');
    if (!line.starts_with(kField) || semicolon == std::string_view::npos) return false;
    if (!sound_declaration(line.substr(kField.size(), semicolon - kField.size()))) return false;
    line.remove_prefix(semicolon + 1);
    for (std::string_view key : {"\toffset:", "\tsize:", "\tsigned:"})
      if (!take_number(line, key)) return false;
    if (!line.empty()) return false;
  }
  return header == 3;
}

using Tep = std::unique_ptr<tep_handle, decltype(&tep_free)>;

TracepointField find_field(tep_event* event, const char* field_name, bool text, const std::string& where) {
  const tep_format_field* found = tep_find_any_field(event, field_name);
  if (found == nullptr)
    throw Error(where, std::string("event ") + event->name + " has no field " + field_name,
                "this kernel's format is not supported");
  TracepointField field;
  field.offset = static_cast<uint16_t>(found->offset);
  field.size = static_cast<uint16_t>(found->size);
  bool is_dynamic = (found->flags & TEP_FIELD_IS_DYNAMIC) != 0;
  if (text && is_dynamic)
    field.form = found->flags & TEP_FIELD_IS_RELATIVE ? TracepointField::kRelLoc : TracepointField::kDataLoc;
  bool fits = found->offset >= 0 && found->offset < 4096 && found->size > 0 && found->size <= 4096;
  bool sound = text ? field.form == TracepointField::kPlain || found->size == 4
                    : !is_dynamic && (found->size == 1 || found->size == 2 || found->size == 4 || found->size == 8);
  if (!fits || !sound)
    throw Error(where, std::string("field ") + field_name + " of event " + event->name + " has a size not understood",
                "this kernel's format is not supported");
  return field;
}

}  // namespace

int64_t TracepointField::number(ByteSpan raw) const {
  switch (size) {
    case 1:
      return load<uint8_t>(raw.data() + offset);
    case 2:
      return load<int16_t>(raw.data() + offset);
    case 4:
      return load<int32_t>(raw.data() + offset);
    case 8:
      return load<int64_t>(raw.data() + offset);
    default:
      return 0;
  }
}

ByteSpan TracepointField::text(ByteSpan raw) const {
  if (form == kPlain) return raw.subspan(offset, size);
  // Low half: the offset (of kRelLoc: from the end of this field); high half: the length with its NUL.
  uint32_t where = load<uint32_t>(raw.data() + offset);
  size_t start = (where & 0xffff) + (form == kRelLoc ? size_t{offset} + size : 0), length = where >> 16;
  if (start >= raw.size()) return {};
  return raw.subspan(start, std::min(length, raw.size() - start));
}

// The layout of tracing data, version 0.5 on: tools/perf/util/trace-event-read.c (6.12).
void Tracepoints::add(ByteSpan bytes, const std::string& name, size_t offset) {
  ByteReader from(bytes, name, offset);
  ByteSpan magic = from.take(10);
  if (std::memcmp(magic.data(), "\x17\x08\x44tracing", 10) != 0)
    throw Error(at_offset(name, offset), "the tracing data have no magic", "copy or record it again");
  std::string version(from.c_string());
  if (from.read<uint8_t>() != 0)
    throw Error(at_offset(name, offset), "recorded on a big-endian machine",
                "convert it there: perf script --ns -F comm,tid,cpu,time,event,trace");
  from.take(1 + 4);  // sizes of long and page

  for (const char* header : {"header_page", "header_event"}) {
    if (from.c_string() != header) from.fail("the tracing data lack " + std::string(header), "record it again");
    from.take(from.read<uint64_t>());
  }
  for (uint32_t count = from.read<uint32_t>(); count > 0; --count) from.take(from.read<uint64_t>());
  add_systems(from);
}

void Tracepoints::add_systems(ByteReader& from) {
  for (uint32_t systems = from.read<uint32_t>(); systems > 0; --systems) {
    std::string_view system = from.c_string();
    for (uint32_t count = from.read<uint32_t>(); count > 0; --count) {
      size_t at = from.offset();
      add_format(system, from.take(from.read<uint64_t>()), at_offset(from.name(), at));
    }
  }
}

void Tracepoints::add_format(std::string_view system, ByteSpan format, const std::string& where) {
  if (system != "sched" && system != "power") return;
  std::string text(reinterpret_cast<const char*>(format.data()), format.size());
  auto spec = std::find_if(std::begin(kSpecs), std::end(kSpecs),
                           [&](const Spec& s) { return text.starts_with("name: " + std::string(s.name) + "\n"); });
  if (spec == std::end(kSpecs) || has(spec->kind)) return;
  if (spec->kind == TracepointKind::kSwitch) state_code_ = state_code_of_format(text);
  // How to print the event is of no other use here, and its C expressions are most of the work of parsing.
  text.resize(std::min(text.size(), text.find("\nprint fmt:")));
  if (!sound_format(text))
    throw Error(where, std::string("the format of event ") + spec->name + " is damaged", "copy or record it again");
  text += "\nprint fmt: \"\"\n";

  Tep tep(tep_alloc(), tep_free);
  tep_set_loglevel(TEP_LOG_NONE);
  const std::string of(system);
  bool parsed = tep_parse_event(tep.get(), text.data(), text.size(), of.c_str()) == TEP_ERRNO__SUCCESS;
  tep_event* event = parsed ? tep_find_event_by_name(tep.get(), of.c_str(), spec->name) : nullptr;
  if (event == nullptr || event->id < 0 || event->id > 0xffff)
    throw Error(where, std::string("the format of event ") + spec->name + " cannot be parsed", "record it again");

  Tracepoint point{};
  point.kind = spec->kind;
  auto take = [&](const char* field_name, bool is_text) {
    if (field_name == nullptr) return TracepointField();
    TracepointField field = find_field(event, field_name, is_text, where);
    point.size = std::max<size_t>(point.size, field.offset + field.size);
    return field;
  };
  point.flags = take("common_flags", false);
  point.current = take(spec->current != nullptr ? spec->current : "common_pid", false);
  point.pid = take(spec->pid, false);
  point.comm = take(spec->comm, true);
  point.prio = take(spec->prio, false);
  point.cpu = take(spec->cpu, false);
  point.dest_cpu = take(spec->dest_cpu, false);
  point.value = take(spec->value, false);
  point.current_prio = take(spec->current_prio, false);

  auto type = static_cast<size_t>(event->id);
  if (by_type_.size() <= type) by_type_.resize(type + 1);
  if (by_type_[type] != 0) return;
  known_.push_back(point);
  by_type_[type] = static_cast<uint8_t>(known_.size());
  kinds_ |= 1u << static_cast<unsigned>(spec->kind);
}

}  // namespace simsched
