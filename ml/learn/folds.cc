#include "ml/learn/folds.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "base/error.h"
#include "base/rng.h"

namespace simsched::ml {
namespace {

std::vector<uint8_t> plain(const Dataset& data, size_t folds, uint64_t seed, const std::string& where) {
  Rng rng(seed);
  std::vector<uint8_t> fold_of(data.rows());
  for (size_t label = 0; label < 2; ++label) {
    std::vector<uint32_t> rows;
    for (size_t i = 0; i < data.rows(); ++i)
      if (data.moves[i] == label) rows.push_back(static_cast<uint32_t>(i));
    if (rows.size() < folds)
      throw Error(where,
                  std::to_string(rows.size()) + " decisions to " + (label ? "move" : "stay") + " are fewer than " +
                      std::to_string(folds) + " folds",
                  "collect more, or take fewer folds");
    for (size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[rng.below(i)]);
    for (size_t i = 0; i < rows.size(); ++i) fold_of[rows[i]] = static_cast<uint8_t>(i % folds);
  }
  return fold_of;
}

// The largest group first, each to the fold that has least.
std::vector<uint8_t> grouped(const Dataset& data, size_t folds, const std::string& where) {
  std::map<std::tuple<std::string, std::string, uint64_t>, size_t> groups;
  std::vector<size_t> group_of;
  for (const Origin& o : data.origins)
    group_of.push_back(groups.try_emplace({o.recording, o.machine, o.seed}, groups.size()).first->second);
  std::vector<size_t> sizes(groups.size()), order(groups.size()), filled(folds);
  for (uint16_t origin : data.origin) ++sizes[group_of[origin]];
  const auto there = static_cast<size_t>(std::ranges::count_if(sizes, [](size_t size) { return size > 0; }));
  if (there < folds)
    throw Error(where,
                "the decisions are of " + std::to_string(there) +
                    " recordings, machines and seeds, which are fewer than " + std::to_string(folds) + " folds",
                "collect from more, or take fewer folds, or 'folds_by: [plain]'");
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return sizes[a] > sizes[b]; });
  std::vector<uint8_t> fold_of_group(groups.size());
  for (size_t group : order) {
    const auto least = std::ranges::min_element(filled);
    fold_of_group[group] = static_cast<uint8_t>(least - filled.begin());
    *least += sizes[group];
  }
  std::vector<uint8_t> fold_of;
  for (uint16_t origin : data.origin) fold_of.push_back(fold_of_group[group_of[origin]]);
  return fold_of;
}

}  // namespace

std::vector<uint8_t> make_folds(const Dataset& data, FoldsBy by, int folds, uint64_t seed, const std::string& where) {
  const auto count = static_cast<size_t>(folds);
  return by == FoldsBy::kPlain ? plain(data, count, seed, where) : grouped(data, count, where);
}

Fold make_fold(const Dataset& data, const std::vector<uint8_t>& folds, int number) {
  Fold fold;
  fold.training.origins = fold.test.origins = data.origins;
  for (size_t i = 0; i < data.rows(); ++i) {
    Dataset& part = folds[i] == number ? fold.test : fold.training;
    part.add(data.row(i), data.moves[i] != 0, data.origin[i]);
    if (!data.outcome.empty()) part.outcome.push_back(data.outcome[i]);
  }
  return fold;
}

}  // namespace simsched::ml
