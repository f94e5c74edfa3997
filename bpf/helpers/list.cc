// bpf_list_*: doubly linked lists of objects (kernel/bpf/helpers.c, 6.18).
//
// struct bpf_list_head is {next, prev}, struct bpf_list_node {next, prev, list}: a ring through the head, all zero when
// it was never used.
#include "bpf/fields.h"
#include "bpf/helpers/containers.h"
#include "bpf/helpers/helpers.h"

namespace simsched::bpf {
namespace {

constexpr uint64_t kNext = 0, kPrev = 8, kOwner = 16;
constexpr uint64_t kHeadSize = 16, kNodeSize = 24;

// The first (kNext) or last (kPrev) node; 0: none, or a trap.
uint64_t end_of(Vm& vm, uint64_t head, uint64_t side) {
  if (vm.checked(head, VM_READ | VM_WRITE, kHeadSize) == nullptr) return 0;
  const uint64_t node = vm.load<uint64_t>(head + side).value_or(0);
  return node == head ? 0 : node;
}

uint64_t push(Vm& vm, uint64_t head, uint64_t node, uint64_t side, const char* kfunc) {
  if (vm.checked(head, VM_READ | VM_WRITE, kHeadSize) == nullptr) return 0;
  if (const int64_t error = admit_node(vm, node, kOwner, kNodeSize, kfunc); error != 0 || vm.trap != 0) {
    return static_cast<uint64_t>(error);
  }
  if (vm.load<uint64_t>(head + kNext).value_or(0) == 0) {
    vm.store(head + kNext, head);
    vm.store(head + kPrev, head);
  }
  // Between the head and its neighbour on that side.
  const uint64_t other = side == kNext ? kPrev : kNext;
  const uint64_t neighbour = vm.load<uint64_t>(head + side).value_or(0);
  if (!vm.store(neighbour + other, node)) return 0;  // a neighbour that was freed
  vm.store(node + side, neighbour);
  vm.store(node + other, head);
  vm.store(head + side, node);
  vm.store(node + kOwner, head);
  return 0;
}

uint64_t pop(Vm& vm, uint64_t head, uint64_t side) {
  const uint64_t node = end_of(vm, head, side);
  if (node == 0 || vm.load<uint64_t>(node + kOwner).value_or(0) != head) return 0;
  const uint64_t next = vm.load<uint64_t>(node + kNext).value_or(0);
  const uint64_t prev = vm.load<uint64_t>(node + kPrev).value_or(0);
  if (!vm.store(prev + kNext, next) || !vm.store(next + kPrev, prev)) return 0;
  vm.store(node + kNext, uint64_t{0});
  vm.store(node + kPrev, uint64_t{0});
  vm.store(node + kOwner, uint64_t{0});
  return node;
}

uint64_t list_push_front(Vm& vm, uint64_t head, uint64_t node, uint64_t, uint64_t, uint64_t) {
  return push(vm, head, node, kNext, "bpf_list_push_front");
}
uint64_t list_push_back(Vm& vm, uint64_t head, uint64_t node, uint64_t, uint64_t, uint64_t) {
  return push(vm, head, node, kPrev, "bpf_list_push_back");
}
uint64_t list_pop_front(Vm& vm, uint64_t head, uint64_t, uint64_t, uint64_t, uint64_t) { return pop(vm, head, kNext); }
uint64_t list_pop_back(Vm& vm, uint64_t head, uint64_t, uint64_t, uint64_t, uint64_t) { return pop(vm, head, kPrev); }
uint64_t list_front(Vm& vm, uint64_t head, uint64_t, uint64_t, uint64_t, uint64_t) { return end_of(vm, head, kNext); }
uint64_t list_back(Vm& vm, uint64_t head, uint64_t, uint64_t, uint64_t, uint64_t) { return end_of(vm, head, kPrev); }

}  // namespace

int64_t admit_node(Vm& vm, uint64_t node, uint64_t owner, uint64_t size, const char* kfunc) {
  const Block* const object = vm.memory().block_containing(node);
  if (object == nullptr || object->kind != BlockKind::kObject || node % 8 != 0 ||
      node - object->address + size > object->size) {
    vm.refuse("passes " + hex(node) + " to " + kfunc + "(), which is no node of an object that is alive");
    return 0;
  }
  if (*vm.at<uint64_t>(node + owner) == 0) return 0;
  if (object->refs < 2) {
    vm.refuse(std::string("inserts a node twice with ") + kfunc + "()");
    return 0;
  }
  drop_reference(vm, object->address);
  return -EINVAL;
}

std::vector<uint64_t> list_nodes(Vm& vm, uint64_t head) {
  std::vector<uint64_t> nodes;
  uint64_t node = *vm.at<uint64_t>(head + kNext);
  while (node != 0 && node != head && node % 8 == 0 && vm.mapped(node, kNodeSize, VM_READ | VM_WRITE) &&
         *vm.at<uint64_t>(node + kOwner) == head) {
    nodes.push_back(node);
    *vm.at<uint64_t>(node + kOwner) = 0;  // which also ends a ring that does not come back to the head
    node = *vm.at<uint64_t>(node + kNext);
  }
  return nodes;
}

std::span<const VmExport> list_exports() {
  static constexpr VmExport kExports[] = {
      {"bpf_list_push_front_impl", 0, list_push_front},
      {"bpf_list_push_back_impl", 0, list_push_back},
      {"bpf_list_pop_front", 0, list_pop_front},
      {"bpf_list_pop_back", 0, list_pop_back},
      {"bpf_list_front", 0, list_front},
      {"bpf_list_back", 0, list_back},
  };
  return kExports;
}

}  // namespace simsched::bpf
