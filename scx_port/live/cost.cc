#include "scx_port/live/cost.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"

namespace simsched::live {
namespace {

constexpr size_t kLeastPacket = 64;  // an Ethernet header must fit

// r0 = 2 (XDP_PASS); exit.
class EmptyProgram {
 public:
  EmptyProgram(bpf_prog_type type, const std::string& where) {
    bpf_insn code[2] = {};
    code[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
    code[0].imm = 2;
    code[1].code = BPF_JMP | BPF_EXIT;
    LIBBPF_OPTS(bpf_prog_load_opts, options);
    if (type == BPF_PROG_TYPE_SYSCALL) options.prog_flags = BPF_F_SLEEPABLE;
    fd_ = bpf_prog_load(type, "empty", "GPL", code, 2, &options);
    if (fd_ < 0) throw Error(where, std::string("cannot load an empty BPF program: ") + std::strerror(errno));
  }
  ~EmptyProgram() { close(fd_); }
  EmptyProgram(const EmptyProgram&) = delete;
  EmptyProgram& operator=(const EmptyProgram&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

class Meter {
 public:
  Meter(bpf_prog_type type, std::span<const std::byte> input, const CostOptions& options, std::string where)
      : type_(type), input_(input.begin(), input.end()), options_(options), where_(std::move(where)) {
    if (type == BPF_PROG_TYPE_XDP) input_.resize(std::max(input_.size(), kLeastPacket));
  }

  // Mean of one call.
  Nanos round(int program) { return type_ == BPF_PROG_TYPE_XDP ? packets(program) : syscalls(program); }

 private:
  void call(int program, bpf_test_run_opts& run) const {
    if (int error = bpf_prog_test_run_opts(program, &run))
      throw Error(where_, std::string("cannot be timed: ") + std::strerror(-error));
  }
  Nanos packets(int program) {
    LIBBPF_OPTS(bpf_test_run_opts, run);
    run.data_in = input_.data();
    run.data_size_in = static_cast<uint32_t>(input_.size());
    run.repeat = static_cast<int>(options_.calls);
    call(program, run);
    return Nanos(run.duration);
  }
  Nanos syscalls(int program) {
    // What a program writes into its context is not to become the input of the next call.
    std::vector<std::byte> context;
    const auto start = std::chrono::steady_clock::now();
    for (uint32_t i = 0; i < options_.calls; ++i) {
      context = input_;
      LIBBPF_OPTS(bpf_test_run_opts, run);
      run.ctx_in = context.data();
      run.ctx_size_in = static_cast<uint32_t>(context.size());
      call(program, run);
    }
    const std::chrono::nanoseconds all = std::chrono::steady_clock::now() - start;
    return Nanos(all.count()) / options_.calls;
  }

  bpf_prog_type type_;
  std::vector<std::byte> input_;
  CostOptions options_;
  std::string where_;
};

}  // namespace

Cost measure_cost(KernelObject& object, const std::string& program, std::span<const std::byte> input,
                  const CostOptions& options) {
  const int fd = object.program_fd(program);
  const bpf_prog_type type = bpf_program__type(bpf_object__find_program_by_name(object.get(), program.c_str()));
  const std::string where = object.name() + ": " + program;
  if (type != BPF_PROG_TYPE_XDP && type != BPF_PROG_TYPE_SYSCALL)
    throw Error(where, "is of a type that cannot be run by itself",
                "time an xdp or syscall program that does the same");
  SIMSCHED_CHECK(options.calls > 0 && options.rounds > 0, "nothing to measure");
  const EmptyProgram empty(type, where);
  Meter meter(type, input, options, where);
  Cost best{Nanos::max(), Nanos::max()};
  for (uint32_t round = 0; round < options.rounds; ++round) {
    best.empty = std::min(best.empty, meter.round(empty.fd()));
    best.gross = std::min(best.gross, meter.round(fd));
  }
  return best;
}

}  // namespace simsched::live
