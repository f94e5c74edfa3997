// ElfFile: the sections, symbols and relocations of a BPF object file, in range.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct Elf;

namespace simsched::bpf {

struct ElfSection {
  std::string name;
  uint32_t type = 0;
  uint64_t flags = 0, size = 0;
  std::span<const std::byte> data;  // empty for .bss
  uint32_t applies_to = 0;          // relocations: of this section
  bool code() const;
  bool alloc() const;
};

struct ElfSymbol {
  std::string name;
  uint32_t section = 0;  // 0: undefined, or none
  uint64_t value = 0, size = 0;
  uint8_t type = 0, bind = 0;
};

struct ElfRelocation {
  uint64_t offset = 0;
  uint32_t type = 0, symbol = 0;  // the symbol is in range
};

// The numbers of the psABI; elf.h knows only the first and the last.
enum : uint32_t { kRelocInsn64 = 1, kRelocData64 = 2, kRelocData32 = 3, kRelocNone32 = 4, kRelocCall32 = 10 };

class ElfFile {
 public:
  // Throws Error(where, ...): not an ELF file, not BPF, damaged.
  ElfFile(std::span<const std::byte> bytes, const std::string& where);

  const std::vector<ElfSection>& sections() const { return sections_; }  // [0] is empty
  const std::vector<ElfSymbol>& symbols() const { return symbols_; }
  std::vector<ElfRelocation> relocations(uint32_t section) const;  // that apply to `section`
  uint32_t find(const std::string& name) const;                    // 0: none

 private:
  void read_sections();
  void read_symbols();
  [[noreturn]] void fail(const std::string& what) const;

  std::string where_;
  std::vector<std::byte> bytes_;
  std::shared_ptr<Elf> elf_;
  std::vector<ElfSection> sections_;
  std::vector<ElfSymbol> symbols_;
  uint32_t symbol_section_ = 0;
};

}  // namespace simsched::bpf
