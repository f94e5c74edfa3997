#include "traces/perf_data/perf_data_attrs.h"

#include <algorithm>

#include "traces/perf_data/perf_data_format.h"

namespace simsched::perf {

RecordLayout::RecordLayout(uint64_t sample_type, uint64_t read_format, bool sample_id_all)
    : sample_type_(sample_type), read_format_(read_format) {
  // The order of PERF_RECORD_SAMPLE in perf_event.h; each part is 8 bytes.
  auto part = [&](uint64_t bit, int* offset) {
    if (!(sample_type & bit)) return;
    if (offset != nullptr) *offset = static_cast<int>(fixed_size);
    fixed_size += 8;
  };
  part(kSampleIdentifier, &id);
  part(kSampleIp, nullptr);
  part(kSampleTid, &tid);
  part(kSampleTime, &time);
  part(kSampleAddr, nullptr);
  part(kSampleId, id < 0 ? &id : nullptr);
  part(kSampleStreamId, nullptr);
  part(kSampleCpu, &cpu);
  part(kSamplePeriod, nullptr);

  if (!sample_id_all) return;
  auto trailer = [&](uint64_t bit, int* offset) {
    if (!(sample_type & bit)) return;
    if (offset != nullptr) *offset = static_cast<int>(trailer_size);
    trailer_size += 8;
  };
  trailer(kSampleTid, &trailer_tid);
  trailer(kSampleTime, &trailer_time);
  trailer(kSampleId, nullptr);
  trailer(kSampleStreamId, nullptr);
  trailer(kSampleCpu, &trailer_cpu);
  trailer(kSampleIdentifier, nullptr);
}

size_t RecordLayout::read_size(ByteReader& from) const {
  size_t times = (read_format_ & kReadTimeEnabled ? 8 : 0) + (read_format_ & kReadTimeRunning ? 8 : 0);
  size_t value = 8 + (read_format_ & kReadId ? 8 : 0) + (read_format_ & kReadLost ? 8 : 0);
  if (!(read_format_ & kReadGroup)) return times + value;
  uint64_t count = from.read<uint64_t>();
  if (count > from.left() / value) from.fail("a group of counters is longer than its record", "record it again");
  return times + count * value;
}

ByteSpan RecordLayout::raw(ByteSpan sample, const std::string& name, size_t offset) const {
  if (!(sample_type_ & kSampleRaw)) return {};
  ByteReader from(sample, name, offset);
  from.take(fixed_size);
  if (sample_type_ & kSampleRead) {
    size_t size = read_size(from);
    from.take(size);
  }
  if (sample_type_ & kSampleCallchain) {
    uint64_t count = from.read<uint64_t>();
    if (count > from.left() / 8) from.fail("a call chain is longer than its record", "record it again");
    from.take(count * 8);
  }
  return from.take(from.read<uint32_t>());
}

void Attrs::add(ByteSpan attr, ByteSpan ids, const std::string& name, size_t offset) {
  if (attr.size() < kMinAttrSize)
    throw Error(at_offset(name, offset), "the description of an event is too short", "record it again");
  uint64_t flags = load<uint64_t>(attr.data() + 40);
  uint64_t sample_type = load<uint64_t>(attr.data() + 24);
  auto index = static_cast<uint32_t>(layouts_.size());
  layouts_.emplace_back(sample_type, load<uint64_t>(attr.data() + 32), (flags & kAttrSampleIdAll) != 0);
  if (sample_type & kSampleIdentifier) identifier_ = true;
  if (flags & kAttrTask) flags_ |= 1;
  if (flags & kAttrCommExec) flags_ |= 2;
  for (size_t at = 0; at + 8 <= ids.size(); at += 8) ids_.emplace_back(load<uint64_t>(ids.data() + at), index);
  std::sort(ids_.begin(), ids_.end());
}

const RecordLayout& Attrs::by_id(uint64_t id) const {
  auto found = std::lower_bound(ids_.begin(), ids_.end(), std::pair(id, uint32_t{0}));
  // Records that perf made up itself have id 0: perf takes the first event for them, too.
  return found != ids_.end() && found->first == id ? layouts_[found->second] : layouts_.front();
}

const RecordLayout& Attrs::of_sample(ByteSpan sample) const {
  int id = layouts_.front().id;
  if (layouts_.size() == 1 || id < 0 || static_cast<size_t>(id) + 8 > sample.size()) return layouts_.front();
  return by_id(load<uint64_t>(sample.data() + id));
}

const RecordLayout& Attrs::of_record(ByteSpan record) const {
  if (layouts_.size() == 1 || !identifier_ || record.size() < 8) return layouts_.front();
  return by_id(load<uint64_t>(record.data() + record.size() - 8));
}

}  // namespace simsched::perf
