// For tests: builds small trace.dat files in memory, with the formats and raw records of PerfDataImage.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "traces/compressed.h"
#include "traces/perf_data/perf_data_image.h"

namespace simsched {

class TraceDatImage {
 public:
  using Perf = PerfDataImage;
  static constexpr size_t kPage = 4096;

  Perf formats;
  std::map<uint16_t, std::string> options{{5, "Linux host 6.18.1-test #1 SMP x86_64"}, {4, "local [mono] boot"}};
  std::string last_page_note;  // what stands behind the records of the last page of CPU 0
  uint64_t commit_flags = 0;   // of that page

  // Records of a CPU; their times rise.
  void record(size_t cpu, uint64_t time, const std::string& raw) {
    if (pages_.size() <= cpu) pages_.resize(cpu + 1);
    Page& page = pages_[cpu];
    if (page.body.empty()) page.start = page.last = time;
    const uint64_t delta = time - page.last;
    page.last = time;
    if (delta >> 27) {
      Perf::put<uint32_t>(page.body, static_cast<uint32_t>((delta & ((1u << 27) - 1)) << 5 | 30));
      Perf::put<uint32_t>(page.body, static_cast<uint32_t>(delta >> 27));
    }
    const auto left = static_cast<uint32_t>(delta >> 27 ? 0 : delta);
    const size_t words = (raw.size() + 3) / 4;
    if (words <= 28 && !long_records) {
      Perf::put<uint32_t>(page.body, left << 5 | static_cast<uint32_t>(words));
    } else {
      Perf::put<uint32_t>(page.body, left << 5);
      Perf::put<uint32_t>(page.body, static_cast<uint32_t>(words * 4 + 4));
    }
    page.body += Perf::padded(raw, words * 4);
  }
  bool long_records = false;

  // Version 6.
  std::string bytes() const {
    std::string out = "\x17\x08\x44tracing6";
    out += std::string("\0\0\x08\0\x10\0\0", 7) + formats.tracing_data().substr(20);
    Perf::put<uint32_t>(out, static_cast<uint32_t>(pages_.size()));
    out += std::string("options  \0", 10);
    for (const auto& [id, value] : options) put_option(out, id, value + '\0');
    Perf::put<uint16_t>(out, 0);
    out += std::string("flyrecord\0", 10);
    const size_t first = (out.size() + pages_.size() * 16 + kPage - 1) / kPage * kPage;
    for (size_t cpu = 0; cpu < pages_.size(); ++cpu) {
      Perf::put<uint64_t>(out, first + cpu * kPage);
      Perf::put<uint64_t>(out, kPage);
    }
    out.resize(first);
    for (size_t cpu = 0; cpu < pages_.size(); ++cpu) out += page(cpu);
    return out;
  }

  // Version 7, its sections and data packed with zstd.
  std::string bytes_7() const {
    std::string out = "\x17\x08\x44tracing7";
    out += std::string("\0\0\x08\0\x10\0\0", 7) + std::string("zstd\0" "1.5\0", 9);
    const size_t options_place = out.size();
    Perf::put<uint64_t>(out, 0);
    // What stands behind the two headers and the number of ftrace events, up to the three empty tables at the end.
    const std::string tracing = formats.tracing_data();
    const size_t systems = 20 + 20 + 21 + 4, end = tracing.size() - 16;
    const std::string formats_section = tracing.substr(systems, end - systems);
    const uint64_t formats_at = out.size();
    put_section(out, 18, 1, chunk(formats_section));
    std::vector<std::pair<uint64_t, uint64_t>> data;
    const uint64_t buffer_at = out.size();
    put_section(out, 3, 1, "");
    for (size_t cpu = 0; cpu < pages_.size(); ++cpu) {
      std::string packed;
      Perf::put<uint32_t>(packed, 1);
      packed += chunk(page(cpu));
      data.emplace_back(out.size(), packed.size() - 4);  // the count is not counted
      out += packed;
    }
    std::string buffer, all;
    Perf::put<uint64_t>(buffer, buffer_at);
    buffer += std::string("\0mono\0", 6);
    Perf::put<uint32_t>(buffer, kPage);
    Perf::put<uint32_t>(buffer, static_cast<uint32_t>(data.size()));
    for (size_t cpu = 0; cpu < data.size(); ++cpu) {
      Perf::put<uint32_t>(buffer, static_cast<uint32_t>(cpu));
      Perf::put<uint64_t>(buffer, data[cpu].first);
      Perf::put<uint64_t>(buffer, data[cpu].second);
    }
    std::string place;
    Perf::put<uint64_t>(place, formats_at);
    put_option(all, 18, place);
    put_option(all, 3, buffer);
    for (const auto& [id, value] : options)
      if (id != 4) put_option(all, id, value + '\0');
    put_option(all, 0, std::string(8, '\0'));
    const uint64_t options_at = out.size();
    std::memcpy(out.data() + options_place, &options_at, 8);
    put_section(out, 0, 0, all);
    return out;
  }

 private:
  struct Page {
    uint64_t start = 0, last = 0;
    std::string body;
  };

  std::string page(size_t cpu) const {
    std::string out;
    Perf::put<uint64_t>(out, pages_[cpu].start);
    Perf::put<uint64_t>(out, pages_[cpu].body.size() | (cpu == 0 ? commit_flags : 0));
    return Perf::padded(out + pages_[cpu].body + (cpu == 0 ? last_page_note : ""), kPage);
  }
  static void put_option(std::string& out, uint16_t id, const std::string& value) {
    Perf::put<uint16_t>(out, id);
    Perf::put<uint32_t>(out, static_cast<uint32_t>(value.size()));
    out += value;
  }
  static void put_section(std::string& out, uint16_t id, uint16_t flags, const std::string& content) {
    Perf::put<uint16_t>(out, id);
    Perf::put<uint16_t>(out, flags);
    Perf::put<uint32_t>(out, 0);
    Perf::put<uint64_t>(out, content.size());
    out += content;
  }
  static std::string chunk(const std::string& content) {
    const std::string packed = compress(content, 1);
    std::string out;
    Perf::put<uint32_t>(out, static_cast<uint32_t>(packed.size()));
    Perf::put<uint32_t>(out, static_cast<uint32_t>(content.size()));
    return out + packed;
  }

  std::vector<Page> pages_;
};

}  // namespace simsched
