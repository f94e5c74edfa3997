#include "scx_port/host/scx_sources.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/files.h"

namespace simsched {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 4;  // scheds/rust/scx_NAME/src/bpf
constexpr const char* kSource = ".bpf.c";

std::vector<fs::path> sources_in(const fs::path& folder) {
  std::vector<fs::path> sources;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none))
    if (entry.is_regular_file(none) && entry.path().filename().string().ends_with(kSource))
      sources.push_back(entry.path());
  std::ranges::sort(sources);
  return sources;
}

// The folder called scx_NAME, and where in it the sources are.
fs::path folder_of(const fs::path& tree, const std::string& name) {
  std::error_code none;
  fs::path found;
  for (auto at = fs::recursive_directory_iterator(tree, none); at != fs::recursive_directory_iterator();
       at.increment(none)) {
    if (!at->is_directory(none)) continue;
    const std::string own = at->path().filename().string();
    if (at.depth() >= kDeepest || own.starts_with('.')) at.disable_recursion_pending();
    if (own != "scx_" + name) continue;
    for (const fs::path& below : {at->path(), at->path() / "src/bpf", at->path() / "bpf"})
      if (!sources_in(below).empty() && (found.empty() || below < found)) found = below;
  }
  return found;
}

std::vector<std::string> included_by(const fs::path& file) {
  std::vector<std::string> names;
  std::istringstream lines{std::string(read_file(file.string()).text())};
  for (std::string line; std::getline(lines, line);) {
    const size_t at = line.find_first_not_of(" \t");
    if (at == std::string::npos || line[at] != '#') continue;
    const size_t word = line.find("include", at), begin = line.find_first_of("<\"", at);
    const size_t end = begin == std::string::npos ? begin : line.find_first_of(">\"", begin + 1);
    if (word != std::string::npos && end != std::string::npos) names.push_back(line.substr(begin + 1, end - begin - 1));
  }
  return names;
}

// The nearest folder above that has such headers.
fs::path tree_of(const fs::path& file) {
  fs::path tree = fs::absolute(file).parent_path();
  while (!fs::exists(tree / "scheds/include") && tree.has_relative_path()) tree = tree.parent_path();
  return tree;
}

// Without what is between /* and */ or behind //, outside of texts.
std::string without_comments(std::string_view text) {
  std::string kept;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view two = text.substr(i, 2);
    if (quoted && text[i] == '\\') {
      kept += two;
      ++i;
    } else if (!quoted && two == "//") {
      i = std::min(text.find('\n', i), text.size());
      kept += '\n';
    } else if (!quoted && two == "/*") {
      i = std::min(text.find("*/", i + 2), text.size() - 2) + 1;
    } else {
      if (text[i] == '"') quoted = !quoted;
      kept += text[i];
    }
  }
  return kept;
}

// What the build.rs beside or above `folder` compiles; none: there is none that says so in plain words.
std::vector<fs::path> named_by_build(const fs::path& folder, const fs::path& tree) {
  fs::path build;
  for (const char* above : {".", "..", "../.."})
    if (build.empty() && fs::is_regular_file(folder / above / "build.rs")) build = folder / above / "build.rs";
  std::vector<fs::path> files;
  if (build.empty()) return files;
  const std::string text = without_comments(read_file(build.string()).text());
  bool skeleton = false;
  for (const std::string_view call : {"enable_skel(", "add_source("}) {
    for (size_t at = text.find(call); at != std::string::npos; at = text.find(call, at + 1)) {
      const size_t begin = text.find_first_not_of(" \t\r\n", at + call.size());
      if (begin == std::string::npos || text[begin] != '"') return {};
      const std::string name = text.substr(begin + 1, text.find('"', begin + 1) - begin - 1);
      if (!name.ends_with(kSource)) return {};
      fs::path file = build.parent_path() / name;
      // In the repository src/bpf/lib is a link to this.
      if (!fs::is_regular_file(file)) file = tree / "lib" / file.filename();
      if (!fs::is_regular_file(file)) return {};
      skeleton |= call.starts_with("enable_skel");
      file = fs::weakly_canonical(file);
      if (std::ranges::find(files, file) == files.end()) files.push_back(std::move(file));
    }
  }
  if (!skeleton) files.clear();
  return files;
}

// All of `sources` that no other of them includes, and of the libraries whose headers they include.
std::vector<fs::path> found_by_headers(const std::vector<fs::path>& sources, const fs::path& tree,
                                       const std::vector<std::string>& include) {
  std::set<fs::path> seen, parts, libraries;
  std::deque<fs::path> queue(sources.begin(), sources.end());
  while (!queue.empty()) {
    const fs::path file = fs::weakly_canonical(queue.front());
    queue.pop_front();
    if (!seen.insert(file).second) continue;
    for (const std::string& wanted : included_by(file)) {
      std::vector<fs::path> places = {file.parent_path() / wanted};
      for (const std::string& headers : include) places.push_back(fs::path(headers) / wanted);
      const auto there = std::ranges::find_if(places, [](const fs::path& path) { return fs::is_regular_file(path); });
      if (there == places.end()) continue;
      queue.push_back(*there);
      if (wanted.ends_with(kSource)) parts.insert(fs::weakly_canonical(*there));
      const fs::path library = tree / "lib" / (there->stem().string() + kSource);
      if (there->parent_path().filename() == "lib" && fs::is_regular_file(library) && libraries.insert(library).second)
        queue.push_back(library);
    }
  }
  std::vector<fs::path> files;
  for (const fs::path& source : sources)
    if (!parts.contains(fs::weakly_canonical(source))) files.push_back(source);
  files.insert(files.end(), libraries.begin(), libraries.end());
  return files;
}

}  // namespace

ScxSources find_scx_sources(const std::string& folder, const std::string& name, const std::string& where) {
  std::vector<fs::path> sources = sources_in(folder);
  if (sources.empty()) sources = sources_in(folder_of(folder, name));
  if (sources.empty())
    throw Error(where, "no source of scx_" + name + " is in " + folder,
                "give the folder of its .bpf.c files, or of a copy of the scx repository");
  ScxSources found;
  const fs::path tree = tree_of(sources.front());
  for (const char* headers : {"scheds/vmlinux", "scheds/include", "scheds/include/bpf-compat"})
    if (fs::is_directory(tree / headers)) found.include.push_back((tree / headers).string());
  std::vector<fs::path> files = named_by_build(sources.front().parent_path(), tree);
  if (files.empty()) files = found_by_headers(sources, tree, found.include);
  for (const fs::path& file : files) found.files.push_back(file.string());
  return found;
}

}  // namespace simsched
