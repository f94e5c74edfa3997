// The nodes of the policy's lists and trees. Lists and trees live in guest memory, linked by guest addresses.
#pragma once

#include <cstdint>
#include <vector>

namespace simsched::bpf {

class Vm;

// The nodes of a list / tree that is given up. They belong to none afterwards. Never traps: a broken one ends early.
std::vector<uint64_t> list_nodes(Vm& vm, uint64_t head);
std::vector<uint64_t> tree_nodes(Vm& vm, uint64_t root);

// Whether a node may be inserted: 0, or what the kfunc answers (-EINVAL, the reference is dropped: it is in a list or
// tree already), or a trap. `owner`: where in the node its list or tree is noted; `size`: of the node.
int64_t admit_node(Vm& vm, uint64_t node, uint64_t owner, uint64_t size, const char* kfunc);

}  // namespace simsched::bpf
