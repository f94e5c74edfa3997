// Raw BTF that is safe to hand to libbpf, whose parser trusts what it reads (1.1 checks neither ids nor names).
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "bpf/btf.h"

namespace simsched::bpf {

// Throws Error(where, ...) unless every offset, name and type id in `raw` is in range.
void check_btf(std::span<const std::byte> raw, const std::string& where);

// Checked, then parsed.
Btf parse_btf(std::span<const std::byte> raw, const std::string& where);

}  // namespace simsched::bpf
