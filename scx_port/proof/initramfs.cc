#include "scx_port/proof/initramfs.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "base/files.h"

namespace simsched {
namespace {

constexpr uint32_t kFolder = 0040755, kFile = 0100644, kProgram = 0100755;

}  // namespace

void Initramfs::add_entry(const std::string& path, uint32_t mode, std::string_view content) {
  char header[111];
  const uint32_t links = mode == kFolder ? 2 : 1;
  // magic, inode, mode, uid, gid, links, time, size, device (4 words), length of the name with its NUL, no checksum
  std::snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ++inode_, mode, 0,
                0, links, 0, static_cast<uint32_t>(content.size()), 0, 0, 0, 0, static_cast<uint32_t>(path.size() + 1),
                0);
  auto pad = [&] { archive_.resize((archive_.size() + 3) / 4 * 4); };
  archive_.append(header).append(path).push_back('\0');
  pad();
  archive_.append(content);
  pad();
}

void Initramfs::add_folder(const std::string& path) { add_entry(path, kFolder, {}); }

void Initramfs::add_file(const std::string& path, std::string_view content, bool executable) {
  add_entry(path, executable ? kProgram : kFile, content);
}

void Initramfs::add_tree(const std::string& path, const std::string& from) {
  namespace fs = std::filesystem;
  add_folder(path);
  std::vector<fs::directory_entry> entries(fs::directory_iterator(from), {});
  std::sort(entries.begin(), entries.end());
  for (const fs::directory_entry& entry : entries) {
    const std::string name = path + "/" + entry.path().filename().string();
    if (entry.is_directory()) {
      add_tree(name, entry.path().string());
      continue;
    }
    const Bytes bytes = read_file(entry.path().string());
    const bool executable = (entry.status().permissions() & fs::perms::owner_exec) != fs::perms::none;
    add_file(name, bytes.text(), executable);
  }
}

std::string Initramfs::finish() {
  add_entry("TRAILER!!!", 0, {});
  return std::move(archive_);
}

}  // namespace simsched
