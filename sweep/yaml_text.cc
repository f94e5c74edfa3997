#include "sweep/yaml_text.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/yaml/yaml_map.h"

namespace simsched {
namespace {

constexpr int kDeepest = 32;
constexpr size_t kMostNodes = 20000;

// Within others a text is quoted unless it is plain, so that no two nodes look the same.
std::string quoted(const std::string& text) {
  auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("_.%/+-").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, plain)) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return out + '"';
}

std::string in_a_line(const YAML::Node& node, const std::string& file, YamlBounds bounds) {
  bounds.enter(node, file);
  if (node.IsScalar()) return quoted(node.Scalar());
  if (!node.IsMap() && !node.IsSequence()) return "~";
  std::string text = node.IsMap() ? "{" : "[";
  const char* comma = "";
  for (const auto& entry : node) {
    text += std::exchange(comma, ", ");
    text += node.IsMap() ? in_a_line(entry.first, file, bounds) + ": " + in_a_line(entry.second, file, bounds)
                         : in_a_line(entry, file, bounds);
  }
  return text + (node.IsMap() ? '}' : ']');
}

}  // namespace

void YamlBounds::enter(const YAML::Node& node, const std::string& file) {
  if (++depth_ > kDeepest || ++*nodes_ > kMostNodes)
    throw Error(yaml_where(node, file), "lists and maps are too many, or too deep in each other", "flatten them");
}

std::string yaml_in_a_line(const YAML::Node& node, const std::string& file) {
  return node.IsScalar() ? node.Scalar() : in_a_line(node, file, {});
}

}  // namespace simsched
