// BPF objects: only Error may come out, whatever goes in; and what comes out can be translated.
#include "base/error.h"
#include "bpf/translate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace simsched::bpf;
  try {
    const BpfObject object = read_bpf_object(std::as_bytes(std::span(data, size)), "fuzz.bpf.o");
    translate(object);
    for (uint32_t f = 0; f < object.functions.size(); ++f) object.where(f, 1);
    object.btf.member("ops", "name");
    object.btf.enum_value("none");
  } catch (const simsched::Error&) {
  }
  return 0;
}
