// Session: one life of a scheduler in the kernel, from loading to its end. A hotplug restart is a new one.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "scx_port/manifest/manifest.h"
#include "scx_port/live/kernel_object.h"
#include "scx_port/live/live_host.h"
#include "scx_port/live/model_slots.h"
#include "scx_port/loader/decision_log.h"
#include "scx_port/loader/exit_info.h"
#include "scx_port/loader/set_up.h"
#include "scx_port/loader/statistics.h"
#include "scx_port/schedulers/user_half.h"
#include "topology/machine.h"

namespace simsched::live {

struct SessionOptions {
  std::optional<uint32_t> timeout_ms;  // of the watchdog, instead of the policy's own
  std::string decisions;               // file; empty: none
  std::string model;                   // file, instead of the exported one
  bool costs = false;                  // say what each program costs
  SetUp::Say say;                      // for lines while it runs
};

class Session {
 public:
  // Opens, sets and loads. Throws Error; nothing is attached then.
  Session(const ExportedFolder& folder, const SessionOptions& options);

  void attach();
  void detach() { object_.detach(); }

  // What the user-space half and the log have to do by now; call it when either is due.
  void work();
  Nanos next() const;  // when work() is due, on the clock of now()
  Nanos now() const { return host_.now(); }

  // What the policy has recorded; of one that records nothing, what the kernel's state tells: that it is gone, and
  // whether a CPU came or went meanwhile.
  ExitInfo exit_info();
  Statistics statistics();
  // Reads the model again and gives it to the policy; what it says of it. Throws Error: the old one goes on.
  std::string reload_model();

 private:
  std::string model_path() const;  // empty: none
  Tunables user_options() const;
  void set_variables();

  const ExportedFolder& folder_;
  SessionOptions options_;
  Machine machine_;
  KernelObject object_;
  LiveHost host_;
  SetUp set_up_;
  std::unique_ptr<UserHalf> half_;
  std::unique_ptr<DecisionLog> log_;
  std::unique_ptr<ModelSlots> slots_;
  Nanos attached_at_;
  std::string enabled_as_, hotplug_;  // the kernel's numbers when it was attached
};

}  // namespace simsched::live
