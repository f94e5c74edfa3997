// BpfObject: a compiled .bpf.o as the native host sees it: what libbpf would see, and its code, translated.
// Immutable; any number of simulations share one.
//
// Guest layout: the data sections come first in guest memory, each on a 4 KiB boundary with an unmapped page
// behind it; one handle of 64 bytes for each map follows. end_address() is where the rest of memory begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "scx_port/native/btf.h"
#include "scx_port/native/vm_abi.h"

namespace simsched::native {

struct BpfSection {
  std::string name;         // ".rodata", ".bss", ".data.elements"
  uint64_t address;         // guest address
  bool writable;            // for the policy; the host writes anything before the start
  std::vector<std::byte> data;  // initial content, relocated
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
  bool is_inner_template = false;   // only describes inner maps
  uint64_t address = 0;             // guest address of its handle: what the policy passes to helpers
};

struct BpfFunction {
  std::string name;
  std::string section;      // "struct_ops/simple_enqueue", "tp_btf/sched_switch", "syscall"; ".text": a subprogram
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
  const vm_code* code = nullptr;       // set once it is translated, compiled and loaded
  std::shared_ptr<void> library;       // keeps dlopen()ed code alive

  uint64_t end_address() const { return end_; }
  const BpfVariable* variable(const std::string& variable_name) const;  // null: none
  const BpfMap* map(const std::string& map_name) const;
  int32_t function(const std::string& function_name) const;             // -1: none
  // "simple.bpf.c:42", or the function's name when there is no line information.
  std::string where(uint32_t function, uint32_t insn) const;

 private:
  friend class ObjectReader;
  uint64_t end_ = VM_BASE;
  struct Line {
    uint32_t function, insn, line;
    std::string file;
  };
  std::vector<Line> lines_;            // by function, then instruction
};

}  // namespace simsched::native
