// KeyTable: entries found by a key of fixed size, in an order: of insertion, or of last use when touch() is called.
// What hash maps and local storage are made of. Entry numbers stay while the entry lives and are used again later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/int128.h"

namespace simsched::bpf {

class KeyTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Entry {
    uint64_t value = 0;                      // guest address
    uint64_t generation = 0;                 // of the entry's number; 0: not in use
    uint32_t next = kNone;                   // in the bucket, or of what is free
    uint32_t before = kNone, after = kNone;  // in the order
  };

  explicit KeyTable(size_t key_size) : key_size_(key_size), buckets_(16, kNone) {}

  size_t size() const { return size_; }
  uint32_t oldest() const { return first_; }
  uint32_t after(uint32_t i) const { return entries_[i].after; }
  Entry& entry(uint32_t i) { return entries_[i]; }
  const std::byte* key(uint32_t i) const { return keys_.data() + i * key_size_; }
  bool alive(uint32_t i) const { return i < entries_.size() && entries_[i].generation != 0; }

  uint32_t find(const std::byte* wanted) const {
    for (uint32_t i = buckets_[bucket(wanted)]; i != kNone; i = entries_[i].next) {
      if (std::memcmp(key(i), wanted, key_size_) == 0) return i;
    }
    return kNone;
  }

  // The key must not be there yet. It becomes the newest.
  uint32_t insert(const std::byte* new_key, uint64_t value) {
    if (size_ >= buckets_.size()) rehash();
    uint32_t i = free_;
    if (i != kNone) {
      free_ = entries_[i].next;
    } else {
      i = static_cast<uint32_t>(entries_.size());
      entries_.emplace_back();
      keys_.resize(keys_.size() + key_size_);
    }
    std::memcpy(keys_.data() + i * key_size_, new_key, key_size_);
    Entry& e = entries_[i];
    e.value = value;
    e.generation = ++generations_;
    uint32_t& head = buckets_[bucket(new_key)];
    e.next = head;
    head = i;
    append(i);
    ++size_;
    return i;
  }

  void erase(uint32_t i) {
    for (uint32_t* at = &buckets_[bucket(key(i))]; *at != kNone; at = &entries_[*at].next) {
      if (*at == i) {
        *at = entries_[i].next;
        break;
      }
    }
    unlink(i);
    entries_[i].generation = 0;
    entries_[i].next = free_;
    free_ = i;
    --size_;
  }

  void touch(uint32_t i) {
    if (i == last_) return;
    unlink(i);
    append(i);
  }

 private:
  size_t bucket(const std::byte* k) const {
    uint64_t hash = 0x9e3779b97f4a7c15 ^ key_size_;
    for (size_t done = 0; done < key_size_; done += 8) {
      uint64_t word = 0;
      std::memcpy(&word, k + done, key_size_ - done < 8 ? key_size_ - done : 8);
      const Uint128 product = static_cast<Uint128>(hash ^ word) * 0xd6e8feb86659fd93;
      hash = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
    }
    return hash & (buckets_.size() - 1);
  }
  void rehash() {
    buckets_.assign(buckets_.size() * 2, kNone);
    for (uint32_t i = first_; i != kNone; i = entries_[i].after) {
      uint32_t& head = buckets_[bucket(key(i))];
      entries_[i].next = head;
      head = i;
    }
  }
  void append(uint32_t i) {
    entries_[i].before = last_;
    entries_[i].after = kNone;
    (last_ != kNone ? entries_[last_].after : first_) = i;
    last_ = i;
  }
  void unlink(uint32_t i) {
    const Entry& e = entries_[i];
    (e.before != kNone ? entries_[e.before].after : first_) = e.after;
    (e.after != kNone ? entries_[e.after].before : last_) = e.before;
  }

  size_t key_size_;
  std::vector<uint32_t> buckets_;  // a power of two
  std::vector<Entry> entries_;
  std::vector<std::byte> keys_;
  uint32_t free_ = kNone, first_ = kNone, last_ = kNone;
  size_t size_ = 0;
  uint64_t generations_ = 0;
};

}  // namespace simsched::bpf
