#include "bpf/compile_cache.h"

#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace simsched::bpf {
namespace fs = std::filesystem;
namespace {

std::string default_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') return std::string(cache) + "/simsched";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return std::string(home) + "/.cache/simsched";
  // Not a folder under /tmp: anybody could have put code there.
  throw Error("", "no folder for compiled policies: HOME is not set", "set XDG_CACHE_HOME to a folder of your own");
}

// A private folder beside the file, gone at the end: compilers write their output in several steps, and a file name
// that ends as usual keeps them happy.
class Workshop {
 public:
  explicit Workshop(const std::string& parent) : path_(parent + "/make-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) {
      throw Error(parent, "cannot write there", "set XDG_CACHE_HOME to a folder that can be written to");
    }
  }
  ~Workshop() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Workshop(const Workshop&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

std::string content_key(std::string_view text) {
  // Two FNV-1a sums, the second over mixed bytes, each finished as in MurmurHash3.
  uint64_t a = 0xcbf29ce484222325u, b = 0x9e3779b97f4a7c15u ^ text.size();
  for (char c : text) {
    a = (a ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    b = (b ^ (b >> 29) ^ static_cast<unsigned char>(c)) * 0xbf58476d1ce4e5b9u;
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string key;
  for (uint64_t sum : {a, b}) {
    sum = (sum ^ (sum >> 33)) * 0xff51afd7ed558ccdu;
    sum ^= sum >> 33;
    for (int shift = 60; shift >= 0; shift -= 4) key += kDigits[(sum >> shift) & 15];
  }
  return key;
}

CompileCache::CompileCache(const std::string& folder) : folder_(folder.empty() ? default_folder() : folder) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw Error(folder_, "cannot make this folder: " + error.message(), "set XDG_CACHE_HOME to another one");
}

std::string CompileCache::find_or_make(const std::string& name,
                                       const std::function<void(const std::string&)>& make) const {
  const std::string path = folder_ + "/" + name;
  if (access(path.c_str(), R_OK) == 0) return path;
  const Workshop workshop(folder_);
  const std::string file = workshop.path() + "/" + name;
  make(file);
  std::error_code error;
  fs::rename(file, path, error);
  if (error) throw Error(path, "cannot write this file: " + error.message(), "set XDG_CACHE_HOME to another folder");
  return path;
}

void CompileCache::forget(const std::string& name) const {
  std::error_code ignored;
  fs::remove(folder_ + "/" + name, ignored);
}

}  // namespace simsched::bpf
