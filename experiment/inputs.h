// What a Config names, loaded and checked: shared by all its experiments, and immutable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/progress.h"
#include "experiment/config.h"
#include "experiment/recording.h"
#include "sim/kernel_params.h"
#include "topology/machine.h"
#include "workloads/workload.h"

namespace simsched {

class Inputs {
 public:
  // Loads machines and workload, and tries every policy once on every machine, so that all that is wrong with
  // the config is known before anything is simulated. `progress` counts bytes of the recording that are read.
  explicit Inputs(const Config& config, const Progress& progress = {});

  size_t nr_machines() const { return machines_.size(); }
  const Machine& machine(size_t machine) const { return *machines_[machine]; }
  const KernelParams& kernel(size_t machine) const { return kernels_[machine]; }
  // That the workload is made of, without its events; none for a generator.
  const Recording* recording() const { return recording_.get(); }
  // What the workload leaves out of the files that it is made of: sentences.
  const std::vector<std::string>& notes() const { return notes_; }
  // Of that machine and seed. Any thread may ask.
  std::shared_ptr<const Workload> workload(size_t machine, uint64_t seed) const;

 private:
  void load_machines(const Config& config);
  void load_trace(const Config& config, const Progress& progress);
  void prepare_mix(const Config& config, const Progress& progress);
  void prepare_generator(const Config& config);
  void add_kernels(const KernelConfig& config, const KernelParams& base, size_t base_cpus);
  void note_throttling(const Config& config);
  void note_admission(const Config& config);
  void check_policies(const Config& config) const;
  void check_metrics(const Config& config) const;
  void check_named_cpus(const Config& config) const;
  void check_hotplug(const Config& config) const;

  const std::vector<TaskRule> tasks_;
  const std::vector<SharedMemory> memories_;  // that parts of a mix share
  std::vector<std::unique_ptr<const Machine>> machines_;  // engines refer to them
  std::vector<KernelParams> kernels_;                     // by machine
  std::unique_ptr<const Recording> recording_;
  std::vector<std::shared_ptr<const Workload>> replays_;  // of a recording, by machine; empty for a generator
  std::vector<std::string> notes_;
  std::function<Workload(uint64_t seed)> generator_;      // otherwise: made anew for each run, which keeps memory low
};

}  // namespace simsched
