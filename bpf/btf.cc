#include "bpf/btf.h"

#include <bpf/btf.h>

#include <string_view>

namespace simsched::bpf {
namespace {

// No chain of typedefs and qualifiers in a sound object is longer. A damaged one may even be a ring.
constexpr int kMaxChain = 64;
constexpr int kMaxNesting = 8;  // of anonymous members

std::string_view name_at(const btf* types, uint32_t offset) {
  const char* name = btf__name_by_offset(types, offset);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

// Through typedefs, qualifiers and tags. Null: void or unknown.
const btf_type* resolve(const btf* types, uint32_t id) {
  if (types == nullptr) return nullptr;
  for (int i = 0; i < kMaxChain && id != 0; ++i) {
    const btf_type* type = btf__type_by_id(types, id);
    if (type == nullptr) return nullptr;
    if (!btf_is_mod(type) && !btf_is_typedef(type)) return type;
    id = type->type;
  }
  return nullptr;
}

const char* kind_name(const btf_type* type) {
  switch (btf_kind(type)) {
    case BTF_KIND_INT:
      return (btf_int_encoding(type) & BTF_INT_BOOL) != 0 ? "bool" : "int";
    case BTF_KIND_PTR:
      return "ptr";
    case BTF_KIND_ARRAY:
      return "array";
    case BTF_KIND_STRUCT:
      return "struct";
    case BTF_KIND_UNION:
      return "union";
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
      return "enum";
    case BTF_KIND_FWD:
      return "fwd";
    case BTF_KIND_TYPEDEF:
      return "typedef";
    case BTF_KIND_FUNC:
      return "func";
    case BTF_KIND_FUNC_PROTO:
      return "func_proto";
    case BTF_KIND_VAR:
      return "var";
    case BTF_KIND_DATASEC:
      return "datasec";
    case BTF_KIND_FLOAT:
      return "float";
    default:
      return "";
  }
}

uint64_t size_or_zero(const btf* types, uint32_t id) {
  const int64_t size = types == nullptr ? 0 : btf__resolve_size(types, id);
  return size < 0 ? 0 : static_cast<uint64_t>(size);
}

// The member `name` of a structure, itself or in an anonymous member.
std::optional<BtfMember> find_member(const btf* types, const btf_type* structure, std::string_view name, int depth) {
  if (structure == nullptr || !btf_is_composite(structure) || depth > kMaxNesting) return std::nullopt;
  for (uint32_t i = 0; i < btf_vlen(structure); ++i) {
    const btf_member* member = btf_members(structure) + i;
    const uint64_t offset = btf_member_bit_offset(structure, i) / 8;
    const std::string_view member_name = name_at(types, member->name_off);
    if (member_name == name) return BtfMember{offset, size_or_zero(types, member->type), member->type};
    if (!member_name.empty()) continue;
    if (auto inner = find_member(types, resolve(types, member->type), name, depth + 1)) {
      inner->offset += offset;
      return inner;
    }
  }
  return std::nullopt;
}

}  // namespace

Btf::Btf() = default;
Btf::Btf(struct btf* types) : types_(types, btf__free) {}

uint32_t Btf::find(const std::string& name, const std::string& kind) const {
  const uint32_t count = types_ == nullptr ? 0 : btf__type_cnt(raw());
  for (uint32_t id = 1; id < count; ++id) {
    const btf_type* type = btf__type_by_id(raw(), id);
    if (kind == kind_name(type) && name_at(raw(), type->name_off) == name) return id;
  }
  return 0;
}

std::optional<BtfMember> Btf::member(const std::string& structure, const std::string& path) const {
  uint32_t type = find(structure, "struct");
  if (type == 0) type = find(structure, "union");
  BtfMember result{0, 0, type};
  std::string_view rest = path;
  while (!rest.empty()) {
    const size_t dot = rest.find('.');
    const auto next = find_member(raw(), resolve(raw(), result.type), rest.substr(0, dot), 0);
    if (!next) return std::nullopt;
    result = {result.offset + next->offset, next->size, next->type};
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  }
  if (result.type == 0 || path.empty()) return std::nullopt;
  return result;
}

std::optional<BtfMember> Btf::member_of(uint32_t structure, const std::string& name) const {
  return find_member(raw(), resolve(raw(), structure), name, 0);
}

std::vector<std::string> Btf::members_of(uint32_t structure) const {
  std::vector<std::string> names;
  const btf_type* const type = resolve(raw(), structure);
  if (type == nullptr || !btf_is_composite(type)) return names;
  for (uint16_t i = 0; i < btf_vlen(type); ++i) {
    const std::string name(name_at(raw(), btf_members(type)[i].name_off));
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

uint32_t Btf::pointee_of_argument(const std::string& function) const {
  const uint32_t count = types_ == nullptr ? 0 : btf__type_cnt(raw());
  for (uint32_t id = 1; id < count; ++id) {
    const btf_type* type = btf__type_by_id(raw(), id);
    if (!btf_is_func(type) || name_at(raw(), type->name_off) != function) continue;
    const btf_type* prototype = btf__type_by_id(raw(), type->type);
    if (prototype == nullptr || !btf_is_func_proto(prototype) || btf_vlen(prototype) == 0) return 0;
    const btf_type* argument = resolve(raw(), btf_params(prototype)->type);
    return argument != nullptr && btf_is_ptr(argument) ? argument->type : 0;
  }
  return 0;
}

std::optional<uint64_t> Btf::struct_size(const std::string& structure) const {
  uint32_t type = find(structure, "struct");
  if (type == 0) type = find(structure, "union");
  if (type == 0) return std::nullopt;
  return size_of(type);
}

std::optional<int64_t> Btf::enum_value(const std::string& name) const {
  const uint32_t count = types_ == nullptr ? 0 : btf__type_cnt(raw());
  for (uint32_t id = 1; id < count; ++id) {
    const btf_type* type = btf__type_by_id(raw(), id);
    for (uint32_t i = 0; btf_is_enum(type) && i < btf_vlen(type); ++i) {
      const struct btf_enum* value = btf_enum(type) + i;
      if (name_at(raw(), value->name_off) != name) continue;
      // The flag tells signed from unsigned since clang 16; older ones never set it.
      const bool negative = btf_kflag(type) || (value->val < 0 && value->val > -4096);
      return negative ? int64_t{value->val} : int64_t{static_cast<uint32_t>(value->val)};
    }
    for (uint32_t i = 0; btf_is_enum64(type) && i < btf_vlen(type); ++i) {
      const struct btf_enum64* value = btf_enum64(type) + i;
      if (name_at(raw(), value->name_off) == name) return static_cast<int64_t>(btf_enum64_value(value));
    }
  }
  return std::nullopt;
}

uint64_t Btf::size_of(uint32_t type) const { return size_or_zero(raw(), type); }

std::string Btf::name_of(uint32_t type) const {
  const btf_type* found = resolve(raw(), type);
  return found == nullptr ? std::string() : std::string(name_at(raw(), found->name_off));
}

std::string Btf::kind_of(uint32_t type) const {
  const btf_type* found = resolve(raw(), type);
  return found == nullptr ? "" : kind_name(found);
}

bool Btf::is_signed(uint32_t type) const {
  const btf_type* found = resolve(raw(), type);
  if (found == nullptr) return false;
  if (btf_is_int(found)) return (btf_int_encoding(found) & BTF_INT_SIGNED) != 0;
  return btf_is_any_enum(found) && btf_kflag(found);
}

uint32_t Btf::element_of(uint32_t type) const {
  const btf_type* found = resolve(raw(), type);
  return found != nullptr && btf_is_array(found) ? btf_array(found)->type : 0;
}

}  // namespace simsched::bpf
