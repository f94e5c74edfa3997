// Decisions for people and for programs that read text.
#include <cinttypes>
#include <cstring>

#include "scx_port/collect/decision_file/decision_file.h"

namespace simsched::collect {
namespace {

constexpr const char* kTriggers[] = {"wake",         "wake_sync",          "fork", "exec", "balance_busy",
                                     "balance_idle", "balance_newly_idle", "moved"};
constexpr const char* kRelations[] = {"same_cpu", "smt", "l2", "llc", "node", "remote", "unknown"};
constexpr const char* kStops[] = {"not_seen", "slept", "preempted", "exited"};

void print_u8(const Column& column, uint8_t value, std::FILE* out) {
  if (column.offset == offsetof(Decision, trigger))
    std::fputs(kTriggers[value], out);
  else if (column.offset == offsetof(Decision, relation))
    std::fputs(kRelations[value], out);
  else if (column.offset == offsetof(Decision, stop) || column.offset == offsetof(Decision, last_stop))
    std::fputs(kStops[value], out);
  else
    std::fprintf(out, "%u", value);
}

// A name that a program chose: quoted, and without what would break a line.
void print_text(const std::byte* at, std::FILE* out) {
  std::fputc('"', out);
  for (size_t i = 0; i < 16 && at[i] != std::byte{0}; ++i) {
    const auto c = static_cast<unsigned char>(at[i]);
    if (c == '"') std::fputc('"', out);
    std::fputc(c < ' ' || c == 0x7f ? '?' : c, out);
  }
  std::fputc('"', out);
}

}  // namespace

void print_csv(const DecisionFile& file, std::FILE* out) {
  for (const Column& column : columns()) std::fprintf(out, "%s%s", column.offset == 0 ? "" : ",", column.name);
  std::fputc('\n', out);
  for (const Decision& decision : file.decisions) {
    const auto* row = reinterpret_cast<const std::byte*>(&decision);
    for (const Column& column : columns()) {
      if (column.offset != 0) std::fputc(',', out);
      const std::byte* at = row + column.offset;
      int64_t wide;
      int32_t narrow;
      switch (column.type) {
        case ColumnType::kI64:
          std::memcpy(&wide, at, sizeof(wide));
          std::fprintf(out, "%" PRId64, wide);
          break;
        case ColumnType::kI32:
          std::memcpy(&narrow, at, sizeof(narrow));
          std::fprintf(out, "%" PRId32, narrow);
          break;
        case ColumnType::kU8:
          print_u8(column, std::to_integer<uint8_t>(*at), out);
          break;
        case ColumnType::kText16:
          print_text(at, out);
          break;
      }
    }
    std::fputc('\n', out);
  }
}

void print_about(const DecisionFile& file, std::FILE* out) {
  std::fprintf(out, "kernel: %s, %zu CPUs\n", file.about.kernel.c_str(), file.about.cpus.size());
  for (const std::string& hook : file.about.hooks) std::fprintf(out, "hook: %s\n", hook.c_str());
  for (const auto& [key, value] : file.about.numbers) std::fprintf(out, "%s: %" PRId64 "\n", key.c_str(), value);
  uint64_t by_trigger[std::size(kTriggers)][2] = {};
  for (const Decision& d : file.decisions) ++by_trigger[static_cast<size_t>(d.trigger)][d.result];
  for (size_t i = 0; i < std::size(kTriggers); ++i) {
    if (by_trigger[i][0] + by_trigger[i][1] == 0) continue;
    std::fprintf(out, "%s: %" PRIu64 " stay, %" PRIu64 " go\n", kTriggers[i], by_trigger[i][0], by_trigger[i][1]);
  }
}

}  // namespace simsched::collect
