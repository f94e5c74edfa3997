#include "bpf/link.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <memory>

#include "base/error.h"

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

}  // namespace

void link_bpf(const std::vector<std::string>& objects, const std::string& output) {
  libbpf_set_print(take_warning);
  last_warning.clear();
  const auto fail = [](const std::string& where) {
    throw Error(where, "cannot be linked" + (last_warning.empty() ? "" : ": " + last_warning), "correct the policy");
  };
  const std::unique_ptr<bpf_linker, void (*)(bpf_linker*)> linker(bpf_linker__new(output.c_str(), nullptr),
                                                                  bpf_linker__free);
  if (linker == nullptr) fail(output);
  for (const std::string& object : objects) {
    if (bpf_linker__add_file(linker.get(), object.c_str(), nullptr) != 0) fail(object);
  }
  if (bpf_linker__finalize(linker.get()) != 0) fail(objects.front());
}

}  // namespace simsched::bpf
