// The events of a perf.data file: how each lays out its samples.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "traces/bytes.h"

namespace simsched::perf {

// Where the parts of a record are. Offsets count from the end of the record header; -1: not there.
class RecordLayout {
 public:
  RecordLayout(uint64_t sample_type, uint64_t read_format, bool sample_id_all);

  // Of samples.
  int id = -1, tid = -1, time = -1, cpu = -1;
  size_t fixed_size = 0;  // of the parts before the first of variable size
  // The tracepoint's own record within a sample; empty when there is none. Checks every length.
  ByteSpan raw(ByteSpan sample, const std::string& name, size_t offset) const;

  // Of other records: offsets within the sample_id that ends them (0 bytes without sample_id_all).
  int trailer_tid = -1, trailer_time = -1, trailer_cpu = -1;
  size_t trailer_size = 0;

 private:
  size_t read_size(ByteReader& from) const;
  uint64_t sample_type_, read_format_;
};

class Attrs {
 public:
  // `attr` is a struct perf_event_attr, `ids` the sample ids of its instances.
  void add(ByteSpan attr, ByteSpan ids, const std::string& name, size_t offset);
  bool empty() const { return layouts_.empty(); }
  bool has_task() const { return flags_ & 1; }       // some event records forks and exits
  bool has_comm_exec() const { return flags_ & 2; }  // some event tells exec from rename

  const RecordLayout& of_sample(ByteSpan sample) const;
  const RecordLayout& of_record(ByteSpan record) const;

 private:
  const RecordLayout& by_id(uint64_t id) const;

  std::vector<RecordLayout> layouts_;
  std::vector<std::pair<uint64_t, uint32_t>> ids_;  // sorted
  bool identifier_ = false;  // ids stand first in samples and last in other records
  unsigned flags_ = 0;
};

}  // namespace simsched::perf
