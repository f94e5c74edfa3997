#include "sweep/sweep.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/parallel.h"
#include "base/yaml/yaml_map.h"
#include "report/frame.h"
#include "report/results_json.h"
#include "scx_port/manifest/manifest.h"
#include "sim/metric_table.h"
#include "sweep/yaml_text.h"
#include "traces/causes/causes.h"
#include "traces/formats.h"

namespace simsched {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStart = "{\"key\":\"";
// What a run does not depend on, or each only on a part of it.
const std::set<std::string> kNotOfARun = {"machine", "machines", "policies",  "seeds",
                                          "metrics", "output",   "reference", "jobs"};

std::string hash(std::string_view text) { return sha256(std::as_bytes(std::span(text))); }

// Those that every result has, and the metrics; others show with the results.
void check_columns(const std::vector<Variable>& variables) {
  const std::vector<NamedCell> cells = cells_of({});
  for (const Variable& variable : variables)
    if (find_metric(variable.name) != nullptr ||
        std::ranges::find(cells, variable.name, &NamedCell::column) != cells.end())
      throw Error(variable.where, "results have a column '" + variable.name + "' of their own",
                  "call the variable otherwise");
}

// What files hold counts, too: of one that a text names, of those that the loaders look for beside a recording
// (traces/read_trace.h, experiment/recording.h), of those that a YAML file names, and of all in an exported folder.
class NamedFiles {
 public:
  // Of all that a node of the file `from` names.
  std::string digest(const YAML::Node& node, const std::string& from, YamlBounds bounds = {}) {
    bounds.enter(node, from);
    if (node.IsScalar()) return of_text(node.Scalar(), fs::path(from).parent_path());
    std::string all;
    if (node.IsSequence())
      for (const YAML::Node& item : node) all += digest(item, from, bounds);
    if (node.IsMap())
      for (const auto& entry : node) all += digest(entry.first, from, bounds) + digest(entry.second, from, bounds);
    return all;
  }

 private:
  // Any text may be a name; most are none.
  std::string of_text(const std::string& text, const fs::path& folder) {
    if (text.empty()) return {};
    const auto [known, is_new] = known_.try_emplace(folder / text);
    if (!is_new) return known->second;
    std::error_code none;
    const fs::path path = fs::exists(known->first, none) ? known->first : fs::path(text);
    if (fs::is_regular_file(path, none))
      known->second = of_file(path);
    else if (fs::is_regular_file(path / kManifestFile, none))
      known->second = of_folder(path);
    return known->second;
  }

  std::string of_file(const fs::path& path) {
    const std::string stem = trace_stem(path.string());
    std::string all = "file ";
    for (const std::string& each :
         {path.string(), stem + ".recorded.yaml", stem + ".costs.yaml", causes_beside(path)}) {
      std::error_code none;
      if (!fs::is_regular_file(each, none)) continue;
      const Bytes bytes = read_file(each);
      all += hash(bytes.text()) + ' ';
      if (each.ends_with(".yaml") || each.ends_with(".yml")) all += of_yaml(std::string(bytes.text()), each);
    }
    return all + '\n';
  }

  // A sidecar's machine, a machine's hwloc.
  std::string of_yaml(const std::string& text, const std::string& path) {
    try {
      return read_yaml(text, path, {}, [&](const YAML::Node& root) { return digest(root, path); });
    } catch (const Error&) {  // who reads it says what is wrong
      return {};
    }
  }

  static std::string of_folder(const fs::path& path) {
    std::set<fs::path> files;
    for (const auto& entry : fs::directory_iterator(path))
      if (entry.is_regular_file()) files.insert(entry.path());
    std::string all = "folder ";
    for (const fs::path& each : files) all += hash(read_file(each.string()).text());
    return all + '\n';
  }

  std::map<fs::path, std::string> known_;  // while it is looked at: nothing, so that no circle has no end
};

}  // namespace

struct Sweep::Point {
  std::once_flag once;
  Config config;
  std::optional<Inputs> inputs;
};

Sweep::Sweep(const std::string& path, const PolicyRegistry& registry, const std::string& version,
             const std::optional<std::vector<uint64_t>>& seeds)
    : Sweep(SweepFile(std::string(read_file(path).text()), path), registry, version, seeds) {}

