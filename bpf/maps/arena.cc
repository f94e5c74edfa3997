#include "bpf/maps/arena.h"

#include <algorithm>

#include "base/error.h"

namespace simsched::bpf {
namespace {

constexpr uint64_t kMostPages = (uint64_t{1} << 32) / kArenaPage;  // SZ_4G

}  // namespace

ArenaMap::ArenaMap(Vm& vm, uint32_t index) : Map(vm, index) {
  if (spec_.max_entries == 0 || spec_.max_entries > kMostPages) {
    throw Error(vm.object().name, "arena " + spec_.name + " has no pages, or more than 4 GiB of them",
                "set max_entries to their number");
  }
  pages_.assign(spec_.max_entries, Page::kFree);
  for (const BpfSection& section : vm.object().sections) {
    if (section.address < kArenaAddress) continue;
    const uint64_t first = (section.address - kArenaAddress) / kArenaPage;
    const uint64_t count = (section.data.size() + kArenaPage - 1) / kArenaPage;
    if (count > pages_.size() || first > pages_.size() - count) {
      throw Error(vm.object().name, "the variables of arena " + spec_.name + " need more pages than it has",
                  "raise its max_entries");
    }
    std::fill_n(pages_.begin() + static_cast<ptrdiff_t>(first), count, Page::kTaken);
  }
}

void ArenaMap::assign(const Map& other) {
  const auto& arena = static_cast<const ArenaMap&>(other);
  pages_ = arena.pages_;
  first_free_ = arena.first_free_;
}

bool ArenaMap::place(uint64_t first, uint64_t count) {
  if (!vm_.memory().place(kArenaAddress + first * kArenaPage, count * kArenaPage, kPerm)) return false;
  std::fill_n(pages_.begin() + static_cast<ptrdiff_t>(first), count, Page::kTaken);
  return true;
}

uint64_t ArenaMap::take(uint64_t address, uint64_t count) {
  if (count == 0 || count > pages_.size() || address % kArenaPage != 0) return 0;
  const auto is_free = [](Page page) { return page == Page::kFree; };
  const auto begin = pages_.begin();
  if (address != 0) {
    const uint64_t first = (address - kArenaAddress) / kArenaPage;
    if (address < kArenaAddress || first > pages_.size() - count) return 0;
    const auto from = begin + static_cast<ptrdiff_t>(first);
    // Reserved pages are there for those who name them.
    if (std::any_of(from, from + static_cast<ptrdiff_t>(count), [](Page page) { return page == Page::kTaken; }))
      return 0;
    return place(first, count) ? address : 0;
  }
  while (first_free_ < pages_.size() && !is_free(pages_[first_free_])) ++first_free_;
  for (uint64_t first = first_free_; first + count <= pages_.size();) {
    const auto from = begin + static_cast<ptrdiff_t>(first), end = from + static_cast<ptrdiff_t>(count);
    const auto used = std::find_if_not(from, end, is_free);
    if (used == end) return place(first, count) ? kArenaAddress + first * kArenaPage : 0;
    if (!vm_.charge(static_cast<uint64_t>(used - from) / 64 + 1)) return 0;
    first = static_cast<uint64_t>(used - begin) + 1;
  }
  return 0;
}

void ArenaMap::give_back(uint64_t address, uint64_t count) {
  if (address < kArenaAddress) return;
  const uint64_t first = (address - kArenaAddress) / kArenaPage;
  for (uint64_t i = first; i < pages_.size() && i - first < count; ++i) {
    if (pages_[i] != Page::kTaken) continue;
    vm_.memory().remove(kArenaAddress + i * kArenaPage, kArenaPage);
    pages_[i] = Page::kFree;
    first_free_ = std::min(first_free_, i);
  }
}

int64_t ArenaMap::reserve(uint64_t address, uint64_t count) {
  if (count == 0) return 0;
  const uint64_t first = (address - kArenaAddress) / kArenaPage;
  if (address < kArenaAddress || count > pages_.size() || first > pages_.size() - count) return -EINVAL;
  const auto from = pages_.begin() + static_cast<ptrdiff_t>(first);
  const auto end = from + static_cast<ptrdiff_t>(count);
  if (std::any_of(from, end, [](Page page) { return page != Page::kFree; })) return -EBUSY;
  std::fill(from, end, Page::kReserved);
  return 0;
}

std::unique_ptr<Map> make_arena(Vm& vm, uint32_t index) { return std::make_unique<ArenaMap>(vm, index); }

}  // namespace simsched::bpf
