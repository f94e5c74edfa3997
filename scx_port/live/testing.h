// For tests that load programs into this machine's kernel.
#pragma once

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace simsched::live::testing {

// Why the kernel takes no BPF programs from us; empty: it does.
inline std::string why_no_bpf() {
  bpf_insn code[2] = {};
  code[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
  code[1].code = BPF_JMP | BPF_EXIT;
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  options.prog_flags = BPF_F_SLEEPABLE;
  const int program = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "probe", "GPL", code, 2, &options);
  if (program < 0) return std::string("needs root and BPF here: ") + std::strerror(errno);
  close(program);
  return {};
}

// Skips where there is no BPF, unless SIMSCHED_REQUIRE_BPF=1 says that there has to be.
class LiveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string why = why_no_bpf();
    if (why.empty()) return;
    const char* required = std::getenv("SIMSCHED_REQUIRE_BPF");
    if (required != nullptr && std::string_view(required) == "1") FAIL() << why;
    GTEST_SKIP() << why;
  }
};

}  // namespace simsched::live::testing
