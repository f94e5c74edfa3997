#include "bpf/compile.h"

#include <dlfcn.h>

#include "base/error.h"
#include "base/files.h"
#include "bpf/compile_cache.h"
#include "bpf/toolchain.h"
#include "bpf/translate.h"

namespace simsched::bpf {
namespace {

std::vector<std::byte> content(const std::string& path) {
  const Bytes bytes = read_file(path);
  return {bytes.span().begin(), bytes.span().end()};
}

// Null when the library cannot be used.
std::shared_ptr<void> open_library(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  return {library, [](void* handle) { dlclose(handle); }};
}

const vm_code* find_code(void* library, const std::string& name) {
  return static_cast<const vm_code*>(dlsym(library, code_symbol(name).c_str()));
}

}  // namespace

std::vector<std::byte> compile_bpf(const std::string& source, const CompileOptions& options) {
  read_file(source);  // its own message when there is no such file
  const CompileCache cache(options.cache);
  const Toolchain tools(options.include);
  const std::string key = content_key(tools.bpf_identity(options.check_bounds) + '\n' + tools.preprocess(source));
  return content(cache.find_or_make(policy_name(source) + "-" + key + ".bpf.o", [&](const std::string& file) {
    tools.compile_bpf(source, file, options.check_bounds);
  }));
}

std::shared_ptr<const BpfObject> load_native(BpfObject object, const CompileOptions& options) {
  const CompileCache cache(options.cache);
  const Toolchain tools;
  const std::string text = translate(object);
  const std::string name = object.name + "-" + content_key(tools.native_identity() + '\n' + text) + ".so";
  const auto make = [&](const std::string& file) {
    const std::string source = file.substr(0, file.size() - 2) + "c";
    write_file_atomically(source, text);
    tools.compile_native(source, file);
  };
  for (int attempt = 0; attempt < 2; ++attempt) {
    const std::string path = cache.find_or_make(name, make);
    object.library = open_library(path);
    object.code = object.library == nullptr ? nullptr : find_code(object.library.get(), object.name);
    if (object.code != nullptr) return std::make_shared<const BpfObject>(std::move(object));
    cache.forget(name);  // somebody has damaged it: make it again
  }
  const char* reason = dlerror();
  throw Error(object.name, std::string("compiled code cannot be loaded: ") + (reason == nullptr ? "no code" : reason),
              "set XDG_CACHE_HOME to a folder from which programs may be run");
}

std::shared_ptr<const BpfObject> load_bpf(const std::string& path, const CompileOptions& options) {
  const std::vector<std::byte> bytes = path.ends_with(".c") ? compile_bpf(path, options) : content(path);
  return load_native(read_bpf_object(bytes, path, options.object), options);
}

}  // namespace simsched::bpf
