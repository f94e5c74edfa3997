#include "policies/fair/pelt.h"

namespace simsched::fair::pelt {
namespace {

using Wide = Uint128;

// Integer square root of a 128-bit number, by bits.
constexpr uint64_t square_root(Wide value) {
  uint64_t root = 0;
  for (int bit = 63; bit >= 0; --bit) {
    uint64_t trial = root | uint64_t{1} << bit;
    if (Wide{trial} * trial <= value) root = trial;
  }
  return root;
}

// y is the fifth successive square root of 1/2.
constexpr std::array<uint32_t, kHalfLife> make_powers() {
  uint64_t y = uint64_t{1} << 63;  // of 2^64
  for (int i = 0; i < 5; ++i) y = square_root(Wide{y} << 64);
  std::array<uint32_t, kHalfLife> powers{};
  uint64_t power = ~uint64_t{0};
  for (uint32_t& p : powers) {
    p = static_cast<uint32_t>((Wide{power} * 0xffffffff + 0xffffffff) >> 64);
    power = static_cast<uint64_t>(Wide{power} * y >> 64);
  }
  return powers;
}
static_assert(make_powers()[1] == 0xfa83b2da && make_powers()[31] == 0x82cd8698);

template <class Unsigned>
void subtract(Unsigned& from, Unsigned what) {
  from -= std::min(from, what);
}

template <class Unsigned>
void add_signed(Unsigned& to, int64_t what) {
  if (what < 0) subtract(to, static_cast<Unsigned>(-what));
  else to += static_cast<Unsigned>(what);
}

// The rounding of sums and averages differs; a sum is never below what its average stands for.
void raise_sum(uint64_t& sum, uint64_t avg) { sum = std::max(sum, avg * kMinDivider); }

void note_propagation(CfsRq& rq, int64_t runnable_sum) {
  rq.propagate = true;
  rq.prop_runnable_sum += runnable_sum;
}

// The sums of one kind follow the run queue below.
void follow(uint32_t& e_avg, uint64_t& e_sum, uint32_t& rq_avg, uint64_t& rq_sum, uint32_t below, uint64_t div) {
  int64_t delta_avg = int64_t{below} - e_avg;
  if (delta_avg == 0) return;
  uint64_t sum = below * div;
  int64_t delta_sum = static_cast<int64_t>(sum - e_sum);
  e_avg = below;
  e_sum = sum;
  add_signed(rq_avg, delta_avg);
  add_signed(rq_sum, delta_sum);
  raise_sum(rq_sum, rq_avg);
}

void follow_load(Entity& e, CfsRq& rq, CfsRq& below) {
  int64_t runnable_sum = below.prop_runnable_sum;
  if (runnable_sum == 0) return;
  below.prop_runnable_sum = 0;
  int64_t div = divider(rq.avg), had = static_cast<int64_t>(e.avg.load_sum);
  if (runnable_sum > 0) {
    runnable_sum = std::min(runnable_sum + had, div);
  } else {
    // What left is not known exactly: assume that all below are equally runnable.
    int64_t weight = scale_down(below.load);
    runnable_sum = std::min(had, weight ? static_cast<int64_t>(below.avg.load_sum) / weight : 0);
  }
  runnable_sum = std::max(runnable_sum, static_cast<int64_t>(e.avg.util_sum >> 10));
  int64_t weight = static_cast<int64_t>(weight_of(e));
  int64_t load_sum = weight * runnable_sum, load_avg = load_sum / div;
  int64_t delta_avg = load_avg - static_cast<int64_t>(e.avg.load_avg);
  if (delta_avg == 0) return;
  int64_t delta_sum = load_sum - weight * had;
  e.avg.load_sum = static_cast<uint64_t>(runnable_sum);
  e.avg.load_avg = static_cast<uint64_t>(load_avg);
  add_signed(rq.avg.load_avg, delta_avg);
  add_signed(rq.avg.load_sum, delta_sum);
  raise_sum(rq.avg.load_sum, rq.avg.load_avg);
}

}  // namespace

constinit const std::array<uint32_t, kHalfLife> kPowers = make_powers();

void add_load(CfsRq& rq, const Entity& e) {
  rq.avg.load_avg += e.avg.load_avg;
  rq.avg.load_sum += weight_of(e) * e.avg.load_sum;
}

void remove_load(CfsRq& rq, const Entity& e) {
  subtract(rq.avg.load_avg, e.avg.load_avg);
  subtract(rq.avg.load_sum, weight_of(e) * e.avg.load_sum);
  raise_sum(rq.avg.load_sum, rq.avg.load_avg);
}

void attach(CfsRq& rq, Entity& e) {
  // Run queue and entity decay in step from here on.
  e.avg.last_update_time = rq.avg.last_update_time;
  uint64_t div = divider(rq.avg), weight = weight_of(e);
  e.avg.util_sum = e.avg.util_avg * div;
  e.avg.runnable_sum = e.avg.runnable_avg * div;
  uint64_t load_sum = e.avg.load_avg * div;
  e.avg.load_sum = weight < load_sum ? load_sum / weight : 1;
  add_load(rq, e);
  rq.avg.util_avg += e.avg.util_avg;
  rq.avg.util_sum += e.avg.util_sum;
  rq.avg.runnable_avg += e.avg.runnable_avg;
  rq.avg.runnable_sum += e.avg.runnable_sum;
  note_propagation(rq, static_cast<int64_t>(e.avg.load_sum));
}

void detach(CfsRq& rq, Entity& e) {
  remove_load(rq, e);
  subtract(rq.avg.util_avg, e.avg.util_avg);
  subtract(rq.avg.util_sum, e.avg.util_sum);
  raise_sum(rq.avg.util_sum, rq.avg.util_avg);
  subtract(rq.avg.runnable_avg, e.avg.runnable_avg);
  subtract(rq.avg.runnable_sum, e.avg.runnable_sum);
  raise_sum(rq.avg.runnable_sum, rq.avg.runnable_avg);
  note_propagation(rq, -static_cast<int64_t>(e.avg.load_sum));
}

void remove_later(CfsRq& rq, const Entity& e) {
  rq.removed = true;
  rq.removed_load += e.avg.load_avg;
  rq.removed_util += e.avg.util_avg;
  rq.removed_runnable += e.avg.runnable_avg;
}

// The first part of update_cfs_rq_load_avg(): of what is gone only the averages are known, the sums follow from them.
void take_removed_away(CfsRq& rq) {
  uint64_t div = divider(rq.avg);
  LoadAvg& avg = rq.avg;
  subtract(avg.load_avg, rq.removed_load);
  subtract(avg.load_sum, rq.removed_load * div);
  raise_sum(avg.load_sum, avg.load_avg);
  subtract(avg.util_avg, rq.removed_util);
  subtract(avg.util_sum, rq.removed_util * div);
  raise_sum(avg.util_sum, avg.util_avg);
  subtract(avg.runnable_avg, rq.removed_runnable);
  subtract(avg.runnable_sum, rq.removed_runnable * div);
  raise_sum(avg.runnable_sum, avg.runnable_avg);
  note_propagation(rq, -static_cast<int64_t>(rq.removed_runnable * div) >> 10);
  rq.removed = false;
  rq.removed_load = rq.removed_util = rq.removed_runnable = 0;
}

bool propagate_group(Entity& e) {
  CfsRq &below = *e.my_q, &rq = *e.cfs_rq;
  below.propagate = false;
  note_propagation(rq, below.prop_runnable_sum);
  uint64_t div = divider(rq.avg);
  follow(e.avg.util_avg, e.avg.util_sum, rq.avg.util_avg, rq.avg.util_sum, below.avg.util_avg, div);
  follow(e.avg.runnable_avg, e.avg.runnable_sum, rq.avg.runnable_avg, rq.avg.runnable_sum, below.avg.runnable_avg, div);
  follow_load(e, rq, below);
  return true;
}

bool decayed(const CfsRq& rq) {
  return rq.load == 0 && rq.avg.load_sum == 0 && rq.avg.util_sum == 0 && rq.avg.runnable_sum == 0;
}

}  // namespace simsched::fair::pelt
