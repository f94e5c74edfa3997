// Policies that are files: any .bpf.c or .bpf.o, and the folders that 'simsched export' writes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "bpf/compile.h"
#include "bpf/object.h"
#include "policies/policy.h"
#include "scx_port/host/notes.h"

namespace simsched {

class ExtPolicy;

// Objects that were compiled and translated already, by paths and options, while somebody has them: a sweep
// makes each policy many times. Belongs to the rows of one registry; any thread may ask.
class ObjectCache {
 public:
  // Throws Error for what does not compile.
  std::shared_ptr<const bpf::BpfObject> load(const std::vector<std::string>& paths, const bpf::CompileOptions& options);
  const std::shared_ptr<Notes>& notes() const { return notes_; }

 private:
  const std::shared_ptr<Notes> notes_ = std::make_shared<Notes>();
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const bpf::BpfObject>> objects_;
};

std::unique_ptr<ExtPolicy> bpf_file_policy(std::shared_ptr<ObjectCache> cache);
std::unique_ptr<Policy> scx_preset_policy(std::shared_ptr<ObjectCache> cache);
std::unique_ptr<Policy> exported_policy(std::shared_ptr<ObjectCache> cache);

// All of them, with a cache of their own.
Policies file_policies();

}  // namespace simsched
