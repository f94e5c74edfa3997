#include "policies/fair/tree.h"

namespace simsched::fair::tree {
namespace {

void summarise(Entity& e) {
  e.min_vruntime = e.vruntime;
  e.min_slice = e.slice;
  for (const Entity* child : {e.left.get(), e.right.get()}) {
    if (!child) continue;
    e.min_vruntime = std::min(e.min_vruntime, child->min_vruntime);
    e.min_slice = std::min(e.min_slice, child->min_slice);
  }
}

Near<Entity>& link_to(Near<Entity>& root, const Entity& e) {
  if (!e.up) return root;
  return e.up->left == &e ? e.up->left : e.up->right;
}

// Lifts `e` above its parent, keeping the order.
void rotate_up(Near<Entity>& root, Entity& e) {
  Entity& parent = *e.up;
  link_to(root, parent) = &e;
  e.up = parent.up;
  parent.up = &e;
  Near<Entity>& inner = parent.left == &e ? e.right : e.left;
  Near<Entity>& gap = parent.left == &e ? parent.left : parent.right;
  gap = inner;
  if (gap) gap->up = &parent;
  inner = &parent;
  summarise(parent);
  summarise(e);
}

}  // namespace

void insert(Near<Entity>& root, Entity& e) {
  e.left = e.right = e.up = nullptr;
  e.min_vruntime = e.vruntime;
  e.min_slice = e.slice;
  Near<Entity>* link = &root;
  while (Entity* at = *link) {
    at->min_vruntime = std::min(at->min_vruntime, e.vruntime);
    at->min_slice = std::min(at->min_slice, e.slice);
    e.up = at;
    link = e.deadline < at->deadline ? &at->left : &at->right;
  }
  *link = &e;
  while (e.up && e.heap < e.up->heap) rotate_up(root, e);
}

void erase(Near<Entity>& root, Entity& e) {
  while (e.left && e.right) rotate_up(root, e.left->heap < e.right->heap ? *e.left : *e.right);
  Entity* child = e.left ? e.left : e.right;
  link_to(root, e) = child;
  if (child) child->up = e.up;
  for (Entity* at = e.up; at; at = at->up) summarise(*at);
  e.left = e.right = e.up = nullptr;
}

void slice_changed(Entity& e) {
  for (Entity* at = &e; at; at = at->up) summarise(*at);
}

Entity* after(const Entity& e) {
  if (e.right) return first(e.right);
  const Entity* at = &e;
  while (at->up && at->up->right == at) at = at->up;
  return at->up;
}

}  // namespace simsched::fair::tree
