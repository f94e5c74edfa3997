#include "bpf/elf_file.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include <cstring>

#include "base/error.h"

namespace simsched::bpf {

bool ElfSection::code() const { return (flags & SHF_EXECINSTR) != 0 && type == SHT_PROGBITS; }
bool ElfSection::alloc() const { return (flags & SHF_ALLOC) != 0; }

void ElfFile::fail(const std::string& what) const {
  throw Error(where_, "damaged BPF object: " + what, "compile the policy again");
}

ElfFile::ElfFile(std::span<const std::byte> bytes, const std::string& where)
    : where_(where), bytes_(bytes.begin(), bytes.end()) {
  const auto* ident = reinterpret_cast<const unsigned char*>(bytes_.data());
  if (bytes_.size() < sizeof(Elf64_Ehdr) || std::memcmp(ident, ELFMAG, SELFMAG) != 0) {
    throw Error(where_, "not a BPF object: not an ELF file",
                "give a .bpf.o that clang -target bpf made, or its source");
  }
  Elf64_Ehdr header{};
  std::memcpy(&header, bytes_.data(), sizeof header);
  if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_BPF ||
      header.e_type != ET_REL) {
    throw Error(where_, "not a BPF object: an ELF file for another machine, or not relocatable",
                "give a .bpf.o that clang -target bpf made, or its source");
  }
  elf_version(EV_CURRENT);
  elf_.reset(elf_memory(reinterpret_cast<char*>(bytes_.data()), bytes_.size()), elf_end);
  if (elf_ == nullptr) fail("its header cannot be read");
  read_sections();
  read_symbols();
}

void ElfFile::read_sections() {
  size_t names = 0;
  if (elf_getshdrstrndx(elf_.get(), &names) != 0) fail("no section names");
  sections_.resize(1);
  for (Elf_Scn* scn = elf_nextscn(elf_.get(), nullptr); scn != nullptr; scn = elf_nextscn(elf_.get(), scn)) {
    GElf_Shdr header{};
    if (gelf_getshdr(scn, &header) == nullptr) fail("a section header cannot be read");
    ElfSection section;
    const char* name = elf_strptr(elf_.get(), names, header.sh_name);
    section.name = name == nullptr ? "" : name;
    section.type = header.sh_type;
    section.flags = header.sh_flags;
    section.size = header.sh_size;
    if ((header.sh_flags & SHF_COMPRESSED) != 0) fail("section " + section.name + " is compressed");
    if (header.sh_type != SHT_NOBITS && header.sh_type != SHT_NULL) {
      if (header.sh_offset > bytes_.size() || header.sh_size > bytes_.size() - header.sh_offset) {
        fail("section " + section.name + " lies outside the file");
      }
      section.data = std::span(bytes_).subspan(header.sh_offset, header.sh_size);
    }
    if (header.sh_type == SHT_REL || header.sh_type == SHT_RELA) section.applies_to = header.sh_info;
    if (header.sh_type == SHT_SYMTAB) {
      if (symbol_section_ != 0) fail("two symbol tables");
      symbol_section_ = static_cast<uint32_t>(sections_.size());
    }
    sections_.push_back(std::move(section));
  }
}

void ElfFile::read_symbols() {
  if (symbol_section_ == 0) fail("no symbols");
  Elf_Scn* scn = elf_getscn(elf_.get(), symbol_section_);
  GElf_Shdr header{};
  if (scn == nullptr || gelf_getshdr(scn, &header) == nullptr) fail("its symbols cannot be read");
  const std::span<const std::byte> data = sections_[symbol_section_].data;
  for (size_t at = 0; at + sizeof(Elf64_Sym) <= data.size(); at += sizeof(Elf64_Sym)) {
    Elf64_Sym raw{};
    std::memcpy(&raw, data.data() + at, sizeof raw);
    ElfSymbol symbol;
    const char* name = elf_strptr(elf_.get(), header.sh_link, raw.st_name);
    symbol.name = name == nullptr ? "" : name;
    symbol.value = raw.st_value;
    symbol.size = raw.st_size;
    symbol.type = ELF64_ST_TYPE(raw.st_info);
    symbol.bind = ELF64_ST_BIND(raw.st_info);
    if (raw.st_shndx < SHN_LORESERVE) symbol.section = raw.st_shndx;
    if (symbol.section >= sections_.size()) fail("symbol " + symbol.name + " lies in no section");
    if (symbol.type == STT_SECTION && symbol.name.empty()) symbol.name = sections_[symbol.section].name;
    symbols_.push_back(std::move(symbol));
  }
}

std::vector<ElfRelocation> ElfFile::relocations(uint32_t section) const {
  std::vector<ElfRelocation> result;
  for (const ElfSection& table : sections_) {
    if (table.applies_to != section || section == 0) continue;
    if (table.type == SHT_RELA) fail("relocations of a foreign kind (SHT_RELA)");
    for (size_t at = 0; at + sizeof(Elf64_Rel) <= table.data.size(); at += sizeof(Elf64_Rel)) {
      Elf64_Rel raw{};
      std::memcpy(&raw, table.data.data() + at, sizeof raw);
      const ElfRelocation relocation{raw.r_offset, static_cast<uint32_t>(ELF64_R_TYPE(raw.r_info)),
                                     static_cast<uint32_t>(ELF64_R_SYM(raw.r_info))};
      if (relocation.symbol >= symbols_.size()) fail("a relocation without symbol");
      result.push_back(relocation);
    }
  }
  return result;
}

uint32_t ElfFile::find(const std::string& name) const {
  for (uint32_t i = 1; i < sections_.size(); ++i) {
    if (sections_[i].name == name) return i;
  }
  return 0;
}

}  // namespace simsched::bpf
