#include "scx_port/proof/proof.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "bpf/object.h"
#include "scx_port/export/parity.h"

namespace simsched {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kEnoughDecisions = 100'000;

std::string version_of(const std::string& kernel) {
  return std::filesystem::path(kernel).parent_path().filename().string();
}

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    Json json = Json::parse(line, nullptr, false);
    if (json.is_object()) lines.push_back(std::move(json));
  }
  return lines;
}

int64_t value_of(const Json& counters, const char* name) { return counters.value(name, int64_t{0}); }

// Sums that policies promise; empty: they hold, or there are none.
std::string wrong_sum(const Json& counters) {
  auto sum = [&](std::initializer_list<const char*> names) {
    int64_t all = 0;
    for (const char* name : names) all += value_of(counters, name);
    return all;
  };
  if (counters.contains("greedy_xnuma") &&  // scx_rusty: facts of where each task was placed
      sum({"wake_sync", "sync_prev_idle", "prev_idle", "greedy_idle", "pinned", "direct", "direct_greedy",
           "direct_greedy_far", "dsq", "greedy_local", "greedy_xnuma"}) != value_of(counters, "total"))
    return "the places do not sum to the total";
  if (counters.contains("decided") && sum({"stay", "move", "fallback"}) != value_of(counters, "decided"))  // scx_gate
    return "decided is not stay + move + fallback";
  return {};
}

// Counters never fall while the scheduler is not loaded anew, and what must add up does.
BootCheck check_statistics(const std::string& text) {
  BootCheck check{"statistics", true, ""};
  auto fail = [&](const std::string& what) {
    check.ok = false;
    check.seen = what;
  };
  const std::vector<Json> lines = json_lines(text);
  if (lines.empty()) {
    fail("the loader printed none");
    return check;
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    const Json& counters = lines[i].at("counters");
    for (const auto& [name, value] : counters.items()) {
      if (value.get<int64_t>() < 0) fail(name + " is " + value.dump());
      if (i > 0 && lines[i - 1].at("restarts") == lines[i].at("restarts") &&
          value.get<int64_t>() < value_of(lines[i - 1].at("counters"), name.c_str()))
        fail(name + " fell to " + value.dump());
    }
  }
  // What must add up does so when a scheduler has ended; before that its counters are read one after another.
  auto ended = [&](size_t i) {
    return i + 1 == lines.size() || lines[i].at("restarts") != lines[i + 1].at("restarts");
  };
  for (size_t i = 0; i < lines.size(); ++i) {
    if (!ended(i)) continue;
    const Json& counters = lines[i].at("counters");
    if (std::string wrong = wrong_sum(counters); !wrong.empty()) fail(wrong + ": " + counters.dump());
    if (check.seen.empty())
      check.seen = std::to_string(lines.size()) + " lines, before the first end " + counters.dump();
  }
  return check;
}

BootCheck check_log(const ExportedFolder& folder, const std::string& log, const std::string& statistics) {
  const ParityResult parity = check_parity(folder, std::as_bytes(std::span(log)), "decisions");
  const std::vector<Json> lines = json_lines(statistics);
  const int64_t lost = lines.empty() ? -1 : value_of(lines.back(), "decisions_lost");
  const int64_t logged = lines.empty() ? -1 : value_of(lines.back(), "decisions_logged");
  BootCheck check{"parity", parity.different == 0 && parity.decisions >= kEnoughDecisions, ""};
  check.seen = std::to_string(parity.decisions) + " decisions of " + std::to_string(parity.by_kind.size()) +
               " kinds, " + std::to_string(parity.different) + " different, " + std::to_string(lost) + " lost";
  if (logged != static_cast<int64_t>(parity.decisions)) {
    check.ok = false;
    check.seen += "; the loader says " + std::to_string(logged) + " were logged";
  }
  if (parity.different != 0) check.seen += "; first: " + parity.first_difference;
  return check;
}

