#include "ml/search/held_out.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "ml/search/exact_math.h"

namespace simsched::search {
namespace {

constexpr uint64_t kTest = 3;  // stream of scenarios; see search.cc
constexpr size_t kResamples = 4000;

double log_ratio(double a, double b, double unit) { return exact_log((a + unit) / (b + unit)); }

double makespan_log(const Figures& a, const Figures& b) {
  if (a.failed != b.failed) return a.failed ? kFailed : -kFailed;
  return log_ratio(static_cast<double>(a.makespan), static_cast<double>(b.makespan), 1);
}

Duel duel(const HeldOut& all, size_t opponent) {
  Duel duel;
  duel.opponent = all.policies[opponent];
  std::vector<double> makespan, migrations, wake;
  std::map<std::string, std::vector<double>> families;
  for (size_t k = 0; k < all.table.size(); ++k) {
    const Figures &a = all.table[k].back(), &b = all.table[k][opponent];
    makespan.push_back(makespan_log(a, b));
    migrations.push_back(log_ratio(static_cast<double>(a.migrations), static_cast<double>(b.migrations), 1));
    wake.push_back(log_ratio(static_cast<double>(a.wake_p99), static_cast<double>(b.wake_p99), 1e3));
    families[all.scenarios[k].family].push_back(makespan.back());
    if (makespan.back() < 0) ++duel.wins;
  }
  duel.makespan = bootstrap(makespan, 1);
  duel.migrations = bootstrap(migrations, 2);
  duel.wake = bootstrap(wake, 3);
  duel.worst = exp(*std::ranges::max_element(makespan));
  for (const auto& [name, logs] : families) duel.families.emplace_back(name, bootstrap(logs, 4).mean);
  return duel;
}

nlohmann::ordered_json to_json(const Ratio& ratio) { return {ratio.mean, ratio.low, ratio.high}; }

}  // namespace

Ratio bootstrap(const std::vector<double>& logs, uint64_t seed) {
  SIMSCHED_CHECK(!logs.empty(), "a mean of nothing");
  Rng rng(seed);
  const auto count = static_cast<double>(logs.size());
  double sum = 0;
  for (double v : logs) sum += v;
  std::vector<double> means(kResamples, 0.0);
  for (double& mean : means)
    for (size_t i = 0; i < logs.size(); ++i) mean += logs[rng.below(logs.size())] / count;
  std::ranges::sort(means);
  return {exp(sum / count), exp(means[kResamples / 40]), exp(means[kResamples - 1 - kResamples / 40])};
}

bool HeldOut::accepted() const {
  return std::ranges::all_of(duels, [](const Duel& duel) { return duel.makespan.high < 1; });
}

HeldOut held_out(const SearchConfig& config, const PolicyConfig& found, const PolicyRegistry& registry, int jobs,
                 const std::function<bool()>& stop, const Progress& progress) {
  HeldOut all;
  std::vector<PolicyConfig> policies = config.baselines;
  policies.insert(policies.end(), config.controls.begin(), config.controls.end());
  policies.push_back(found);
  for (const PolicyConfig& policy : policies) all.policies.push_back(policy.label);
  const Rng rng = Rng(config.method.seed).split(kTest);
  all.scenarios = draw_scenarios(config.test, config.file, config.test_scenarios, 0, rng, registry);
  all.table = simulate(all.scenarios, policies, jobs, stop, progress);
  if (all.table.empty()) return {};
  for (size_t i = 0; i + 1 < policies.size(); ++i) all.duels.push_back(duel(all, i));
  return all;
}

std::string held_out_json(const HeldOut& all) {
  nlohmann::ordered_json json = {{"schema", "simsched-held-out/1"}, {"accepted", all.accepted()}};
  for (const Duel& duel : all.duels) {
    nlohmann::ordered_json& entry = json["model_against"][duel.opponent];
    entry = {{"makespan", to_json(duel.makespan)},
             {"migrations", to_json(duel.migrations)},
             {"wake_latency_p99", to_json(duel.wake)},
             {"worst", duel.worst},
             {"wins", duel.wins}};
    for (const auto& [name, mean] : duel.families) entry["families"][name] = mean;
  }
  for (size_t k = 0; k < all.table.size(); ++k) {
    nlohmann::ordered_json runs;
    for (size_t i = 0; i < all.policies.size(); ++i) {
      const Figures& f = all.table[k][i];
      runs[all.policies[i]] = {{"makespan_ns", f.makespan},
                               {"migrations", f.migrations},
                               {"wake_latency_ns_p99", f.wake_p99},
                               {"runnable_wait_ns_max", f.longest_wait},
                               {"energy_uj", f.energy},
                               {"failed", f.failed}};
    }
    json["scenarios"].push_back(
        {{"family", all.scenarios[k].family}, {"seed", all.scenarios[k].seed}, {"runs", std::move(runs)}});
  }
  return json.dump(1) + "\n";
}

}  // namespace simsched::search
