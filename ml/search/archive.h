// Validated candidates of which none is better than another in everything: makespan, migrations, latency, and all of it
// together.
#pragma once

#include <vector>

#include "ml/search/optimizer.h"
#include "ml/search/worth.h"

namespace simsched::search {

struct Archived {
  uint64_t generation = 0;
  bool mean = false;  // of its generation; else the best of it
  Point point;
  Worth worth;  // on the validation scenarios
};

class Archive {
 public:
  static constexpr size_t kMost = 64;

  // Leaves out what is now worse in everything, and beyond kMost what is worth least.
  void add(Archived candidate);
  const std::vector<Archived>& members() const { return members_; }  // oldest first
  const Archived* best() const;                                      // of the lowest total; null: there is none

 private:
  std::vector<Archived> members_;
};

}  // namespace simsched::search
