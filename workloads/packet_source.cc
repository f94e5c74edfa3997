#include "workloads/packet_source.h"

#include <algorithm>

#include "base/exponential.h"

namespace simsched {
namespace {

Nanos exponential_time(Nanos mean, Rng& rng) {
  return Nanos(std::max<int64_t>(1, exponential(mean.count(), rng)));
}

}  // namespace

PacketSource::PacketSource(const Packets& packets, const PacketFlow& flow, Rng rng) : rng_(rng) {
  const Arrivals& arrivals = flow.arrivals;
  switch (arrivals.kind) {
    case Arrivals::Kind::kRegular:
      set_rate(arrivals.rate);
      wait(rng_.below(interval_));
      return;
    case Arrivals::Kind::kPoisson:
      set_rate(arrivals.rate);
      break;
    case Arrivals::Kind::kBursty: {
      const auto on = static_cast<Uint128>(arrivals.on.count()), off = static_cast<Uint128>(arrivals.off.count());
      set_rate(static_cast<int64_t>(static_cast<Uint128>(arrivals.rate) * (on + off) / on));
      // It may be found in a burst or between two.
      if (rng_.below(static_cast<uint64_t>(on + off)) >= on) next_ = exponential_time(arrivals.off, rng_);
      until_ = next_ + exponential_time(arrivals.on, rng_);
      break;
    }
    case Arrivals::Kind::kRecorded:
      next_ = packets.steps[arrivals.first_step].at;
      until_ = next_;
      step_ = arrivals.first_step;
      interval_ = 0;
      break;
  }
  draw_next(packets, arrivals);
}

// False: none comes at that rate.
bool PacketSource::set_rate(int64_t rate) {
  interval_ = rate > 0 ? (uint64_t{1'000'000'000} << 32) / static_cast<uint64_t>(rate) : 0;
  return rate > 0;
}

void PacketSource::wait(Uint128 units) {
  units += fraction_;
  fraction_ = static_cast<uint32_t>(units);
  next_ += Nanos(static_cast<int64_t>(units >> 32));
}

int32_t PacketSource::take(const Packets& packets, const PacketFlow& flow) {
  const SizeRange* size = &packets.sizes[flow.first_size];
  if (flow.nr_sizes > 1) {
    const uint64_t drawn = rng_.below(size[flow.nr_sizes - 1].up_to);
    while (size->up_to <= drawn) ++size;
  }
  const auto bytes = static_cast<int32_t>(size->low == size->high ? size->low : rng_.between(size->low, size->high));
  if (flow.arrivals.kind == Arrivals::Kind::kRegular)
    wait(interval_);
  else
    draw_next(packets, flow.arrivals);
  return bytes;
}

// Where the rate changes before the packet would have come, it is drawn anew from there: exponential times have no
// memory.
void PacketSource::draw_next(const Packets& packets, const Arrivals& arrivals) {
  const bool changes = arrivals.kind != Arrivals::Kind::kPoisson;
  while (true) {
    if (interval_ > 0) {
      const Nanos before = next_;
      wait(static_cast<Uint128>(exponential(rng_)) * interval_ >> 32);
      if (!changes || next_ < until_) return;
      next_ = std::max(before, until_);
    } else {
      next_ = until_;
    }
    if (arrivals.kind == Arrivals::Kind::kBursty) {
      next_ = until_ + exponential_time(arrivals.off, rng_);
      until_ = next_ + exponential_time(arrivals.on, rng_);
      continue;
    }
    const uint32_t end = arrivals.first_step + arrivals.nr_steps;
    const bool flows = set_rate(packets.steps[step_].rate);
    ++step_;
    until_ = step_ < end ? packets.steps[step_].at : Nanos::max();
    if (!flows && until_ == Nanos::max()) {
      next_ = Nanos::max();
      return;
    }
  }
}

}  // namespace simsched
