// bpfc OBJECT.bpf.o OUTPUT.c: what the build makes of a shipped policy: its translation, and the object itself.
// cmake/Bpf.cmake calls it.
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "bpf/translate.h"

namespace {

// As simsched::bpf::ShippedPolicy reads it.
std::string embedded(std::span<const std::byte> bytes, const std::string& name) {
  std::string text = "\nextern const unsigned char " + name + "[];\nextern const unsigned long " + name + "_size;\n" +
                     "const unsigned long " + name + "_size = " + std::to_string(bytes.size()) + ";\n" +
                     "const unsigned char " + name + "[] = {";
  for (size_t i = 0; i < bytes.size(); ++i) {
    text += (i % 24 == 0 ? "\n" : "") + std::to_string(std::to_integer<int>(bytes[i])) + ",";
  }
  return text + "\n};\n";
}

}  // namespace

int main(int argc, char** argv) {
  using namespace simsched;
  if (argc != 3) {
    std::cerr << "usage: bpfc OBJECT.bpf.o OUTPUT.c\n";
    return 2;
  }
  try {
    const Bytes bytes = read_file(argv[1]);
    const bpf::BpfObject object = bpf::read_bpf_object(bytes.span(), argv[1]);
    const std::string symbol = bpf::code_symbol(object.name);
    write_file_atomically(argv[2], bpf::translate(object) + embedded(bytes.span(), symbol + "_object"));
  } catch (const Error& error) {
    std::cerr << "bpfc: error: " << error.what() << "\n";
    return 2;
  }
  return 0;
}
