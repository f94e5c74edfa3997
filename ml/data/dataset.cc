#include "ml/data/dataset.h"

#include <algorithm>

#include "base/error.h"
#include "base/rng.h"

namespace simsched::ml {

const char* feature_name(size_t feature) {
  static constexpr const char* kNames[] = {"weight",    "lag",       "run",      "sleep",    "cold",
                                           "src_queue", "dst_queue", "src_idle", "dst_idle", "relation",
                                           "distance",  "capacity",  "home",     "cost",     "site"};
  static_assert(std::size(kNames) == FEATURES);
  return kNames[feature];
}

void Dataset::reserve(size_t rows) {
  origin.reserve(rows);
  moves.reserve(rows);
  for (auto& column : inputs) column.reserve(rows);
}

void Dataset::add(const mlp::Features& features, bool moved, size_t from) {
  origin.push_back(static_cast<uint16_t>(from));
  moves.push_back(moved);
  for (size_t f = 0; f < FEATURES; ++f) inputs[f].push_back(features[f]);
}

mlp::Features Dataset::row(size_t i) const {
  mlp::Features features;
  for (size_t f = 0; f < FEATURES; ++f) features[f] = inputs[f][i];
  return features;
}

std::array<size_t, 2> Dataset::count() const {
  const auto move = static_cast<size_t>(std::ranges::count(moves, 1));
  return {rows() - move, move};
}

void append(Dataset& to, const Dataset& more, const std::string& where) {
  if (more.rows() == 0) return;
  if (to.rows() > 0 && to.outcome.empty() != more.outcome.empty())
    throw Error(where, "some decisions have outcomes and others none", "take those that have, or those that have none");
  if (to.rows() + more.rows() > kMaxRows || to.origins.size() + more.origins.size() > kMaxOrigins)
    throw Error(where, "more decisions than a dataset holds: " + std::to_string(to.rows() + more.rows()),
                "take fewer runs; at most " + std::to_string(kMaxRows) + " rows of " + std::to_string(kMaxOrigins) +
                    " origins");
  const size_t first = to.origins.size();
  to.origins.insert(to.origins.end(), more.origins.begin(), more.origins.end());
  for (uint16_t origin : more.origin) to.origin.push_back(static_cast<uint16_t>(first + origin));
  to.moves.insert(to.moves.end(), more.moves.begin(), more.moves.end());
  for (size_t f = 0; f < FEATURES; ++f)
    to.inputs[f].insert(to.inputs[f].end(), more.inputs[f].begin(), more.inputs[f].end());
  to.outcome.insert(to.outcome.end(), more.outcome.begin(), more.outcome.end());
}

Dataset sample(const Dataset& from, size_t stay, size_t move, uint64_t seed, const std::string& where) {
  const std::array<size_t, 2> there = from.count();
  std::array<size_t, 2> wanted = {stay, move}, left = there;
  for (size_t label : {0, 1}) {
    if (wanted[label] > there[label])
      throw Error(where,
                  std::to_string(wanted[label]) + " decisions to " + (label ? "move" : "stay") +
                      " are wanted, but there are " + std::to_string(there[label]),
                  "collect from more runs, or want fewer");
  }
  Dataset chosen;
  chosen.origins = from.origins;
  chosen.reserve(stay + move);
  Rng rng(seed);
  // Each of those left is as likely as any other.
  for (size_t i = 0; i < from.rows(); ++i) {
    const size_t label = from.moves[i];
    if (rng.below(left[label]--) >= wanted[label]) continue;
    --wanted[label];
    chosen.add(from.row(i), label != 0, from.origin[i]);
    if (!from.outcome.empty()) chosen.outcome.push_back(from.outcome[i]);
  }
  return chosen;
}

}  // namespace simsched::ml
