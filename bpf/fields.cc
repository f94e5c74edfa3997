#include "bpf/fields.h"

#include <bpf/btf.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>

#include "bpf/helpers/containers.h"
#include "bpf/helpers/state.h"
#include "bpf/vm.h"

namespace simsched::bpf {
namespace {

constexpr int kMaxDepth = 16;  // structures within structures
constexpr size_t kMaxFields = 4096;

// A pointer is kept by the map when a type tag says so: __kptr, __percpu_kptr; __kptr_untrusted holds no reference.
bool is_kptr(const btf* types, const btf_type* pointer) {
  const btf_type* const tag = btf__type_by_id(types, pointer->type);
  if (tag == nullptr || btf_kind(tag) != BTF_KIND_TYPE_TAG) return false;
  const std::string_view name = btf__name_by_offset(types, tag->name_off);
  return name == "kptr" || name == "kptr_ref" || name == "percpu_kptr";
}

void collect(const btf* types, uint32_t id, uint64_t offset, int depth, std::vector<Field>& fields) {
  static constexpr struct {
    std::string_view name;
    FieldKind kind;
  } kKnown[] = {{"bpf_spin_lock", FieldKind::kSpinLock}, {"bpf_res_spin_lock", FieldKind::kSpinLock},
                {"bpf_timer", FieldKind::kTimer},        {"bpf_list_head", FieldKind::kListHead},
                {"bpf_rb_root", FieldKind::kRbRoot},     {"bpf_list_node", FieldKind::kNode},
                {"bpf_rb_node", FieldKind::kNode},       {"bpf_refcount", FieldKind::kNode}};
  const btf_type* t = btf__type_by_id(types, id);
  while (t != nullptr && (btf_is_mod(t) || btf_is_typedef(t) || btf_kind(t) == BTF_KIND_TYPE_TAG)) {
    id = t->type;
    t = btf__type_by_id(types, id);
  }
  if (t == nullptr || depth > kMaxDepth || fields.size() >= kMaxFields) return;
  if (btf_is_ptr(t)) {
    if (is_kptr(types, t)) fields.push_back({FieldKind::kKptr, offset, 8});
  } else if (btf_is_array(t)) {
    const struct btf_array* const array = btf_array(t);
    const int64_t size = btf__resolve_size(types, array->type);
    for (uint32_t i = 0; i < array->nelems && size > 0; ++i) {
      const size_t before = fields.size();
      collect(types, array->type, offset + i * static_cast<uint64_t>(size), depth + 1, fields);
      if (fields.size() == before) break;  // no special field in one is none in all
    }
  } else if (btf_is_struct(t)) {
    const std::string_view name = btf__name_by_offset(types, t->name_off);
    for (const auto& known : kKnown) {
      if (name == known.name) {
        fields.push_back({known.kind, offset, t->size});
        return;
      }
    }
    for (uint32_t i = 0; i < btf_vlen(t); ++i) {
      collect(types, btf_members(t)[i].type, offset + btf_member_bit_offset(t, i) / 8, depth + 1, fields);
    }
  }
}

// Objects whose last reference went and whose fields are still to be freed. A queue, not recursion: a chain of objects
// may be as long as the policy likes.
using Queue = std::vector<uint64_t>;

bool drop(Vm& vm, uint64_t address, Queue& queue) {
  Block* const block = vm.memory().block(address);
  if (block == nullptr || (block->kind != BlockKind::kObject && block->kind != BlockKind::kPercpuObject &&
                           block->kind != BlockKind::kCpumask)) {
    vm.host().release_kptr(address);
    return false;
  }
  if (--block->refs == 0) queue.push_back(address);
  return true;
}

void free_now(Vm& vm, uint64_t address, uint64_t size, const Fields& fields, Queue& queue) {
  HelperState& state = vm.state();
  for (auto it = state.timers.lower_bound(address); it != state.timers.end() && it->first < address + size;) {
    if (it->second.armed) vm.host().cancel_timer(it->first);
    it = state.timers.erase(it);
  }
  for (const Field& field : fields.all()) {
    const uint64_t at = address + field.offset;
    if (field.offset + field.size > size) continue;
    if (field.kind == FieldKind::kSpinLock || field.kind == FieldKind::kNode || at % 8 != 0) continue;
    if (field.kind == FieldKind::kKptr) {
      uint64_t pointer = 0;
      std::memcpy(&pointer, vm.at(at), 8);
      if (pointer != 0) drop(vm, pointer, queue);
    } else if (field.kind == FieldKind::kListHead || field.kind == FieldKind::kRbRoot) {
      // The nodes lie in objects; a node elsewhere is nothing that could be dropped.
      const std::vector<uint64_t> nodes = field.kind == FieldKind::kListHead ? list_nodes(vm, at) : tree_nodes(vm, at);
      for (const uint64_t node : nodes) {
        if (Block* const object = vm.memory().block_containing(node)) drop(vm, object->address, queue);
      }
    }
    std::memset(vm.at(at), 0, field.size);
  }
}

void free_queued(Vm& vm, Queue& queue) {
  while (!queue.empty()) {
    const uint64_t address = queue.back();
    queue.pop_back();
    Block& block = vm.memory().own(address);
    if (block.kind == BlockKind::kObject) {
      auto& types = vm.state().object_fields;
      auto it = types.find(block.type);
      if (it == types.end()) it = types.emplace(block.type, Fields(vm.object().btf, block.type)).first;
      free_now(vm, address, block.size, it->second, queue);
    }
    vm.memory().release(block);
  }
}

}  // namespace

Fields::Fields(const Btf& btf, uint32_t type) {
  if (btf.raw() == nullptr || type == 0) return;
  collect(btf.raw(), type, 0, 0, fields_);
  std::stable_sort(fields_.begin(), fields_.end(), [](const Field& a, const Field& b) { return a.offset < b.offset; });
}

bool Fields::has(FieldKind kind) const {
  return std::any_of(fields_.begin(), fields_.end(), [kind](const Field& f) { return f.kind == kind; });
}

void free_fields(Vm& vm, uint64_t address, uint64_t size, const Fields& fields) {
  Queue queue;
  free_now(vm, address, size, fields, queue);
  free_queued(vm, queue);
}

bool drop_reference(Vm& vm, uint64_t address) {
  Queue queue;
  const bool ours = drop(vm, address, queue);
  free_queued(vm, queue);
  return ours;
}

}  // namespace simsched::bpf
