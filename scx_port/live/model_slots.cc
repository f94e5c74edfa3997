#include "scx_port/live/model_slots.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "base/error.h"

namespace simsched::live {
namespace {

constexpr const char* kKeeps = "the model that was active stays";

}  // namespace

bool ModelSlots::has_slots(KernelObject& object) {
  return bpf_object__find_map_by_name(object.get(), "models") != nullptr && object.has_variable("model_active");
}

ModelSlots::ModelSlots(KernelObject& object, std::function<void(Clock::time_point)> wait)
    : object_(object), wait_(std::move(wait)) {
  if (!wait_) wait_ = [](Clock::time_point then) { std::this_thread::sleep_until(then); };
  if (!has_slots(object)) throw Error(object.name(), "this policy takes no models", "leave the model out");
  map_ = object.map_fd("models");
  const std::span<std::byte> active = object.variable("model_active");
  const bpf_map* map = bpf_object__find_map_by_name(object.get(), "models");
  if (bpf_map__value_size(map) != sizeof(mlp::mlp_model) || bpf_map__max_entries(map) != mlp::MLP_SLOTS ||
      active.size() != sizeof(uint32_t))
    throw Error(object.name(), "its slots for models are of another format", "use the loader that belongs to it");
  active_ = reinterpret_cast<uint32_t*>(active.data());
}

uint32_t ModelSlots::active() const { return std::atomic_ref(*active_).load(std::memory_order_acquire); }

uint32_t ModelSlots::active_version() const { return active() < mlp::MLP_SLOTS ? read(active()).version : 0; }

mlp::mlp_model ModelSlots::read(uint32_t slot) const {
  mlp::mlp_model model{};
  if (bpf_map_lookup_elem(map_, &slot, &model) != 0)
    throw Error(object_.name(), std::string("cannot read a model: ") + std::strerror(errno));
  return model;
}

void ModelSlots::write(uint32_t slot, const mlp::mlp_model& model) {
  if (bpf_map_update_elem(map_, &slot, &model, BPF_ANY) != 0)
    throw Error(object_.name(), std::string("cannot write a model: ") + std::strerror(errno), kKeeps);
}

// The one left longest ago.
uint32_t ModelSlots::free_slot() const {
  uint32_t best = mlp::MLP_SLOTS;
  for (uint32_t slot = 0; slot < mlp::MLP_SLOTS; ++slot) {
    if (slot != active() && (best == mlp::MLP_SLOTS || left_[slot] < left_[best])) best = slot;
  }
  return best;
}

void ModelSlots::check(uint32_t slot, const mlp::ModelFile& file, const std::string& where) {
  for (size_t i = 0; i < file.golden.size(); ++i) {
    const mlp::mlp_golden& golden = file.golden[i];
    mlp::mlp_test test{};
    test.slot = slot;
    std::ranges::copy(golden.in, test.in);
    const uint32_t failed = object_.run("model_test", std::as_writable_bytes(std::span(&test, 1)));
    if (failed != 0) throw Error(where, "the policy does not take the model", kKeeps);
    if (test.logit != golden.logit) {
      throw Error(where,
                  "model version " + std::to_string(file.model.version) + " answers " + std::to_string(test.logit) +
                      " to golden vector " + std::to_string(i) + ", which says " + std::to_string(golden.logit),
                  kKeeps);
    }
  }
}

void ModelSlots::install(const mlp::ModelFile& file, const std::string& where) {
  if (file.golden.empty() || file.model.version == 0) throw Error(where, "the model cannot be checked", kKeeps);
  const uint32_t old = active(), slot = free_slot();
  if (left_[slot] != Clock::time_point() && left_[slot] + kRest > Clock::now()) wait_(left_[slot] + kRest);
  // The version goes first and comes last: whoever should read this slot after all sees that it changed.
  mlp::mlp_model before = read(slot), during = file.model;
  before.version = during.version = 0;
  write(slot, before);
  write(slot, during);
  try {
    check(slot, file, where);
  } catch (const Error&) {
    write(slot, {});
    throw;
  }
  write(slot, file.model);
  std::atomic_ref(*active_).store(slot, std::memory_order_release);
  if (old < mlp::MLP_SLOTS) left_[old] = Clock::now();
}

}  // namespace simsched::live