// Two boots of the same files by a clock that counts instructions.
BootCheck check_repetition(const std::string& first, const BootResult& second) {
  BootCheck check{"repeats", false, second.problem};
  const auto found = second.files.find("repeat");
  if (!second.problem.empty() || found == second.files.end()) return check;
  const std::string& again = found->second;
  check.ok = !first.empty() && first == again;
  check.seen = std::to_string(first.size()) + " and " + std::to_string(again.size()) + " bytes of decisions, ";
  const auto differs = std::ranges::mismatch(first, again).in1 - first.begin();
  check.seen += check.ok ? "the same" : "different from byte " + std::to_string(differs) + " on";
  return check;
}

bool has_decisions(const ExportedFolder& folder) {
  return bpf::read_bpf_object(folder.object, folder.path + "/" + kObjectFile).map("decisions") != nullptr;
}

// Policies that are known to share CPU time by weight, as they are exported.
bool weighs_tasks(const Manifest& manifest) {
  const std::vector<std::string> known = {"simple_ops", "packet_ops"};
  if (std::find(known.begin(), known.end(), manifest.ops) == known.end()) return false;
  auto is_set = [](std::byte byte) { return byte != std::byte{0}; };
  for (const Manifest::Variable& variable : manifest.variables)
    if ((variable.name == "fifo" || variable.name == "mode") && std::ranges::any_of(variable.bytes, is_set))
      return false;
  return true;
}

}  // namespace

std::vector<ProofStep> plan_proof(const ExportedFolder& folder, const std::vector<std::string>& kernels, bool quick) {
  std::vector<ProofStep> steps;
  BootOptions boot;
  boot.exported = folder.path;
  const std::string model = folder.manifest.model ? ",model" : "";
  const std::string log = has_decisions(folder) ? ",log" : ",end";
  for (const std::string& kernel : kernels) {
    boot.kernel = kernel;
    boot.checks = "basic,trace" + log + model + (quick ? "" : ",bad");
    steps.push_back({version_of(kernel) + ", 8 CPUs on 2 nodes", boot, false});
  }
  if (quick) return steps;
  boot.kernel = kernels.front();
  boot.checks = "basic";
  boot.shape = BootShape::kSmt;
  steps.push_back({version_of(boot.kernel) + ", 8 threads of 4 cores on 2 nodes", boot, false});
  boot.shape = BootShape::kCores;
  boot.icount = true;
  const bool twice = has_decisions(folder), weighs = weighs_tasks(folder.manifest);
  boot.checks = std::string(twice ? "repeat" : "") + (weighs ? ",weights" : "");
  if (twice || weighs)
    steps.push_back(
        {version_of(boot.kernel) + (twice ? ", two boots" : "") + " by a clock that counts instructions", boot, twice});
  return steps;
}

ProofStep plan_costs(const ExportedFolder& folder, const std::string& kernel) {
  BootOptions boot;
  boot.exported = folder.path;
  boot.kernel = kernel;
  boot.checks = "costs";
  boot.shape = BootShape::kOneCpu;
  boot.icount = true;
  return {version_of(kernel) + ", one CPU by a clock that counts instructions", boot, false};
}

ProofResult run_step(const ProofStep& step, const ExportedFolder& folder) {
  const std::string files = boot_files(step.boot);
  ProofResult result{boot(step.boot, files), {}, {}, {}};
  auto last_line = [](const std::string& text) {
    const std::vector<Json> lines = json_lines(text);
    return lines.empty() ? std::string() : lines.back().dump();
  };
  // What the guest left, taken out: some of it is large.
  auto take = [&](const char* file) {
    auto found = result.files.extract(file);
    return found.empty() ? std::nullopt : std::optional(std::move(found.mapped()));
  };
  if (const auto statistics = take("statistics.json")) {
    result.checks.push_back(check_statistics(*statistics));
    result.statistics = last_line(*statistics);
  }
  if (const auto log = take("decisions"))
    result.checks.push_back(check_log(folder, *log, take("decisions.json").value_or("")));
  result.costs = last_line(take("costs.json").value_or(""));
  result.trace = take("trace.txt").value_or("");
  if (step.twice && result.ok())
    result.checks.push_back(check_repetition(result.files["repeat"], boot(step.boot, files)));
  return result;
}

}  // namespace simsched
