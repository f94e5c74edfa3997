#include "sim/accounting.h"

namespace simsched {

Nanos TaskTime::total() const {
  Nanos sum;
  for (Nanos part : by_) sum += part;
  return sum;
}

TaskTime& TaskTime::operator+=(const TaskTime& other) {
  for (size_t i = 0; i < kNrCauses; ++i) by_[i] += other.by_[i];
  return *this;
}

NamedNanos TaskTime::named() const {
  NamedNanos list;
  for (size_t i = 0; i < kNrCauses; ++i) list.emplace_back(kCauses[i].name, by_[i].count());
  list.emplace_back("lifetime_ns", total().count());
  return list;
}

}  // namespace simsched
