// ModelSlots: replaces the model of a loaded policy that includes <simsched/model.bpf.h>, while it decides.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "scx_port/live/kernel_object.h"
#include "ml/model/model_file.h"

namespace simsched::live {

class ModelSlots {
 public:
  using Clock = std::chrono::steady_clock;
  // A decision under way may still read the slot that was left: it is not written to for so long.
  static constexpr std::chrono::milliseconds kRest{100};

  // `wait` sleeps until then; for tests. Throws Error when the object has no slots. It outlives this, loaded.
  explicit ModelSlots(KernelObject& object, std::function<void(Clock::time_point)> wait = {});

  // Whether an object takes models at all.
  static bool has_slots(KernelObject& object);

  // Writes the model into a slot that is not in use, has the policy compute its golden vectors there, and activates it.
  // Throws Error when one comes out differently or the kernel refuses; the model that was active stays so.
  // May wait kRest when called often in a row.
  void install(const mlp::ModelFile& file, const std::string& where);

  // Has the policy compute the golden vectors of a model that lies in that slot already. Throws Error as install() does.
  void check(uint32_t slot, const mlp::ModelFile& file, const std::string& where);

  uint32_t active() const;          // a slot
  uint32_t active_version() const;  // of the model there; 0: none

 private:
  void write(uint32_t slot, const mlp::mlp_model& model);
  mlp::mlp_model read(uint32_t slot) const;
  uint32_t free_slot() const;

  KernelObject& object_;
  std::function<void(Clock::time_point)> wait_;
  int map_;
  uint32_t* active_;
  std::array<Clock::time_point, mlp::MLP_SLOTS> left_{};  // when each was last in use
};

}  // namespace simsched::live
