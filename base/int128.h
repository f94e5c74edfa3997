// 128-bit integers: products of two 64-bit quantities, without overflow and without floating point.
#pragma once

namespace simsched {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

}  // namespace simsched
