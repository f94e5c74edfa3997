// Integers of any width in memory that BPF shares.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace simsched::live {

inline uint64_t get_integer(std::span<const std::byte> memory) {
  uint64_t value = 0;
  std::memcpy(&value, memory.data(), std::min(memory.size(), sizeof(value)));
  return value;
}

inline void set_integer(std::span<std::byte> memory, uint64_t value) {
  std::memcpy(memory.data(), &value, std::min(memory.size(), sizeof(value)));
}

// Up to the first NUL.
inline std::string get_text(std::span<const std::byte> memory) {
  const auto end = std::find(memory.begin(), memory.end(), std::byte{0});
  return {reinterpret_cast<const char*>(memory.data()), static_cast<size_t>(end - memory.begin())};
}

}  // namespace simsched::live
