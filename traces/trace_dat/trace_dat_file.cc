#include "traces/trace_dat/trace_dat_file.h"

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "traces/compressed.h"

namespace simsched {
namespace {

// Numbers of options (lib/trace-cmd/include/trace-cmd-private.h, trace-cmd 3.1).
enum Option : uint16_t { kDone, kDate, kCpuStat, kBuffer, kTraceClock, kUname, kHook, kOffset, kCpuCount };
enum Section : uint16_t { kHeaderInfo = 16, kFtraceEvents, kEventFormats, kKallsyms, kPrintk, kCmdLines, kBufferText };

constexpr uint16_t kCompressed = 1;  // flag of a section
constexpr size_t kMostUnpacked = size_t{1} << 32;
constexpr uint32_t kMostCpus = 1 << 16;

class Reader {
 public:
  Reader(ByteSpan bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  TraceDatFile read() {
    ByteReader from(bytes_, name_);
    if (text_of(from.take(10)) != std::string_view("\x17\x08\x44tracing", 10)) from.fail("is no trace.dat", kAgain);
    const std::string version(from.c_string());
    if (from.read<uint8_t>() != 0)
      from.fail("was recorded on a big-endian machine", "print it there: trace-cmd report");
    file_.layout.commit_size = from.read<uint8_t>();
    file_.layout.size = from.read<uint32_t>();
    check_layout(from);
    if (version == "6") {
      read_version_6(from);
    } else if (version == "7") {
      read_version_7(from);
    } else {
      throw Error(name_, "is a trace.dat of version " + version, "convert it: trace-cmd convert --file-version 7");
    }
    return std::move(file_);
  }

 private:
  static constexpr const char* kAgain = "copy or record it again";

  void check_layout(const ByteReader& from) const {
    const PageLayout& layout = file_.layout;
    if (layout.commit_size != 4 && layout.commit_size != 8)
      from.fail("has longs of " + std::to_string(layout.commit_size) + " bytes", kAgain);
    if (layout.size < 1024 || layout.size > (1u << 20) || layout.size % 4 != 0)
      from.fail("has pages of " + std::to_string(layout.size) + " bytes", kAgain);
  }

  // What both versions have at their end: bytes of the file from `offset` on, as many as there are.
  ByteSpan part(uint64_t offset, uint64_t size) {
    if (offset > bytes_.size()) file_.cut_end = file_.cut_end || size > 0;
    const size_t start = std::min<uint64_t>(offset, bytes_.size());
    if (size > bytes_.size() - start) file_.cut_end = true;
    return bytes_.subspan(start, std::min<uint64_t>(size, bytes_.size() - start));
  }

  ByteSpan rest(uint64_t offset) const { return bytes_.subspan(std::min<uint64_t>(offset, bytes_.size())); }

  // ---- Version 6 ----

  void read_version_6(ByteReader& from) {
    skip_headers(from);
    skip_ftrace_events(from);
    file_.tracepoints.add_systems(from);
    from.take(from.read<uint32_t>());  // kallsyms
    from.take(from.read<uint32_t>());  // printk formats
    from.take(from.read<uint64_t>());  // command lines
    const uint32_t cpus = from.read<uint32_t>();
    if (cpus == 0 || cpus > kMostCpus) from.fail("has " + std::to_string(cpus) + " CPUs", kAgain);
    std::string_view kind = text_of(from.take(10));
    if (kind.starts_with("options")) {
      while (const uint16_t id = from.read<uint16_t>()) {
        const uint32_t size = from.read<uint32_t>();
        option(id, from.take(size));
      }
      kind = text_of(from.take(10));
    }
    if (!kind.starts_with("flyrecord"))
      from.fail("holds text of a latency tracer, and no events", "record it with: trace-cmd record -e sched");
    std::vector<TraceDatFile::CpuData> top;
    for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
      const auto offset = from.read<uint64_t>(), size = from.read<uint64_t>();
      top.push_back({CpuId(static_cast<size_t>(cpu)), part(offset, size), static_cast<size_t>(offset)});
    }
    // Instances (trace-cmd record -B) have a table of their own.
    keep_if_larger(std::move(top));
    for (const uint64_t at : instances_) {
      ByteReader table(rest(at), name_, at);
      if (!text_of(table.take(10)).starts_with("flyrecord")) table.fail("an instance has no table of its data", kAgain);
      std::vector<TraceDatFile::CpuData> data;
      for (uint32_t cpu = 0; cpu < cpus; ++cpu) {
        const auto offset = table.read<uint64_t>(), size = table.read<uint64_t>();
        data.push_back({CpuId(static_cast<size_t>(cpu)), part(offset, size), static_cast<size_t>(offset)});
      }
      keep_if_larger(std::move(data));
    }
  }

