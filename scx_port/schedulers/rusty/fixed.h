// Fixed-point numbers of the balancer: 64-bit integers with 20 fractional bits, as the averages of the BPF half have.
// A weight is at most 10,000 (2^14) and a duty at most the number of tasks, so that a load fits for 2^28 tasks;
// products are formed in 128 bits.
#pragma once

#include <cstdint>

namespace simsched::rusty {

constexpr int kFracBits = 20;
constexpr int64_t kOne = int64_t{1} << kFracBits;

// Sum over tasks of weight x share of time runnable. A task of weight 100 that is always runnable: 100 * kOne.
using Load = int64_t;
// Sum over tasks of the share of time they were runnable; a task that always was: kOne.
using Duty = int64_t;
// A weight that need not be whole.
using Weight = int64_t;

__extension__ using Wide = __int128;

constexpr Weight weight_of(int64_t whole) { return whole << kFracBits; }
constexpr Load load_of(Weight weight, Duty duty) { return static_cast<Load>((Wide{weight} * duty) >> kFracBits); }

}  // namespace simsched::rusty
