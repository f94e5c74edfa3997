// SetUp: what the scheduler's own loader would do, as its manifest says (scx_port/manifest/loader_settings.h): the same
// as scx_port/host/bpf_ops_loader.cc does in a simulation.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/units.h"
#include "scx_port/live/kernel_object.h"
#include "scx_port/loader/statistics.h"
#include "scx_port/manifest/loader_settings.h"

namespace simsched::live {

class SetUp {
 public:
  using Say = std::function<void(const std::string& line)>;

  // `settings` and `object` stay with the caller.
  SetUp(const LoaderSettings& settings, KernelObject& object, Say say);

  // In this order. Each throws Error.
  void before_load(const std::string& ops);
  void before_attach();
  void attached(Nanos now);

  // Programs that run now and then.
  Nanos next() const;
  void work(Nanos now);

  Counters reported();  // the globals that are asked for; of an array NAME[0], NAME[1], ...

 private:
  struct Due {
    size_t run;
    Nanos at;
  };

  // The maps in an array of maps.
  struct Filled {
    std::string map;
    int type;
    uint32_t key_size, value_size, entries, flags;
  };

  void fill(const Filled& filled);
  void update(const MapEntry& entry);
  void run(const ProgramRun& run, std::span<const std::byte> before);

  const LoaderSettings& settings_;
  KernelObject& object_;
  Say say_;
  std::vector<Filled> filled_;
  std::vector<Due> due_;
};

}  // namespace simsched::live
