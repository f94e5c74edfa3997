// Compiled files by content: made once, found by everybody, whole or not at all.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace simsched::bpf {

// 32 hex digits. Not for secrets: two different texts that anybody writes by accident do not collide.
std::string content_key(std::string_view text);

class CompileCache {
 public:
  // Makes the folder; `folder` empty: the user's own. Throws Error when it cannot.
  explicit CompileCache(const std::string& folder);

  // The path of file `name`; when there is none yet, `make` writes the file it is given the name of. Two that make
  // the same file at once do not disturb each other.
  std::string find_or_make(const std::string& name, const std::function<void(const std::string& file)>& make) const;
  void forget(const std::string& name) const;

 private:
  std::string folder_;
};

}  // namespace simsched::bpf
