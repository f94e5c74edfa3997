// Pages of the kernel's ring buffer, as trace-cmd copies them (kernel/trace/ring_buffer.c and
// include/linux/ring_buffer.h, Linux 6.12).
#pragma once

#include <cstdint>
#include <string>

#include "traces/bytes.h"

namespace simsched {

// How a page begins, from the kernel's header_page: a time of 8 bytes, then how much of the page is in use.
struct PageLayout {
  size_t size = 4096;      // of a page
  size_t commit_size = 8;  // a long of the recording machine
  size_t head() const { return 8 + commit_size; }
};

// The records of one page, one by one. Throws Error at an offset for what no kernel writes.
class RingPage {
 public:
  // `offset`: of the page in the file, for messages. `name` must outlive it.
  RingPage(ByteSpan page, const PageLayout& layout, const std::string& name, size_t offset);

  // How many records were lost before this page; -1: some, nobody knows how many.
  int64_t lost() const { return lost_; }
  // False: there is no more.
  bool next();
  // Of the present record. Nanoseconds of the recording's clock.
  uint64_t time() const { return time_; }
  ByteSpan raw() const { return raw_; }
  size_t offset() const { return offset_ + static_cast<size_t>(raw_.data() - page_.data()); }

 private:
  [[noreturn]] void fail(size_t at, const std::string& what) const;
  uint32_t word(size_t at) const;

  const ByteSpan page_;
  const std::string& name_;
  const size_t offset_;
  size_t at_, end_ = 0;
  int64_t lost_ = 0;
  uint64_t time_ = 0;
  ByteSpan raw_;
};

}  // namespace simsched
