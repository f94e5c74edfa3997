#include "workloads/build_yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/duration.h"
#include "base/error.h"
#include "base/files.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"
#include "topology/machine.h"
#include "workloads/build_check.h"
#include "workloads/build_words.h"

namespace simsched {
namespace {

using Kind = BuildStep::Kind;
using build::kStarterWord;
using build::StepWord;

constexpr Nanos kLongest = 3600_s;
constexpr size_t kMostQuantiles = 1000, kMostProcesses = 1000, kMostSteps = 10'000, kMostItems = 1'000'000;
constexpr int64_t kLargestShare = 1'000'000, kMostTimes = 1'000'000;
constexpr int kDeepest = 64;

bool parse_number(std::string_view text, int64_t low, int64_t high, int64_t& value) {
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc() && end == text.data() + text.size() && value >= low && value <= high;
}

bool is_job_name(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-' || c == '.' || c == '+' || c == ':';
  });
  return plain && !text.empty() && text.size() <= 80 && !std::isdigit(static_cast<unsigned char>(text[0])) &&
         text != "then";
}

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  BuildModel read(const YAML::Node& root) {
    if (!root.IsMap()) throw Error(yaml_where(root, file_), "is no build", "give a file that simsched fit wrote");
    const YamlMap map(root, file_, "a build",
                      {"format", "recorded", "jobs", "make", "session", "io_work", "kinds", "root", "background"});
    if (!map.has("format") || map.integer("format", 1, 1) != 1)
      throw Error(map.where("format"), "does not say 'format: 1'", "give a file that simsched fit wrote");
    BuildModel model;
    if (map.has("recorded")) model.recorded = map.text("recorded");
    model.jobs = map.integer_or("jobs", 1, 100'000, 1);
    if (map.has("make")) model.make = map.text("make");
    if (map.has("session")) model.session = map.boolean("session");
    if (map.has("io_work")) model.io_work = distribution(map.at("io_work"), "io_work");
    kinds(map, model);
    if (!map.has("root")) throw Error(map.where(), "no root is given", "say what make starts: root: {do: [...]}");
    model.root = make(map.at("root"), 0);
    if (map.has("background")) background(map, model);
    return model;
  }

 private:
  [[noreturn]] void fail(const YAML::Node& node, const std::string& what, const std::string& remedy) const {
    throw Error(yaml_where(node, file_), what, remedy);
  }
  int64_t time(const YAML::Node& node, const std::string& what) const {
    return read_duration(yaml_text(node, file_, what), what, 0_ns, kLongest, yaml_where(node, file_)).count();
  }
  YAML::Node list(const YAML::Node& node, const std::string& what, size_t most) const {
    if (!node.IsDefined() || !node.IsSequence())
      fail(node.IsDefined() ? node : YAML::Node(), what + " is not a list", "write it as [...]");
    if (node.size() > most)
      fail(node, what + " has " + std::to_string(node.size()) + " entries",
           "give " + std::to_string(most) + " at most");
    return node;
  }

  Distribution distribution(const YAML::Node& node, const std::string& what) const {
    Distribution made;
    if (node.IsScalar()) {
      made.mean = time(node, what);
      return made;
    }
    const YamlMap map(node, file_, what, {"mean", "quantiles"});
    if (!map.has("mean"))
      throw Error(map.where(), "the mean of " + what + " is missing",
                  "write it as {mean: 3ms, quantiles: [1ms, 2ms, 9ms]}");
    made.mean = time(map.at("mean"), "mean");
    if (!map.has("quantiles")) return made;
    for (const YAML::Node& entry : list(map.at("quantiles"), "quantiles", kMostQuantiles)) {
      made.quantiles.push_back(time(entry, "a quantile"));
      if (made.quantiles.size() > 1 && made.quantiles.back() < made.quantiles[made.quantiles.size() - 2])
        fail(entry, "a quantile is below the one before", "sort them");
    }
    if (made.quantiles.size() == 1)
      fail(map.at("quantiles"), "there is one quantile", "leave it out, or give two at least");
    return made;
  }

  void kinds(const YamlMap& map, BuildModel& model) {
    if (!map.has("kinds") || !map.at("kinds").IsMap())
      throw Error(map.where("kinds"), "kinds is not a mapping", "write it as {NAME: {processes: [...]}}");
    for (const auto& entry : map.at("kinds")) {
      const std::string name = yaml_text(entry.first, file_, "a kind of job");
      if (!is_job_name(name))
        fail(entry.first, "'" + name + "' is no name of a job", "take letters, digits, - and _, a letter first");
      if (kind_numbers_.contains(name)) fail(entry.first, "job '" + name + "' is described twice", "keep one");
      model.kinds.push_back(job(name, entry.second));
      const std::string problem = build_problem(model.kinds.back());
      if (!problem.empty())
        fail(entry.first, "job '" + name + "': " + problem, "fit the recording again, or mend its steps");
      kind_numbers_.emplace(name, model.kinds.size() - 1);
    }
  }

  BuildJob job(const std::string& name, const YAML::Node& node) const {
    const YamlMap map(node, file_, "a job", {"object", "vfork", "processes"});
    BuildJob made{name, false, false, {}};
    if (map.has("object")) made.object = map.boolean("object");
    if (map.has("vfork")) made.vfork = map.boolean("vfork");
    if (!map.has("processes")) throw Error(map.where(), "job '" + name + "' has no processes", "give one at least");
    for (const YAML::Node& entry : list(map.at("processes"), "processes", kMostProcesses))
      made.processes.push_back(process(entry));
    if (made.processes.empty()) throw Error(map.where(), "job '" + name + "' has no processes", "give one at least");
    return made;
  }

  BuildProcess process(const YAML::Node& node) const {
    const YamlMap map(node, file_, "a process", {"name", "work", "follows", "io", "do", "loop"});
    BuildProcess made;
    for (const char* key : {"name", "work", "do"})
      if (!map.has(key))
        throw Error(map.where(), std::string("'") + key + "' is missing",
                    "write a process as {name: sh, work: 1ms, do: [exec, 1]}");
    made.name = map.text("name");
    if (made.name.empty() || made.name.size() > 64)
      throw Error(map.where("name"), "a process is called '" + made.name.substr(0, 64) + "'", "take 1 to 64 letters");
    made.work = distribution(map.at("work"), "work");
    made.follows = static_cast<int32_t>(map.integer_or("follows", 0, 100, 0));
    if (map.has("io")) {
      const YamlMap io(map.at("io"), file_, "io", {"per_1000", "time", "by_kernel", "elsewhere"});
      made.io_times = static_cast<int32_t>(io.integer_or("per_1000", 0, 1'000'000, 0));
      if (io.has("time")) made.io = distribution(io.at("time"), "time");
      if (io.has("by_kernel")) made.io_by_kernel = io.boolean("by_kernel");
      made.io_elsewhere = static_cast<int32_t>(io.integer_or("elsewhere", 0, 100, 0));
    }
    for (const YAML::Node& entry : list(map.at("do"), "do", kMostSteps)) made.steps.push_back(step(entry));
    if (map.has("loop"))
      for (const YAML::Node& entry : list(map.at("loop"), "loop", kMostSteps))
        made.loop.push_back(runs(entry, yaml_text(entry, file_, "an entry of loop")));
    return made;
  }

  BuildStep step(const YAML::Node& node) const {
    const std::string text = yaml_text(node, file_, "a step");
    int64_t value = 0;
    if (parse_number(text, 1, kLargestShare, value)) return {Kind::kWork, static_cast<int32_t>(value)};
    const size_t space = text.find(' ');
    const std::string word = text.substr(0, space);
    for (const StepWord& known : build::kStepWords) {
      if (word != known.word || known.has_value == (space == std::string::npos)) continue;
      if (!known.has_value) return {known.kind, 0};
      const std::string rest = text.substr(space + 1);
      if (known.kind == Kind::kTell && rest == kStarterWord) return {known.kind, BuildStep::kStarter};
      if (parse_number(rest, known.kind == Kind::kLoop ? 1 : 0, kLargestShare, value))
        return {known.kind, static_cast<int32_t>(value)};
    }
    fail(node, "there is no step '" + text + "'",
         "take a share of the work (1 to 1000000), exec, fork N, vfork N, join, tell N, tell starter, hear, or loop "
         "SHARE");
  }

  // "NAME" or "TIMES NAME".
  BuildRuns runs(const YAML::Node& node, std::string text) const {
    BuildRuns made;
    const size_t space = text.find(' ');
    if (space != std::string::npos) {
      if (!parse_number(text.substr(0, space), 1, kMostTimes, made.times))
        fail(node, "'" + text + "' is no number of a job",
             "write it as '12 NAME', with 1 to " + std::to_string(kMostTimes));
      text.erase(0, space + 1);
    }
    auto found = kind_numbers_.find(text);
    std::vector<std::string> names;
    for (const auto& [name, number] : kind_numbers_) names.push_back(name);
    if (found == kind_numbers_.end())
      fail(node, "no job before this is called '" + text.substr(0, 80) + "'", suggest(text, names));
    made.job = static_cast<uint32_t>(found->second);
    return made;
  }

  BuildMake make(const YAML::Node& node, int depth) {
    if (depth > kDeepest)
      fail(node, "makes nest more than " + std::to_string(kDeepest) + " deep", "start some of them beside each other");
    const YamlMap map(node, file_, "a make", {"start", "each", "end", "do"});
    BuildMake made;
    if (map.has("start")) made.start = time(map.at("start"), "start");
    if (map.has("each")) made.each = time(map.at("each"), "each");
    if (map.has("end")) made.end = time(map.at("end"), "end");
    if (!map.has("do")) return made;
    for (const YAML::Node& entry : list(map.at("do"), "do", kMostItems)) {
      if (++items_ > kMostItems)
        fail(entry, "there are more than " + std::to_string(kMostItems) + " entries", "count equal ones, as '12 NAME'");
      made.items.push_back(item(entry, depth));
    }
    return made;
  }

  BuildItem item(const YAML::Node& node, int depth) {
    BuildItem made;
    if (node.IsMap()) {
      const YamlMap map(node, file_, "an entry of do", {"make", "then make"});
      if (node.size() != 1) fail(node, "an entry of do is neither a job nor a make", "write it as {make: {do: [...]}}");
      made.then = map.has("then make");
      made.make.push_back(make(map.at(made.then ? "then make" : "make"), depth + 1));
      return made;
    }
    std::string text = yaml_text(node, file_, "an entry of do");
    made.then = text.starts_with("then ");
    if (made.then) text.erase(0, 5);
    made.runs = runs(node, text);
    return made;
  }

  void background(const YamlMap& map, BuildModel& model) const {
    for (const YAML::Node& node : list(map.at("background"), "background", kMostProcesses)) {
      const YamlMap entry(node, file_, "a kernel thread",
                          {"name", "tasks", "cpu", "sleep", "work", "tick", "elsewhere", "user"});
      BuildBackground made;
      for (const char* key : {"name", "sleep", "work"})
        if (!entry.has(key))
          throw Error(entry.where(), std::string("'") + key + "' is missing",
                      "write it as {name: rcu_preempt, sleep: 12ms, work: 5us}");
      made.name = entry.text("name");
      made.tasks = entry.integer_or("tasks", 1, 10'000, 1);
      if (entry.has("cpu"))
        made.cpu = static_cast<int32_t>(entry.integer("cpu", 0, static_cast<int64_t>(kMaxCpus) - 1));
      made.sleep = distribution(entry.at("sleep"), "sleep");
      made.work = distribution(entry.at("work"), "work");
      if (entry.has("tick")) made.tick = entry.boolean("tick");
      if (entry.has("user")) made.user = entry.boolean("user");
      made.elsewhere = static_cast<int32_t>(entry.integer_or("elsewhere", 0, 100, 0));
      model.background.push_back(std::move(made));
    }
  }

  const std::string file_;
  std::map<std::string, size_t> kind_numbers_;
  size_t items_ = 0;
};

}  // namespace

BuildModel parse_build(const std::string& text, const std::string& name) {
  return read_yaml(text, name, "give a file that simsched fit wrote; mind indentation, brackets and quotes",
                   [&](const YAML::Node& root) { return Reader(name).read(root); });
}

BuildModel read_build(const std::string& path) { return parse_build(std::string(read_file(path).text()), path); }

}  // namespace simsched
