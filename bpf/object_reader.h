// ObjectReader: makes a BpfObject of an ELF file. Of interest to read_bpf_object() only.
//   object_reader.cc     sections, variables, functions, relocations
//   object_tables.cc     what .maps, .struct_ops and .BTF.ext describe
//   object_flavours.cc   members of structures that the policy declares anew (struct rq___local)
#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bpf/elf_file.h"
#include "bpf/object.h"

struct btf;
struct btf_type;

namespace simsched::bpf {

// libbpf's rule: what follows the last "___" of a name only keeps declarations apart.
std::string essential_name(const std::string& name);

// Through typedefs and qualifiers. Null: unknown.
const btf_type* resolve_type(const struct btf* types, uint32_t id);

class ObjectReader {
 public:
  ObjectReader(std::span<const std::byte> bytes, const std::string& path, const ObjectOptions& options);
  BpfObject run();

 private:
  // A variable of a section, as BTF and symbols together tell.
  struct Variable {
    std::string name;
    uint32_t type = 0;
    uint64_t offset = 0, size = 0;
  };
  // What a symbol plus an addend refers to.
  struct Target {
    BpfInsn::Ref ref = BpfInsn::Ref::kNone;
    uint64_t value = 0;
  };

  void read_types();
  void read_layout();
  void read_data_section(uint32_t section);
  void read_kconfig();
  void read_functions();
  void link_function(uint32_t index);
  void link_data();
  void read_maps();  // object_tables.cc
  int32_t read_map(const std::string& name, const btf_type* definition, int depth);
  void link_maps();
  void read_struct_ops();
  void read_struct_ops(uint32_t section, const Variable& variable);
  void read_lines();
  void relocate_flavours();  // object_flavours.cc

  // Records of .BTF.ext, of the kind whose place stands at that offset of its header.
  static constexpr uint64_t kLineRecords = 16, kCoreRecords = 24;
  using RecordReader = std::function<void(uint32_t function, uint32_t insn, std::span<const std::byte> record)>;
  void each_record(uint64_t place, uint64_t least, const RecordReader& take) const;

  std::vector<Variable> variables_of(uint32_t section) const;
  Target resolve(const ElfSymbol& symbol, uint64_t addend);
  Target resolve_undefined(const ElfSymbol& symbol);
  int32_t function_at(uint32_t section, uint64_t offset) const;  // -1: none
  bool is_ksym(const std::string& name) const;
  uint32_t call_number(bool helper, uint32_t id, const std::string& name, bool weak);
  uint64_t place(uint64_t size, uint64_t room);  // of a section; returns its guest address
  uint64_t place_in_arena(uint64_t size);
  std::string type_name(uint32_t offset) const;
  [[noreturn]] void fail(const std::string& what, const std::string& remedy = "compile the policy again") const;

  struct Code {
    uint32_t section;
    uint64_t offset, size;
  };
  struct MapPlace {
    uint64_t offset, values_offset, values_size;  // in .maps
    int32_t map;
  };

  const std::string path_;
  const ObjectOptions options_;
  const ElfFile elf_;
  BpfObject object_;
  std::map<uint32_t, size_t> data_;                                    // ELF section -> index into sections
  std::map<std::pair<uint32_t, uint64_t>, uint32_t> functions_;        // (ELF section, offset) -> function
  std::vector<Code> code_;                                             // by function
  std::map<uint32_t, std::map<uint64_t, ElfRelocation>> relocations_;  // of code: ELF section -> offset
  std::map<std::string, uint64_t> kconfig_;                            // variable -> guest address
  std::map<std::tuple<bool, uint32_t, std::string>, uint32_t> calls_;
  std::vector<MapPlace> map_places_;
  uint64_t end_ = VM_BASE;
  uint64_t arena_end_ = kArenaAddress;
  uint64_t data_bytes_ = 0;
};

}  // namespace simsched::bpf
