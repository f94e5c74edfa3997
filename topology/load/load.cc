#include "topology/load/load.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>

#include "base/embedded.h"
#include "base/error.h"
#include "base/files.h"
#include "base/input_file.h"
#include "base/placed.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"
#include "topology/load/machine_yaml.h"

namespace simsched {

std::span<const EmbeddedFile> embedded_machines();  // configs/machines/*.yaml, by name; see CMakeLists.txt

namespace {

bool ends_with_any(const std::string& path, std::initializer_list<const char*> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](const char* ending) { return path.ends_with(ending); });
}

Machine machine_from_file(const std::string& path) {
  if (path.ends_with(".xml")) return machine_from_hwloc_xml(path);
  Bytes bytes = read_file(path);
  return parse_machine_yaml(std::string(bytes.text()), path);
}

bool is_file_name(const std::string& name) {
  return ends_with_any(name, {".yaml", ".yml", ".json", ".xml"}) || name.find('/') != std::string::npos;
}

}  // namespace

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const EmbeddedFile& file : embedded_machines()) names.emplace_back(file.name);
  return names;
}

Machine load_machine(const std::string& name_or_path) {
  if (name_or_path == "host") return machine_from_host();
  for (const EmbeddedFile& file : embedded_machines())
    if (file.name == name_or_path) return parse_machine_yaml(std::string(file.content), "preset " + name_or_path);
  if (is_file_name(name_or_path)) return machine_from_file(name_or_path);
  std::vector<std::string> known = preset_names();
  known.push_back("host");
  std::string nearest = nearest_name(name_or_path, known);
  throw Error("", "there is no machine '" + name_or_path + "'",
              nearest.empty() ? suggest(name_or_path, known) + ", or a .yaml, .json or hwloc .xml file"
                              : suggest(name_or_path, known));
}

Machine load_machine(const YAML::Node& node, const std::string& file) {
  if (node.IsMap()) return machine_from_yaml(node, file, std::filesystem::path(file).stem().string());
  std::string name = yaml_text(node, file, "machine");
  if (is_file_name(name)) return load_machine(find_input_file(name, file, yaml_where(node, file)));
  return placed(yaml_where(node, file), [&] { return load_machine(name); });
}

}  // namespace simsched
