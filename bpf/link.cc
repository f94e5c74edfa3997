#include "bpf/link.h"

#include <bpf/libbpf.h>
#include <elf.h>

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/files.h"
#include "bpf/elf_file.h"

namespace simsched::bpf {
namespace {

thread_local std::string last_warning;  // of libbpf, which tells no other way

int take_warning(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN) return 0;
  char text[512];
  std::vsnprintf(text, sizeof text, format, arguments);
  last_warning = text;
  while (last_warning.ends_with('\n')) last_warning.pop_back();
  return 0;
}

// libbpf's linker does not take a kernel function that two objects declare (1.1 to 1.5: it asks for the size of its
// type). While it works, such a function has a name of its own in each object, as long as the right one: two letters of
// it are kMark and a byte for the object.
constexpr char kMark = 1;
constexpr unsigned kFirstObject = 0x80;

// Where the letters are: "bpf_" or "scx_" behind any number of "_". Null: no kernel function's.
char* letters(char* name) {
  char* const start = name + std::strspn(name, "_");
  return std::string_view(start).starts_with("bpf_") || std::string_view(start).starts_with("scx_") ? start + 1
                                                                                                    : nullptr;
}

// The strings of the object's symbols, and of its types.
std::vector<std::span<char>> string_tables(std::string* object) {
  std::vector<std::span<char>> tables;
  const ElfFile elf(std::as_bytes(std::span(*object)), "");  // checks that all is in range
  const auto* const header = reinterpret_cast<const Elf64_Ehdr*>(object->data());
  for (size_t i = 0; i < header->e_shnum; ++i) {
    Elf64_Shdr section;
    std::memcpy(&section, object->data() + header->e_shoff + i * sizeof section, sizeof section);
    const bool types = i < elf.sections().size() && elf.sections()[i].name == ".BTF";
    if (section.sh_type == SHT_STRTAB || types)
      tables.emplace_back(object->data() + section.sh_offset, section.sh_size);
  }
  return tables;
}

void mark(std::string* object, const std::set<std::string>& names, size_t number) {
  for (const std::span<char> table : string_tables(object)) {
    for (char* at = table.data(); at < table.data() + table.size(); at += std::strlen(at) + 1) {
      // Symbols share tails: "COMPAT_scx_x" may hold the name of scx_x. Its type then gets another name, too.
      char* name = at;
      while (*name != 0 && (letters(name) == nullptr || !names.contains(name))) ++name;
      if (*name == 0) continue;
      char* const letter = letters(name);
      letter[0] = kMark;
      letter[1] = static_cast<char>(kFirstObject + number);
    }
  }
}

void unmark(std::string* object) {
  for (const std::span<char> table : string_tables(object)) {
    for (size_t i = 1; i + 1 < table.size(); ++i) {
      if (table[i] != kMark || static_cast<unsigned char>(table[i + 1]) < kFirstObject) continue;
      std::memcpy(&table[i], table[i - 1] == 'b' ? "pf" : "cx", 2);
    }
  }
}

}  // namespace

void link_bpf(const std::vector<std::string>& objects, const std::string& output) {
  if (objects.size() > 256 - kFirstObject) throw Error(output, "too many sources", "link fewer");
  std::vector<std::string> contents;
  std::set<std::string> defined, missing;
  for (const std::string& object : objects) {
    contents.emplace_back(read_file(object).text());
    const ElfFile elf(std::as_bytes(std::span(contents.back())), object);
    for (const ElfSymbol& symbol : elf.symbols()) {
      std::string name = symbol.name;
      if (letters(name.data()) != nullptr) (symbol.section == 0 ? missing : defined).insert(symbol.name);
    }
  }
  for (const std::string& name : defined) missing.erase(name);

  libbpf_set_print(take_warning);
  last_warning.clear();
  const auto fail = [](const std::string& where) {
    throw Error(where, "cannot be linked" + (last_warning.empty() ? "" : ": " + last_warning), "correct the policy");
  };
  const std::unique_ptr<bpf_linker, void (*)(bpf_linker*)> linker(bpf_linker__new(output.c_str(), nullptr),
                                                                  bpf_linker__free);
  if (linker == nullptr) fail(output);
  for (size_t i = 0; i < objects.size(); ++i) {
    const std::string part = output + "." + std::to_string(i);
    mark(&contents[i], missing, i);
    write_file_atomically(part, contents[i]);
    if (bpf_linker__add_file(linker.get(), part.c_str(), nullptr) != 0) fail(objects[i]);
  }
  if (bpf_linker__finalize(linker.get()) != 0) fail(objects.front());
  std::string linked(read_file(output).text());
  unmark(&linked);
  write_file_atomically(output, linked);
}

}  // namespace simsched::bpf
