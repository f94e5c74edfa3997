#include "traces/trace_dat/ring_buffer.h"

namespace simsched {
namespace {

// Lengths of records that are none: enum ring_buffer_type.
constexpr uint32_t kPadding = 29, kTimeExtend = 30, kTimeStamp = 31;
constexpr unsigned kLengthBits = 5, kDeltaBits = 27;
// Bits of the word that says how much of a page is in use.
constexpr uint64_t kMissedEvents = uint64_t{1} << 31, kMissedStored = uint64_t{1} << 30;
constexpr unsigned kStampBits = 59;  // a time stamp has no more; the page's has the others

}  // namespace

RingPage::RingPage(ByteSpan page, const PageLayout& layout, const std::string& name, size_t offset)
    : page_(page), name_(name), offset_(offset), at_(layout.head()) {
  if (page.size() < layout.head()) fail(0, "a page of the ring buffer is cut short");
  time_ = load<uint64_t>(page.data());
  const uint64_t commit = layout.commit_size == 4 ? load<uint32_t>(page.data() + 8) : load<uint64_t>(page.data() + 8);
  const uint64_t used = commit & (kMissedStored - 1);
  if (used > page.size() - layout.head()) fail(8, "a page of the ring buffer claims to hold more than fits");
  end_ = layout.head() + used;
  if (!(commit & kMissedEvents)) return;
  lost_ = -1;
  if (commit & kMissedStored && page.size() - end_ >= layout.commit_size)
    lost_ = layout.commit_size == 4 ? load<int32_t>(page.data() + end_) : load<int64_t>(page.data() + end_);
}

void RingPage::fail(size_t at, const std::string& what) const {
  throw Error(at_offset(name_, offset_ + at), what, "copy or record it again");
}

uint32_t RingPage::word(size_t at) const {
  if (at > end_ || end_ - at < 4) fail(at, "a record ends beyond its page");
  return load<uint32_t>(page_.data() + at);
}

bool RingPage::next() {
  while (end_ - at_ >= 4) {
    const uint32_t head = word(at_), type = head & ((1u << kLengthBits) - 1);
    const uint64_t delta = head >> kLengthBits;
    if (type == kPadding) {
      if (delta == 0) return false;  // the rest of the page is empty
      time_ += delta;
      at_ += 4 + size_t{word(at_ + 4)};
    } else if (type == kTimeExtend) {
      time_ += (uint64_t{word(at_ + 4)} << kDeltaBits) + delta;
      at_ += 8;
    } else if (type == kTimeStamp) {
      const uint64_t low = (uint64_t{word(at_ + 4)} << kDeltaBits) + delta;
      time_ = (time_ >> kStampBits << kStampBits) | (low & ((uint64_t{1} << kStampBits) - 1));
      at_ += 8;
    } else {
      size_t start = at_ + 4, size = size_t{type} * 4;
      if (type == 0) {  // too long for the five bits: a word of its own, which counts itself
        const uint32_t length = word(start);
        if (length < 4) fail(start, "a record has a length of " + std::to_string(length));
        start += 4;
        size = length - 4;
      }
      if (size > end_ - start) fail(at_, "a record ends beyond its page");
      time_ += delta;
      raw_ = page_.subspan(start, size);
      at_ = start + (size + 3) / 4 * 4;
      return true;
    }
    if (at_ > end_) fail(at_, "a record ends beyond its page");
  }
  return false;
}

}  // namespace simsched
