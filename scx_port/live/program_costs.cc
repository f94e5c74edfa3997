#include "scx_port/live/program_costs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace simsched::live {

CostCounting::CostCounting() : fd_(bpf_enable_stats(BPF_STATS_RUN_TIME)) {
  if (fd_ < 0)
    throw Error("", "the kernel does not count the cost of programs: " + std::string(std::strerror(errno)),
                "be root, or leave --costs out");
}

CostCounting::~CostCounting() { close(fd_); }

std::vector<ProgramCost> program_costs(KernelObject& object) {
  std::vector<ProgramCost> costs;
  bpf_program* program;
  bpf_object__for_each_program(program, object.get()) {
    bpf_prog_info info{};
    uint32_t size = sizeof(info);
    const int fd = bpf_program__fd(program);
    if (fd < 0 || bpf_prog_get_info_by_fd(fd, &info, &size) != 0) continue;
    costs.push_back({bpf_program__name(program), info.run_cnt, info.run_time_ns, info.recursion_misses});
  }
  return costs;
}

}  // namespace simsched::live
