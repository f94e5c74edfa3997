// What the files of scx_* kfuncs share. Each entry is `Word f(Vm&, Word a, Word b, Word c, Word d, Word e)`.
#pragma once

#include "scx_port/host/bpf_ops.h"

namespace simsched::bpf {

using Word = uint64_t;

inline ext::ExtClass& ext_class(Vm& vm) { return BpfOps::of(vm).ext_class(); }
inline KernelObjects& objects(Vm& vm) { return BpfOps::of(vm).objects(); }
inline Word errno_word(int32_t value) { return static_cast<uint32_t>(value); }
inline int32_t s32(Word value) { return static_cast<int32_t>(value); }

}  // namespace simsched::bpf
