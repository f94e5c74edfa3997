// Stand-ins for object.cc and btf.cc until they are there; to be deleted with the merge.
#include <bpf/btf.h>

#include "scx_port/native/object.h"

namespace simsched::native {

Btf::Btf() = default;
Btf::Btf(struct btf* types) : types_(types, btf__free) {}
std::optional<uint64_t> Btf::struct_size(const std::string& name) const {
  if (!types_) return std::nullopt;
  const int32_t id = btf__find_by_name_kind(types_.get(), name.c_str(), BTF_KIND_STRUCT);
  return id > 0 ? std::optional<uint64_t>(size_of(static_cast<uint32_t>(id))) : std::nullopt;
}
uint64_t Btf::size_of(uint32_t type) const {
  const int64_t size = types_ ? btf__resolve_size(types_.get(), type) : 0;
  return size > 0 ? static_cast<uint64_t>(size) : 0;
}
const BpfVariable* BpfObject::variable(const std::string& wanted) const {
  for (const BpfVariable& v : variables) {
    if (v.name == wanted) return &v;
  }
  return nullptr;
}
std::string BpfObject::where(uint32_t number, uint32_t) const {
  return number < functions.size() ? functions[number].name : name;
}

}  // namespace simsched::native
