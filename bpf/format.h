// printf as BPF programs have it (bpf_bstr_printf(), kernel/bpf/helpers.c, 6.18): %d %i %u %x %X %p %s %c with l, ll
// and h, width, zero padding and '-'; %pK %px prints the number, %pks and %pus a string at a pointer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "bpf/vm.h"

namespace simsched::bpf {

constexpr size_t kMaxFormatArguments = 12;  // MAX_BPRINTF_VARARGS

// None when the format has what a BPF program may not use or more conversions than arguments (-EINVAL in the kernel).
// A string that cannot be read is printed as "(fault)"; there is no trap.
std::optional<std::string> format_guest(Vm& vm, const std::string& format, std::span<const uint64_t> arguments);

// The same with everything from the policy: a format of up to `format_size` bytes, and `data_size` bytes of arguments.
// None: as above (`error` is -EINVAL), or after a trap.
std::optional<std::string> format_guest(Vm& vm, uint64_t format, uint64_t format_size, uint64_t data,
                                        uint64_t data_size);

}  // namespace simsched::bpf
