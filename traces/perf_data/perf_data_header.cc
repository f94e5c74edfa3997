#include "traces/perf_data/perf_data_header.h"

#include <algorithm>

#include "traces/perf_data/perf_data_format.h"

namespace simsched::perf {
namespace {

constexpr uint32_t kMaxCpus = 1 << 16;

struct Section {
  uint64_t offset, size;

  ByteSpan of(ByteSpan file, const std::string& name, const std::string& what) const {
    if (offset > file.size() || size > file.size() - offset)
      throw Error(at_offset(name, file.size()), "ends before its " + what, "the copy is cut short: copy it again");
    return file.subspan(offset, size);
  }
};

// What cannot be understood of it is not told.
void add_topology(Topology& topology, uint64_t feature, const ByteReader& from) {
  try {
    if (feature == kFeatureCpuTopology) topology.add_cpus(from);
    if (feature == kFeatureNumaTopology) topology.add_nodes(from);
    if (feature == kFeatureCache) topology.add_caches(from);
  } catch (const Error&) {
    topology = Topology();
  }
}

}  // namespace

void add_feature(Head& head, uint64_t feature, ByteSpan bytes, const std::string& name, size_t offset) {
  ByteReader from(bytes, name, offset);
  if (feature == kFeatureTracingData) {
    head.tracepoints.add(bytes, name, offset);
  } else if (feature == kFeatureOsRelease) {
    ByteSpan text = from.take(from.read<uint32_t>());
    head.os_release.assign(reinterpret_cast<const char*>(text.data()), text.size());
    head.os_release.resize(std::min(head.os_release.size(), head.os_release.find('\0')));
  } else if (feature == kFeatureNrCpus) {
    uint32_t available = from.read<uint32_t>(), online = from.read<uint32_t>();
    if (online > available || available > kMaxCpus)
      from.fail("the number of CPUs (" + std::to_string(available) + ") makes no sense", "copy or record it again");
    head.nr_cpus = online;
  } else if (feature == kFeatureDirFormat) {
    head.has_folder = true;
  } else {
    add_topology(head.topology, feature, from);
  }
}

Head read_head(ByteSpan bytes, const std::string& name) {
  ByteReader from(bytes, name);
  uint64_t magic = from.read<uint64_t>();
  if (magic == kMagicForeign)
    throw Error(name, "recorded on a machine of the other byte order",
                "convert it there: perf script --ns -F comm,tid,cpu,time,event,trace");
  if (magic != kMagic) throw Error(name, "is not a perf.data file", "record one with: perf sched record");

  Head head;
  uint64_t header_size = from.read<uint64_t>();
  if (header_size == kPipeHeaderSize) {
    head.records = bytes.subspan(kPipeHeaderSize);
    head.records_offset = kPipeHeaderSize;
    return head;
  }
  if (header_size < kFileHeaderSize) from.fail("the file header is too short", "copy or record it again");
  uint64_t attr_size = from.read<uint64_t>();
  auto attrs = from.read<Section>(), records = from.read<Section>();
  from.read<Section>();  // event types: not written since Linux 3.11
  ByteSpan features = from.take(kFeatureCount / 8);

  if (records.size == 0 && records.offset < bytes.size())
    throw Error(name, "the recording was not finished: it has no list of events", "record it again and let perf end");
  ByteSpan attr_table = attrs.of(bytes, name, "events");
  if (attr_size < kMinAttrSize + sizeof(Section) || attr_table.size() % attr_size != 0)
    throw Error(at_offset(name, 16), "the size of its event descriptions makes no sense", "copy or record it again");
  for (size_t at = 0; at < attr_table.size(); at += attr_size) {
    ByteSpan attr = attr_table.subspan(at, attr_size - sizeof(Section));
    ByteSpan ids = load<Section>(attr_table.data() + at + attr.size()).of(bytes, name, "event ids");
    head.attrs.add(attr, ids, name, attrs.offset + at);
  }
  head.records = records.of(bytes, name, "records");
  head.records_offset = records.offset;

  // After the records: a table of the features whose bits are set, in the order of their numbers.
  ByteReader table(bytes.subspan(records.offset + records.size), name, records.offset + records.size);
  for (uint64_t feature = 0; feature < kFeatureCount; ++feature) {
    if (!(std::to_integer<unsigned>(features[feature / 8]) >> (feature % 8) & 1)) continue;
    auto section = table.read<Section>();
    add_feature(head, feature, section.of(bytes, name, "features"), name, section.offset);
  }
  return head;
}

}  // namespace simsched::perf
