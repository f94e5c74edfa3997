#include "bpf/object_reader.h"

#include <bpf/btf.h>
#include <elf.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "bpf/btf_check.h"

namespace simsched::bpf {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kMaxData = uint64_t{512} << 20;  // bytes of globals; a policy of that size is a mistake

template <class T>
T read(std::span<const std::byte> bytes, uint64_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

bool is_data(const std::string& name) {
  for (const char* kind : {".rodata", ".data", ".bss", ".addr_space"}) {
    if (name == kind || name.starts_with(std::string(kind) + ".")) return true;
  }
  return false;
}

}  // namespace

std::string essential_name(const std::string& name) {
  for (size_t i = name.size(); i-- > 1;) {
    if (i + 3 < name.size() && name.compare(i, 3, "___") == 0 && name[i - 1] != '_' && name[i + 3] != '_') {
      return name.substr(0, i);
    }
  }
  return name;
}

void ObjectReader::fail(const std::string& what, const std::string& remedy) const { throw Error(path_, what, remedy); }

ObjectReader::ObjectReader(std::span<const std::byte> bytes, const std::string& path, const ObjectOptions& options)
    : path_(path), options_(options), elf_(bytes, path) {}

BpfObject ObjectReader::run() {
  object_.name = policy_name(path_);
  read_types();
  read_layout();
  read_functions();
  relocate_flavours();
  read_maps();
  for (uint32_t i = 0; i < object_.functions.size(); ++i) link_function(i);
  link_data();
  link_maps();
  read_struct_ops();
  read_lines();
  object_.end_ = end_;
  return std::move(object_);
}

void ObjectReader::read_types() {
  const uint32_t section = elf_.find(".BTF");
  if (section == 0) fail("no type information (.BTF)", "compile the policy with -g");
  object_.btf = parse_btf(elf_.sections()[section].data, path_);
  if (const uint32_t license = elf_.find("license"); license != 0) {
    const auto data = elf_.sections()[license].data;
    const auto end = std::ranges::find(data, std::byte{0});
    object_.license.assign(reinterpret_cast<const char*>(data.data()), static_cast<size_t>(end - data.begin()));
  }
}

uint64_t ObjectReader::place(uint64_t size, uint64_t room) {
  data_bytes_ += std::min(size, kMaxData + 1);
  if (data_bytes_ > kMaxData) fail("more than 512 MiB of global variables", "use a map for large data");
  const uint64_t address = end_;
  end_ += (std::max(room, uint64_t{1}) + kPage - 1) / kPage * kPage + kPage;
  return address;
}

uint64_t ObjectReader::place_in_arena(uint64_t size) {
  if (size > kMaxData) fail("more than 512 MiB of global variables", "allocate pages instead");
  const uint64_t address = arena_end_;
  arena_end_ += (size + kArenaPage - 1) / kArenaPage * kArenaPage;
  return address;
}

std::string ObjectReader::type_name(uint32_t offset) const {
  const char* name = btf__name_by_offset(object_.btf.raw(), offset);
  return name == nullptr ? "" : name;
}

std::vector<ObjectReader::Variable> ObjectReader::variables_of(uint32_t section) const {
  const ElfSection& place = elf_.sections()[section];
  const uint32_t id = object_.btf.find(place.name, "datasec");
  std::vector<Variable> result;
  if (id == 0) return result;
  const btf_type* datasec = btf__type_by_id(object_.btf.raw(), id);
  std::map<std::string, const ElfSymbol*> symbols;
  for (const ElfSymbol& symbol : elf_.symbols()) {
    if (symbol.section == section && symbol.type == STT_OBJECT) symbols.emplace(symbol.name, &symbol);
  }
  for (uint32_t i = 0; i < btf_vlen(datasec); ++i) {
    const btf_var_secinfo* info = btf_var_secinfos(datasec) + i;
    const btf_type* type = btf__type_by_id(object_.btf.raw(), info->type);
    if (type == nullptr || !btf_is_var(type)) continue;
    Variable variable{type_name(type->name_off), type->type, info->offset, info->size};
    if (variable.size == 0) variable.size = object_.btf.size_of(type->type);
    // The compiler leaves the place of a global to its symbol.
    if (btf_var(type)->linkage != BTF_VAR_STATIC) {
      const auto symbol = symbols.find(variable.name);
      if (symbol == symbols.end()) continue;
      variable.offset = symbol->second->value;
      variable.size = std::max(variable.size, symbol->second->size);  // more: a flexible array at its end
    }
    if (variable.offset > place.size || variable.size > place.size - variable.offset) {
      fail("damaged BPF object: variable " + variable.name + " lies outside " + place.name);
    }
    result.push_back(std::move(variable));
  }
  return result;
}

void ObjectReader::read_layout() {
  for (uint32_t i = 1; i < elf_.sections().size(); ++i) {
    const ElfSection& section = elf_.sections()[i];
    if (!section.alloc() || section.code()) continue;
    if (section.name == "maps") fail("maps of the old kind (section \"maps\")", "define them in SEC(\".maps\")");
    if (is_data(section.name)) read_data_section(i);
  }
  read_kconfig();
}

void ObjectReader::read_data_section(uint32_t index) {
  const ElfSection& section = elf_.sections()[index];
  const bool writable = !section.name.starts_with(".rodata");
  uint64_t room = section.size, element = 0;
  const std::vector<Variable> variables = variables_of(index);
  if (variables.size() == 1 && section.name.find('.', 1) != std::string::npos) {
    // One array of one element, alone in its section: its loader may make it longer.
    const uint64_t size = object_.btf.size_of(object_.btf.element_of(variables[0].type));
    if (size != 0 && size == variables[0].size && size == section.size && size <= kMaxData / BpfSection::kMaxElements) {
      element = size;
      room = size * BpfSection::kMaxElements;
    }
  }
  const uint64_t address =
      section.name.starts_with(".addr_space") ? place_in_arena(section.size) : place(section.size, room);
  BpfSection result{section.name, address, writable, {}, element};
  result.data.resize(section.size);
  std::ranges::copy(section.data, result.data.begin());
  data_[index] = object_.sections.size();
  for (const Variable& variable : variables) {
    object_.variables.push_back(
        {variable.name, object_.sections.size(), variable.offset, variable.size, variable.type});
  }
  object_.sections.push_back(std::move(result));
}

void ObjectReader::read_kconfig() {
  const uint32_t id = object_.btf.find(".kconfig", "datasec");
  if (id == 0) return;
  const btf_type* datasec = btf__type_by_id(object_.btf.raw(), id);
  const size_t index = object_.sections.size();
  std::vector<std::byte> data;
  for (uint32_t i = 0; i < btf_vlen(datasec); ++i) {
    const btf_type* type = btf__type_by_id(object_.btf.raw(), btf_var_secinfos(datasec)[i].type);
    if (type == nullptr || !btf_is_var(type)) continue;
    const std::string name = type_name(type->name_off);
    const uint64_t size = object_.btf.size_of(type->type);
    if (size == 0 || size > kPage || data.size() > kMaxData / 64) fail("damaged BPF object: configuration " + name);
    const uint64_t offset = (data.size() + 7) / 8 * 8;
    data.resize(offset + size);
    uint64_t value = 0;
    if (name == "LINUX_KERNEL_VERSION") value = options_.kernel_version;
    if (name == "CONFIG_HZ") value = options_.hz;
    std::memcpy(data.data() + offset, &value, std::min<uint64_t>(size, sizeof value));
    object_.variables.push_back({name, index, offset, size, type->type});
  }
  if (data.empty()) return;
  const uint64_t address = place(data.size(), data.size());
  for (const BpfVariable& variable : object_.variables) {
    if (variable.section == index) kconfig_[variable.name] = address + variable.offset;
  }
  object_.sections.push_back({".kconfig", address, false, std::move(data), 0});
}

void ObjectReader::read_functions() {
  std::vector<const ElfSymbol*> found;
  for (const ElfSymbol& symbol : elf_.symbols()) {
    if (symbol.type == STT_FUNC && symbol.section != 0 && elf_.sections()[symbol.section].code()) {
      found.push_back(&symbol);
    }
  }
  std::ranges::stable_sort(found, {}, [](const ElfSymbol* s) { return std::tuple(s->section, s->value, s->size); });
  for (const ElfSymbol* symbol : found) {
    const ElfSection& section = elf_.sections()[symbol->section];
    if (functions_.contains({symbol->section, symbol->value})) continue;  // another name for it
    if (symbol->value % 8 != 0 || symbol->size % 8 != 0 || symbol->size == 0 || symbol->size > section.data.size() ||
        symbol->value > section.data.size() - symbol->size) {
      fail("damaged BPF object: function " + symbol->name + " lies outside its section");
    }
    if (!code_.empty() && code_.back().section == symbol->section &&
        code_.back().offset + code_.back().size > symbol->value) {
      fail("damaged BPF object: functions overlap at " + symbol->name);
    }
    functions_[{symbol->section, symbol->value}] = static_cast<uint32_t>(object_.functions.size());
    code_.push_back({symbol->section, symbol->value, symbol->size});
    BpfFunction function{symbol->name, section.name, {}};
    function.code.resize(symbol->size / 8);
    for (uint64_t i = 0; i < function.code.size(); ++i) {
      const uint64_t at = symbol->value + i * 8;
      BpfInsn& insn = function.code[i];
      const auto registers = read<uint8_t>(section.data, at + 1);
      insn.code = read<uint8_t>(section.data, at);
      insn.dst = registers & 15;
      insn.src = registers >> 4;
      insn.off = read<int16_t>(section.data, at + 2);
      insn.imm = read<int32_t>(section.data, at + 4);
    }
    object_.functions.push_back(std::move(function));
  }
}

int32_t ObjectReader::function_at(uint32_t section, uint64_t offset) const {
  const auto it = functions_.find({section, offset});
  return it == functions_.end() ? -1 : static_cast<int32_t>(it->second);
}

uint32_t ObjectReader::call_number(bool helper, uint32_t id, const std::string& name, bool weak) {
  const auto [it, added] = calls_.emplace(std::tuple(helper, id, name), static_cast<uint32_t>(object_.calls.size()));
  if (added) object_.calls.push_back({helper, id, essential_name(name), weak});
  return it->second;
}

// Declared to be the kernel's: `__ksym`.
bool ObjectReader::is_ksym(const std::string& name) const {
  const btf* types = object_.btf.raw();
  const btf_type* section = btf__type_by_id(types, object_.btf.find(".ksyms", "datasec"));
  if (section == nullptr || !btf_is_datasec(section)) return false;
  for (uint32_t i = 0; i < btf_vlen(section); ++i) {
    const btf_type* type = btf__type_by_id(types, btf_var_secinfos(section)[i].type);
    if (type != nullptr && type_name(type->name_off) == name) return true;
  }
  return false;
}

ObjectReader::Target ObjectReader::resolve_undefined(const ElfSymbol& symbol) {
  using Ref = BpfInsn::Ref;
  if (const auto it = kconfig_.find(symbol.name); it != kconfig_.end()) return {Ref::kAddress, it->second};
  if (symbol.name.starts_with("__ubsan_handle_")) return {Ref::kBounds, 0};
  if (symbol.name.empty()) fail("damaged BPF object: a relocation without a name");
  if (!is_ksym(symbol.name))
    fail("calls " + symbol.name + "(), which no kernel has and it does not define",
         "is that in another .bpf.c? List them all, 'bpf: [A, B]': they are linked");
  return {Ref::kKsym, call_number(false, 0, symbol.name, symbol.bind == STB_WEAK)};
}

// The address that symbol + addend stands for.
ObjectReader::Target ObjectReader::resolve(const ElfSymbol& symbol, uint64_t addend) {
  using Ref = BpfInsn::Ref;
  if (symbol.section == 0) {
    Target target = resolve_undefined(symbol);
    if (target.ref == Ref::kAddress) target.value += addend;
    return target;
  }
  const ElfSection& section = elf_.sections()[symbol.section];
  const uint64_t offset = symbol.value + addend;
  if (const auto it = data_.find(symbol.section); it != data_.end()) {
    return {Ref::kAddress, object_.sections[it->second].address + offset};
  }
  if (section.name == ".maps") {
    for (const MapPlace& place : map_places_) {
      if (place.offset == offset) return {Ref::kAddress, object_.maps[static_cast<size_t>(place.map)].address};
    }
    fail("a pointer into .maps that is no map: " + symbol.name);
  }
  if (section.code()) {
    const int32_t function = function_at(symbol.section, offset);
    if (function < 0) fail("a pointer into " + section.name + " that is no function: " + symbol.name);
    return {Ref::kFunctionAddress, static_cast<uint64_t>(function)};
  }
  fail("code or data refers to " + symbol.name + " in section " + section.name + ", which a policy cannot reach",
       "keep globals in .data, .rodata, .bss or sections named like these");
}

void ObjectReader::link_function(uint32_t index) {
  using Ref = BpfInsn::Ref;
  std::vector<BpfInsn>& code = object_.functions[index].code;
  const Code place = code_[index];
  const auto [cached, added] = relocations_.try_emplace(place.section);
  std::map<uint64_t, ElfRelocation>& relocations = cached->second;
  if (added) {
    for (const ElfRelocation& relocation : elf_.relocations(place.section)) relocations[relocation.offset] = relocation;
  }
  for (uint64_t i = 0; i < code.size(); ++i) {
    BpfInsn& insn = code[i];
    const auto relocation = relocations.find(place.offset + i * 8);
    const bool relocated = relocation != relocations.end();
    const ElfSymbol* symbol = relocated ? &elf_.symbols()[relocation->second.symbol] : nullptr;
    if (insn.code == 0x18) {  // ld_imm64
      if (i + 1 >= code.size()) break;
      if (relocated) {
        const uint64_t high = static_cast<uint32_t>(code[i + 1].imm);
        const Target target = resolve(*symbol, high << 32 | static_cast<uint32_t>(insn.imm));
        insn.ref = target.ref == Ref::kBounds ? Ref::kBad : target.ref;
        insn.target = target.value;
      } else if (insn.src != 0) {
        insn.ref = Ref::kBad;  // a map by descriptor and the like: made for a running kernel
      }
      ++i;
    } else if (insn.code == 0x85) {  // call
      if (relocated && symbol->section == 0) {
        const Target target = resolve_undefined(*symbol);
        insn.ref = target.ref == Ref::kKsym ? Ref::kCall : target.ref == Ref::kBounds ? Ref::kBounds : Ref::kBad;
        insn.target = target.value;
      } else if (relocated || insn.src == 1) {
        // Relative to the symbol (-1: the symbol itself), or to the next instruction.
        const uint64_t base = relocated ? symbol->value : place.offset + i * 8;
        const uint64_t offset = base + static_cast<uint64_t>((int64_t{insn.imm} + 1) * 8);
        const int32_t function = function_at(relocated ? symbol->section : place.section, offset);
        insn.ref = function < 0 ? Ref::kBad : Ref::kFunction;
        insn.target = function < 0 ? 0 : static_cast<uint64_t>(function);
      } else if (insn.src == 0) {
        insn.ref = Ref::kCall;
        insn.target = call_number(true, static_cast<uint32_t>(insn.imm), "", false);
      } else {
        insn.ref = Ref::kBad;
      }
    } else if (relocated) {
      fail("a relocation of an instruction that has none: " + symbol->name);
    }
  }
}

void ObjectReader::link_data() {
  for (const auto& [section, index] : data_) {
    for (const ElfRelocation& relocation : elf_.relocations(section)) {
      std::vector<std::byte>& data = object_.sections[index].data;
      if (relocation.type == kRelocNone32) continue;
      if (relocation.type != kRelocData64) fail("a relocation of an unknown kind in " + object_.sections[index].name);
      if (data.size() < 8 || relocation.offset > data.size() - 8) {
        fail("damaged BPF object: a relocation outside " + object_.sections[index].name);
      }
      const Target target = resolve(elf_.symbols()[relocation.symbol], read<uint64_t>(data, relocation.offset));
      uint64_t value = target.value;
      if (target.ref == BpfInsn::Ref::kFunctionAddress) value = VM_FUNC_BASE + 16 * value;
      if (target.ref == BpfInsn::Ref::kKsym) value = VM_KSYM_BASE + 16 * value;
      std::memcpy(data.data() + relocation.offset, &value, sizeof value);
    }
  }
}

BpfObject read_bpf_object(std::span<const std::byte> bytes, const std::string& path, const ObjectOptions& options) {
  return ObjectReader(bytes, path, options).run();
}

}  // namespace simsched::bpf
