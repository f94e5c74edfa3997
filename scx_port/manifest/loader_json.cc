#include "scx_port/manifest/loader_json.h"

namespace simsched {
namespace {

constexpr uint64_t kMostBytes = 1 << 20;  // of a context
constexpr uint64_t kMostNanos = uint64_t{3600} * 1'000'000'000;
constexpr int kDeepest = 100;  // programs one after the other

Json ops_to_json(const std::vector<OpsMember>& members) {
  Json list = Json::array();
  for (const OpsMember& member : members) {
    Json item{{"name", member.name}};
    if (member.kind == OpsMember::Kind::kNumber) item["number"] = member.number;
    if (member.kind == OpsMember::Kind::kText) item["text"] = member.text;
    if (member.kind == OpsMember::Kind::kFunction) item["function"] = member.text;
    list.push_back(std::move(item));
  }
  return list;
}

OpsMember ops_from_json(const Json& item, const JsonReader& reader) {
  OpsMember member{reader.text(item, "name"), OpsMember::Kind::kNumber, 0, ""};
  if (item.contains("number")) {
    member.number = reader.number(item, "number", UINT64_MAX);
  } else if (item.contains("text")) {
    member.kind = OpsMember::Kind::kText;
    member.text = reader.text(item, "text");
  } else {
    member.kind = OpsMember::Kind::kFunction;
    member.text = reader.text(item, "function");
  }
  return member;
}

Json entry_to_json(const MapEntry& entry) {
  Json item{{"map", entry.map}, {"key", to_hex(entry.key)}};
  if (entry.inner.empty())
    item["value"] = to_hex(entry.value);
  else
    item["inner"] = entry.inner;
  return item;
}

MapEntry entry_from_json(const Json& item, const JsonReader& reader) {
  MapEntry entry{reader.text(item, "map"), reader.name(), reader.bytes(item, "key"), {}, {}};
  if (item.contains("inner"))
    entry.inner = reader.text(item, "inner");
  else
    entry.value = reader.bytes(item, "value");
  return entry;
}

Json run_to_json(const ProgramRun& run) {
  Json item{{"program", run.program}, {"context", to_hex(run.context)}, {"cpu", run.cpu.index()}};
  if (run.at) item["at_ns"] = run.at->count();
  if (run.every > Nanos(0)) item["every_ns"] = run.every.count();
  for (const ProgramRun::Fill& fill : run.fills)
    item["fill"].push_back({{"offset", fill.offset}, {"words", fill.words}});
  for (const ProgramRun::Taken& taken : run.taken)
    item["taken"].push_back({{"from", taken.from}, {"to", taken.to}, {"size", taken.size}});
  for (const ProgramRun& next : run.then) item["then"].push_back(run_to_json(next));
  return item;
}

ProgramRun run_from_json(const Json& item, const JsonReader& reader, int depth) {
  if (depth > kDeepest) reader.fail("'then' is too deep");
  ProgramRun run;
  run.program = reader.text(item, "program");
  run.where = reader.name();
  run.context = reader.bytes(item, "context");
  if (run.context.size() > kMostBytes) reader.fail("'context' is too long");
  run.cpu = CpuId(static_cast<int32_t>(reader.number(item, "cpu", 1 << 20)));
  const auto time = [&](const char* key) { return Nanos(static_cast<int64_t>(reader.number(item, key, kMostNanos))); };
  if (item.contains("at_ns")) run.at = time("at_ns");
  if (item.contains("every_ns")) run.every = time("every_ns");
  if (run.every > Nanos(0) && !run.at) reader.fail("'every_ns' is without 'at_ns'");
  if (item.contains("fill")) {
    for (const Json& given : reader.list(item, "fill")) {
      ProgramRun::Fill fill{reader.number(given, "offset", kMostBytes), {}};
      for (const Json& word : reader.list(given, "words")) {
        if (!word.is_number_unsigned()) reader.fail("'words' are not numbers");
        fill.words.push_back(word.get<uint64_t>());
      }
      run.fills.push_back(std::move(fill));
    }
  }
  if (item.contains("taken")) {
    for (const Json& taken : reader.list(item, "taken"))
      run.taken.push_back({reader.number(taken, "from", kMostBytes), reader.number(taken, "to", kMostBytes),
                           reader.number(taken, "size", kMostBytes)});
  }
  if (item.contains("then"))
    for (const Json& next : reader.list(item, "then")) run.then.push_back(run_from_json(next, reader, depth + 1));
  return run;
}

}  // namespace

Json loader_to_json(const LoaderSettings& settings) {
  Json json;
  if (!settings.ops.empty()) json["ops"] = ops_to_json(settings.ops);
  for (const MapEntry& entry : settings.entries) json["map_entries"].push_back(entry_to_json(entry));
  if (!settings.filled.empty()) json["filled_maps"] = settings.filled;
  for (const ProgramRun& run : settings.runs) json["run"].push_back(run_to_json(run));
  if (!settings.report.empty()) json["report"] = settings.report;
  return json;
}

LoaderSettings loader_from_json(const Json& json, const JsonReader& reader) {
  if (!json.is_object()) reader.fail("'loader' is not a mapping");
  LoaderSettings settings;
  const auto words = [&](const char* key) {
    std::vector<std::string> list;
    for (const Json& word : reader.list(json, key)) {
      if (!word.is_string()) reader.fail(std::string("'") + key + "' is not a list of words");
      list.push_back(word.get<std::string>());
    }
    return list;
  };
  if (json.contains("ops"))
    for (const Json& item : reader.list(json, "ops")) settings.ops.push_back(ops_from_json(item, reader));
  if (json.contains("map_entries"))
    for (const Json& item : reader.list(json, "map_entries")) settings.entries.push_back(entry_from_json(item, reader));
  if (json.contains("filled_maps")) settings.filled = words("filled_maps");
  if (json.contains("run"))
    for (const Json& item : reader.list(json, "run")) settings.runs.push_back(run_from_json(item, reader, 0));
  if (json.contains("report")) settings.report = words("report");
  return settings;
}

}  // namespace simsched
