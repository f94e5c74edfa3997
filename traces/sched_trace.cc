#include "traces/sched_trace.h"

#include <functional>

namespace simsched {

uint32_t SchedTrace::intern(const std::string& text) {
  // Open addressing over hashes; at most half full. Slot value 0 is "free", so it holds index + 1.
  auto place = [this](size_t hash) {
    size_t at = hash & (index_.size() - 1);
    return at;
  };
  auto insert = [&](size_t hash, uint32_t slot) {
    size_t at = place(hash);
    while (index_[at].second != 0) at = (at + 1) & (index_.size() - 1);
    index_[at] = {hash, slot};
  };
  if (2 * (names.size() + 1) > index_.size()) {
    size_t size = 64;
    while (size < 4 * (names.size() + 1)) size *= 2;
    index_.assign(size, {0, 0});
    for (size_t i = 0; i < names.size(); ++i) insert(std::hash<std::string>()(names[i]), static_cast<uint32_t>(i + 1));
  }
  size_t hash = std::hash<std::string>()(text);
  for (size_t at = place(hash); index_[at].second != 0; at = (at + 1) & (index_.size() - 1))
    if (index_[at].first == hash && names[index_[at].second - 1] == text) return index_[at].second - 1;
  names.push_back(text);
  insert(hash, static_cast<uint32_t>(names.size()));
  return static_cast<uint32_t>(names.size() - 1);
}

}  // namespace simsched
