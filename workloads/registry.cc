#include "workloads/registry.h"

#include <yaml-cpp/yaml.h>

#include "base/placed.h"
#include "base/suggest.h"
#include "base/yaml/yaml_map.h"
#include "workloads/generators.h"

namespace simsched {

// A line a generator, in the order in which they are listed.
#define SIMSCHED_GENERATORS(ROW) \
  ROW(hogs)                      \
  ROW(periodic)                  \
  ROW(ping_pong)                 \
  ROW(fork_join)                 \
  ROW(build)                     \
  ROW(server)                    \
  ROW(many_sleepers)             \
  ROW(wake_storm)                \
  ROW(open_loop)                 \
  ROW(schbench)                  \
  ROW(hackbench)                 \
  ROW(oltp)                      \
  ROW(cache)                     \
  ROW(gaming)                    \
  ROW(desktop)                   \
  ROW(interbench)                \
  ROW(upf)                       \
  ROW(rtapp)

#define SIMSCHED_ROW(name) Generator name##_generator();
SIMSCHED_GENERATORS(SIMSCHED_ROW)
#undef SIMSCHED_ROW

namespace {

const std::vector<Generator>& generators() {
#define SIMSCHED_ROW(name) name##_generator(),
  static const std::vector<Generator> kGenerators{SIMSCHED_GENERATORS(SIMSCHED_ROW)};
#undef SIMSCHED_ROW
  return kGenerators;
}

}  // namespace

std::vector<GeneratorInfo> generator_infos() {
  std::vector<GeneratorInfo> infos;
  for (const Generator& generator : generators()) infos.push_back(generator.info);
  return infos;
}

Workload make_workload(const std::string& name, const YAML::Node& params, const std::string& file, uint64_t seed) {
  std::vector<std::string> names;
  for (const Generator& generator : generators()) {
    names.push_back(generator.info.name);
    if (generator.info.name != name) continue;
    return placed(yaml_where(params, file), [&] {
      Workload workload = generator.read != nullptr
                              ? generator.read(params, file, Rng(seed))
                              : generator.make(Params(params, file, name, generator.info.params), Rng(seed));
      workload.name = name;
      workload.check(0);
      return workload;
    });
  }
  throw Error(yaml_where(params, file), "there is no workload '" + name + "'", suggest(name, names));
}

}  // namespace simsched
