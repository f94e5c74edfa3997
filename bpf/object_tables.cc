// What .maps, .struct_ops and .BTF.ext describe.
#include <bpf/btf.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "base/error.h"
#include "bpf/object_reader.h"

namespace simsched::bpf {

const btf_type* resolve_type(const btf* types, uint32_t id) {
  for (int i = 0; i < 64; ++i) {
    const btf_type* type = btf__type_by_id(types, id);
    if (type == nullptr || (!btf_is_mod(type) && !btf_is_typedef(type))) return type;
    id = type->type;
  }
  return nullptr;
}

namespace {

constexpr size_t kMaxMaps = 4096;
constexpr uint64_t kMapHandle = 64;

// `__uint(NAME, VALUE)` is a pointer to an array of VALUE elements; `__type(NAME, T)` a pointer to T: what
// such a one points at; 0: not a pointer.
uint32_t pointee(const btf* types, uint32_t id) {
  const btf_type* type = resolve_type(types, id);
  return type != nullptr && btf_is_ptr(type) ? type->type : 0;
}

template <class T>
T read(std::span<const std::byte> bytes, uint64_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

int32_t ObjectReader::read_map(const std::string& name, const btf_type* definition, int depth) {
  const btf* types = object_.btf.raw();
  if (definition == nullptr || !btf_is_struct(definition)) fail("map " + name + " is not defined by a structure");
  if (depth > 1) fail("map " + name + " is nested more than once", "the kernel allows maps in maps only");
  if (object_.maps.size() >= kMaxMaps) fail("more than 4096 maps", "");
  BpfMap map;
  map.name = name;
  map.is_inner_template = depth > 0;
  uint32_t inner = 0;
  for (uint32_t i = 0; i < btf_vlen(definition); ++i) {
    const btf_member* member = btf_members(definition) + i;
    const std::string attribute = type_name(member->name_off);
    if (attribute == "values") {
      const uint32_t element = object_.btf.element_of(member->type);
      const uint32_t value = pointee(types, element);
      if (value != 0 && object_.btf.kind_of(value) == "struct") inner = value;
      continue;
    }
    const uint32_t target = pointee(types, member->type);
    const btf_type* type = resolve_type(types, target);
    const uint32_t number = type != nullptr && btf_is_array(type) ? btf_array(type)->nelems : 0;
    if (attribute == "type") map.type = number;
    if (attribute == "key_size") map.key_size = number;
    if (attribute == "value_size") map.value_size = number;
    if (attribute == "max_entries") map.max_entries = number;
    if (attribute == "map_flags") map.flags = number;
    const bool key = attribute == "key";
    if (key || attribute == "value") {
      if (target == 0) fail("map " + name + ": its " + attribute + " is not a type");
      (key ? map.key_type : map.value_type) = target;
      (key ? map.key_size : map.value_size) = static_cast<uint32_t>(object_.btf.size_of(target));
    }
  }
  const auto number = static_cast<int32_t>(object_.maps.size());
  map.address = end_ + static_cast<uint64_t>(number) * kMapHandle;
  object_.maps.push_back(map);
  if (inner != 0) {
    const int32_t inner_map = read_map(name + ".inner", resolve_type(types, inner), depth + 1);
    BpfMap& outer = object_.maps[static_cast<size_t>(number)];
    outer.inner = inner_map;
    outer.key_size = outer.key_size == 0 ? 4 : outer.key_size;
    outer.value_size = 4;  // as the kernel has it: the inner map's descriptor
  }
  return number;
}

void ObjectReader::read_maps() {
  const uint32_t section = elf_.find(".maps");
  if (section != 0) {
    for (const Variable& variable : variables_of(section)) {
      const btf_type* definition = resolve_type(object_.btf.raw(), variable.type);
      MapPlace place{variable.offset, 0, 0, read_map(variable.name, definition, 0)};
      for (uint32_t i = 0; i < btf_vlen(definition); ++i) {
        if (type_name(btf_members(definition)[i].name_off) != "values") continue;
        place.values_offset = btf_member_bit_offset(definition, i) / 8;
        place.values_size = variable.size - std::min(variable.size, place.values_offset);
      }
      map_places_.push_back(place);
    }
  }
  end_ += (object_.maps.size() * kMapHandle + 4095) / 4096 * 4096 + 4096;
}

// The maps that a map of maps holds from the start.
void ObjectReader::link_maps() {
  const uint32_t section = elf_.find(".maps");
  if (section == 0) return;
  for (const ElfRelocation& relocation : elf_.relocations(section)) {
    const ElfSymbol& symbol = elf_.symbols()[relocation.symbol];
    for (const MapPlace& place : map_places_) {
      const uint64_t begin = place.offset + place.values_offset;
      if (relocation.offset < begin || relocation.offset - begin >= place.values_size) continue;
      BpfMap& map = object_.maps[static_cast<size_t>(place.map)];
      if (map.inner < 0) break;  // programs to tail-call: no helper will take them
      const ElfSection& data = elf_.sections()[section];
      if (relocation.offset > data.data.size() || data.data.size() - relocation.offset < 8) fail("damaged .maps");
      const uint64_t target = symbol.value + read<uint64_t>(data.data, relocation.offset);
      const auto inner = std::ranges::find(map_places_, target, &MapPlace::offset);
      if (symbol.section != section || inner == map_places_.end()) fail("map " + map.name + " holds what is no map");
      const uint64_t slot = (relocation.offset - begin) / 8;
      if (map.values.size() <= slot) map.values.resize(slot + 1, -1);
      map.values[slot] = inner->map;
      break;
    }
  }
}

void ObjectReader::read_struct_ops() {
  for (uint32_t i = 1; i < elf_.sections().size(); ++i) {
    const std::string& name = elf_.sections()[i].name;
    if (!name.starts_with(".struct_ops") && !name.starts_with("?.struct_ops")) continue;
    if (!elf_.sections()[i].alloc()) continue;
    for (const Variable& variable : variables_of(i)) read_struct_ops(i, variable);
  }
}

void ObjectReader::read_struct_ops(uint32_t section, const Variable& variable) {
  const btf* types = object_.btf.raw();
  const std::span<const std::byte> data = elf_.sections()[section].data;
  const btf_type* type = resolve_type(types, variable.type);
  if (type == nullptr || !btf_is_struct(type)) fail(variable.name + " is not a structure of operations");
  if (variable.offset + variable.size > data.size()) fail("damaged BPF object: " + variable.name);
  StructOps ops;
  ops.variable = variable.name;
  ops.type = type_name(type->name_off);
  if (const size_t flavour = ops.type.find("___"); flavour != std::string::npos) ops.type.resize(flavour);
  std::map<uint64_t, ElfRelocation> relocations;
  for (const ElfRelocation& relocation : elf_.relocations(section)) relocations[relocation.offset] = relocation;
  for (uint32_t i = 0; i < btf_vlen(type); ++i) {
    const btf_member* member = btf_members(type) + i;
    const uint64_t offset = btf_member_bit_offset(type, i) / 8;
    const uint64_t size = object_.btf.size_of(member->type);
    if (offset > variable.size || size > variable.size - offset) fail("damaged BPF object: " + variable.name);
    const uint64_t at = variable.offset + offset;
    StructOps::Member value;
    bool set = false;
    if (const auto relocation = relocations.find(at); relocation != relocations.end() && size == 8) {
      const ElfSymbol& symbol = elf_.symbols()[relocation->second.symbol];
      const uint64_t target = symbol.value + read<uint64_t>(data, at);
      value.function = function_at(symbol.section, target);
      if (value.function < 0) fail(variable.name + "." + type_name(member->name_off) + " is no function of the policy");
      set = true;
    } else if (object_.btf.kind_of(member->type) == "array") {
      if (object_.btf.size_of(object_.btf.element_of(member->type)) == 1) {
        const auto* text = reinterpret_cast<const char*>(data.data() + at);
        value.text.assign(text, strnlen(text, size));
        set = !value.text.empty();
      }
    } else if (size <= 8) {
      std::memcpy(&value.value, data.data() + at, size);
      if (object_.btf.is_signed(member->type) && size > 0 && size < 8) {
        const int shift = static_cast<int>(64 - 8 * size);
        value.value = static_cast<uint64_t>(static_cast<int64_t>(value.value << shift) >> shift);
      }
      set = value.value != 0;
    }
    if (set) ops.members[type_name(member->name_off)] = std::move(value);
  }
  object_.struct_ops.push_back(std::move(ops));
}

// .BTF.ext: a header (linux/btf.h leaves it to libbpf), then of each kind, for each section of code, records.
void ObjectReader::each_record(uint64_t place, uint64_t least, const RecordReader& take) const {
  const uint32_t index = elf_.find(".BTF.ext");
  if (index == 0) return;
  const std::span<const std::byte> data = elf_.sections()[index].data;
  constexpr uint64_t kHeader = 24;
  if (data.size() < kHeader || read<uint16_t>(data, 0) != BTF_MAGIC) fail("damaged BPF object: .BTF.ext");
  const uint64_t header = read<uint32_t>(data, 4);
  if (place + 8 > std::min<uint64_t>(header, data.size())) return;  // older than that kind
  const uint64_t begin = header + read<uint32_t>(data, place), length = read<uint32_t>(data, place + 4);
  if (length < 4) return;
  if (begin > data.size() || length > data.size() - begin) fail("damaged BPF object: .BTF.ext");
  const std::span<const std::byte> records = data.subspan(begin, length);
  const uint64_t size = read<uint32_t>(records, 0);
  if (size < least) fail("damaged BPF object: records in .BTF.ext");
  for (uint64_t at = 4; records.size() - at >= 8;) {
    const uint32_t section = elf_.find(type_name(read<uint32_t>(records, at)));
    const uint64_t count = read<uint32_t>(records, at + 4);
    at += 8;
    if (count > (records.size() - at) / size) fail("damaged BPF object: records in .BTF.ext");
    for (uint64_t i = 0; i < count; ++i, at += size) {
      const uint64_t offset = read<uint32_t>(records, at);
      // The function that begins last at or before the offset.
      auto it = functions_.upper_bound({section, offset});
      if (section == 0 || it == functions_.begin()) continue;
      --it;
      if (it->first.first != section || offset - it->first.second >= code_[it->second].size) continue;
      take(it->second, static_cast<uint32_t>((offset - it->first.second) / 8), records.subspan(at, size));
    }
  }
}

void ObjectReader::read_lines() {
  std::vector<std::string> folders;  // by line
  std::set<std::string> own;         // folders of .c files
  each_record(kLineRecords, 16, [&](uint32_t function, uint32_t insn, std::span<const std::byte> record) {
    const std::string file = type_name(read<uint32_t>(record, 4));
    const size_t slash = file.find_last_of('/');
    folders.push_back(slash == std::string::npos ? "." : file.substr(0, slash));
    if (file.ends_with(".c")) own.insert(folders.back());
    object_.lines_.push_back({function, insn, read<uint32_t>(record, 12) >> 10, file.substr(slash + 1), false});
  });
  for (size_t i = 0; i < folders.size(); ++i) object_.lines_[i].own = own.contains(folders[i]);
  std::ranges::stable_sort(object_.lines_, {},
                           [](const BpfObject::Line& line) { return std::pair(line.function, line.insn); });
}

}  // namespace simsched::bpf
