// What programs in the kernel cost, by its own statistics: runs and time of each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scx_port/live/kernel_object.h"

namespace simsched::live {

struct ProgramCost {
  std::string program;
  uint64_t runs = 0, nanoseconds = 0;
  uint64_t missed = 0;  // runs that did not take place, as the program ran already
};

// The kernel counts while one of these exists; it costs every BPF program two readings of the clock. Needs
// CAP_SYS_ADMIN to begin, nothing after that. Throws Error.
class CostCounting {
 public:
  CostCounting();
  ~CostCounting();
  CostCounting(const CostCounting&) = delete;
  CostCounting& operator=(const CostCounting&) = delete;

 private:
  int fd_;
};

// Of all programs of a loaded object, those that never ran too.
std::vector<ProgramCost> program_costs(KernelObject& object);

}  // namespace simsched::live
