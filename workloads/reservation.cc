#include "workloads/reservation.h"

#include "base/duration.h"

namespace simsched {
namespace {

constexpr Nanos kLeastRuntime{1024};                                    // 1 << DL_SCALE
constexpr Nanos kShortestPeriod = 100_us, kLongestPeriod = 4194304_us;  // sched_deadline_period_{min,max}_us
constexpr int64_t kAllowed = bandwidth(950_ms, 1_s);
constexpr int64_t kOfServer = bandwidth(50_ms, 1_s);  // dl_server_apply_params()

}  // namespace

std::string reservation_problem(const Reservation& r) {
  if (r.deadline <= Nanos(0)) return "the deadline must be more than 0";
  if (r.runtime < kLeastRuntime) return "the runtime must be 1024ns at least";
  if (r.runtime > r.deadline) return "the runtime must not be longer than the deadline";
  if (r.deadline > r.period) return "the deadline must not be later than the period";
  if (r.period < kShortestPeriod || r.period > kLongestPeriod) return "the period must be 100us..4194304us";
  return "";
}

std::string reservation_text(const Reservation& r) {
  const std::string text = duration_text(r.runtime) + " in " + duration_text(r.period);
  return r.deadline == r.period ? text : text + " within " + duration_text(r.deadline);
}

bool exceeds_bandwidth(int64_t total, int64_t capacity, size_t servers) {
  return kAllowed * capacity / 1024 < total + kOfServer * static_cast<int64_t>(servers);
}

}  // namespace simsched
