// Least squares: the linear function of the inputs nearest to +1 where a decision moves and to -1 where it stays.
#pragma once

#include "ml/learn/net.h"

namespace simsched::ml {

// As a net without hidden layers. `ridge` keeps it finite where inputs say the same.
Net fit_least_squares(const Examples& examples, double ridge = 1e-6);

}  // namespace simsched::ml
