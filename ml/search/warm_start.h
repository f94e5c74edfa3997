// Where a search may begin: a model that is fitted to what came of both answers at sampled decisions
// (ml/collect/rollout.h).
#pragma once

#include <vector>

#include "ml/collect/rollout.h"
#include "ml/search/search_config.h"

namespace simsched::search {

// Of the policy with a model that leaves everything open, on scenarios of the training families; the same for any
// number of jobs.
std::vector<ml::Rollout> training_rollouts(const SearchConfig& config, const PolicyRegistry& registry, int jobs);

// Least squares with a little damping. Of a net the output's weights alone: its hidden units are those of
// first_point(). The usual outcome, its root mean square, becomes a logit of kUnit / 2.
Point fitted(const std::vector<ml::Rollout>& rows, const Shape& shape, const Point& first);

std::string rollouts_csv(const std::vector<ml::Rollout>& rows);

}  // namespace simsched::search
