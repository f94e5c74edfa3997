#include "scx_port/live/kernel_object.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "base/error.h"

namespace simsched::live {
namespace {

constexpr size_t kLogSize = 1 << 20;

bool verbose = false;
std::string last_message;  // libbpf's, of the current call

int keep_message(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  char line[512];
  std::vsnprintf(line, sizeof(line), format, arguments);
  if (verbose) std::fputs(line, stderr);
  std::string_view text(line);
  // The verifier's log comes through here too, in pieces that say nothing by themselves.
  if (level == LIBBPF_WARN && text.starts_with("libbpf: ") && text.find("BPF program load failed") == text.npos &&
      text.find("-- BEGIN") == text.npos && text.find("failed to load object") == text.npos) {
    last_message = text.substr(8);
    while (last_message.ends_with('\n')) last_message.pop_back();
  }
  return 0;
}

// Of a section's map: ".bss" of "simple.bss".
std::string_view section_of(const bpf_map* map) {
  std::string_view name = bpf_map__name(map);
  size_t dot = name.find('.');
  return dot == name.npos ? std::string_view() : name.substr(dot);
}

size_t pages(size_t bytes) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

[[noreturn]] void fail(const std::string& object, const std::string& what, int error, const std::string& advice = {}) {
  std::string text = what + ": ";
  text += last_message.empty() ? std::string(std::strerror(error)) : last_message;
  last_message.clear();
  throw Error(object, text, advice);
}

}  // namespace

void set_verbose(bool on) { verbose = on; }

void KernelObject::Close::operator()(bpf_object* object) const { bpf_object__close(object); }
void KernelObject::Close::operator()(bpf_link* link) const { bpf_link__destroy(link); }

KernelObject::KernelObject(std::span<const std::byte> elf, std::string name)
    : name_(std::move(name)), elf_(elf.begin(), elf.end()) {
  libbpf_set_print(keep_message);
  LIBBPF_OPTS(bpf_object_open_opts, options);
  options.object_name = name_.c_str();
  object_.reset(bpf_object__open_mem(elf_.data(), elf_.size(), &options));
  if (!object_) fail(name_, "not a BPF object that can be opened", errno);
  index_variables();
  bpf_program* program;
  bpf_object__for_each_program(program, object_.get()) {
    std::vector<char>& log = logs_[program];
    log.resize(kLogSize);
    bpf_program__set_log_buf(program, log.data(), log.size());
    bpf_program__set_log_level(program, 0);  // libbpf asks again, with the log, for what is refused
  }
}

KernelObject::~KernelObject() {
  links_.clear();
  for (auto& [map, mapping] : mappings_) munmap(mapping.memory, mapping.size);
}

void KernelObject::index_variables() {
  const btf* types = bpf_object__btf(object_.get());
  if (types == nullptr) return;
  for (uint32_t id = 1; id < btf__type_cnt(types); ++id) {
    const btf_type* type = btf__type_by_id(types, id);
    if (!btf_is_datasec(type)) continue;
    const std::string_view section = btf__name_by_offset(types, type->name_off);
    bpf_map* map;
    bpf_object__for_each_map(map, object_.get()) {
      if (section_of(map) != section) continue;
      for (int i = 0; i < btf_vlen(type); ++i) {
        const btf_var_secinfo& var = btf_var_secinfos(type)[i];
        const char* name = btf__name_by_offset(types, btf__type_by_id(types, var.type)->name_off);
        variables_[name] = {map, var.offset, var.size, btf__type_by_id(types, var.type)->type};
      }
    }
  }
}

bpf_map* KernelObject::find_map(const std::string& map) const {
  bpf_map* found = bpf_object__find_map_by_name(object_.get(), map.c_str());
  if (found == nullptr) throw Error(name_, "the object has no map '" + map + "'");
  return found;
}

void KernelObject::set_map_entries(const std::string& map, uint32_t entries) {
  if (int error = bpf_map__set_max_entries(find_map(map), entries)) fail(name_, "cannot size map " + map, -error);
}

bool KernelObject::has_map(const std::string& map) const {
  return bpf_object__find_map_by_name(object_.get(), map.c_str()) != nullptr;
}

std::span<std::byte> KernelObject::member(std::span<std::byte> memory, const std::string& type,
                                          const std::string& member) const {
  const btf* types = bpf_object__btf(object_.get());
  const int32_t id = btf__find_by_name_kind(types, type.c_str(), BTF_KIND_STRUCT);
  if (id < 0) return {};
  const btf_type* structure = btf__type_by_id(types, static_cast<uint32_t>(id));
  for (uint32_t i = 0; i < btf_vlen(structure); ++i) {
    const btf_member& m = btf_members(structure)[i];
    if (member != btf__name_by_offset(types, m.name_off)) continue;
    const size_t offset = btf_member_bit_offset(structure, i) / 8;
    const int64_t bytes = btf__resolve_size(types, m.type);
    if (bytes <= 0 || offset + static_cast<size_t>(bytes) > memory.size()) return {};
    return memory.subspan(offset, static_cast<size_t>(bytes));
  }
  return {};
}

std::span<std::byte> KernelObject::ops_member(const std::string& ops, const std::string& name) {
  size_t size = 0;
  auto* memory = static_cast<std::byte*>(bpf_map__initial_value(find_map(ops), &size));
  if (memory == nullptr) return {};
  return member({memory, size}, "sched_ext_ops", name);
}

void KernelObject::keep_struct_ops(const std::string& ops) {
  const bpf_map* const kept = find_map(ops);
  bpf_map* map;
  bpf_object__for_each_map(map, object_.get()) if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS && map != kept)
      bpf_map__set_autocreate(map, false);
}

