// BpfObject: a compiled .bpf.o as the native host sees it: what libbpf would see, and its code, translated.
// Immutable; any number of simulations share one.
//
// Guest layout: the data sections (and .kconfig) come first in guest memory, each on a 4 KiB boundary with an unmapped page
// behind it; one handle of 64 bytes for each map follows. end_address() is where the rest of memory begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bpf/btf.h"
#include "bpf/vm_abi.h"

namespace simsched::bpf {

// Where the pages of a BPF arena lie, its global variables first. Its lower 32 bits are zero, so that a pointer's are
// the offset; a cast between the arena's two address spaces does nothing here.
constexpr uint64_t kArenaAddress = VM_BASE + (uint64_t{1} << 35);
constexpr uint64_t kArenaPage = 4096;
constexpr uint32_t kArenaMap = 33;  // BPF_MAP_TYPE_ARENA

struct BpfSection {
  std::string name;         // ".rodata", ".bss", ".data.elements"
  uint64_t address;         // guest address
  bool writable;            // for the policy; the host writes anything before the start
  std::vector<std::byte> data;  // initial content, relocated
  // Upstream loaders size arrays like `u64 cpus[1] SEC(".data.cpus")` to the number of CPUs before they load. Code
  // does not depend on it: addresses leave room for kMaxElements. An instance has size_for(nr_cpus) bytes: data,
  // then zeros, as libbpf does. Reading leaves data at one element.
  uint64_t element = 0;     // bytes of an element; 0: not resizable

  static constexpr uint64_t kMaxElements = 4096;
  uint64_t size_for(uint64_t nr_cpus) const { return element == 0 ? data.size() : element * nr_cpus; }
};

// A global variable of a data section.
struct BpfVariable {
  std::string name;
  size_t section;           // index into sections
  uint64_t offset, size;    // bytes
  uint32_t btf_type;        // 0: unknown
};

struct BpfMap {
  std::string name;
  uint32_t type = 0;        // enum bpf_map_type
  uint32_t key_size = 0, value_size = 0, max_entries = 0, flags = 0;
  uint32_t key_type = 0, value_type = 0;  // BTF ids; 0: unknown
  int32_t inner = -1;               // map in map: index of the map that describes the inner ones
  std::vector<int32_t> values;      // map in map: initial content, indices into maps (-1: empty)
  bool filled = false;              // map in map: an empty entry gets a map of its own when it is looked up
  bool is_inner_template = false;   // only describes inner maps
  uint64_t address = 0;             // guest address of its handle: what the policy passes to helpers
};

// One 8-byte slot of a function. ld_imm64 takes two; the second has code 0.
struct BpfInsn {
  enum class Ref : uint8_t {
    kNone,
    kAddress,          // ld_imm64 of the guest address `target`: of data or of a map's handle
    kFunctionAddress,  // ld_imm64 of a pointer to function number `target`
    kKsym,             // ld_imm64 of the address of number `target` in the call table; 0 when it is missing
    kFunction,         // call of function number `target`
    kCall,             // call of number `target` in the call table
    kBounds,           // call of the compiler's report of an index out of bounds
    kBad,              // cannot be executed
  };
  uint8_t code = 0, dst = 0, src = 0;
  Ref ref = Ref::kNone;
  int16_t off = 0;
  int32_t imm = 0;
  uint64_t target = 0;
};

struct BpfFunction {
  std::string name;
  std::string section;      // "struct_ops/simple_enqueue", "tp_btf/sched_switch", "syscall"; ".text": a subprogram
  std::vector<BpfInsn> code;
};

// An entry of the call table: vm::calls[i] answers it.
struct BpfCall {
  bool helper = false;      // a helper by number, else a kfunc by name
  uint32_t id = 0;
  std::string name;
  bool weak = false;        // may be missing
};

// One struct_ops variable.
struct StructOps {
  struct Member {
    int32_t function = -1;  // index into functions
    uint64_t value = 0;     // of a scalar
    std::string text;       // of a char array
  };
  std::string variable, type;            // "simple_ops", "sched_ext_ops"
  std::map<std::string, Member> members; // those that are not zero
};

class BpfObject {
 public:
  std::string name;                    // "scx_simple": file name without .bpf.c or .bpf.o
  std::vector<BpfSection> sections;
  std::vector<BpfVariable> variables;
  std::vector<BpfMap> maps;
  std::vector<BpfFunction> functions;  // index = function number
  std::vector<BpfCall> calls;
  std::vector<StructOps> struct_ops;
  std::string license;
  Btf btf;
  const vm_code* code = nullptr;       // set once it is translated, compiled and loaded; see compile.h
  std::shared_ptr<void> library;       // keeps dlopen()ed code alive

  uint64_t end_address() const { return end_; }
  const BpfVariable* variable(const std::string& variable_name) const;  // null: none
  const BpfMap* map(const std::string& map_name) const;
  int32_t function(const std::string& function_name) const;             // -1: none
  // "simple.bpf.c:42", or the function's name when there is no line information. Of what the compiler took from a shared
  // header, the policy's own line that comes before.
  std::string where(uint32_t function, uint32_t insn) const;

 private:
  friend class ObjectReader;
  uint64_t end_ = VM_BASE;
  struct Line {
    uint32_t function, insn, line;
    std::string file;
    bool own;  // in a folder of the policy's sources; else of a header that many share
  };
  std::vector<Line> lines_;            // by function, then instruction
};

// What the kernel's build would tell the policy through .kconfig. Every other CONFIG_ is 0. A host may also write
// these variables before the start: they lie in the section ".kconfig".
struct ObjectOptions {
  uint32_t kernel_version = (6 << 16) | (18 << 8);  // LINUX_KERNEL_VERSION
  uint32_t hz = 250;                                // CONFIG_HZ
};

// `path` is for messages and names the object; `bytes` are an ELF file. Throws Error: not a BPF object, no types,
// damaged, or something that is not supported. `code` stays null.
BpfObject read_bpf_object(std::span<const std::byte> bytes, const std::string& path, const ObjectOptions& options = {});

// "scx_simple" of "some/where/scx_simple.bpf.c".
std::string policy_name(const std::string& path);

}  // namespace simsched::bpf
