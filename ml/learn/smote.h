// SMOTE for nominal and continuous inputs (Chawla et al., Journal of Artificial Intelligence Research 16, 2002): the
// rarer class is filled up with decisions between one of its own and one of its nearest neighbours, in units of each
// input's standard deviation. Inputs that name something (home, site) are what most of the neighbours have, and count
// as one deviation where they differ. The others are rounded to integers, as all inputs are.
//
// For training data only, after they were parted from what is tested on.
#pragma once

#include <cstdint>

#include "ml/data/dataset.h"

namespace simsched::ml {

constexpr size_t kNeighbours = 5;

// The dataset with as many decisions of one class as of the other; those added come last. A class of one decision has
// no neighbours, and is repeated.
Dataset smote(Dataset data, uint64_t seed);

}  // namespace simsched::ml
