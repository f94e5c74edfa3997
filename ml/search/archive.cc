#include "ml/search/archive.h"

#include <algorithm>
#include <array>

namespace simsched::search {
namespace {

bool dominates(const Worth& a, const Worth& b) {
  const std::array x = {a.makespan, a.migrations, a.wake, a.total}, y = {b.makespan, b.migrations, b.wake, b.total};
  for (size_t i = 0; i < x.size(); ++i)
    if (x[i] > y[i]) return false;
  return true;
}

constexpr auto kTotal = [](const Archived& a) { return a.worth.total; };

}  // namespace

void Archive::add(Archived candidate) {
  for (const Archived& other : members_)
    if (dominates(other.worth, candidate.worth)) return;
  std::erase_if(members_, [&](const Archived& other) { return dominates(candidate.worth, other.worth); });
  members_.push_back(std::move(candidate));
  if (members_.size() > kMost) members_.erase(std::ranges::max_element(members_, {}, kTotal));
}

const Archived* Archive::best() const {
  return members_.empty() ? nullptr : &*std::ranges::min_element(members_, {}, kTotal);
}

}  // namespace simsched::search
