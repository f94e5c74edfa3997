// PacketSource: when the packets of a flow come, and how large they are. Drawn one by one, in integers.
#pragma once

#include <cstdint>

#include "base/int128.h"
#include "base/rng.h"
#include "base/units.h"
#include "workloads/packets.h"

namespace simsched {

class PacketSource {
 public:
  PacketSource() = default;
  PacketSource(const Packets& packets, const PacketFlow& flow, Rng rng);

  Nanos next() const { return next_; }  // max(): none comes any more
  // Takes that packet: its bytes, without headers around it.
  int32_t take(const Packets& packets, const PacketFlow& flow);

 private:
  void draw_next(const Packets& packets, const Arrivals& arrivals);
  void wait(Uint128 units);
  bool set_rate(int64_t rate);

  Rng rng_;
  Nanos next_{0};
  Nanos until_{0};         // the burst, or the step of rates, lasts until then
  uint64_t interval_ = 0;  // between two packets on the average, in ns of 2^32
  uint32_t fraction_ = 0;  // of a nanosecond, of 2^32
  uint32_t step_ = 0;
};

}  // namespace simsched
