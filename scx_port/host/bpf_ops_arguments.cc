// The structures that callbacks are passed, and what kfuncs hand out that BpfOps keeps: idle masks, iterators.

#include <algorithm>

#include "base/error.h"
#include "scx_port/host/bpf_ops.h"

namespace simsched::bpf {

using ext::Op;

BpfOps::Arguments BpfOps::make_arguments(const char* structure, std::initializer_list<const char*> members) {
  Arguments arguments;
  arguments.size = structure_size(object_->btf, structure, 8);
  arguments.address = vm_->allocate(arguments.size, VM_READ);
  SIMSCHED_CHECK(members.size() <= arguments.members.size(), "a structure of callbacks has more members than room");
  size_t i = 0;
  for (const char* member : members) arguments.members[i++] = Member(object_->btf, structure, {member});
  return arguments;
}

uint64_t BpfOps::fill(const Arguments& arguments, std::initializer_list<uint64_t> values) {
  std::byte* to = vm_->at(arguments.address);
  size_t i = 0;
  for (uint64_t value : values) arguments.members[i++].put(to, value);
  return arguments.address;
}

// A text is a pointer or an array, as the policy's types say.
void BpfOps::put_text(const Arguments& arguments, const char* structure, const char* member, const std::string& text) {
  auto found = object_->btf.member(structure, member);
  if (!found) return;
  Member field(object_->btf, structure, {member});
  std::byte* to = vm_->at(arguments.address);
  if (object_->btf.kind_of(found->type) == "array") {
    field.put_text(to, text);
    return;
  }
  uint64_t copy = vm_->allocate(text.size() + 1, VM_READ);
  if (copy == 0) return;
  text.copy(vm_->at<char>(copy), text.size());
  field.put(to, copy);
}

std::string BpfOps::dump() {
  if (vm_->trap_info()) return {};
  dump_.clear();
  dumping_ = true;
  const Kernel& kernel = *kernel_;
  uint64_t context = fill(dump_context_, {static_cast<uint64_t>(now().count())});
  if (has(Op::kDump)) call(Op::kDump, {}, {context});
  if (has(Op::kDumpCpu)) {
    for (CpuId cpu : kernel.machine().cpus())
      call(Op::kDumpCpu, cpu, {context, cpu_argument(cpu), kernel.idle_cpu(cpu)});
  }
  if (has(Op::kDumpTask)) {
    for (TaskId task = objects_->next_alive({}); task.valid(); task = objects_->next_alive(task))
      if (kernel.task_on_rq(task)) call(Op::kDumpTask, kernel.task_cpu(task), {context, objects_->task(task)});
  }
  dumping_ = false;
  return std::exchange(dump_, {});
}

// ---- idle masks ----

uint64_t BpfOps::idle_mask(bool smt, int32_t node) {
  auto found = std::find_if(idle_masks_.begin(), idle_masks_.end(),
                            [&](const IdleMask& mask) { return mask.smt == smt && mask.node == node; });
  if (found == idle_masks_.end())
    found = idle_masks_.insert(idle_masks_.end(), IdleMask{smt, node, objects_->make_mask()});
  objects_->write_mask(found->address, smt ? ext_class_->idle_smtmask(node) : ext_class_->idle_cpumask(node));
  ++idle_masks_out_;
  return found->address;
}

void BpfOps::refresh_idle_masks() {
  for (const IdleMask& mask : idle_masks_)
    objects_->write_mask(mask.address,
                         mask.smt ? ext_class_->idle_smtmask(mask.node) : ext_class_->idle_cpumask(mask.node));
}

// ---- iterators over dispatch queues ----

ext::DsqIterator* BpfOps::iterator_new(uint64_t address) {
  if (vm_->checked(address, VM_WRITE, sizeof(uint64_t)) == nullptr) return nullptr;
  for (size_t i = 0; i < iterators_.size(); ++i) {
    OpenIterator& open = iterators_[i];
    if (open.address != 0) continue;
    open.address = address;
    open.state = {};
    vm_->store<uint64_t>(address, i + 1);
    return &open.state;
  }
  vm_->refuse("bpf_iter_scx_dsq_new() is called with too many iterators open");
  return nullptr;
}

ext::DsqIterator* BpfOps::iterator(uint64_t address, const char* kfunc, bool* none) {
  *none = false;
  auto number = vm_->load<uint64_t>(address);
  if (!number) return nullptr;
  if (*number == 0) {
    *none = true;
    return nullptr;
  }
  if (*number <= iterators_.size() && iterators_[*number - 1].address == address) return &iterators_[*number - 1].state;
  vm_->refuse(std::string(kfunc) + "() is passed an iterator that was never begun");
  return nullptr;
}

void BpfOps::iterator_destroy(uint64_t address) {
  for (OpenIterator& open : iterators_)
    if (open.address == address) open.address = 0;
  vm_->store<uint64_t>(address, 0);
}

}  // namespace simsched::bpf
