// Reading binary formats: every read is checked against the end, and a failure names file and offset.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.h"

namespace simsched {

using ByteSpan = std::span<const std::byte>;

// Unaligned, in the machine's own byte order (little-endian: checked by the formats' magics).
template <class T>
T load(const std::byte* at) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline std::string_view text_of(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// No control characters but white space at its begin.
inline bool is_text(ByteSpan bytes) {
  const std::string_view head = text_of(bytes.first(std::min<size_t>(bytes.size(), 4096)));
  return std::all_of(head.begin(), head.end(), [](char c) {
    return static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\t' || c == '\r';
  });
}

inline std::string at_offset(const std::string& name, size_t offset) {
  return name + ": offset " + std::to_string(offset);
}

// A cursor. `base` is the offset of bytes[0] in the file, for messages.
class ByteReader {
 public:
  ByteReader(ByteSpan bytes, const std::string& name, size_t base = 0) : bytes_(bytes), name_(name), base_(base) {}

  size_t left() const { return bytes_.size() - at_; }
  size_t offset() const { return base_ + at_; }
  const std::string& name() const { return name_; }

  ByteSpan take(size_t size) {
    if (size > left()) fail("ends in the middle of its data", "copy or record it again");
    ByteSpan taken = bytes_.subspan(at_, size);
    at_ += size;
    return taken;
  }
  template <class T>
  T read() {
    return load<T>(take(sizeof(T)).data());
  }
  // Up to the next NUL, which is skipped.
  std::string_view c_string() {
    const char* text = reinterpret_cast<const char*>(bytes_.data() + at_);
    const void* end = left() == 0 ? nullptr : std::memchr(text, 0, left());
    if (end == nullptr) fail("ends in the middle of a name", "copy or record it again");
    std::string_view found(text, static_cast<size_t>(static_cast<const char*>(end) - text));
    at_ += found.size() + 1;
    return found;
  }
  [[noreturn]] void fail(const std::string& what, const std::string& remedy) const {
    throw Error(at_offset(name_, offset()), what, remedy);
  }

 private:
  ByteSpan bytes_;
  const std::string& name_;
  size_t base_;
  size_t at_ = 0;
};

}  // namespace simsched
