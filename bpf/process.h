// Runs another program without a shell in between.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace simsched::bpf {

struct ProcessResult {
  int status = -1;  // exit status; 128 + N: ended by signal N
  std::string out, err;
};

// `command[0]` is looked up in PATH. Throws Error only when the process cannot be started for want of resources;
// a program that does not exist ends with 127.
ProcessResult run_process(const std::vector<std::string>& command);

// The first of `names` that is an executable in PATH: its whole path. One with a slash is a path itself.
std::optional<std::string> find_program(const std::vector<std::string>& names);

}  // namespace simsched::bpf
