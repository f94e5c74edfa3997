#include "bpf/compile.h"

#include <dlfcn.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "bpf/compile_cache.h"
#include "bpf/link.h"
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

// The file in the cache; what is no source is its own.
std::string compiled(const std::string& source, const CompileOptions& options, const CompileCache& cache) {
  read_file(source);  // its own message when there is no such file
  if (!source.ends_with(".c")) return source;
  const Toolchain tools(options.include, options.cflags, options.clang);
  const std::string key = content_key(tools.bpf_identity(options.check_bounds) + '\n' + tools.preprocess(source));
  return cache.find_or_make(policy_name(source) + "-" + key + ".bpf.o",
                            [&](const std::string& file) { tools.compile_bpf(source, file, options.check_bounds); });
}

// Loaders make such arrays longer, and indices beyond the one element that they are declared with are right. The one of
// UEI_DEFINE(), which nearly all have, is for the kernel to fill.
bool has_resized_array(const BpfObject& object) {
  return std::ranges::any_of(object.sections, [](const BpfSection& section) {
    return section.element != 0 && section.name != ".data.uei_dump";
  });
}

}  // namespace

std::vector<std::byte> compile_bpf(const std::string& source, const CompileOptions& options) {
  return content(compiled(source, options, CompileCache(options.cache)));
}

std::vector<std::byte> compile_bpf(const std::vector<std::string>& paths, const CompileOptions& given) {
  if (paths.size() == 1) {
    return paths.front().ends_with(".c") ? compile_bpf(paths.front(), given) : content(paths.front());
  }
  CompileOptions options = given;
  options.check_bounds = false;
  // libbpf's linker before 1.4 does not know what is written with it: where an arena lies in user space.
  options.cflags.emplace_back("-D__ulong(name,val)=");
  const CompileCache cache(options.cache);
  std::vector<std::string> objects;
  std::string keys;
  for (const std::string& path : paths) {
    objects.push_back(compiled(path, options, cache));
    keys += objects.back() + ' ' + content_key(read_file(objects.back()).text()) + '\n';
  }
  return content(cache.find_or_make(policy_name(paths.front()) + "-linked-" + content_key(keys) + ".bpf.o",
                                    [&](const std::string& file) { link_bpf(objects, file); }));
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
  return load_bpf(std::vector{path}, options);
}

std::shared_ptr<const BpfObject> load_bpf(const std::vector<std::string>& paths, const CompileOptions& options) {
  SIMSCHED_CHECK(!paths.empty(), "a policy has a source");
  BpfObject object = read_bpf_object(compile_bpf(paths, options), paths.front(), options.object);
  if (options.check_bounds && paths.size() == 1 && paths.front().ends_with(".c") && has_resized_array(object)) {
    CompileOptions unchecked = options;
    unchecked.check_bounds = false;
    object = read_bpf_object(compile_bpf(paths, unchecked), paths.front(), options.object);
  }
  return load_native(std::move(object), options);
}

}  // namespace simsched::bpf
