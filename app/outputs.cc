#include "app/outputs.h"

#include <unistd.h>

#include <algorithm>
#include <deque>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "base/output_file.h"

namespace simsched {
namespace {

namespace fs = std::filesystem;

bool writable_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) && access(path.c_str(), W_OK | X_OK) == 0;
}

// Folders that were made so far; removed again unless kept.
class Made {
 public:
  ~Made() {
    if (kept_) return;
    std::error_code ignored;
    for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) fs::remove(*path, ignored);
  }
  void add(fs::path path) { paths_.push_back(std::move(path)); }
  void keep() { kept_ = true; }

 private:
  std::vector<fs::path> paths_;
  bool kept_ = false;
};

// Makes a folder and its parents.
void make_folder(const fs::path& path, Made& made) {
  std::vector<fs::path> missing;
  std::error_code failure;
  for (fs::path at = fs::absolute(path).lexically_normal(); !fs::exists(at, failure); at = at.parent_path()) {
    missing.push_back(at);
  }
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    if (fs::create_directory(*at, failure)) made.add(*at);
    if (failure) throw Error(path.string(), "cannot be made: " + failure.message(), "name another folder");
  }
}

}  // namespace

void check_output_folder(const std::string& path) {
  if (path.empty()) throw Error("", "the name of the folder for results is empty", "give its path");
  std::error_code ignored;
  fs::path at = fs::absolute(path).lexically_normal();
  while (!fs::exists(at, ignored) && at != at.parent_path()) at = at.parent_path();
  if (!writable_folder(at)) {
    throw Error(path, "cannot be made: " + at.string() + " is no folder to write in", "name another folder");
  }
}

void check_output(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  std::error_code ignored;
  if (folder.empty() || is_written_directly(path) || fs::exists(folder, ignored))
    check_output_file(path);
  else
    check_output_folder(folder.string());
}

void check_outputs(std::vector<std::string> outputs, const std::vector<std::string>& inputs) {
  std::erase(outputs, "");
  const auto same = [](const std::string& a, const std::string& b) {
    std::error_code none;
    if (fs::equivalent(a, b, none)) return true;
    return fs::weakly_canonical(fs::absolute(a), none) == fs::weakly_canonical(fs::absolute(b), none);
  };
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string& path = outputs[i];
    check_output(path);
    for (size_t k = 0; k < i; ++k)
      if (is_standard_output(path) && is_standard_output(outputs[k]))
        throw Error(path, "standard output is named for two outputs", "give one of them a file");
    if (is_written_directly(path)) continue;
    for (const std::string& input : inputs)
      if (!input.empty() && same(path, input))
        throw Error(path, "would be written over what is read", "name another file");
    for (size_t k = 0; k < i; ++k)
      if (same(path, outputs[k])) throw Error(path, "is named for two outputs", "give each a file of its own");
  }
}

void Outputs::add_folder(const std::string& path) { folders_.push_back(path); }

void Outputs::add_file(const std::string& path, std::string content) { files_.emplace_back(path, std::move(content)); }

void Outputs::write() const {
  Made made;
  for (const std::string& folder : folders_) make_folder(folder, made);
  for (const auto& file : files_)
    if (const fs::path folder = fs::path(file.first).parent_path(); !folder.empty() && !is_written_directly(file.first))
      make_folder(folder, made);
  // What can be taken back first, in full; then what cannot; and only then do files take their places.
  std::deque<OutputFile> files;
  for (const auto& [path, content] : files_) {
    if (is_written_directly(path)) continue;
    files.emplace_back(path).write(content);
    files.back().complete();
  }
  for (const auto& [path, content] : files_)
    if (is_written_directly(path)) write_file_atomically(path, content);
  for (OutputFile& file : files) file.finish();
  made.keep();
}

std::vector<std::string> Outputs::paths() const {
  std::vector<std::string> list;
  for (const auto& file : files_) list.push_back(file.first);
  return list;
}

std::FILE* Outputs::text() const {
  const bool taken =
      std::any_of(files_.begin(), files_.end(), [](const auto& file) { return is_standard_output(file.first); });
  return taken ? stderr : stdout;
}

}  // namespace simsched
