// The bytes: a head of 64, the rows, a text that says what they are about. Little-endian.
//   0  "SIMSDECI"   8 u32 version   12 u32 bytes in a row   16 u64 rows   24 u64 bytes of text   32 u64 FNV-1a of rows
//   and text   40 zeros
#include "scx_port/collect/decision_file/decision_file.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "scx_port/collect/decision_file/about_text.h"

namespace simsched::collect {
namespace {

constexpr std::string_view kMagic = "SIMSDECI";
constexpr uint32_t kVersion = 1;
constexpr const char* kAgain = "record it again with: simsched-collect";

struct Head {
  char magic[8];
  uint32_t version, row_size;
  uint64_t rows, text_size, checksum;
  uint64_t zeros[3];
};
static_assert(sizeof(Head) == 64);

constexpr uint64_t kChecksumStart = 0xcbf29ce484222325;

// FNV-1a over words of 8 bytes, the last one padded with zeros.
uint64_t checksum(uint64_t hash, std::span<const std::byte> bytes) {
  for (size_t at = 0; at < bytes.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min<size_t>(8, bytes.size() - at));
    hash = (hash ^ word) * 0x100000001b3;
  }
  return hash;
}

#define TEXT16(name) \
  { #name, ColumnType::kText16, offsetof(Decision, name) }
#define I64(name) \
  { #name, ColumnType::kI64, offsetof(Decision, name) }
#define NS(name) \
  { #name "_ns", ColumnType::kI64, offsetof(Decision, name) }
#define I32(name) \
  { #name, ColumnType::kI32, offsetof(Decision, name) }
#define U8(name) \
  { #name, ColumnType::kU8, offsetof(Decision, name) }
#define QUEUE(side)                                                                       \
  {#side "_nr_running", ColumnType::kI32, offsetof(Decision, side##_queue.nr_running)},   \
      {#side "_load", ColumnType::kI32, offsetof(Decision, side##_queue.load)},           \
      {#side "_util", ColumnType::kI32, offsetof(Decision, side##_queue.util)},           \
      {#side "_runnable", ColumnType::kI32, offsetof(Decision, side##_queue.runnable)}, { \
#side "_capacity", ColumnType::kI32, offsetof(Decision, side##_queue.capacity)        \
  }
constexpr Column kColumns[] = {NS(time),
                               I32(pid),
                               I32(tgid),
                               TEXT16(comm),
                               I32(src),
                               I32(dst),
                               I32(waker_cpu),
                               I32(waker_pid),
                               U8(trigger),
                               U8(result),
                               U8(relation),
                               U8(running),
                               I32(node_distance),
                               QUEUE(src),
                               QUEUE(dst),
                               I32(weight),
                               I32(nice),
                               I32(policy),
                               I32(task_load),
                               I32(task_util),
                               I32(allowed_cpus),
                               I32(numa_node),
                               I32(migration_type),
                               I32(lb_flags),
                               I32(failed_balances),
                               I32(cache_nice_tries),
                               I32(domain_cpus),
                               I64(imbalance),
                               NS(cpu_time),
                               I64(vlag),
                               NS(cold),
                               NS(since_run),
                               NS(last_burst),
                               NS(run_delay),
                               NS(ran),
                               NS(next_move),
                               I32(ran_cpu),
                               I32(next_cpu),
                               U8(carried_out),
                               U8(last_stop),
                               U8(stop),
                               U8(uncertain),
                               U8(cut_short)};
#undef TEXT16
#undef I64
#undef NS
#undef I32
#undef U8
#undef QUEUE

// What follows may count on: enumerations that are one, CPUs that are there, times that make sense.
bool plausible(const Decision& d, int32_t nr_cpus) {
  auto cpu = [&](CpuId id) { return id.value() >= -1 && id.value() < nr_cpus; };
  auto time = [](Nanos t) { return t >= kNever; };
  return d.trigger <= Trigger::kMoved && d.relation <= Relation::kUnknown && d.stop <= Stop::kExited &&
         d.last_stop <= Stop::kExited && d.result <= 1 && d.running <= 1 && d.carried_out <= 1 && d.uncertain <= 1 &&
         d.cut_short <= 1 && cpu(d.src) && cpu(d.dst) && cpu(d.waker_cpu) && cpu(d.ran_cpu) && cpu(d.next_cpu) &&
         d.time >= Nanos(0) && time(d.since_run) && time(d.last_burst) && time(d.run_delay) && time(d.ran) &&
         time(d.next_move);
}

}  // namespace

std::span<const Column> columns() { return kColumns; }

DecisionFile read_decisions(std::span<const std::byte> bytes, const std::string& name) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic)) throw Error(name, "is not a decision file", "write one with: simsched-collect -o");
  Head head;
  if (bytes.size() < sizeof(head)) throw Error(name, "ends in its head", kAgain);
  std::memcpy(&head, bytes.data(), sizeof(head));
  if (head.version != kVersion)
    throw Error(name,
                "is of version " + std::to_string(head.version) + " of the decision file, this program reads " +
                    std::to_string(kVersion),
                head.version > kVersion ? "update simsched" : kAgain);
  const uint64_t body = bytes.size() - sizeof(head);
  if (head.row_size != sizeof(Decision) || head.rows > body / sizeof(Decision) ||
      head.text_size != body - head.rows * sizeof(Decision))
    throw Error(name, "is shorter or longer than its head says", kAgain);

  DecisionFile file;
  std::span<const std::byte> rows = bytes.subspan(sizeof(head), head.rows * sizeof(Decision));
  std::span<const std::byte> about = bytes.subspan(sizeof(head) + rows.size());
  file.about = parse_about({reinterpret_cast<const char*>(about.data()), about.size()}, name);
  file.decisions.resize(head.rows);
  if (!rows.empty()) std::memcpy(static_cast<void*>(file.decisions.data()), rows.data(), rows.size());
  for (size_t i = 0; i < file.decisions.size(); ++i) {
    if (!plausible(file.decisions[i], static_cast<int32_t>(file.about.cpus.size())))
      throw Error(name, "decision " + std::to_string(i) + " is damaged", kAgain);
  }
  if (checksum(checksum(kChecksumStart, rows), about) != head.checksum)
    throw Error(name, "is damaged: its checksum does not fit", kAgain);
  return file;
}

DecisionWriter::DecisionWriter(std::string path)
    : path_(std::move(path)), part_(path_ + ".part"), checksum_(kChecksumStart) {
  file_ = std::fopen(part_.c_str(), "wb");
  if (file_ == nullptr) throw Error(part_, std::string("cannot write: ") + std::strerror(errno));
  const Head empty{};
  if (std::fwrite(&empty, sizeof(empty), 1, file_) != 1) fail("cannot write");
}

DecisionWriter::~DecisionWriter() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  unlink(part_.c_str());
}

void DecisionWriter::fail(const std::string& what) { throw Error(part_, what + ": " + std::strerror(errno)); }

void DecisionWriter::add(const Decision& decision) {
  checksum_ = checksum(checksum_, std::as_bytes(std::span(&decision, 1)));
  if (std::fwrite(&decision, sizeof(decision), 1, file_) != 1) fail("cannot write");
  ++rows_;
}

void DecisionWriter::finish(const About& about) {
  const std::string text = about_text(about);
  Head head{};
  std::memcpy(head.magic, kMagic.data(), kMagic.size());
  head.version = kVersion;
  head.row_size = sizeof(Decision);
  head.rows = rows_;
  head.text_size = text.size();
  head.checksum = checksum(checksum_, std::as_bytes(std::span(text)));
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) fail("cannot write");
  if (std::fseek(file_, 0, SEEK_SET) != 0 || std::fwrite(&head, sizeof(head), 1, file_) != 1) fail("cannot write");
  std::FILE* file = file_;
  file_ = nullptr;
  if (std::fclose(file) != 0 || std::rename(part_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    unlink(part_.c_str());
    errno = error;
    fail("cannot become " + path_);
  }
}

}  // namespace simsched::collect
