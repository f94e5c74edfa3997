// Which decisions are held out to test on, in turn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ml/data/dataset.h"

namespace simsched::ml {

// kPlain: decisions at random, of both classes alike. kGrouped: all decisions of a recording, machine and seed lie in
// the same fold, whatever the policy: what is tested on comes from runs that training never saw. What plain folds show
// better than grouped ones is what leaks from row to row of a run.
enum class FoldsBy { kPlain, kGrouped };

// By decision, its fold. Throws Error (where: `where`) for fewer groups, or decisions of a class, than folds.
std::vector<uint8_t> make_folds(const Dataset& data, FoldsBy by, int folds, uint64_t seed, const std::string& where);

struct Fold {
  Dataset training, test;
};
Fold make_fold(const Dataset& data, const std::vector<uint8_t>& folds, int fold);

}  // namespace simsched::ml
