#include "base/cpu_set.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace simsched {
namespace {

constexpr int32_t kMaxCpu = 1 << 16;

int32_t parse_number(const char*& at, const char* end, const std::string& list) {
  int32_t value = 0;
  auto [rest, failed] = std::from_chars(at, end, value);
  if (failed != std::errc() || value < 0 || value >= kMaxCpu)
    throw Error("", "'" + list + "' is not a list of CPUs", "write it like 0-3,8");
  at = rest;
  return value;
}

}  // namespace

CpuSet CpuSet::first(size_t count) {
  CpuSet set;
  set.words_.assign((count + 63) / 64, ~uint64_t{0});
  if (count % 64 != 0) set.words_.back() = (uint64_t{1} << (count % 64)) - 1;
  return set;
}

CpuSet CpuSet::single(CpuId cpu) {
  CpuSet set;
  set.add(cpu);
  return set;
}

CpuSet CpuSet::parse(const std::string& list) {
  CpuSet set;
  const char *at = list.data(), *end = at + list.size();
  while (at != end) {
    int32_t low = parse_number(at, end, list), high = low;
    if (at != end && *at == '-') high = parse_number(++at, end, list);
    if (high < low || (at != end && *at != ',') || (at != end && at + 1 == end))
      throw Error("", "'" + list + "' is not a list of CPUs", "write it like 0-3,8");
    for (int32_t cpu = low; cpu <= high; ++cpu) set.add(CpuId(cpu));
    if (at != end) ++at;
  }
  return set;
}

void CpuSet::add(CpuId cpu) {
  size_t word = cpu.index() / 64;
  if (word >= words_.size()) words_.resize(word + 1);
  words_[word] |= uint64_t{1} << (cpu.index() % 64);
}

void CpuSet::remove(CpuId cpu) {
  size_t word = cpu.index() / 64;
  if (word < words_.size()) words_[word] &= ~(uint64_t{1} << (cpu.index() % 64));
}

bool CpuSet::empty() const {
  return std::all_of(words_.begin(), words_.end(), [](uint64_t w) { return w == 0; });
}

size_t CpuSet::size() const {
  size_t count = 0;
  for (uint64_t word : words_) count += static_cast<size_t>(std::popcount(word));
  return count;
}

bool CpuSet::intersects(const CpuSet& other) const {
  for (size_t i = 0; i < std::min(words_.size(), other.words_.size()); ++i)
    if (words_[i] & other.words_[i]) return true;
  return false;
}

bool CpuSet::subset_of(const CpuSet& other) const { return (*this - other).empty(); }

CpuSet CpuSet::operator&(const CpuSet& other) const {
  CpuSet result;
  result.words_.resize(std::min(words_.size(), other.words_.size()));
  for (size_t i = 0; i < result.words_.size(); ++i) result.words_[i] = words_[i] & other.words_[i];
  return result;
}

CpuSet CpuSet::operator|(const CpuSet& other) const {
  CpuSet result = words_.size() >= other.words_.size() ? *this : other;
  const CpuSet& shorter = words_.size() >= other.words_.size() ? other : *this;
  for (size_t i = 0; i < shorter.words_.size(); ++i) result.words_[i] |= shorter.words_[i];
  return result;
}

CpuSet CpuSet::operator-(const CpuSet& other) const {
  CpuSet result = *this;
  for (size_t i = 0; i < std::min(words_.size(), other.words_.size()); ++i) result.words_[i] &= ~other.words_[i];
  return result;
}

bool CpuSet::operator==(const CpuSet& other) const { return (*this - other).empty() && (other - *this).empty(); }

std::string CpuSet::str() const {
  std::string text;
  for (CpuId cpu = first_cpu(); cpu.valid();) {
    CpuId last = cpu;
    while (contains(CpuId(last.value() + 1))) last = CpuId(last.value() + 1);
    if (!text.empty()) text += ',';
    text += std::to_string(cpu.value());
    if (last != cpu) text += '-' + std::to_string(last.value());
    cpu = next(last);
  }
  return text;
}

}  // namespace simsched
