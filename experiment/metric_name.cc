#include "experiment/metric_name.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"
#include "sim/metric_table.h"

namespace simsched {

std::string metric_name(const YAML::Node& node, const std::string& file) {
  std::vector<std::string> known;
  for (const Metric& metric : metric_table()) known.push_back(metric.name);
  std::string name = yaml_text(node, file, "a metric");
  if (find_metric(name) != nullptr) return name;
  const std::string nearest = nearest_name(name, known);
  throw Error(yaml_where(node, file), "no metric is called '" + name + "'",
              nearest.empty() ? "simsched metrics lists them" : "did you mean '" + nearest + "'?");
}

}  // namespace simsched
