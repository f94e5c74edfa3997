#include "scx_port/host/loader_settings.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/duration.h"
#include "base/error.h"
#include "base/suggest.h"
#include "scx_port/host/bpf_ops.h"
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
  const std::string text = value.value.str();
  uint64_t number = 0;
  const bool negative = text.starts_with('-');
  const auto [end, failed] = std::from_chars(text.data() + negative, text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size())
    throw Error(value.where, value.key + " takes no '" + text + "'", "give it a number");
  if (negative) number = -number;
  const auto* from = reinterpret_cast<const std::byte*>(&number);
  std::copy_n(from, std::min(size, sizeof number), bytes.begin());
  return bytes;
}

}  // namespace

namespace {

// BPF_MAP_TYPE_PERCPU_HASH, PERCPU_ARRAY, LRU_PERCPU_HASH
bool is_percpu(const BpfMap& map) { return map.type == 5 || map.type == 6 || map.type == 10; }

// As the kernel wants them: one after the other, each rounded up to 8 bytes.
std::vector<std::byte> percpu_bytes(const BpfObject& object, const BpfMap& map, const Tunable& values) {
  std::vector<std::byte> bytes;
  for (const TunableValue& one : *values.value.list()) {
    const std::vector<std::byte> value =
        bytes_of(object, map.value_type, map.value_size, {values.key, one, values.where});
    bytes.insert(bytes.end(), value.begin(), value.end());
    bytes.resize((bytes.size() + 7) / 8 * 8);
  }
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
    } else if (is_percpu(*map) && pair.value.list() && object.btf.kind_of(map->value_type) != "array") {
      entry.value = percpu_bytes(object, *map, {name, pair.value, pair.where});
    } else {
      entry.value = bytes_of(object, map->value_type, map->value_size, {name, pair.value, pair.where});
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

namespace {

// {MEMBER: WORDS} of a context of type `context`.
void resolve_fills(const BpfObject& object, uint32_t context, const Tunable& fill, ProgramRun* run) {
  if (!fill.value.map()) throw Error(fill.where, "'fill' names no member", "write 'fill: {MEMBER: [NUMBER, ...]}'");
  for (const Tunable& given : *fill.value.map()) {
    const auto member = object.btf.member_of(context, given.key);
    if (!member || member->size != sizeof(uint64_t))
      throw Error(given.where, "the context of program '" + run->program + "' has no address '" + given.key + "'",
                  "see the policy's source");
    ProgramRun::Fill result{member->offset, {}};
    const TunableValue::List one = {given.value};
    for (const TunableValue& item : given.value.list() ? *given.value.list() : one) {
      const std::vector<std::byte> bytes = bytes_of(object, 0, sizeof(uint64_t), {given.key, item, given.where});
      std::memcpy(&result.words.emplace_back(), bytes.data(), sizeof(uint64_t));
    }
    run->fills.push_back(std::move(result));
  }
}

const Tunables& map_of(const Tunable& setting) {
  if (!setting.value.map())
    throw Error(setting.where, "'" + setting.key + "' is not a mapping", "write '" + setting.key + ": {NAME: VALUE}'");
  return *setting.value.map();
}

}  // namespace

ProgramRun resolve_run(const BpfObject& object, const Tunables& settings, const std::string& where, size_t nr_cpus) {
  ProgramRun run;
  run.where = where;
  Tunables context, fill, then, rest;
  for (const Tunable& setting : settings) {
    Tunables& list = setting.key == "context" ? context
                     : setting.key == "fill"  ? fill
                     : setting.key == "then"  ? then
                                              : rest;
    list.push_back(setting);
  }
  int64_t cpu = 0;
  Nanos at{-1};
  TunableReader reader;
  reader.bind("program", &run.program, "");
  reader.bind("cpu", &cpu, 0, static_cast<int64_t>(nr_cpus) - 1, "");
  reader.bind("at", &at, Nanos(0), kLatest, "");
  reader.bind("every", &run.every, Nanos(1000), kLatest, "");
  reader.read(rest, "run");
  run.cpu = CpuId(static_cast<int32_t>(cpu));
  if (at >= Nanos(0)) run.at = at;
  if (run.every > Nanos(0) && !run.at) run.at = run.every;
  const int32_t function = object.function(run.program);
  if (function < 0 || object.functions[static_cast<size_t>(function)].section != "syscall") {
    std::vector<std::string> names;
    for (const BpfFunction& other : object.functions)
      if (other.section == "syscall") names.push_back(other.name);
    throw Error(where, "the scheduler has no program '" + run.program + "' to run", suggest(run.program, names));
  }
  const uint32_t type = object.btf.pointee_of_argument(run.program);
  run.context.resize(object.btf.size_of(type));
  for (const Tunable& given : context) {
    if (run.context.empty())
      throw Error(given.where, "program '" + run.program + "' takes no context", "leave 'context' out");
    set_typed(object.btf, run.context, type, given);
  }
  for (const Tunable& given : fill) resolve_fills(object, type, given, &run);
  for (const Tunable& given : then) {
    run.then.push_back(resolve_run(object, map_of(given), given.where, nr_cpus));
    ProgramRun& next = run.then.back();
    const uint32_t next_type = object.btf.pointee_of_argument(next.program);
    for (const std::string& name : object.btf.members_of(type)) {
      const auto from = object.btf.member_of(type, name), to = object.btf.member_of(next_type, name);
      if (from && to && from->size == to->size) next.taken.push_back({from->offset, to->offset, from->size});
    }
  }
  return run;
}

namespace {

std::string type_of_ops(const BpfObject& object) {
  const auto ops = std::ranges::find_if(object.struct_ops, is_scheduler);
  return ops == object.struct_ops.end() ? "sched_ext_ops" : ops->type;
}

// Flags may be a list of words, some with a condition: {FLAG: whether}.
uint64_t number_of(const BpfObject& object, const BtfMember& member, const Tunable& given) {
  TunableValue::List items = {given.value};
  if (given.value.list()) items = *given.value.list();
  uint64_t number = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    const TunableValue item = items[i];
    if (item.map()) {
      for (const Tunable& flag : *item.map())
        if (flag.value != "0" && flag.value != "false") items.push_back(flag.key);
      continue;
    }
    uint64_t bits = 0;
    std::vector<std::byte> bytes(sizeof bits);
    set_typed(object.btf, std::span(bytes).first(std::min(member.size, bytes.size())), member.type,
              {"ops." + given.key, item, given.where});
    std::copy_n(bytes.begin(), sizeof bits, reinterpret_cast<std::byte*>(&bits));
    number |= bits;
  }
  return number;
}

}  // namespace

std::vector<OpsMember> resolve_ops(const BpfObject& object, const Tunables& members) {
  std::vector<OpsMember> list;
  const std::string name = type_of_ops(object);
  const uint32_t type = object.btf.find(name, "struct");
  for (const Tunable& given : members) {
    if (given.key == "which") continue;
    const auto member = object.btf.member_of(type, given.key);
    if (!member)
      throw Error(given.where, "struct " + name + " has no member '" + given.key + "'", "see the policy's headers");
    OpsMember value{given.key, OpsMember::Kind::kNumber, 0, ""};
    const std::string kind = object.btf.kind_of(member->type);
    if (kind == "ptr") {  // a callback: another function, or none
      value.kind = OpsMember::Kind::kFunction;
      if (given.value != "none") value.text = given.value.str();
      if (!value.text.empty() && object.function(value.text) < 0)
        throw Error(given.where, "the scheduler has no function '" + value.text + "'", "name one, or 'none'");
    } else if (kind == "array") {
      value.kind = OpsMember::Kind::kText;
      value.text = given.value.str();
    } else {
      value.number = number_of(object, *member, given);
    }
    list.push_back(std::move(value));
  }
  return list;
}

std::string resolve_which(const BpfObject& object, const Tunable& which) {
  std::string wanted = which.value.str();
  std::vector<std::string> names;
  for (const StructOps& ops : object.struct_ops)
    if (is_scheduler(ops)) names.push_back(ops.variable);
  if (std::ranges::find(names, wanted) == names.end())
    throw Error(which.where, "there is no scheduler '" + wanted + "'", suggest(wanted, names));
  return wanted;
}

void set_ops(BpfObject* object, const std::string& variable, const std::vector<OpsMember>& members) {
  if (!variable.empty())
    std::erase_if(object->struct_ops,
                  [&](const StructOps& ops) { return is_scheduler(ops) && ops.variable != variable; });
  const auto ops = std::ranges::find_if(object->struct_ops, is_scheduler);
  if (ops == object->struct_ops.end()) return;  // BpfOpsTable says so
  for (const OpsMember& member : members) {
    StructOps::Member value;
    if (member.kind == OpsMember::Kind::kFunction)
      value.function = member.text.empty() ? -1 : object->function(member.text);
    else if (member.kind == OpsMember::Kind::kText)
      value.text = member.text;
    else
      value.value = member.number;
    ops->members[member.name] = value;
  }
}

namespace {

void check_run(const BpfObject& object, const ProgramRun& run) {
  const auto fail = [&](const std::string& what) {
    throw Error(run.where, "program '" + run.program + "' " + what, "export the policy again");
  };
  const int32_t function = object.function(run.program);
  if (function < 0 || object.functions[static_cast<size_t>(function)].section != "syscall")
    fail("is none that can be run");
  const size_t size = run.context.size();
  if (object.btf.size_of(object.btf.pointee_of_argument(run.program)) != size) fail("has another context");
  const auto within = [](uint64_t offset, uint64_t bytes, size_t of) { return offset <= of && bytes <= of - offset; };
  for (const ProgramRun::Fill& fill : run.fills)
    if (!within(fill.offset, sizeof(uint64_t), size)) fail("has another context");
  for (const ProgramRun& next : run.then) {
    for (const ProgramRun::Taken& taken : next.taken)
      if (!within(taken.from, taken.size, size) || !within(taken.to, taken.size, next.context.size()))
        fail("has another context");
    check_run(object, next);
  }
}

}  // namespace

void check_settings(const BpfObject& object, const LoaderSettings& settings) {
  for (const MapEntry& entry : settings.entries) {
    const BpfMap* const map = object.map(entry.map);
    const bool fits = map != nullptr && entry.key.size() == map->key_size &&
                      (map->inner >= 0 ? object.map(entry.inner) != nullptr
                                       : entry.inner.empty() && (entry.value.size() == map->value_size ||
                                                                 (is_percpu(*map) && entry.value.size() % 8 == 0)));
    if (!fits)
      throw Error(entry.where, "an entry of map '" + entry.map + "' does not fit the object",
                  "export the policy again");
  }
  for (const OpsMember& member : settings.ops)
    if (member.kind == OpsMember::Kind::kFunction && !member.text.empty() && object.function(member.text) < 0)
      throw Error(object.name, "the object has no function '" + member.text + "'", "export the policy again");
  for (const ProgramRun& run : settings.runs) check_run(object, run);
}

}  // namespace simsched::bpf
