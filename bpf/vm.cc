#include "bpf/vm.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <utility>

#include "base/error.h"
#include "bpf/helpers/helpers.h"
#include "bpf/helpers/state.h"
#include "bpf/maps/map.h"

namespace simsched::bpf {
namespace {

constexpr int64_t kBudget = int64_t{1} << 28;  // backward jumps and calls in one callback
// A run may take this much at once, and so much more for every callback on the average.
constexpr int64_t kRunBudget = int64_t{1} << 30;
constexpr int64_t kBudgetPerCall = 4096;
constexpr uint32_t kMaxNesting = 64;  // calls from helpers; translated code is bounded by VM_MAX_FRAMES
constexpr uint64_t kPage = 4096;
constexpr size_t kMaxArguments = 16;  // of a program; the kernel's trampolines pass 12 (MAX_BPF_FUNC_ARGS)
constexpr uint64_t kContext = kMaxArguments * 8 + kGranule;

std::string access(const char* verb, const char* purpose, const vm& vm) {
  return std::string(verb) + " " + std::to_string(vm.trap_size) + (vm.trap_size == 1 ? " byte at " : " bytes at ") +
         hex(vm.trap_address) + ", which is not the policy's to " + purpose;
}

std::string size_text(uint64_t bytes) {
  const uint64_t mib = bytes >> 20;
  return mib % 1024 == 0 ? std::to_string(mib / 1024) + " GiB" : std::to_string(mib) + " MiB";
}

// What stands for a weak kfunc that is missing; the code that calls it says which and where.
uint64_t no_such_kfunc(vm* machine, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t) {
  if (machine->trap == VM_TRAP_NONE) {
    machine->trap = VM_TRAP_CALL;
    machine->trap_function = VM_NOWHERE;
  }
  return 0;
}

}  // namespace

Vm::Vm(std::shared_ptr<const BpfObject> object, VmHost& host, std::span<const VmExport> exports, size_t nr_cpus,
       uint64_t seed, uint64_t memory_limit)
    : vm(),
      object_(std::move(object)),
      host_(host),
      nr_cpus_(nr_cpus),
      rng_(seed),
      memory_(*this),
      state_(std::make_unique<HelperState>()),
      allowance_(kRunBudget) {
  if (memory_limit != 0) memory_.set_limit(memory_limit);
  SIMSCHED_CHECK(nr_cpus_ > 0, "a machine has CPUs");
  cpumask_size_ = std::max<size_t>(cpumask_bytes(), object_->btf.struct_size("cpumask").value_or(0));
  state_->distribute_prev.assign(nr_cpus_, 0);
  lay_out();
  for (size_t i = 0; i < object_->maps.size(); ++i) {
    maps_.push_back(object_->maps[i].is_inner_template ? nullptr : Map::make(*this, static_cast<uint32_t>(i)));
  }
  for (const auto& map : maps_) {
    if (map != nullptr) map->fill();
  }
  link(exports);
}

Vm::~Vm() = default;

// Data sections and map handles where the object says; then the stack, the contexts and the heap.
void Vm::lay_out() {
  uint64_t end = std::max<uint64_t>(object_->end_address(), VM_BASE + kPage);
  const auto put = [&](uint64_t address, uint64_t bytes, int perm_bits) {
    if (!memory_.place(address, bytes, perm_bits)) {
      throw Error(object_->name,
                  "its globals need more than the " + size_text(memory_.limit()) + " of memory that it may use",
                  "allow more (memory_mib: 4096), or use smaller arrays");
    }
    if (address < kArenaAddress) end = std::max(end, address + bytes);
  };
  for (const BpfMap& map : object_->maps) {
    if (map.type == kArenaMap) memory_.set_arena(kArenaAddress);
  }
  for (const BpfSection& section : object_->sections) {
    put(section.address, section.size_for(nr_cpus_), section.writable ? VM_READ | VM_WRITE : VM_READ);
    if (!section.data.empty()) std::memcpy(at(section.address), section.data.data(), section.data.size());
  }
  for (size_t i = 0; i < object_->maps.size(); ++i) {
    if (i == 0) maps_base_ = object_->maps[0].address;
    SIMSCHED_CHECK(object_->maps[i].address == maps_base_ + i * kGranule, "map handles follow each other");
    put(object_->maps[i].address, kGranule, VM_READ);
  }
  const auto next_page = [&] { return end = (end + 2 * kPage - 1) & ~(kPage - 1); };  // a page apart at least
  const uint64_t stack = next_page();
  put(stack, VM_STACK_FRAME * VM_MAX_FRAMES, VM_READ | VM_WRITE);
  sp = end;
  contexts_ = next_page();
  for (uint32_t level = 0; level < kMaxNesting; ++level) {
    put(contexts_ + level * kContext, kMaxArguments * 8, VM_READ);
  }
  memory_.start_heap(next_page());
}

void Vm::link(std::span<const VmExport> exports) {
  std::map<uint32_t, VmFunction> helpers;
  std::map<std::string, VmFunction> kfuncs;
  const auto offer = [&](std::span<const VmExport> offered) {  // the first of a name stays
    for (const VmExport& e : offered) {
      if (e.name == nullptr) helpers.emplace(e.id, e.function);
      if (e.name != nullptr) kfuncs.emplace(e.name, e.function);
    }
  };
  offer(exports);
  offer(generic_exports());
  // A Vm* is a vm*: both functions take the same registers.
  const auto as_call = [](VmFunction f) { return reinterpret_cast<vm_func>(reinterpret_cast<void (*)()>(f)); };
  for (size_t i = 0; i < object_->calls.size(); ++i) {
    const BpfCall& call = object_->calls[i];
    VmFunction function = nullptr;
    if (call.helper) {
      if (const auto it = helpers.find(call.id); it != helpers.end()) function = it->second;
    } else if (const auto it = kfuncs.find(call.name); it != kfuncs.end()) {
      function = it->second;
    }
    if (function == nullptr && !call.weak) {
      throw Error(object_->name,
                  call.helper ? "needs the BPF helper " + (call.name.empty() ? "number" : call.name) + " (" +
                                    std::to_string(call.id) + "), which the simulator does not offer"
                              : "needs the kernel function " + call.name + "(), which the simulator does not offer",
                  "leave it out, or declare a kernel function __weak and test for it with bpf_ksym_exists()");
    }
    calls_.push_back(function != nullptr ? as_call(function) : &no_such_kfunc);
  }
  calls = calls_.data();
  missing_call = &no_such_kfunc;
}

uint64_t Vm::call(size_t function, std::initializer_list<uint64_t> arguments) {
  uint64_t r[5] = {};
  SIMSCHED_CHECK(arguments.size() <= 5, "a BPF function has five arguments at most");
  std::copy(arguments.begin(), arguments.end(), r);
  return enter(function, r);
}

uint64_t Vm::call_program(size_t function, std::initializer_list<uint64_t> arguments) {
  if (trap != VM_TRAP_NONE) return 0;
  SIMSCHED_CHECK(arguments.size() <= kMaxArguments, "a program has sixteen arguments at most");
  if (nesting_ >= kMaxNesting) return enter(function, {});  // traps
  const uint64_t context = contexts_ + nesting_ * kContext;
  // A scheduler's callbacks have three at most, too few for a call of memcpy().
  uint64_t* const to = at<uint64_t>(context);
  const uint64_t* const from = arguments.begin();
  switch (arguments.size()) {
    case 3:
      to[2] = from[2];
      [[fallthrough]];
    case 2:
      to[1] = from[1];
      [[fallthrough]];
    case 1:
      to[0] = from[0];
      [[fallthrough]];
    case 0:
      break;
    default:
      std::copy(arguments.begin(), arguments.end(), to);
  }
  return enter(function, {context});
}

uint64_t Vm::call_back(uint64_t function_pointer, std::initializer_list<uint64_t> arguments) {
  const uint64_t offset = function_pointer - VM_FUNC_BASE;
  if (offset % 16 != 0 || offset / 16 >= object_->code->nr_functions) {
    return refuse("passes " + hex(function_pointer) + " as a callback, which is none of its functions");
  }
  return call(offset / 16, arguments);
}

uint64_t Vm::enter(size_t function, const uint64_t (&r)[5]) {
  if (trap != VM_TRAP_NONE) return 0;
  SIMSCHED_CHECK(object_->code != nullptr && function < object_->code->nr_functions, "the object has the function");
  if (nesting_ >= kMaxNesting) {
    trap = VM_TRAP_DEPTH;
    trap_function = VM_NOWHERE;
    note_trap(function);
    return 0;
  }
  if (nesting_++ == 0) budget = granted_ = std::min(kBudget, allowance_);
  const uint64_t saved_sp = sp;
  const uint32_t saved_depth = depth;
  const uint64_t result = object_->code->functions[function](this, r[0], r[1], r[2], r[3], r[4]);
  if (--nesting_ == 0) {
    last_steps_ = granted_ - budget;
    allowance_ = std::min(kRunBudget, allowance_ - last_steps_ + kBudgetPerCall);
    if (trap == VM_TRAP_NONE && state_->holding()) refuse(std::string("returns with ") + state_->held());
  }
  if (trap == VM_TRAP_NONE) return result;
  sp = saved_sp;
  depth = saved_depth;
  note_trap(function);
  return 0;
}

void Vm::note_trap(size_t function) {
  if (trap_info_) return;
  std::string what;
  switch (trap) {
    case VM_TRAP_LOAD:
      what = access("reads", "read (null, freed or out of bounds)", *this);
      break;
    case VM_TRAP_STORE:
      what = access("writes", "write (null, read-only, freed or out of bounds)", *this);
      break;
    case VM_TRAP_BUDGET:
      what = granted_ == kBudget
                 ? "does not return"
                 : "takes too long in every callback: " + std::to_string(kRunBudget) +
                       " loops and calls in all, beside " + std::to_string(kBudgetPerCall) + " for each callback";
      break;
    case VM_TRAP_DEPTH:
      what = "calls functions nested too deeply (" + std::to_string(VM_MAX_FRAMES) + " at most)";
      break;
    case VM_TRAP_CALL:
      what = "calls " +
             (trap_address < object_->calls.size() ? object_->calls[trap_address].name + "()" : "a kernel function") +
             ", which does not exist here";
      break;
    case VM_TRAP_BOUNDS:
      what = "indexes an array out of its bounds";
      break;
    case VM_TRAP_KFUNC:
      what = refusal_;
      break;
    default:
      what = "executes an instruction that is none";
      break;
  }
  const bool placed = trap_function < object_->functions.size();
  trap_info_ = Trap{static_cast<vm_trap_kind>(trap),
                    object_->where(placed ? trap_function : static_cast<uint32_t>(function), placed ? trap_insn : 0),
                    std::move(what)};
}

uint64_t Vm::refuse(const std::string& message) {
  if (trap == VM_TRAP_NONE) {
    trap = VM_TRAP_KFUNC;
    trap_function = VM_NOWHERE;  // the caller knows
    refusal_ = message;
    if (nesting_ == 0) note_trap(0);
  }
  return 0;
}

bool Vm::charge(uint64_t count) {
  if (trap != VM_TRAP_NONE) return false;
  budget -= static_cast<int64_t>(std::min<uint64_t>(count, uint64_t{1} << 62));
  if (budget >= 0) return true;
  trap = VM_TRAP_BUDGET;
  trap_function = VM_NOWHERE;
  return false;
}

void Vm::bad_pointer(uint64_t address, size_t bytes, int perm_bits) {
  if (trap != VM_TRAP_NONE) return;
  trap = (perm_bits & VM_WRITE) != 0 ? VM_TRAP_STORE : VM_TRAP_LOAD;
  trap_address = address;
  trap_size = static_cast<uint32_t>(std::min<size_t>(bytes, UINT32_MAX));
  trap_function = VM_NOWHERE;
  if (nesting_ == 0) note_trap(0);
}

void Vm::release(uint64_t address, size_t bytes) {
  Block& block = memory_.own(address);
  SIMSCHED_CHECK(block.address == address && block.size == bytes && block.kind != BlockKind::kFree,
                 "released as it was allocated");
  memory_.release(block);
}

std::optional<std::string> Vm::string_at(uint64_t address, size_t limit) {
  std::string text;
  for (; text.size() < limit; ++address) {
    const char* const c = checked<char>(address, VM_READ, 1);
    if (c == nullptr) return std::nullopt;
    if (*c == '\0') break;
    text.push_back(*c);
  }
  return text;
}

Map* Vm::map_at(uint64_t handle) {
  const uint64_t offset = handle - maps_base_;
  if (offset % kGranule == 0 && offset / kGranule < maps_.size()) {
    if (Map* const map = maps_[offset / kGranule].get()) return map;
  }
  if (const auto more = more_maps_.find(handle); more != more_maps_.end()) return more->second.get();
  refuse("passes " + hex(handle) + " as a map, which is none");
  return nullptr;
}

uint64_t Vm::make_map(uint32_t template_index) {
  const uint64_t handle = allocate(kGranule, VM_READ);
  if (handle != 0) more_maps_.emplace(handle, Map::make(*this, template_index));
  return handle;
}

void Vm::assign(const Vm& other) {
  SIMSCHED_CHECK(nesting_ == 0 && other.nesting_ == 0, "a policy is copied between two callbacks");
  SIMSCHED_CHECK(object_->name == other.object_->name && maps_.size() == other.maps_.size() &&
                     nr_cpus_ == other.nr_cpus_ && contexts_ == other.contexts_,
                 "a policy is copied to one of the same object");
  // What the maps made now allocate is overwritten with the rest.
  std::erase_if(more_maps_, [&](const auto& mine) {
    const auto theirs = other.more_maps_.find(mine.first);
    return theirs == other.more_maps_.end() || theirs->second->index() != mine.second->index();
  });
  for (const auto& [handle, map] : other.more_maps_) {
    if (!more_maps_.contains(handle)) more_maps_.emplace(handle, Map::make(*this, map->index()));
  }
  memory_.assign(other.memory_);
  for (size_t i = 0; i < maps_.size(); ++i) {
    if (maps_[i] != nullptr) maps_[i]->assign(*other.maps_[i]);
  }
  for (const auto& [handle, map] : other.more_maps_) more_maps_.at(handle)->assign(*map);
  const vm own = *this;
  static_cast<vm&>(*this) = other;
  mem = own.mem;
  perm = own.perm;
  size = own.size;
  calls = own.calls;
  *state_ = *other.state_;
  allowance_ = other.allowance_;
  last_steps_ = other.last_steps_;
  rng_ = other.rng_;
  trap_info_ = other.trap_info_;
  refusal_ = other.refusal_;
}

Map* Vm::map_by_name(const std::string& name) {
  const auto it =
      std::find_if(object_->maps.begin(), object_->maps.end(), [&](const auto& m) { return m.name == name; });
  return it == object_->maps.end() ? nullptr : maps_[static_cast<size_t>(it - object_->maps.begin())].get();
}

}  // namespace simsched::bpf