void KernelObject::set_callback(const std::string& ops, const std::string& name, const std::string& program) {
  const std::span<std::byte> memory = ops_member(ops, name);
  bpf_program* now = nullptr;
  if (memory.size() != sizeof now) throw Error(name_, ops + " has no callback '" + name + "'");
  // In libbpf's copy of the table a callback is its program's address.
  bpf_program* before;
  std::memcpy(&before, memory.data(), sizeof before);
  if (!program.empty()) {
    now = bpf_object__find_program_by_name(object_.get(), program.c_str());
    if (now == nullptr) throw Error(name_, "the object has no program '" + program + "'");
  }
  std::memcpy(memory.data(), &now, sizeof now);
  if (before == nullptr || before == now) return;
  size_t size = 0;
  const auto* table = static_cast<const std::byte*>(bpf_map__initial_value(find_map(ops), &size));
  for (size_t at = 0; at + sizeof before <= size; at += sizeof before)
    if (std::memcmp(table + at, &before, sizeof before) == 0) return;  // another callback still is it
  bpf_program__set_autoload(before, false);
}

void KernelObject::set_section_size(const std::string& section, uint32_t bytes) {
  bpf_map* map;
  bpf_object__for_each_map(map, object_.get()) {
    if (section_of(map) != section) continue;
    if (int error = bpf_map__set_value_size(map, bytes)) fail(name_, "cannot size section " + section, -error);
  }
  index_variables();  // the variable in it has grown
}

std::string KernelObject::verifier_words() const {
  for (const auto& [program, log] : logs_) {
    if (bpf_program__fd(program) >= 0 || log[0] == '\0') continue;
    // The last line before the statistics says what was wrong.
    std::string_view text(log.data());
    std::string last;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      if (line.starts_with("processed ") || line.starts_with("verification time")) break;
      if (!line.empty()) last = line;
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::string(bpf_program__name(program)) + ": " + last;
  }
  return {};
}

void KernelObject::load() {
  last_message.clear();
  if (int error = bpf_object__load(object_.get())) {
    std::string words = verifier_words();
    if (!words.empty()) last_message = words;
    fail(name_, "the kernel refuses the program", -error);
  }
  loaded_ = true;
  logs_.clear();
}

