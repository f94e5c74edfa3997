// A pointer of 32 bits: how far what it points to lies from where the pointer itself stands. Both lie in one block of
// memory, so that a copy of the block is whole: the pointers in it point into the copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace simsched::fair {

template <class T>
class Near {
 public:
  static constexpr int64_t kUnit = 4;                    // bytes; the alignment of all pointers and what they point to
  static constexpr size_t kReach = size_t{kUnit} << 31;  // the size of the block is less

  Near() = default;
  Near(const Near&) = delete;  // a copy on the stack would not reach
  Near& operator=(const Near& other) { return *this = other.get(); }
  Near& operator=(T* to) {
    distance_ = to ? static_cast<int32_t>((reinterpret_cast<intptr_t>(to) - here()) / kUnit) : 0;
    return *this;
  }

  T* get() const { return distance_ == 0 ? nullptr : there(); }
  operator T*() const { return get(); }
  explicit operator bool() const { return distance_ != 0; }
  T* operator->() const { return there(); }
  T& operator*() const { return *there(); }
  template <class Other>
    requires std::is_same_v<std::remove_const_t<Other>, T>
  bool operator==(Other* to) const {
    return to ? there() == to : distance_ == 0;
  }

 private:
  intptr_t here() const { return reinterpret_cast<intptr_t>(this); }
  T* there() const { return reinterpret_cast<T*>(here() + distance_ * kUnit); }

  int32_t distance_ = 0;  // 0: null. Nothing begins with a pointer to itself
};

}  // namespace simsched::fair
