#include "scx_port/loader/decision_log.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "scx_port/live/bytes.h"

namespace simsched::live {
namespace {

constexpr const char* kMap = "decisions";
constexpr const char* kSwitch = "decisions_logged";
constexpr uint32_t kRingBytes = 1 << 24;
constexpr const char* kLost = "decisions_lost";

}  // namespace

void DecisionLog::enable(KernelObject& object) {
  if (!object.has_map(kMap) || !object.has_variable(kSwitch))
    throw Error(object.name(), "the policy has no decisions to log", "leave --decisions out");
  set_integer(object.variable(kSwitch), 1);
  object.set_map_entries(kMap, kRingBytes);
}

DecisionLog::DecisionLog(KernelObject& object, const std::string& path)
    : object_(object), path_(path), file_(std::fopen(path.c_str(), "ab")) {
  if (!file_) throw Error(path, "cannot be written: " + std::string(std::strerror(errno)), "choose another file");
  ring_.reset(ring_buffer__new(object.map_fd(kMap), &DecisionLog::add, this, nullptr));
  if (!ring_) throw Error(object.name(), "the ring buffer of decisions cannot be read");
}

DecisionLog::~DecisionLog() = default;

void DecisionLog::Close::operator()(ring_buffer* ring) const { ring_buffer__free(ring); }

int DecisionLog::add(void* self, void* record, size_t size) {
  auto& log = *static_cast<DecisionLog*>(self);
  if (std::fwrite(record, 1, size, log.file_.get()) != size) log.failed_ = true;
  ++log.records_;
  return 0;
}

void DecisionLog::drain() {
  ring_buffer__consume(ring_.get());
  if (failed_ || std::fflush(file_.get()) != 0)
    throw Error(path_, "cannot be written: " + std::string(std::strerror(errno)), "make room for it");
}

uint64_t DecisionLog::lost() const { return object_.has_variable(kLost) ? get_integer(object_.variable(kLost)) : 0; }

}  // namespace simsched::live
