// The sidecar of a recording: NAME.recorded.yaml.
#include "traces/circumstances.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/cpu_set.h"
#include "base/error.h"
#include "base/files.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"

namespace simsched {
namespace {

using Names = std::vector<std::string>;

constexpr size_t kMaxSize = size_t{1} << 20;
constexpr int64_t kMaxSliceNs = 1000000000;

// The kernel's numbers (include/uapi/linux/sched.h, Linux 6.12).
const std::array<std::pair<const char*, int>, 6> kPolicies{
    {{"normal", 0}, {"fifo", 1}, {"rr", 2}, {"batch", 3}, {"idle", 5}, {"ext", 7}}};

class SidecarReader {
 public:
  explicit SidecarReader(const std::string& path) : path_(path) {}

  Circumstances read(const YAML::Node& root) {
    Circumstances found;
    if (root.IsNull()) return found;
    static const Names keys{"kernel", "hz", "preempt", "base_slice_ns", "autogroup", "machine", "tasks"};
    static const Names preempts{"none", "voluntary", "full", "lazy"};
    check_keys(root, keys);
    auto given = [&](const char* key, bool& told) {
      YAML::Node node = root[key];
      told = static_cast<bool>(node);
      return node;
    };
    if (YAML::Node node = given("kernel", found.told.kernel)) found.kernel = kernel(node);
    if (YAML::Node node = given("hz", found.told.hz)) found.hz = static_cast<int>(number(node, "hz", 1, 10000));
    if (YAML::Node node = given("preempt", found.told.preempt)) {
      found.preempt = scalar(node, "preempt");
      if (std::find(preempts.begin(), preempts.end(), found.preempt) == preempts.end())
        fail(node, "unknown preempt '" + found.preempt + "'", suggest(found.preempt, preempts));
    }
    if (YAML::Node node = given("base_slice_ns", found.told.base_slice))
      found.base_slice = Nanos(number(node, "base_slice_ns", 0, kMaxSliceNs));
    if (YAML::Node node = given("autogroup", found.told.autogroup)) found.autogroup = truth(node, "autogroup");
    if (YAML::Node node = given("machine", found.told.machine)) found.machine = scalar(node, "machine");
    if (YAML::Node node = root["tasks"]) {
      if (!node.IsSequence()) fail(node, "tasks is not a list", "write one entry a line: - {tree: make, nice: 5}");
      for (const YAML::Node& entry : node) found.tasks.push_back(tree(entry));
    }
    return found;
  }

 private:
  RecordedTree tree(const YAML::Node& entry) {
    static const Names keys{"tree", "slice_ns", "policy", "nice", "cpus"};
    check_keys(entry, keys);
    RecordedTree found;
    YAML::Node name = entry["tree"];
    if (!name) fail(entry, "an entry of tasks has no tree", "name the command that it is about: tree: make");
    found.tree = scalar(name, "tree");
    if (YAML::Node node = entry["slice_ns"]) found.slice = Nanos(number(node, "slice_ns", 0, kMaxSliceNs));
    if (YAML::Node node = entry["policy"]) found.policy = policy(node);
    if (YAML::Node node = entry["nice"]) found.nice = static_cast<int>(number(node, "nice", -20, 19));
    if (YAML::Node node = entry["cpus"]) {
      found.cpus = scalar(node, "cpus");
      try {
        CpuSet::parse(found.cpus);
      } catch (const Error& error) {
        fail(node, error.problem(), error.remedy());
      }
    }
    return found;
  }

  int policy(const YAML::Node& node) {
    std::string text = scalar(node, "policy");
    Names names;
    for (auto [name, value] : kPolicies) {
      if (text == name || text == std::to_string(value)) return value;
      names.emplace_back(name);
    }
    fail(node, "unknown policy '" + text + "'", suggest(text, names));
  }

  std::string kernel(const YAML::Node& node) {
    std::string text = scalar(node, "kernel");
    size_t dot = text.find('.');
    auto digit = [&](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
    if (dot == std::string::npos || !digit(0) || !digit(dot + 1))
      fail(node, "kernel '" + text + "' is not a version", "write it quoted, like \"6.12\"");
    return text;
  }

  std::string scalar(const YAML::Node& node, const std::string& key) {
    if (!node.IsScalar() || node.Scalar().empty()) fail(node, key + " has no value", "give one on its line");
    return node.Scalar();
  }

  int64_t number(const YAML::Node& node, const std::string& key, int64_t low, int64_t high) {
    int64_t value = 0;
    bool ok = node.IsScalar() && YAML::convert<int64_t>::decode(node, value) && value >= low && value <= high;
    if (!ok)
      fail(node, key + " '" + (node.IsScalar() ? node.Scalar() : "") + "' is not a number it can be",
           "use " + std::to_string(low) + " to " + std::to_string(high));
    return value;
  }

  bool truth(const YAML::Node& node, const std::string& key) {
    bool value = false;
    if (!node.IsScalar() || !YAML::convert<bool>::decode(node, value))
      fail(node, key + " is not true or false", "use one of them");
    return value;
  }

  void check_keys(const YAML::Node& map, const Names& keys) {
    if (!map.IsMap()) fail(map, "is not a list of 'key: value'", suggest("", keys));
    for (const auto& entry : map) {
      std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        fail(entry.first, "unknown key '" + key + "'", suggest(key, keys));
    }
  }

  [[noreturn]] void fail(const YAML::Node& node, const std::string& what, const std::string& remedy) const {
    throw Error(path_ + ":" + std::to_string(std::max(node.Mark().line, 0) + 1), what, remedy);
  }

  const std::string& path_;
};

}  // namespace

Circumstances parse_circumstances(const std::string& text, const std::string& name) {
  if (text.size() > kMaxSize)
    throw Error(name, "is too large for the circumstances of a recording", "is it the right file?");
  return read_yaml(text, name, "mend the YAML there",
                   [&](const YAML::Node& root) { return SidecarReader(name).read(root); });
}

Circumstances read_circumstances(const std::string& path) {
  Bytes bytes = read_file(path);
  return parse_circumstances(std::string(bytes.text()), path);
}

}  // namespace simsched
