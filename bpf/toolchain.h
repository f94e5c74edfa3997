// The two compilers a policy passes through: clang, for BPF, and the machine's own C compiler.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace simsched::bpf {

class Toolchain {
 public:
  // `include`: folders for policies, before ours and the system's; `cflags`: more options; `clang`: the program to use,
  // empty: the first that is found.
  explicit Toolchain(std::vector<std::string> include = {}, std::vector<std::string> cflags = {},
                     std::string clang = {});

  // What clang makes of the file before it compiles; throws Error with clang's first message.
  std::string preprocess(const std::string& source) const;
  void compile_bpf(const std::string& source, const std::string& object, bool check_bounds) const;
  void compile_native(const std::string& source, const std::string& library) const;

  // Name the compilers and all that matters of how they are called.
  std::string bpf_identity(bool check_bounds) const;
  std::string native_identity() const;

 private:
  const std::string& clang() const;  // throws Error when there is none
  std::vector<std::string> bpf_command(bool check_bounds) const;
  std::vector<std::string> native_command() const;
  const std::string& multiarch() const;  // folder; empty: none

  std::vector<std::string> include_, cflags_;
  mutable std::string clang_;  // found once
  mutable std::optional<std::string> multiarch_;
};

}  // namespace simsched::bpf
