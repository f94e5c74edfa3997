#include "scx_port/schedulers/rusty_ml/options.h"

#include "base/error.h"
#include "scx_port/schedulers/rusty_ml/rusty_ml_rules.h"

namespace simsched::rusty_ml {

namespace {

mlp::ModelFile model_of_features(const std::string& path) {
  mlp::ModelFile file = mlp::read_model(path);
  mlp::check_encoding(file.model, FEATURES_ENCODING, path);
  return file;
}

}  // namespace

void Options::bind(TunableReader& reader) {
  reader.bind("gate", &gate, {"model", "deny", "warm_stay", "nest", "off"},
              "who decides: the model; deny: a share of all moves is denied; warm_stay: a task stays where it ran a "
              "short time ago; nest: tasks are kept on CPUs that ran something a short time ago; off: scx_rusty");
  reader.bind_path("model", &model, {"random", "none"},
                   "a model file; random: a net with random weights; none: scx_rusty decides all");
  reader.bind("wake", &wake, "it is asked where a waking task goes");
  reader.bind("steal", &steal, "... what a CPU takes from another domain's queue");
  reader.bind("own", &own, "... what it takes from that of its own domain");
  reader.bind("balance", &balance, "... what the balancer moves");
  reader.bind("deny_permille", &deny_permille, 0, 1000, "deny: this share of moves");
  reader.bind("warm", &warm, Nanos(0), 10_s, "warm_stay: a short time");
  reader.bind("nest", &nest, Nanos(0), 10_s, "nest: a short time");
  reader.bind("max_waiting", &max_waiting, 0, 1 << 16, "tasks that may be made to wait for one CPU");
  reader.bind("wait_limit", &wait_limit, 100_us, 10_s,
              "how long one of several in a queue is made to wait, "
              "while a CPU idles");
  reader.bind("wait_alone", &wait_alone, 100_us, 10_s, "... one that waits alone");
  reader.bind("wait_max", &wait_max, 100_us, 10_s, "... anyone, when all CPUs are busy");
  reader.bind("residency", &residency, Nanos(0), 10_s, "time between two moves of a task");
  reader.bind("move_period", &move_period, Nanos(0), 10_s, "... on average");
  reader.bind("move_burst", &move_burst, 1, 1 << 20, "... but so many at once");
  reader.bind_paths("experts", &experts,
                    "model files, instead of one: which of them decides, or none, is learned from what epochs cost");
  reader.bind("epoch", &epoch, 10_ms, 60_s, "experts: how long one decides before the next choice");
  reader.bind("explore_permille", &learning.explore_permille, 0, 1000, "... share of epochs that go to anyone");
  reader.bind("drift_permille", &learning.drift_permille, 0, 100'000,
              "... so much worse than scx_rusty, in cost or in the tail of waits: it decides for a while");
  rusty.bind(reader);
}

rusty_ml_gate Options::gate_kind() const {
  if (gate == "deny") return GATE_DENY;
  if (gate == "warm_stay") return GATE_WARM_STAY;
  if (gate == "nest") return GATE_NEST;
  return gate == "off" ? GATE_OFF : GATE_MODEL;
}

std::optional<mlp::ModelFile> Options::read_model() const {
  if (model == "none") return {};
  return model == "random" ? mlp::random_model(1, mlp::MLP_INT8, mlp::kFeatureRanges) : model_of_features(model);
}

std::vector<mlp::ModelFile> Options::read_experts() const {
  if (experts.size() > Experts::kMost)
    throw Error("rusty_ml", "'experts' has " + std::to_string(experts.size()) + " models",
                "name at most " + std::to_string(Experts::kMost));
  if (!experts.empty() && model != "random") throw Error("rusty_ml", "'experts' and 'model' are given", "keep one");
  std::vector<mlp::ModelFile> models;
  for (const std::string& path : experts) models.push_back(model_of_features(path));
  return models;
}

}  // namespace simsched::rusty_ml