  static void skip_headers(ByteReader& from) {
    for (const char* header : {"header_page", "header_event"}) {
      if (from.c_string() != header) from.fail("lacks " + std::string(header), kAgain);
      from.take(from.read<uint64_t>());
    }
  }
  static void skip_ftrace_events(ByteReader& from) {
    for (uint32_t count = from.read<uint32_t>(); count > 0; --count) from.take(from.read<uint64_t>());
  }

  // ---- Version 7 ----

  void read_version_7(ByteReader& from) {
    algorithm_ = from.c_string();
    from.c_string();  // its version
    uint64_t options = from.read<uint64_t>();
    // Each section of options says where the next one is, always further on; not so a damaged file.
    for (size_t hops = 0; options != 0; ++hops) {
      if (hops > 1000) from.fail("its sections of options go round in a circle", kAgain);
      options = read_options(options);
    }
    for (const BufferPlace& buffer : buffers_) read_buffer(buffer);
  }

  struct SectionData {
    ByteSpan content;
    size_t offset;
  };
  // The content of the section at `at`, unpacked.
  SectionData section(uint64_t at, uint16_t wanted) {
    ByteReader from(rest(at), name_, at);
    const uint16_t id = from.read<uint16_t>(), flags = from.read<uint16_t>();
    from.read<uint32_t>();  // its description
    const uint64_t size = from.read<uint64_t>();
    if (id != wanted)
      from.fail("has section " + std::to_string(id) + " where " + std::to_string(wanted) + " should be", kAgain);
    const size_t start = from.offset();
    if (!(flags & kCompressed)) return {from.take(size), start};
    const std::string& text = unpack_chunk(from);
    return {std::as_bytes(std::span(text)), start};
  }

  uint64_t read_options(uint64_t at) {
    const SectionData data = section(at, 0);
    ByteReader from(data.content, name_, data.offset);
    while (from.left() > 0) {
      const uint16_t id = from.read<uint16_t>();
      const uint32_t size = from.read<uint32_t>();
      ByteReader value(from.take(size), name_, data.offset);
      if (id == kDone) return value.read<uint64_t>();
      if (id == kEventFormats) {
        const SectionData formats = section(value.read<uint64_t>(), kEventFormats);
        ByteReader systems(formats.content, name_, formats.offset);
        file_.tracepoints.add_systems(systems);
      } else if (id == kBuffer) {
        remember_buffer(value);
      } else {
        option(id, value.take(value.left()));
      }
    }
    return 0;
  }

  struct BufferPlace {
    uint64_t section;
    uint32_t page_size;
    std::vector<TraceDatFile::CpuData> cpus;
    std::vector<uint64_t> sizes;
    std::string clock;
  };
  void remember_buffer(ByteReader& from) {
    BufferPlace buffer;
    buffer.section = from.read<uint64_t>();
    from.c_string();  // its name
    buffer.clock = from.c_string();
    buffer.page_size = from.read<uint32_t>();
    const uint32_t cpus = from.read<uint32_t>();
    for (uint32_t i = 0; i < cpus; ++i) {
      const auto cpu = from.read<uint32_t>();
      const auto offset = from.read<uint64_t>(), size = from.read<uint64_t>();
      if (cpu >= kMostCpus) from.fail("has a CPU " + std::to_string(cpu), kAgain);
      buffer.cpus.push_back({CpuId(static_cast<size_t>(cpu)), {}, static_cast<size_t>(offset)});
      buffer.sizes.push_back(size);
    }
    buffers_.push_back(std::move(buffer));
  }

  void read_buffer(const BufferPlace& buffer) {
    ByteReader head(rest(buffer.section), name_, buffer.section);
    head.read<uint16_t>();
    const bool packed = head.read<uint16_t>() & kCompressed;
    std::vector<TraceDatFile::CpuData> data = buffer.cpus;
    for (size_t i = 0; i < data.size(); ++i) {
      // The size of what is packed leaves out the number of chunks before it.
      const bool chunks = packed && buffer.sizes[i] > 0;
      const ByteSpan stored = part(data[i].offset, buffer.sizes[i] + (chunks ? sizeof(uint32_t) : 0));
      data[i].pages = chunks ? unpack_chunks(stored, data[i].offset) : stored;
    }
    if (!keep_if_larger(std::move(data))) return;
    file_.clock = buffer.clock;
    file_.layout.size = buffer.page_size;
    check_layout(head);
  }

