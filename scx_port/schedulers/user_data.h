// What user-space halves do with a BPF program's data: globals of a known size, counters that each CPU has of its own.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "scx_port/schedulers/user_half.h"

namespace simsched {

// A global of that many bytes. Throws Error (where: `policy`) when it has another size: the halves do not belong
// together.
std::span<std::byte> global_of(UserHost& host, const char* policy, const std::string& name, size_t size);

template <class T>
void set_global(UserHost& host, const char* policy, const std::string& name, const T& value) {
  std::memcpy(global_of(host, policy, name, sizeof(T)).data(), &value, sizeof(T));
}

// Entry 0 of a per-CPU array holds 64-bit numbers called `names`: their sums over all CPUs, appended to `counters`.
void add_counters(UserHost& host, const std::string& map, std::span<const char* const> names,
                  std::vector<std::pair<std::string, int64_t>>& counters);

// Of a program that includes scx_port/include/simsched/model.bpf.h: its first slot is the active one.
void start_slots(UserHost& host, const char* policy);
// Throws Error (where: `policy`) when it does not take the model.
void fill_slot(UserHost& host, const char* policy, uint32_t slot, const mlp::ModelFile& model);
// Of its map `model_fallbacks`.
inline constexpr const char* kModelFallbacks[] = {"model_none", "model_torn", "model_unsure"};

}  // namespace simsched
