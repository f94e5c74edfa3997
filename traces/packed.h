// Numbers and texts in little room: numbers are LEB128, small negative ones stay small, and texts have their length
// before them. What our own files are made of; like beside like compresses.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "base/units.h"
#include "traces/bytes.h"

namespace simsched {

class PackedWriter {
 public:
  void number(int64_t value) {
    uint64_t bits = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
    for (; bits >= 0x80; bits >>= 7) bytes_ += static_cast<char>(bits | 0x80);
    bytes_ += static_cast<char>(bits);
  }
  template <class T>
  void field(const T& value) {
    number(static_cast<int64_t>(value));
  }
  void field(Nanos value) { number(value.count()); }
  void field(const std::string& text) {
    number(static_cast<int64_t>(text.size()));
    bytes_ += text;
  }
  std::string bytes_;
};

class PackedReader {
 public:
  // `what` and `remedy` are said of damaged data.
  PackedReader(ByteSpan bytes, const std::string& name, const char* what, const char* remedy)
      : at_(reinterpret_cast<const unsigned char*>(bytes.data())),
        end_(at_ + bytes.size()),
        name_(name),
        what_(what),
        remedy_(remedy) {}

  int64_t number() {
    uint64_t bits = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) fail();
      uint64_t byte = *at_++;
      bits |= (byte & 0x7f) << shift;
      if (byte < 0x80) return static_cast<int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
    }
    fail();
  }
  int64_t number(int64_t low, int64_t high) {
    int64_t value = number();
    if (value < low || value > high) fail();
    return value;
  }
  template <class T>
  void field(T& value) {
    constexpr bool wide = sizeof(T) == 8;
    value = static_cast<T>(wide ? number() : number(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  }
  void field(Nanos& value) { value = Nanos(number()); }
  void field(std::string& text) {
    size_t size = count();
    text.assign(reinterpret_cast<const char*>(at_), size);
    at_ += size;
  }
  // Of things that take at least a byte each.
  size_t count() {
    int64_t value = number();
    if (value < 0 || value > end_ - at_) fail();
    return static_cast<size_t>(value);
  }
  bool done() const { return at_ == end_; }
  [[noreturn]] void fail() const { throw Error(name_, what_, remedy_); }

 private:
  const unsigned char *at_, *end_;
  const std::string& name_;
  const char *what_, *remedy_;
};

}  // namespace simsched
