// KernelObject: a BPF object on its way into the running kernel, over libbpf 1.4 or later.
//
//   KernelObject object(bytes, "simple");
//   object.variable("fifo")[0] = std::byte{1};   // .rodata and first values of globals: before load()
//   object.load();                               // through the verifier
//   object.attach("simple_ops");                 // from now on it schedules, until this object or its process ends
//
// Every failure throws Error with one line; where the verifier refuses, its last words are in the line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct bpf_link;
struct bpf_map;
struct bpf_object;
struct bpf_program;

namespace simsched::live {

// libbpf's own messages at and above a warning are kept for the next Error instead of printed; true: printed as well.
void set_verbose(bool verbose);

class KernelObject {
 public:
  KernelObject(std::span<const std::byte> elf, std::string name);
  ~KernelObject();
  KernelObject(const KernelObject&) = delete;
  KernelObject& operator=(const KernelObject&) = delete;

  bpf_object* get() { return object_.get(); }
  const std::string& name() const { return name_; }

  // ---- before load() ----
  void set_map_entries(const std::string& map, uint32_t entries);
  // A member of a struct_ops map's initial value, e.g. ("simple_ops", "timeout_ms"); empty: no such member.
  std::span<std::byte> ops_member(const std::string& ops, const std::string& member);
  // Leaves out other struct_ops maps than `ops`, and programs that nothing calls then.
  void keep_struct_ops(const std::string& ops);
  // Makes `program` that member; empty: none. Throws Error: no such program or member.
  void set_callback(const std::string& ops, const std::string& member, const std::string& program);
  // Makes the array in a data section of its own (".data.uei_dump") longer. Takes no effect where there is none.
  void set_section_size(const std::string& section, uint32_t bytes);

  void load();

  // ---- at any time ----
  // A global variable in place: its first value before load(), the kernel's own memory after it. Read-only variables
  // are not to be written to after it. Throws Error when there is none of that name.
  std::span<std::byte> variable(const std::string& name);
  bool has_variable(const std::string& name) const { return variables_.contains(name); }
  // How many bytes a number of a variable has that is one, or an array of them; 0: it is something else.
  struct Numbers {
    size_t size = 0;
    bool is_signed = false, array = false;
  };
  Numbers numbers(const std::string& name) const;
  bool has_map(const std::string& map) const;
  // The part of `memory`, a struct of that type, that a member is; empty: there is none.
  std::span<std::byte> member(std::span<std::byte> memory, const std::string& type, const std::string& member) const;
  std::vector<std::string> struct_ops() const;  // names of the maps

  // ---- after load() ----
  int map_fd(const std::string& map) const;          // throws Error: no such map
  int program_fd(const std::string& program) const;  // throws Error: no such program
  void attach(const std::string& struct_ops);        // through a link
  void attach_programs();                            // every program that says in its section what it hangs on
  void detach();

  // Runs a SEC("syscall") program with `context` as its argument, read and written; its return value.
  uint32_t run(const std::string& program, std::span<std::byte> context) const;

 private:
  struct Variable {
    bpf_map* map;
    size_t offset, size;
    uint32_t type;  // of libbpf's BTF
  };
  struct Mapping {
    std::byte* memory;
    size_t size;
  };
  struct Close {
    void operator()(bpf_object* object) const;
    void operator()(bpf_link* link) const;
  };

  void index_variables();
  std::byte* section_memory(bpf_map* map);
  bpf_map* find_map(const std::string& map) const;
  std::string verifier_words() const;

  std::string name_;
  std::vector<std::byte> elf_;  // aligned, alive as long as libbpf reads it
  std::unique_ptr<bpf_object, Close> object_;
  std::map<std::string, Variable> variables_;
  std::map<bpf_map*, Mapping> mappings_;
  std::map<bpf_program*, std::vector<char>> logs_;
  std::vector<std::unique_ptr<bpf_link, Close>> links_;
  bool loaded_ = false;
};

}  // namespace simsched::live
