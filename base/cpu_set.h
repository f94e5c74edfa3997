// A set of CPUs: the kernel's cpumask. Iteration is in ascending order; operations on two sets
// treat the shorter one as padded with absent CPUs.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"

namespace simsched {

class CpuSet {
 public:
  CpuSet() = default;
  static CpuSet first(size_t count);           // CPUs 0 .. count-1
  static CpuSet single(CpuId cpu);
  // "0-3,8,10-11"; throws Error (empty `where`) when it is not a list.
  static CpuSet parse(const std::string& list);

  void add(CpuId cpu);
  void remove(CpuId cpu);
  void clear() { words_.clear(); }
  bool contains(CpuId cpu) const {
    size_t word = cpu.index() / 64;
    return word < words_.size() && (words_[word] >> (cpu.index() % 64) & 1);
  }
  bool empty() const;
  size_t size() const;
  bool intersects(const CpuSet& other) const;
  bool subset_of(const CpuSet& other) const;
  CpuId first_cpu() const { return next(CpuId(-1)); }  // none when empty
  // The next member after `cpu`; none when there is no more.
  CpuId next(CpuId cpu) const {
    size_t at = static_cast<size_t>(cpu.value() + 1), word = at / 64;
    if (word >= words_.size()) return CpuId();
    uint64_t bits = words_[word] & (~uint64_t{0} << (at % 64));
    while (bits == 0) {
      if (++word == words_.size()) return CpuId();
      bits = words_[word];
    }
    return CpuId(word * 64 + static_cast<size_t>(std::countr_zero(bits)));
  }
  // The next member after `cpu`, wrapping round; visits `cpu` itself last. None when empty.
  CpuId next_wrap(CpuId cpu) const {
    CpuId found = next(cpu);
    return found.valid() ? found : first_cpu();
  }

  // 64 CPUs at a time: CPU 64 * i + b is bit b of word i. Words past the last are 0.
  size_t nr_words() const { return words_.size(); }
  uint64_t word(size_t i) const { return i < words_.size() ? words_[i] : 0; }

  CpuSet operator&(const CpuSet& other) const;
  CpuSet operator|(const CpuSet& other) const;
  CpuSet operator-(const CpuSet& other) const;
  bool operator==(const CpuSet& other) const;

  std::string str() const;  // "0-3,8"

  // 64 CPUs a word, the lowest first; there may be fewer words than the machine has CPUs.
  std::span<const uint64_t> words() const { return words_; }
  void assign(std::span<const uint64_t> words) { words_.assign(words.begin(), words.end()); }

  class Iterator {
   public:
    Iterator(const CpuSet* set, CpuId at) : set_(set), at_(at) {}
    CpuId operator*() const { return at_; }
    Iterator& operator++() { at_ = set_->next(at_); return *this; }
    bool operator!=(const Iterator& other) const { return at_ != other.at_; }

   private:
    const CpuSet* set_;
    CpuId at_;
  };
  Iterator begin() const { return {this, first_cpu()}; }
  Iterator end() const { return {this, CpuId()}; }

 private:
  std::vector<uint64_t> words_;
};

}  // namespace simsched
