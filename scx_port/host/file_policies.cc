#include "scx_port/host/file_policies.h"

#include "bpf/compile.h"

namespace simsched {

std::shared_ptr<const bpf::BpfObject> ObjectCache::load(const std::string& path,
                                                        const std::vector<std::string>& include) {
  std::string key = path;
  for (const std::string& folder : include) key += '\n' + folder;
  bpf::CompileOptions options;
  options.include = include;
  std::lock_guard lock(mutex_);
  std::shared_ptr<const bpf::BpfObject> object = objects_[key].lock();
  if (!object) objects_[key] = object = bpf::load_bpf(path, options);
  return object;
}

Policies file_policies() {
  auto cache = std::make_shared<ObjectCache>();
  Policies list;
  list.push_back(bpf_file_policy(cache));
  list.push_back(exported_policy(cache));
  return list;
}

}  // namespace simsched
