// bpf_rbtree_*: ordered trees of objects (kernel/bpf/helpers.c, 6.18).
//
// struct bpf_rb_root is {topmost node}, struct bpf_rb_node {left, right, parent, tree}. Inside it is a treap: a node's
// priority is a hash of its address, so the shape is balanced on the average and needs no colour. The order is the
// kernel's: a node that is not less than another goes behind it.
#include "bpf/fields.h"
#include "bpf/helpers/containers.h"
#include "bpf/helpers/helpers.h"

namespace simsched::bpf {
namespace {

constexpr uint64_t kLeft = 0, kRight = 8, kParent = 16, kOwner = 24;
constexpr uint64_t kRootSize = 16, kNodeSize = 32;

uint64_t priority(uint64_t node) {
  uint64_t z = (node ^ (node >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Links are the policy's memory: after a trap (a freed node was met) get() answers 0 and set() does nothing.
class Tree {
 public:
  Tree(Vm& vm, uint64_t root) : vm_(vm), root_(root) {}

  bool valid() { return vm_.checked(root_, VM_READ | VM_WRITE, kRootSize) != nullptr; }
  uint64_t get(uint64_t node, uint64_t field) {
    return vm_.trap == VM_TRAP_NONE ? vm_.load<uint64_t>(node + field).value_or(0) : 0;
  }
  uint64_t top() { return get(root_, 0); }

  bool contains(uint64_t node) {
    if (!valid()) return false;
    return vm_.checked(node, VM_READ | VM_WRITE, kNodeSize) != nullptr && get(node, kOwner) == root_;
  }

  void insert(uint64_t node, uint64_t less) {
    uint64_t parent = 0, side = kLeft;
    for (uint64_t at = top(); at != 0 && vm_.charge(1); at = get(parent, side)) {
      parent = at;
      side = vm_.call_back(less, {node, at}) != 0 ? kLeft : kRight;
      if (vm_.trap != VM_TRAP_NONE) return;
    }
    if (vm_.trap != VM_TRAP_NONE) return;
    set(node, kLeft, 0);
    set(node, kRight, 0);
    set(node, kParent, parent);
    set(node, kOwner, root_);
    parent != 0 ? set(parent, side, node) : set_top(node);
    while ((parent = get(node, kParent)) != 0 && priority(node) > priority(parent) && vm_.charge(1)) rise(node, parent);
  }

  void remove(uint64_t node) {
    for (;;) {
      const uint64_t left = get(node, kLeft), right = get(node, kRight);
      if ((left | right) == 0 || !vm_.charge(1)) break;
      rise(right == 0 || (left != 0 && priority(left) > priority(right)) ? left : right, node);
    }
    replace(get(node, kParent), node, 0);
    set(node, kParent, 0);
    set(node, kOwner, 0);
  }

  uint64_t first() {
    uint64_t node = top();
    for (uint64_t left = node; left != 0 && vm_.charge(1); left = get(node, kLeft)) node = left;
    return vm_.trap == VM_TRAP_NONE ? node : 0;
  }

 private:
  void set(uint64_t node, uint64_t field, uint64_t value) {
    if (vm_.trap == VM_TRAP_NONE) vm_.store(node + field, value);
  }
  void set_top(uint64_t node) { set(root_, 0, node); }
  void replace(uint64_t parent, uint64_t node, uint64_t by) {
    if (parent == 0) {
      set_top(by);
    } else {
      set(parent, get(parent, kLeft) == node ? kLeft : kRight, by);
    }
  }
  // A node changes places with its parent.
  void rise(uint64_t node, uint64_t parent) {
    const uint64_t side = get(parent, kLeft) == node ? kLeft : kRight;
    const uint64_t other = side == kLeft ? kRight : kLeft;
    const uint64_t inner = get(node, other), above = get(parent, kParent);
    replace(above, parent, node);
    set(node, kParent, above);
    set(parent, side, inner);
    if (inner != 0) set(inner, kParent, parent);
    set(node, other, parent);
    set(parent, kParent, node);
  }

  Vm& vm_;
  uint64_t root_;
};

uint64_t rbtree_add(Vm& vm, uint64_t root, uint64_t node, uint64_t less, uint64_t, uint64_t) {
  Tree tree(vm, root);
  if (!tree.valid()) return 0;
  if (const int64_t error = admit_node(vm, node, kOwner, kNodeSize, "bpf_rbtree_add"); error != 0 || vm.trap != 0) {
    return static_cast<uint64_t>(error);
  }
  tree.insert(node, less);
  return 0;
}
uint64_t rbtree_remove(Vm& vm, uint64_t root, uint64_t node, uint64_t, uint64_t, uint64_t) {
  Tree tree(vm, root);
  if (!tree.contains(node)) return 0;
  tree.remove(node);
  return vm.trap == VM_TRAP_NONE ? node : 0;
}
uint64_t rbtree_first(Vm& vm, uint64_t root, uint64_t, uint64_t, uint64_t, uint64_t) {
  Tree tree(vm, root);
  return tree.valid() ? tree.first() : 0;
}
uint64_t rbtree_root(Vm& vm, uint64_t root, uint64_t, uint64_t, uint64_t, uint64_t) {
  Tree tree(vm, root);
  return tree.valid() ? tree.top() : 0;
}
uint64_t rbtree_left(Vm& vm, uint64_t root, uint64_t node, uint64_t, uint64_t, uint64_t) {
  Tree tree(vm, root);
  return tree.contains(node) ? tree.get(node, kLeft) : 0;
}
uint64_t rbtree_right(Vm& vm, uint64_t root, uint64_t node, uint64_t, uint64_t, uint64_t) {
  Tree tree(vm, root);
  return tree.contains(node) ? tree.get(node, kRight) : 0;
}

}  // namespace

std::vector<uint64_t> tree_nodes(Vm& vm, uint64_t root) {
  std::vector<uint64_t> nodes, open{*vm.at<uint64_t>(root)};
  while (!open.empty()) {
    const uint64_t node = open.back();
    open.pop_back();
    if (node == 0 || node % 8 != 0 || !vm.mapped(node, kNodeSize, VM_READ | VM_WRITE)) continue;
    uint64_t* const links = vm.at<uint64_t>(node);
    if (links[kOwner / 8] != root) continue;
    links[kOwner / 8] = 0;  // which also ends a ring
    nodes.push_back(node);
    open.push_back(links[kRight / 8]);
    open.push_back(links[kLeft / 8]);
  }
  return nodes;
}

std::span<const VmExport> tree_exports() {
  static constexpr VmExport kExports[] = {
      {"bpf_rbtree_add_impl", 0, rbtree_add}, {"bpf_rbtree_remove", 0, rbtree_remove},
      {"bpf_rbtree_first", 0, rbtree_first},  {"bpf_rbtree_root", 0, rbtree_root},
      {"bpf_rbtree_left", 0, rbtree_left},    {"bpf_rbtree_right", 0, rbtree_right},
  };
  return kExports;
}

}  // namespace simsched::bpf
