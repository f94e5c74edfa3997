#include "scx_port/loader/exit_info.h"

#include "base/exit_code.h"
#include "scx_port/live/bytes.h"

namespace simsched::live {
namespace {

// enum scx_exit_kind, kernel/sched/ext_internal.h of 6.18 (the same from 6.12 on).
constexpr int64_t kUnregKern = 66, kError = 1024, kErrorStall = 1026;
constexpr uint64_t kActionMask = uint64_t{0xffff} << 48, kActionRestart = uint64_t{1} << 48;
constexpr uint32_t kDumpLength = 32768;

}  // namespace

bool ExitInfo::wants_restart() const { return ended() && kind < kError && (code & kActionMask) == kActionRestart; }

int ExitInfo::process_exit_code() const {
  if (kind == kErrorStall) return kExitStall;
  return kind >= kError ? kExitPolicyError : kExitOk;
}

std::string ExitInfo::text() const {
  std::string text = reason.empty() ? "ended" : reason;
  if (!message.empty()) text += ": " + message;
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

void make_room_for_dump(KernelObject& object, const std::string& ops) {
  if (!object.has_variable("uei_dump") || !object.has_variable("uei_dump_len")) return;
  object.set_section_size(".data.uei_dump", kDumpLength);
  set_integer(object.variable("uei_dump_len"), kDumpLength);
  if (auto length = object.ops_member(ops, "exit_dump_len"); !length.empty()) set_integer(length, kDumpLength);
}

ExitInfo unrecorded_exit(bool cpus_changed) {
  ExitInfo info;
  info.kind = cpus_changed ? kUnregKern : kError;
  info.code = cpus_changed ? kActionRestart : 0;
  info.reason = cpus_changed ? "ended by the kernel" : "ended by the kernel, which says why in its log (dmesg)";
  info.message = cpus_changed ? "a CPU came or went, and it handles neither" : "it has no UEI_RECORD()";
  return info;
}

ExitInfo read_exit_info(KernelObject& object) {
  ExitInfo info;
  if (!object.has_variable("uei")) return info;
  const std::span<std::byte> uei = object.variable("uei");
  auto member = [&](const char* name) { return object.member(uei, "user_exit_info", name); };
  const auto kind = member("kind");
  if (kind.empty()) return info;
  // Written last, with a barrier: what it announces is there.
  info.kind = __atomic_load_n(reinterpret_cast<const int32_t*>(kind.data()), __ATOMIC_ACQUIRE);
  if (info.kind == 0) return info;
  if (auto code = member("exit_code"); !code.empty()) info.code = get_integer(code);
  info.reason = get_text(member("reason"));
  info.message = get_text(member("msg"));
  if (object.has_variable("uei_dump")) info.dump = get_text(object.variable("uei_dump"));
  return info;
}

}  // namespace simsched::live
