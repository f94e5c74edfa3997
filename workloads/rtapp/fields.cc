#include "workloads/rtapp/fields.h"

#include <algorithm>

#include "base/error.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"

namespace simsched::rtapp {
namespace {

constexpr size_t kMostNotes = 100;    // what has more to be said of it has been said
constexpr const char* kQuoted = "!";  // yaml-cpp's tag of such a scalar

}  // namespace

std::string Fields::where(const YAML::Node& node) const { return yaml_where(node, file_); }

void Fields::object(const YAML::Node& node, const std::string& what, const std::string& example) const {
  if (!node.IsMap()) throw Error(where(node), what + " is no object", "write it as " + example);
}

std::string Fields::key(const YAML::Node& node) const { return yaml_text(node, file_, "a key"); }

int64_t Fields::integer(const YAML::Node& node, const std::string& key, int64_t low, int64_t high) const {
  if (node.IsScalar() && node.Tag() == kQuoted)
    throw Error(where(node), key + " is a text", "write the number without quotes");
  return yaml_integer(node, file_, key, low, high);
}

Nanos Fields::micros(const YAML::Node& node, const std::string& key) const {
  return Nanos(integer(node, key, 0) * 1000);
}

std::string Fields::text(const YAML::Node& node, const std::string& key) const {
  if (!node.IsScalar() || node.Tag() != kQuoted)
    throw Error(where(node), key + " is no text", "write it in quotes: \"" + key + "\": \"name\"");
  return node.Scalar();
}

bool Fields::boolean(const YAML::Node& node, const std::string& key) const {
  const std::string value = yaml_text(node, file_, key);
  if (value != "true" && value != "false") throw Error(where(node), key + " is '" + value + "'", "write true or false");
  return value == "true";
}

void Fields::note(const std::string& text) {
  if (notes_.size() < kMostNotes && std::ranges::find(notes_, text) == notes_.end()) notes_.push_back(text);
}

void Fields::note_unknown(const YAML::Node& key, const std::string& in, const std::vector<std::string>& known) {
  const std::string near = nearest_name(key.Scalar(), known);
  note(where(key) + ": '" + key.Scalar() + "'" + in + " is no key of rt-app's and does nothing" +
       (near.empty() ? "" : "; did you mean '" + near + "'?"));
}

}  // namespace simsched::rtapp
