// Initramfs: a first file system for a kernel, as the cpio archive ("newc") that it unpacks
// (Documentation/driver-api/early-userspace/buffer-format.rst of the kernel).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace simsched {

class Initramfs {
 public:
  // Paths without a leading "/"; a folder before what is in it.
  void add_folder(const std::string& path);
  void add_file(const std::string& path, std::string_view content, bool executable = false);
  // The files and folders in a folder of this machine, with their modes.
  void add_tree(const std::string& path, const std::string& from);

  // Ends the archive. The same calls give the same bytes.
  std::string finish();

 private:
  void add_entry(const std::string& path, uint32_t mode, std::string_view content);

  std::string archive_;
  uint32_t inode_ = 0;
};

}  // namespace simsched
