// Btf: the types of a BPF object, as far as its host needs them: where members of kernel structures lie.
// A policy brings the kernel's types along (its vmlinux.h); the host lays the kernel's objects out as these say.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct btf;

namespace simsched::bpf {

struct BtfMember {
  uint64_t offset = 0;  // bytes from the start of the outermost structure
  uint64_t size = 0;    // bytes of the member
  uint32_t type = 0;    // BTF id
};

class Btf {
 public:
  Btf();  // no types
  explicit Btf(struct btf* types);  // takes ownership
  // `path` is "pid", or "scx.slice" through nested and anonymous structures. None when there is no such type or member.
  std::optional<BtfMember> member(const std::string& structure, const std::string& path) const;
  // Of a structure by its number, which may have no name.
  std::optional<BtfMember> member_of(uint32_t structure, const std::string& name) const;
  std::vector<std::string> members_of(uint32_t structure) const;  // those that have a name
  uint32_t pointee_of_argument(const std::string& function) const;  // what its first argument points to; 0: none
  std::optional<uint64_t> struct_size(const std::string& structure) const;
  std::optional<int64_t> enum_value(const std::string& name) const;  // of any enum
  uint64_t size_of(uint32_t type) const;           // bytes; 0 when unknown
  std::string name_of(uint32_t type) const;        // through typedefs and qualifiers
  std::string kind_of(uint32_t type) const;        // "int", "bool", "enum", "array", "struct", "ptr", ...
  bool is_signed(uint32_t type) const;
  uint32_t element_of(uint32_t type) const;        // of an array
  uint32_t find(const std::string& name, const std::string& kind) const;  // 0: none
  struct btf* raw() const { return types_.get(); }

 private:
  std::shared_ptr<struct btf> types_;
};

}  // namespace simsched::bpf
