// Flavours: `struct rq___local` stands for the kernel's `struct rq`, of which it declares some members. Where those lie, and
// whether they are there, the loader says (CO-RE; kinds and access paths as linux/bpf.h has them). The kernel's structures
// here are those of the policy's own vmlinux.h, so that all types that are no flavour lie right already.
#include <bpf/btf.h>
#include <linux/bpf.h>

#include <charconv>
#include <cstring>
#include <optional>

#include "bpf/object_reader.h"

namespace simsched::bpf {
namespace {

// Of a member in the kernel's structure.
struct Place {
  bool known = true;  // false: the path goes through what is not followed: bit-fields, other kinds of types
  std::optional<BtfMember> member;  // none: the kernel has none
};

const btf_type* resolve_type(const btf* types, uint32_t* id) {
  for (int i = 0; i < 64; ++i) {
    const btf_type* type = btf__type_by_id(types, *id);
    if (type == nullptr || (!btf_is_mod(type) && !btf_is_typedef(type))) return type;
    *id = type->type;
  }
  return nullptr;
}

// "0:1:2": what a pointer to the type is indexed with, then members by number and indices of arrays.
std::vector<uint32_t> path_of(const char* text) {
  std::vector<uint32_t> path;
  const char* const end = text + std::strlen(text);
  while (text < end) {
    uint32_t number = 0;
    const auto [after, failed] = std::from_chars(text, end, number);
    if (failed != std::errc()) return {};
    path.push_back(number);
    text = after < end ? after + 1 : end;
  }
  return path;
}

// Where the member that `path` leads to from `local` lies in `target`, by the names on the way.
Place follow(const Btf& btf, uint32_t local, uint32_t target, const std::vector<uint32_t>& path) {
  BtfMember at{path[0] * btf.size_of(target), btf.size_of(target), target};
  for (size_t i = 1; i < path.size(); ++i) {
    const btf_type* const type = resolve_type(btf.raw(), &local);
    if (type == nullptr) return {false, {}};
    if (btf_is_array(type)) {
      const uint32_t element = btf.element_of(at.type);
      if (element == 0) return {true, std::nullopt};
      local = btf_array(type)->type;
      at = {at.offset + path[i] * btf.size_of(element), btf.size_of(element), element};
      continue;
    }
    if (!btf_is_composite(type) || path[i] >= btf_vlen(type)) return {false, {}};
    if (btf_member_bitfield_size(type, path[i]) != 0) return {false, {}};
    const btf_member& member = btf_members(type)[path[i]];
    const char* const name = btf__name_by_offset(btf.raw(), member.name_off);
    local = member.type;
    if (name == nullptr || *name == 0) continue;  // anonymous: its members are looked up in the outer one
    const auto found = btf.member_of(at.type, name);
    if (!found) return {true, std::nullopt};
    at = {at.offset + found->offset, found->size, found->type};
  }
  return {true, at};
}

std::optional<uint64_t> value_of(const Btf& btf, uint32_t kind, const std::optional<BtfMember>& member) {
  if (kind == BPF_CORE_FIELD_EXISTS) return member.has_value() ? 1 : 0;
  if (!member) return std::nullopt;
  switch (kind) {
    case BPF_CORE_FIELD_BYTE_OFFSET:
      return member->offset;
    case BPF_CORE_FIELD_BYTE_SIZE:
      return member->size;
    case BPF_CORE_FIELD_SIGNED:
      return btf.is_signed(member->type) ? 1 : 0;
    default:  // shifts, of a member that is no bit-field, on a little-endian machine
      return member->size < 8 ? 64 - 8 * member->size : 0;
  }
}

// Loads of numbers and pointers are as wide as the kernel's member.
void widen(const BtfMember& member, const Btf& btf, BpfInsn* insn) {
  const std::string kind = btf.kind_of(member.type);
  if (kind != "int" && kind != "ptr" && kind != "enum" && kind != "bool") return;
  const uint8_t size = member.size == 8 ? BPF_DW : member.size == 4 ? BPF_W : member.size == 2 ? BPF_H : BPF_B;
  insn->code = static_cast<uint8_t>((insn->code & ~0x18) | size);
}

// Puts the value where the instruction has the compiler's. Whether there is room.
bool put(uint64_t value, BpfInsn* insn, BpfInsn* next) {
  switch (BPF_CLASS(insn->code)) {
    case BPF_LDX:
    case BPF_ST:
    case BPF_STX:
      insn->off = static_cast<int16_t>(value);
      return value <= INT16_MAX;
    case BPF_ALU:
    case BPF_ALU64:
      insn->imm = static_cast<int32_t>(value);
      return BPF_SRC(insn->code) == BPF_K && value <= INT32_MAX;
    case BPF_LD:
      if (next == nullptr || insn->code != (BPF_LD | BPF_IMM | BPF_DW)) return false;
      insn->imm = static_cast<int32_t>(static_cast<uint32_t>(value));
      next->imm = static_cast<int32_t>(static_cast<uint32_t>(value >> 32));
      return true;
    default:
      return false;
  }
}

}  // namespace

void ObjectReader::relocate_flavours() {
  const Btf& btf = object_.btf;
  each_record(kCoreRecords, sizeof(bpf_core_relo), [&](uint32_t function, uint32_t at, std::span<const std::byte> record) {
    bpf_core_relo relocation;
    std::memcpy(&relocation, record.data(), sizeof relocation);
    if (relocation.kind > BPF_CORE_FIELD_RSHIFT_U64) return;  // of whole types and of enumerators: as they are
    uint32_t local = relocation.type_id;
    const btf_type* const type = resolve_type(btf.raw(), &local);
    if (type == nullptr || !btf_is_composite(type)) return;
    const std::string name = type_name(type->name_off), essential = essential_name(name);
    const uint32_t target = essential == name ? 0 : btf.find(essential, btf_is_union(type) ? "union" : "struct");
    const std::vector<uint32_t> path = path_of(type_name(relocation.access_str_off).c_str());
    if (target == 0 || path.empty()) return;  // not a flavour, or of what its vmlinux.h does not declare
    const Place place = follow(btf, local, target, path);
    if (!place.known) return;
    std::vector<BpfInsn>& code = object_.functions[function].code;
    BpfInsn& insn = code[at];
    const std::optional<uint64_t> value = value_of(btf, relocation.kind, place.member);
    // What asks for a member that is not there is not reached, as a rule: a question comes before.
    if (!value || !put(*value, &insn, at + 1 < code.size() ? &code[at + 1] : nullptr)) {
      insn.ref = BpfInsn::Ref::kBad;
      return;
    }
    if (relocation.kind == BPF_CORE_FIELD_BYTE_OFFSET && BPF_CLASS(insn.code) == BPF_LDX)
      widen(*place.member, btf, &insn);
  });
}

}  // namespace simsched::bpf
