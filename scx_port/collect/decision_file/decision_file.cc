// The bytes: a head of 64, the rows, a text that says what they are about. Little-endian.
//   0  "SIMSDECI"   8 u32 version   12 u32 bytes in a row   16 u64 rows   24 u64 bytes of text   32 u64 FNV-1a of rows
//   and text   40 zeros
#include "scx_port/collect/decision_file/decision_file.h"

#include <algorithm>
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

template <class Row>
std::string_view text_of(const Row& row) {
  return {reinterpret_cast<const char*>(&row), sizeof(row)};
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

DecisionWriter::DecisionWriter(const std::string& path) : file_(path), checksum_(kChecksumStart) {
  if (!file_.replaces()) throw Error(path, "is no regular file, which a decision file must be", "name another");
  file_.write(text_of(Head{}));
}

void DecisionWriter::add(const Decision& decision) {
  checksum_ = checksum(checksum_, std::as_bytes(std::span(&decision, 1)));
  file_.write(text_of(decision));
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
  file_.write(text);
  file_.write_at_start(text_of(head));
  file_.finish();
}

}  // namespace simsched::collect
