// The waiting entities of one run queue, ordered by Entity::deadline, those of equal deadline in order of arrival.
// Each node knows the least vruntime and the least slice of its subtree, so that the search for the first
// eligible entity can leave out whole subtrees.
//
// A treap: a binary search tree that is also a heap on Entity::heap, a hash of the entity's number. Its
// shape depends on its content only and its depth is logarithmic.
#pragma once

#include "policies/fair/entity.h"

namespace simsched::fair::tree {

void insert(Near<Entity>& root, Entity& e);
void erase(Near<Entity>& root, Entity& e);
void slice_changed(Entity& e);  // of an entity in the tree

inline Entity* first(Entity* root) {  // null when empty
  if (root)
    while (Entity* left = root->left) root = left;
  return root;
}
Entity* after(const Entity& e);  // in order; null at the end

}  // namespace simsched::fair::tree
