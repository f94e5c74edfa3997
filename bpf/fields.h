// The special fields of a value or object: those that the kernel finds by BTF (btf_parse_fields()) and gives up when
// the value goes. Other bytes are the policy's own.
#pragma once

#include <cstdint>
#include <vector>

#include "bpf/btf.h"

namespace simsched::bpf {

class Vm;

enum class FieldKind : uint8_t { kSpinLock, kTimer, kKptr, kListHead, kRbRoot, kNode };

struct Field {
  FieldKind kind;
  uint64_t offset, size;
};

class Fields {
 public:
  Fields() = default;
  Fields(const Btf& btf, uint32_t type);  // in order of offset; none when the type is unknown
  bool has(FieldKind kind) const;
  const std::vector<Field>& all() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// A value or object at this address, of `size` bytes, goes: cancels its timers, drops the references it holds and the
// nodes of its lists and trees. Those fields are zero afterwards.
void free_fields(Vm& vm, uint64_t address, uint64_t size, const Fields& fields);

// Gives up a reference that was taken: of a cpumask, an object or, through the host, a kernel object.
// False: it is none of ours and the host's hook was told.
bool drop_reference(Vm& vm, uint64_t address);

}  // namespace simsched::bpf
