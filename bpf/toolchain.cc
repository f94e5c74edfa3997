#include "bpf/toolchain.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "base/error.h"
#include "base/shipped_file.h"
#include "bpf/process.h"

namespace simsched::bpf {
namespace {

std::string machine() {
  utsname name{};
  return uname(&name) == 0 ? name.machine : "";
}

std::string file_argument(const std::string& path) { return path.starts_with("-") ? "./" + path : path; }

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// The first complaint among a compiler's messages; one of its back end has no place.
[[noreturn]] void throw_message(const std::string& source, const ProcessResult& result) {
  std::istringstream lines(result.err);
  for (std::string line; std::getline(lines, line);) {
    for (const std::string mark : {"fatal error: ", "error: "}) {
      const size_t at = line.find(mark);
      if (at == std::string::npos || (at != 0 && !line.substr(0, at).ends_with(": "))) continue;
      std::string where = at == 0 ? source : line.substr(0, at - 2);  // FILE:LINE:COLUMN
      if (const size_t column = where.rfind(':'); at != 0 && column != std::string::npos && where.find(':') != column) {
        where.resize(column);
      }
      const std::string what = line.substr(at + mark.size());
      const bool missing = what.ends_with("file not found");
      throw Error(where, at == 0 ? "cannot be compiled: " + what : what,
                  missing ? "name the folder that has it among the folders to include, or correct the policy"
                          : "correct the policy");
    }
  }
  const size_t begin = result.err.find_first_not_of('\n');
  std::string what = begin == std::string::npos ? "" : first_line(result.err.substr(begin));
  if (what.empty()) what = "the compiler ended with status " + std::to_string(result.status);
  throw Error(source, "cannot be compiled: " + what, "correct the policy");
}

}  // namespace

Toolchain::Toolchain(std::vector<std::string> include, std::vector<std::string> cflags, std::string clang)
    : include_(std::move(include)), cflags_(std::move(cflags)), clang_(std::move(clang)) {
  if (!clang_.empty()) {
    const auto found = find_program({clang_});
    if (!found) throw Error("", "no compiler '" + clang_ + "'", "install it: apt-get install " + clang_);
    clang_ = *found;
  }
  const char* ours = std::getenv("SIMSCHED_INCLUDE");
  include_.emplace_back(ours != nullptr && ours[0] != '\0' ? ours
                                                           : shipped_file("scx_port/include", SIMSCHED_SOURCE_DIR));
}

const std::string& Toolchain::clang() const {
  if (clang_.empty()) {
    const auto found = find_program({"clang", "clang-19", "clang-16", "clang-14", "clang-18", "clang-17", "clang-15"});
    if (!found) throw Error("", "no clang, which policies need to be compiled", "install clang: apt-get install clang");
    clang_ = *found;
  }
  return clang_;
}

// Debian keeps asm/types.h in a folder of the machine's, which clang does not look into for -target bpf.
const std::string& Toolchain::multiarch() const {
  if (multiarch_) return *multiarch_;
  std::string name = machine() + "-linux-gnu";
  if (const auto cc = find_program({"cc", "gcc"})) {
    const std::string printed = first_line(run_process({*cc, "-print-multiarch"}).out);
    if (!printed.empty()) name = printed;
  }
  const std::string folder = "/usr/include/" + name;
  return multiarch_.emplace(access(folder.c_str(), X_OK) == 0 ? folder : "");
}

std::vector<std::string> Toolchain::bpf_command(bool check_bounds) const {
  const std::string host = machine();
  const std::string arch = host == "x86_64" ? "x86" : host == "aarch64" ? "arm64" : host == "riscv64" ? "riscv" : host;
  std::vector<std::string> command = {clang(),
                                      "-target",
                                      "bpf",
                                      "-g",
                                      "-O2",
                                      "-mcpu=v3",
                                      "-Wall",
                                      "-Wno-compare-distinct-pointer-types",
                                      "-fno-color-diagnostics",
                                      "-D__TARGET_ARCH_" + arch};
  if (check_bounds) {
    for (const char* option : {"-fsanitize=array-bounds", "-fsanitize-minimal-runtime"}) {
      command.insert(command.end(), {"-Xclang", option});
    }
  }
  command.insert(command.end(), cflags_.begin(), cflags_.end());
  for (const std::string& folder : include_) command.push_back("-I" + folder);
  if (!multiarch().empty()) command.insert(command.end(), {"-idirafter", multiarch()});
  return command;
}

std::string Toolchain::preprocess(const std::string& source) const {
  std::vector<std::string> command = bpf_command(false);
  command.insert(command.end(), {"-E", file_argument(source)});
  const ProcessResult result = run_process(command);
  if (result.status != 0) throw_message(source, result);
  return result.out;
}

void Toolchain::compile_bpf(const std::string& source, const std::string& object, bool check_bounds) const {
  ProcessResult result;
  for (const bool check : {check_bounds, false}) {  // a clang that cannot add the checks still does without
    std::vector<std::string> command = bpf_command(check);
    command.insert(command.end(), {"-c", file_argument(source), "-o", object});
    result = run_process(command);
    if (result.status == 0) return;
  }
  throw_message(source, result);
}

std::vector<std::string> Toolchain::native_command() const {
  const auto found = find_program({"cc", "gcc", "clang", "clang-19", "clang-16", "clang-14"});
  if (!found) throw Error("", "no C compiler, which policies need to run", "install one: apt-get install gcc");
  return {*found, "-x", "c", "-std=gnu11", "-O2", "-fPIC", "-shared", "-w"};
}

void Toolchain::compile_native(const std::string& source, const std::string& library) const {
  std::vector<std::string> command = native_command();
  command.insert(command.end(), {source, "-o", library});
  const ProcessResult result = run_process(command);
  if (result.status != 0) throw_message(source, result);
}

std::string Toolchain::bpf_identity(bool check_bounds) const {
  std::string identity = first_line(run_process({clang(), "--version"}).out);
  for (const std::string& word : bpf_command(check_bounds)) {
    if (!word.starts_with("-I")) identity += '\n' + word;  // what folders hold is in the preprocessed text
  }
  return identity;
}

std::string Toolchain::native_identity() const {
  const std::vector<std::string> command = native_command();
  std::string identity = first_line(run_process({command[0], "--version"}).out) + '\n' + machine();
  for (const std::string& word : command) identity += '\n' + word;
  return identity;
}

}  // namespace simsched::bpf