std::byte* KernelObject::section_memory(bpf_map* map) {
  size_t size = 0;
  if (!loaded_) return static_cast<std::byte*>(bpf_map__initial_value(map, &size));
  auto found = mappings_.find(map);
  if (found != mappings_.end()) return found->second.memory;
  // What libbpf calls the initial value is its private copy from now on.
  size = pages(bpf_map__value_size(map));
  const bool readonly = (bpf_map__map_flags(map) & BPF_F_RDONLY_PROG) != 0;
  void* memory = mmap(nullptr, size, readonly ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
  if (memory == MAP_FAILED) fail(name_, std::string("cannot map ") + bpf_map__name(map), errno);
  mappings_[map] = {static_cast<std::byte*>(memory), size};
  return static_cast<std::byte*>(memory);
}

std::span<std::byte> KernelObject::variable(const std::string& name) {
  auto found = variables_.find(name);
  if (found == variables_.end()) throw Error(name_, "the object has no variable '" + name + "'");
  std::byte* memory = section_memory(found->second.map);
  if (memory == nullptr) throw Error(name_, "variable '" + name + "' has no memory");
  return {memory + found->second.offset, found->second.size};
}

KernelObject::Numbers KernelObject::numbers(const std::string& name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return {};
  const btf* types = bpf_object__btf(object_.get());
  const auto plain = [&](uint32_t id) {
    const btf_type* type = btf__type_by_id(types, id);
    while (btf_is_mod(type) || btf_is_typedef(type)) type = btf__type_by_id(types, type->type);
    return type;
  };
  const btf_type* type = plain(found->second.type);
  Numbers numbers;
  numbers.array = btf_is_array(type);
  if (numbers.array) type = plain(btf_array(type)->type);
  if (!btf_is_int(type) && !btf_is_any_enum(type)) return {};
  numbers.size = type->size;
  numbers.is_signed = btf_is_int(type) ? (btf_int_encoding(type) & BTF_INT_SIGNED) != 0 : btf_kflag(type);
  return numbers.size <= sizeof(uint64_t) ? numbers : Numbers{};
}

std::vector<std::string> KernelObject::struct_ops() const {
  std::vector<std::string> names;
  bpf_map* map;
  bpf_object__for_each_map(map, object_.get()) {
    if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS) names.push_back(bpf_map__name(map));
  }
  return names;
}

int KernelObject::map_fd(const std::string& map) const { return bpf_map__fd(find_map(map)); }

int KernelObject::program_fd(const std::string& program) const {
  bpf_program* found = bpf_object__find_program_by_name(object_.get(), program.c_str());
  if (found == nullptr) throw Error(name_, "the object has no program '" + program + "'");
  return bpf_program__fd(found);
}

void KernelObject::attach(const std::string& struct_ops) {
  last_message.clear();
  bpf_link* link = bpf_map__attach_struct_ops(find_map(struct_ops));
  if (link == nullptr) {
    const int error = errno;
    if (error == EBUSY) throw Error(name_, "a sched_ext scheduler is attached already", "end that one first");
    fail(name_, "cannot attach " + struct_ops, error);
  }
  links_.emplace_back(link);
}

void KernelObject::attach_programs() {
  bpf_program* program;
  bpf_object__for_each_program(program, object_.get()) {
    if (!bpf_program__autoload(program) || !bpf_program__autoattach(program)) continue;
    const bpf_prog_type type = bpf_program__type(program);
    if (type == BPF_PROG_TYPE_STRUCT_OPS || type == BPF_PROG_TYPE_SYSCALL || type == BPF_PROG_TYPE_XDP) continue;
    last_message.clear();
    bpf_link* link = bpf_program__attach(program);
    if (link == nullptr) fail(name_, std::string("cannot attach ") + bpf_program__name(program), errno);
    links_.emplace_back(link);
  }
}

void KernelObject::detach() { links_.clear(); }

uint32_t KernelObject::run(const std::string& program, std::span<std::byte> context) const {
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.ctx_in = context.data();
  options.ctx_size_in = static_cast<uint32_t>(context.size());
  if (int error = bpf_prog_test_run_opts(program_fd(program), &options)) fail(name_, "cannot run " + program, -error);
  return options.retval;
}

}  // namespace simsched::live
