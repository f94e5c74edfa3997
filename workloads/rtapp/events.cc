#include "workloads/rtapp/events.h"

#include <algorithm>
#include <set>

#include "base/error.h"

namespace simsched::rtapp {
namespace {

struct EventName {
  const char* prefix;
  EventKind kind;
};
// Keys are known by how they begin, so that each can be told from its like: run1, run-2. Longer names come first.
constexpr EventName kEvents[] = {
    {"lock", EventKind::kLock},        {"unlock", EventKind::kUnlock},    {"wait", EventKind::kWait},
    {"signal", EventKind::kSignal},    {"broad", EventKind::kBroad},      {"sync", EventKind::kSync},
    {"sleep", EventKind::kSleep},      {"runtime", EventKind::kRuntime},  {"run", EventKind::kRun},
    {"timer", EventKind::kTimer},      {"suspend", EventKind::kSuspend},  {"resume", EventKind::kResume},
    {"memrun", EventKind::kMemRead},   {"mem", EventKind::kMem},          {"iorun", EventKind::kIoRun},
    {"yield", EventKind::kYield},      {"barrier", EventKind::kBarrier},  {"fork", EventKind::kFork},
    {"sem_post", EventKind::kSemPost}, {"sem_wait", EventKind::kSemWait},
};

// {"ref": "unique", "period": 10000, "mode": "absolute"}
void read_timer(Fields& fields, const std::string& key, const YAML::Node& value, Event& event) {
  fields.object(value, key, "{\"ref\": \"unique\", \"period\": 10000}");
  event.ref = "unknown";
  for (const auto& entry : value) {
    const YAML::Node name_node = entry.first, named = entry.second;
    const std::string name = fields.key(name_node);
    if (name == "ref") {
      event.ref = fields.text(named, name);
    } else if (name == "period") {
      event.time = fields.micros(named, name);
    } else if (name == "mode") {
      event.absolute = fields.text(named, name).starts_with("absolute");
    } else {
      fields.note_unknown(name_node, " in " + key, {"ref", "period", "mode"});
    }
  }
}

// A text alone, as LISA writes it, is read by rt-app as no names at all.
void read_wait(Fields& fields, const std::string& key, const YAML::Node& value, Event& event) {
  event.ref = event.mutex = "unknown";
  if (value.IsScalar()) return;
  fields.object(value, key, "{\"ref\": \"queue\", \"mutex\": \"mutex\"}");
  for (const auto& entry : value) {
    const YAML::Node name_node = entry.first, named = entry.second;
    const std::string name = fields.key(name_node);
    if (name == "ref") {
      event.ref = fields.text(named, name);
    } else if (name == "mutex") {
      event.mutex = fields.text(named, name);
    } else {
      fields.note_unknown(name_node, " in " + key, {"ref", "mutex"});
    }
  }
}

void read_memrun(Fields& fields, const std::string& key, const YAML::Node& value, Event& event) {
  static const std::string kExample = R"({"type": "read", "size": 65536, "count": 1000000})";
  fields.object(value, key, kExample);
  std::set<std::string> given;
  for (const auto& entry : value) {
    const YAML::Node name_node = entry.first, named = entry.second;
    const std::string name = fields.key(name_node);
    given.insert(name);
    if (name == "type") {
      const std::string type = fields.text(named, name);
      if (type != "read" && type != "write" && type != "chase")
        throw Error(fields.where(named), "type is '" + type + "'", "one of read, write, chase");
      event.kind = type == "read" ? EventKind::kMemRead : type == "write" ? EventKind::kMemWrite : EventKind::kMemChase;
    } else if (name == "size") {
      event.size = fields.integer(named, name, 1);
    } else if (name == "count") {
      event.count = fields.integer(named, name, 0);
    } else if (name != "stride" && name != "pattern" && name != "ref") {
      fields.note_unknown(name_node, " in " + key, {"type", "size", "count", "stride", "pattern", "ref"});
    }
  }
  for (const char* needed : {"type", "size", "count"})
    if (!given.contains(needed)) throw Error(fields.where(value), key + " has no " + needed, "write it as " + kExample);
}

void read_value(Fields& fields, const std::string& key, const YAML::Node& value, const std::string& device,
                Event& event) {
  switch (event.kind) {
    case EventKind::kRun:
    case EventKind::kRuntime:
    case EventKind::kSleep:
      event.time = fields.micros(value, key);
      return;
    case EventKind::kMem:
    case EventKind::kIoRun:
      event.count = fields.integer(value, key, 0);
      if (event.kind == EventKind::kIoRun && !device.empty())
        fields.note(event.where + ": " + device + " is written as fast as /dev/null: devices are not modelled");
      return;
    case EventKind::kTimer:
      read_timer(fields, key, value, event);
      return;
    case EventKind::kWait:
    case EventKind::kSync:
      read_wait(fields, key, value, event);
      return;
    case EventKind::kMemRead:
    case EventKind::kMemWrite:
    case EventKind::kMemChase:
      read_memrun(fields, key, value, event);
      return;
    case EventKind::kYield:
      return;
    case EventKind::kSuspend:
      if (!value.IsNull()) event.ref = fields.text(value, key);
      return;
    default:
      event.ref = fields.text(value, key);
  }
}

}  // namespace

bool is_event(const std::string& key) {
  return std::ranges::any_of(kEvents, [&](const EventName& event) { return key.starts_with(event.prefix); });
}

std::vector<std::string> event_names() {
  std::vector<std::string> names;
  for (const EventName& event : kEvents) names.emplace_back(event.prefix);
  return names;
}

Event read_event(Fields& fields, const YAML::Node& key_node, const YAML::Node& value, const std::string& device) {
  const std::string key = fields.key(key_node);
  const auto* name =
      std::ranges::find_if(kEvents, [&](const EventName& known) { return key.starts_with(known.prefix); });
  SIMSCHED_CHECK(name != std::end(kEvents), "no event");
  Event event;
  event.kind = name->kind;
  event.where = fields.where(key_node);
  read_value(fields, key, value, device, event);
  return event;
}

}  // namespace simsched::rtapp
