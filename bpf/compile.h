// From a policy's source, or its BPF object, to code that runs here.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bpf/object.h"

namespace simsched::bpf {

struct CompileOptions {
  std::vector<std::string> include;  // folders, before ours
  std::vector<std::string> cflags;   // more options for clang
  std::string clang;                 // the program; empty: the first that is found
  ObjectOptions object;
  std::string cache;  // folder; empty: $XDG_CACHE_HOME/simsched, else ~/.cache/simsched
  // Index checks of clang in the policy's code: a policy that writes beyond an array ends with a message, even where
  // the kernel's verifier would let it. Not for our own policies, which have no such mistakes.
  bool check_bounds = true;
};

// `path`: .bpf.c (or .c), or a compiled .bpf.o. Results are kept in the cache by content, so that the second time costs
// a preprocessor run. Safe to call from any number of threads and processes. Throws Error: the first message of clang
// ("simple.bpf.c:42: ..."), a missing compiler, a file that is no BPF object.
std::shared_ptr<const BpfObject> load_bpf(const std::string& path, const CompileOptions& options = {});
// The same of several, which are linked; the first one names the object. Indices are not checked there: the linker
// knows no compiler's runtime.
std::shared_ptr<const BpfObject> load_bpf(const std::vector<std::string>& paths, const CompileOptions& options = {});

// The two halves, for tools: source -> bytes of the BPF object, and an object that was read -> with code.
std::vector<std::byte> compile_bpf(const std::string& source, const CompileOptions& options = {});
std::vector<std::byte> compile_bpf(const std::vector<std::string>& paths, const CompileOptions& options = {});
std::shared_ptr<const BpfObject> load_native(BpfObject object, const CompileOptions& options = {});

}  // namespace simsched::bpf
