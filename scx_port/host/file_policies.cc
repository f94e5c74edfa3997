#include "scx_port/host/file_policies.h"

#include "scx_port/host/hosted.h"

namespace simsched {

std::shared_ptr<const bpf::BpfObject> ObjectCache::load(const std::vector<std::string>& paths,
                                                        const bpf::CompileOptions& options) {
  std::string key = options.clang;
  for (const auto* list : {&paths, &options.include, &options.cflags}) {
    key += '\n' + std::to_string(list->size());
    for (const std::string& item : *list) key += '\n' + item;
  }
  std::lock_guard lock(mutex_);
  std::shared_ptr<const bpf::BpfObject> object = objects_[key].lock();
  if (!object) objects_[key] = object = bpf::load_bpf(paths, options);
  return object;
}

Policies file_policies() {
  auto cache = std::make_shared<ObjectCache>();
  Policies list;
  list.push_back(bpf_file_policy(cache));
  list.push_back(scx_preset_policy(cache));
  list.push_back(exported_policy(cache));
  return list;
}

}  // namespace simsched
