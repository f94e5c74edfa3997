/* SPDX-License-Identifier: GPL-2.0-only
 * u8 to s64 for headers that BPF programs and C++ share; BPF programs have them from vmlinux.h.
 */
#ifndef SIMSCHED_SHARED_TYPES_H
#define SIMSCHED_SHARED_TYPES_H

#ifdef __cplusplus
#include <cstdint>
namespace simsched {
using u8 = uint8_t;
using u16 = uint16_t;
using u32 = uint32_t;
using u64 = uint64_t;
using s8 = int8_t;
using s16 = int16_t;
using s32 = int32_t;
using s64 = int64_t;
}  // namespace simsched
#endif
#endif
