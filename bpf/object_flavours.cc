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
  std::optional<BtfMember> member;  // none: the kernel has none
  uint32_t local = 0;               // its type in the flavour
  bool bits = false;                // a bit-field there
};

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

bool is_number(const Btf& btf, uint32_t type) { return btf.kind_of(type) == "int" || btf.kind_of(type) == "bool"; }

// bpf_core_fields_are_compat(): a member of another kind is another member.
bool compatible(const Btf& btf, uint32_t local, uint32_t target) {
  for (int depth = 0; depth < 64; ++depth) {
    const std::string one = btf.kind_of(local), other = btf.kind_of(target);
    const auto composite = [](const std::string& kind) { return kind == "struct" || kind == "union"; };
    if (composite(one) && composite(other)) return true;
    if (is_number(btf, local) && is_number(btf, target)) return true;
    if (one != other) return false;
    if (one == "enum" || one == "fwd") {
      const std::string name = essential_name(btf.name_of(local)), kernels = essential_name(btf.name_of(target));
      return name.empty() || kernels.empty() || name == kernels;
    }
    if (one != "array") return one == "ptr" || one == "float";
    local = btf.element_of(local);
    target = btf.element_of(target);
  }
  return false;
}

// Where the member that `path` leads to from `local` lies in `target`, by the names on the way. None: it is not there.
Place follow(const Btf& btf, uint32_t local, uint32_t target, const std::vector<uint32_t>& path) {
  BtfMember at{path[0] * btf.size_of(target), btf.size_of(target), target};
  bool bits = false;
  for (size_t i = 1; i < path.size(); ++i) {
    const btf_type* const type = resolve_type(btf.raw(), local);
    if (type == nullptr) return {};
    if (btf_is_array(type)) {
      const btf_type* const array = resolve_type(btf.raw(), at.type);
      if (array == nullptr || !btf_is_array(array)) return {};
      const uint32_t many = btf_array(array)->nelems, element = btf_array(array)->type;
      if (many != 0 && path[i] >= many) return {};  // 0: as many as there is room for
      local = btf_array(type)->type;
      at = {at.offset + path[i] * btf.size_of(element), btf.size_of(element), element};
      continue;
    }
    if (!btf_is_composite(type) || path[i] >= btf_vlen(type)) return {};
    bits |= btf_member_bitfield_size(type, path[i]) != 0;
    const btf_member& member = btf_members(type)[path[i]];
    const char* const name = btf__name_by_offset(btf.raw(), member.name_off);
    local = member.type;
    if (name == nullptr || *name == 0) continue;  // anonymous: its members are looked up in the outer one
    const auto found = btf.member_of(at.type, name);
    if (!found || !compatible(btf, local, found->type)) return {};
    at = {at.offset + found->offset, found->size, found->type};
  }
  return {at, local, bits};
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

// Loads and stores are as wide as the kernel's member, where that makes no other value of it: whether it could be done.
bool resize(const Place& place, const Btf& btf, BpfInsn* insn) {
  const uint8_t kind = BPF_CLASS(insn->code);
  if (kind != BPF_LDX && kind != BPF_ST && kind != BPF_STX) return true;
  const BtfMember& member = *place.member;
  if (member.size == btf.size_of(place.local)) return true;
  const bool pointers = btf.kind_of(place.local) == "ptr" && btf.kind_of(member.type) == "ptr";
  const auto counts = [&](uint32_t type) { return is_number(btf, type) && !btf.is_signed(type); };
  if (!pointers && !(counts(place.local) && counts(member.type))) return false;
  if (member.size != 8 && member.size != 4 && member.size != 2 && member.size != 1) return false;
  const uint8_t size = member.size == 8 ? BPF_DW : member.size == 4 ? BPF_W : member.size == 2 ? BPF_H : BPF_B;
  insn->code = static_cast<uint8_t>((insn->code & ~0x18) | size);
  return true;
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
    const btf_type* const type = resolve_type(btf.raw(), relocation.type_id);
    if (type == nullptr || !btf_is_composite(type)) return;
    const std::string name = type_name(type->name_off), essential = essential_name(name);
    const std::vector<uint32_t> path = path_of(type_name(relocation.access_str_off).c_str());
    if (essential == name || path.empty()) return;
    const uint32_t target = btf.find(essential, btf_is_union(type) ? "union" : "struct");
    const bool asks = relocation.kind == BPF_CORE_FIELD_EXISTS;
    if (target == 0 && !asks) return;  // nothing is kept of it: as it is declared
    const Place place = target == 0 ? Place() : follow(btf, relocation.type_id, target, path);
    if (place.bits && !asks) return;
    std::vector<BpfInsn>& code = object_.functions[function].code;
    BpfInsn& insn = code[at];
    const std::optional<uint64_t> value = value_of(btf, relocation.kind, place.member);
    // What wants a member that is not there is not reached, as a rule: a question comes before.
    if (!value || !put(*value, &insn, at + 1 < code.size() ? &code[at + 1] : nullptr) ||
        (relocation.kind == BPF_CORE_FIELD_BYTE_OFFSET && !resize(place, btf, &insn)))
      insn.ref = BpfInsn::Ref::kBad;
  });
}

}  // namespace simsched::bpf
