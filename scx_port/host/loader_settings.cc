#include "scx_port/host/loader_settings.h"

#include <algorithm>

#include "base/duration.h"
#include "base/error.h"
#include "base/suggest.h"
#include "scx_port/host/set_variables.h"

namespace simsched::bpf {
namespace {

constexpr Nanos kLatest{int64_t{3600} * 1'000'000'000};

// A value of a type that may not be known: then it is a number.
std::vector<std::byte> bytes_of(const BpfObject& object, uint32_t type, size_t size, const Tunable& value) {
  std::vector<std::byte> bytes(size);
  if (type != 0) {
    set_typed(object.btf, bytes, type, value);
    return bytes;
  }
  int64_t number = 0;
  TunableReader reader;
  reader.bind(value.key, &number, INT64_MIN, INT64_MAX, "");
  reader.read({value}, object.name);
  const auto* from = reinterpret_cast<const std::byte*>(&number);
  std::copy_n(from, std::min(size, sizeof number), bytes.begin());
  return bytes;
}

}  // namespace

std::vector<MapEntry> resolve_map_entries(const BpfObject& object, const Tunable& given) {
  const BpfMap* const map = object.map(given.key);
  if (map == nullptr) {
    std::vector<std::string> names;
    for (const BpfMap& other : object.maps) names.push_back(other.name);
    throw Error(given.where, "the scheduler has no map '" + given.key + "'", suggest(given.key, names));
  }
  Tunables pairs;
  if (given.value.map()) pairs = *given.value.map();
  if (given.value.list()) {
    for (size_t i = 0; i < given.value.list()->size(); ++i)
      pairs.push_back({std::to_string(i), (*given.value.list())[i], given.where});
  }
  std::vector<MapEntry> entries;
  for (const Tunable& pair : pairs) {
    MapEntry entry{map->name, pair.where, {}, {}, {}};
    const std::string name = map->name + "[" + pair.key + "]";
    entry.key = bytes_of(object, map->key_type, map->key_size, {"the key of " + name, pair.key, pair.where});
    if (map->inner >= 0) {
      entry.inner = pair.value.str();
      if (object.map(entry.inner) == nullptr)
        throw Error(pair.where, "the scheduler has no map '" + entry.inner + "' to put into " + map->name,
                    "name one of its maps");
    } else {
      entry.value = bytes_of(object, map->value_type, map->value_size, {name, pair.value, pair.where});
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

ProgramRun resolve_run(const BpfObject& object, const Tunables& settings, const std::string& where, size_t nr_cpus) {
  ProgramRun run;
  run.where = where;
  const Tunable* context = nullptr;
  for (const Tunable& setting : settings) {
    TunableReader reader;
    int64_t cpu = 0;
    Nanos at{0};
    if (setting.key == "context") {
      context = &setting;
      continue;
    }
    reader.bind("program", &run.program, "");
    reader.bind("cpu", &cpu, 0, static_cast<int64_t>(nr_cpus) - 1, "");
    reader.bind("at", &at, Nanos(0), kLatest, "");
    reader.bind("every", &run.every, Nanos(1000), kLatest, "");
    reader.read({setting}, "run");
    if (setting.key == "cpu") run.cpu = CpuId(static_cast<int32_t>(cpu));
    if (setting.key == "at") run.at = at;
  }
  const int32_t function = object.function(run.program);
  if (function < 0 || object.functions[static_cast<size_t>(function)].section != "syscall") {
    std::vector<std::string> names;
    for (const BpfFunction& other : object.functions)
      if (other.section == "syscall") names.push_back(other.name);
    throw Error(where, "the scheduler has no program '" + run.program + "' to run", suggest(run.program, names));
  }
  if (run.every > Nanos(0) && !run.at) run.at = run.every;
  if (context == nullptr) return run;
  const uint32_t type = object.btf.pointee_of_argument(run.program);
  const size_t size = object.btf.size_of(type);
  if (size == 0) throw Error(context->where, "program '" + run.program + "' takes no context", "leave 'context' out");
  run.context.resize(size);
  set_typed(object.btf, run.context, type, *context);
  return run;
}

void set_ops(BpfObject* object, const Tunables& members) {
  constexpr const char* kType = "sched_ext_ops";
  const auto is_scheduler = [](const StructOps& ops) { return ops.type == kType; };
  for (const Tunable& given : members) {
    if (given.key != "which") continue;
    const std::string wanted = given.value.str();
    if (std::ranges::none_of(object->struct_ops,
                             [&](const StructOps& ops) { return is_scheduler(ops) && ops.variable == wanted; })) {
      std::vector<std::string> names;
      for (const StructOps& ops : object->struct_ops) names.push_back(ops.variable);
      throw Error(given.where, "there is no scheduler '" + wanted + "'", suggest(wanted, names));
    }
    std::erase_if(object->struct_ops,
                  [&](const StructOps& ops) { return is_scheduler(ops) && ops.variable != wanted; });
  }
  const auto ops = std::ranges::find_if(object->struct_ops, is_scheduler);
  if (ops == object->struct_ops.end()) return;  // BpfOpsTable says so
  const uint32_t type = object->btf.find(kType, "struct");
  for (const Tunable& given : members) {
    if (given.key == "which") continue;
    const auto member = object->btf.member_of(type, given.key);
    if (!member)
      throw Error(given.where, "struct sched_ext_ops has no member '" + given.key + "'", "see the policy's headers");
    StructOps::Member value;
    const std::string kind = object->btf.kind_of(member->type);
    if (kind == "ptr") {  // a callback: another function, or none
      const std::string name = given.value.str();
      value.function = name == "none" ? -1 : object->function(name);
      if (value.function < 0 && name != "none")
        throw Error(given.where, "the scheduler has no function '" + name + "'", "name one, or 'none'");
    } else if (kind == "array") {
      value.text = given.value.str();
    } else {
      const TunableValue::List one = {given.value};
      for (const TunableValue& item : given.value.list() ? *given.value.list() : one) {
        uint64_t bits = 0;
        std::vector<std::byte> bytes(sizeof bits);
        set_typed(object->btf, std::span(bytes).first(std::min(member->size, bytes.size())), member->type,
                  {"ops." + given.key, item, given.where});
        std::copy_n(bytes.begin(), sizeof bits, reinterpret_cast<std::byte*>(&bits));
        value.value |= bits;
      }
    }
    ops->members[given.key] = value;
  }
}

}  // namespace simsched::bpf