  // ---- Packed data ----

  // A size, the size of what it holds, and the data.
  const std::string& unpack_chunk(ByteReader& from) {
    std::string& out = file_.unpacked.emplace_back();
    append_chunk(from, out);
    return out;
  }

  void append_chunk(ByteReader& from, std::string& out) {
    const size_t at = from.offset();
    const uint32_t packed = from.read<uint32_t>(), size = from.read<uint32_t>();
    const ByteSpan data = from.take(packed);
    unpacked_bytes_ += size;
    if (unpacked_bytes_ > kMostUnpacked) from.fail("holds more than 4 GiB", "record less at a time");
    if (algorithm_ == "zstd") {
      const Bytes bytes = decompress(data, at_offset(name_, at));
      if (bytes.text().size() != size) from.fail("a chunk has not the size that it should have", kAgain);
      out += bytes.text();
    } else if (algorithm_ == "zlib") {
      // It cannot hold more than a thousandfold: a size that claims so is damaged.
      if (size / 1100 > packed) from.fail("a chunk has not the size that it should have", kAgain);
      const size_t before = out.size();
      out.resize(before + size);
      uLongf length = size;
      if (uncompress(reinterpret_cast<Bytef*>(out.data() + before), &length,
                     reinterpret_cast<const Bytef*>(data.data()), packed) != Z_OK ||
          length != size)
        from.fail("the compressed data are damaged", "copy it again");
    } else {
      from.fail("is compressed with '" + algorithm_ + "', which is not understood", "convert it: trace-cmd convert");
    }
  }

  ByteSpan unpack_chunks(ByteSpan stored, size_t offset) {
    ByteReader from(stored, name_, offset);
    std::string& out = file_.unpacked.emplace_back();
    for (uint32_t count = from.read<uint32_t>(); count > 0; --count) append_chunk(from, out);
    return std::as_bytes(std::span(out));
  }

  // ---- Both ----

  void option(uint16_t id, ByteSpan value) {
    std::string_view text = text_of(value);
    text = text.substr(0, text.find('\0'));
    if (id == kUname) {  // "Linux host 6.12.1 ..."
      const size_t release = text.find(' ', text.find(' ') + 1);
      if (text.find(' ') != std::string_view::npos && release != std::string_view::npos)
        file_.os_release = text.substr(release + 1, text.find(' ', release + 1) - release - 1);
    } else if (id == kTraceClock) {  // "local [global] counter": the one in use stands in brackets
      const size_t open = text.find('['), close = text.find(']', open);
      if (open != std::string_view::npos && close != std::string_view::npos)
        file_.clock = text.substr(open + 1, close - open - 1);
    } else if (id == kCpuStat) {
      constexpr std::string_view kKey = "overrun: ";
      for (size_t at = text.find(kKey); at != std::string_view::npos; at = text.find(kKey, at + 1)) {
        if (at > 0 && text[at - 1] != '\n') continue;  // "commit overrun"
        uint64_t count = 0;
        std::from_chars(text.data() + at + kKey.size(), text.data() + text.size(), count);
        file_.overruns += count;
      }
    } else if (id == kBuffer && value.size() >= 8) {
      instances_.push_back(load<uint64_t>(value.data()));
    }
  }

  // A recording is of one buffer, whichever was used.
  bool keep_if_larger(std::vector<TraceDatFile::CpuData> data) {
    size_t size = 0;
    for (const TraceDatFile::CpuData& cpu : data) size += cpu.pages.size();
    if (size <= kept_) return false;
    kept_ = size;
    file_.cpus = std::move(data);
    return true;
  }

  const ByteSpan bytes_;
  const std::string& name_;
  TraceDatFile file_;
  std::string algorithm_;
  std::vector<uint64_t> instances_;
  std::vector<BufferPlace> buffers_;
  size_t kept_ = 0;
  uint64_t unpacked_bytes_ = 0;
};

}  // namespace

TraceDatFile read_trace_dat_file(ByteSpan bytes, const std::string& name) { return Reader(bytes, name).read(); }

}  // namespace simsched
