// The policies that are compiled into the program: scx_port/schedulers/*/*.bpf.c, by cmake/Bpf.cmake.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bpf/object.h"

namespace simsched::bpf {

struct ShippedPolicy {
  const char* name;
  const vm_code* code;
  const unsigned char* object;  // the .bpf.o
  size_t size;
};

// The generated table, by name.
std::span<const ShippedPolicy> shipped_policies();

std::vector<std::string> shipped_names();
// Null: no such policy.
std::shared_ptr<const BpfObject> shipped_object(const std::string& name, const ObjectOptions& options = {});

}  // namespace simsched::bpf