Sweep::Sweep(SweepFile file, const PolicyRegistry& registry, const std::string& version,
             const std::optional<std::vector<uint64_t>>& seeds)
    : registry_(registry), seeds_(seeds), file_(std::move(file)), points_(file_.nr_points()) {
  const std::string& path = file_.file();
  check_columns(file_.variables());
  NamedFiles files;
  auto text = [&](const YAML::Node& node) {
    return yaml_in_a_line(node, path) + '\n' + files.digest(node, path) + '\n';
  };
  for (size_t point = 0; point < file_.nr_points(); ++point) {
    const YAML::Node root = file_.point(point);
    Config config;
    at_point(point, [&] { config = config_of(root); });
    std::string all = version + '\n' + (config.task_figures ? "tasks" : "") + '\n';
    for (const auto& entry : root)
      if (!kNotOfARun.contains(entry.first.Scalar())) all += entry.first.Scalar() + ": " + text(entry.second);
    const std::string common = hash(all);
    std::vector<std::string> machines, policies;
    for (const YAML::Node& machine : config.machines) machines.push_back(text(machine));
    if (machines.empty()) machines.emplace_back("as recorded\n");
    for (const YAML::Node& policy : root["policies"]) policies.push_back(text(policy));
    for (size_t machine = 0; machine < machines.size(); ++machine) {
      for (size_t policy = 0; policy < policies.size(); ++policy) {
        const std::string run = common + machines[machine] + policies[policy];
        for (const uint64_t seed : config.seeds)
          items_.push_back({point, machine, policy, seed, hash(run + std::to_string(seed)).substr(0, kKeyLength)});
      }
    }
    if (items_.size() > kMostRuns)
      throw Error(path, "there are more than " + std::to_string(kMostRuns) + " runs",
                  "take fewer values, or fewer seeds");
    if (point == 0) first_ = config;
  }
}

Sweep::~Sweep() = default;

// An error tells with which values it was.
template <class Work>
void Sweep::at_point(size_t point, const Work& work) const {
  try {
    work();
  } catch (const Error& error) {
    if (file_.variables().empty()) throw;
    std::string with;
    const std::vector<std::string> values = file_.values(point);
    for (size_t v = 0; v < values.size(); ++v)
      with += (with.empty() ? "" : ", ") + file_.variables()[v].name + " " + values[v];
    throw Error(error.where(), "with " + with + ": " + error.problem(), error.remedy());
  }
}

Config Sweep::config_of(const YAML::Node& root) const {
  Config config = read_config(root, file_.file(), registry_);
  if (seeds_) config.seeds = *seeds_;
  return config;
}

std::shared_ptr<const Sweep::Point> Sweep::load(size_t number) const {
  std::shared_ptr<Point> point;
  {
    std::lock_guard lock(mutex_);
    point = points_[number].lock();
    if (point == nullptr) {
      point = std::make_shared<Point>();
      points_[number] = point;
      newest_ = point;
    }
  }
  std::call_once(point->once, [&] {
    at_point(number, [&] {
      point->config = config_of(file_.point(number));
      point->inputs.emplace(point->config);
    });
  });
  return point;
}

void Sweep::check(int jobs, const Progress& progress) const {
  std::vector<size_t> points = {0};  // which differ from the first by one value
  size_t stride = 1;
  for (size_t v = file_.variables().size(); v-- > 0; stride *= file_.variables()[v].texts.size())
    for (size_t value = 1; value < file_.variables()[v].texts.size(); ++value) points.push_back(value * stride);
  parallel_for(
      points.size(), jobs, [&](size_t i) { load(points[i]); }, progress);
}

std::string Sweep::run(const SweepItem& item) const {
  const std::shared_ptr<const Point> point = load(item.point);
  const Experiment experiment{item.machine, item.policy, item.seed, false};
  const RunResult result = run_experiment(experiment, point->config, *point->inputs).result;
  return std::string(kStart) + item.key + "\"," + result_to_line(result).substr(1);
}

std::string_view key_of_record(std::string_view record) {
  const size_t least = kStart.size() + kKeyLength + 2;
  if (record.size() <= least || !record.starts_with(kStart) || !record.ends_with('}')) return {};
  const std::string_view key = record.substr(kStart.size(), kKeyLength);
  const bool hex = key.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return hex && record.substr(kStart.size() + kKeyLength, 2) == "\"," ? key : std::string_view();
}

RunResult result_of_record(std::string_view record, const std::string& where) {
  return result_from_line(record, where);
}

}  // namespace simsched
