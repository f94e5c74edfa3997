// What BpfOps does as a scheduler's own loader would: fill maps, run programs, tell what was left as it is.

#include <algorithm>
#include <cstring>
#include <set>
#include <utility>

#include "base/error.h"
#include "scx_port/host/bpf_ops.h"
#include "scx_port/schedulers/known_variables.h"

namespace simsched::bpf {
namespace {

constexpr size_t kMostNamed = 12;

}  // namespace

void BpfOps::set_up() {
  for (const MapEntry& entry : options_.loader.entries) {
    const bool done = entry.inner.empty() ? vm_->map_update(entry.map, entry.key, entry.value)
                                          : vm_->map_set_inner(entry.map, entry.key, entry.inner);
    if (!done)
      throw Error(entry.where, "map '" + entry.map + "' does not take this entry",
                  "is it full, or the index too large?");
  }
  const CpuId here = kernel_->this_cpu();
  for (size_t i = 0; i < options_.loader.runs.size(); ++i) {
    if (!options_.loader.runs[i].at) run_program(i);
  }
  kernel_->set_this_cpu(here);
}

// BPF_PROG_RUN, as often as the settings say.
void BpfOps::run_program(size_t number) {
  const CpuId outer = std::exchange(locked_, CpuId());
  run_program(options_.loader.runs[number], {});
  locked_ = outer;
  if (vm_->trap != VM_TRAP_NONE) report_fault();
}

void BpfOps::run_program(const ProgramRun& run, std::span<const std::byte> before) {
  if (vm_->trap_info()) return;
  if (kernel_->cpu_online(run.cpu)) kernel_->set_this_cpu(run.cpu);
  const size_t bytes = std::max<size_t>(run.context.size(), 8);
  const uint64_t context = vm_->allocate(bytes, VM_READ | VM_WRITE);
  if (context == 0) return;
  std::copy(run.context.begin(), run.context.end(), vm_->at(context));
  for (const ProgramRun::Taken& taken : run.taken)
    std::copy_n(before.begin() + static_cast<ptrdiff_t>(taken.from), taken.size, vm_->at(context + taken.to));
  const auto function = static_cast<size_t>(object_->function(run.program));
  const auto result = static_cast<int32_t>(vm_->call(function, {context}));
  const std::vector<std::byte> after(vm_->at(context), vm_->at(context + bytes));
  vm_->release(context, bytes);
  if (vm_->trap_info()) return;
  if (result != 0 && options_.note)
    options_.note(object_->name + ": program " + run.program + " ended with " + std::to_string(result));
  for (const ProgramRun::Fill& fill : run.fills) {
    uint64_t address = 0;
    std::memcpy(&address, after.data() + fill.offset, sizeof address);
    const size_t size = fill.words.size() * sizeof(uint64_t);
    if (result != 0 || !vm_->mapped(address, size, VM_WRITE)) continue;
    std::memcpy(vm_->at(address), fill.words.data(), size);
  }
  if (result == 0)
    for (const ProgramRun& next : run.then) run_program(next, after);
}

// When a scheduler fails: options that nobody has set, of which its loader may know better.
void BpfOps::name_defaults() {
  if (!options_.note) return;
  std::set<std::string> set;
  for (const VariableSetting& setting : options_.variables)
    set.insert(setting.name.substr(0, setting.name.find_first_of(".[")));
  for (const KnownVariable& known : known_variables(ext_class_->machine())) set.insert(known.name);
  std::string names;
  size_t count = 0;
  for (const BpfVariable& variable : object_->variables) {
    if (!object_->sections[variable.section].name.starts_with(".rodata") || variable.name.starts_with("_") ||
        variable.name.starts_with("uei") || variable.name.find('.') != std::string::npos || set.contains(variable.name))
      continue;
    if (++count <= kMostNamed) names += (names.empty() ? "" : ", ") + variable.name;
  }
  if (count == 0) return;
  if (count > kMostNamed) names += ", and " + std::to_string(count - kMostNamed) + " more";
  options_.note(object_->name + " ended with an error; options that its loader may set are as in its source: " + names);
}

std::vector<std::pair<std::string, int64_t>> reported_variables(Vm& vm, const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, int64_t>> list;
  const Btf& btf = vm.object().btf;
  for (const std::string& name : names) {
    const BpfVariable* const variable = vm.object().variable(name);
    if (variable == nullptr) continue;
    const std::span<const std::byte> bytes = vm.variable(name);
    const bool array = btf.kind_of(variable->btf_type) == "array";
    const uint32_t type = array ? btf.element_of(variable->btf_type) : variable->btf_type;
    const size_t size = btf.size_of(type);
    if (size == 0 || size > sizeof(int64_t)) continue;
    for (size_t i = 0; (i + 1) * size <= bytes.size(); ++i) {
      int64_t value = 0;
      std::memcpy(&value, bytes.data() + i * size, size);
      if (btf.is_signed(type) && size < sizeof value) {
        const auto shift = static_cast<int>(64 - 8 * size);
        value = static_cast<int64_t>(static_cast<uint64_t>(value) << shift) >> shift;
      }
      list.emplace_back(array ? name + "[" + std::to_string(i) + "]" : name, value);
    }
  }
  return list;
}

}  // namespace simsched::bpf
