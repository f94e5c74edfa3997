// Whole files in, whole files out.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace simsched {

// Bytes that are owned: a mapped file or a block of memory. Movable; the bytes stay where they are.
class Bytes {
 public:
  Bytes() = default;
  static Bytes allocate(size_t size);  // not initialised
  static Bytes map(int file, size_t size);
  Bytes(Bytes&& other) noexcept;
  Bytes& operator=(Bytes&& other) noexcept;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes();

  std::span<const std::byte> span() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  std::byte* data() { return data_; }
  size_t size() const { return size_; }
  void resize(size_t size);  // keeps the content; not for mapped files

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  bool mapped_ = false;
};

// A regular file is mapped, anything else (a pipe, /dev/stdin) is read. Throws Error when it cannot be.
Bytes read_file(const std::string& path);

// `path` as written in a config: relative to the config's folder, else to the current one. Throws Error (where: `where`)
// when there is no such file in either.
std::string find_input_file(const std::string& path, const std::string& config_file, const std::string& where);

// The first line of a small file, as /proc and /sys are made of; empty when it cannot be read.
std::string first_line(const std::string& path);

// The folder that this program lies in.
std::string own_folder();

// Through an OutputFile (output_file.h): readers see the old file or the whole new one. Throws Error, leaving nothing
// behind.
void write_file_atomically(const std::string& path, std::string_view content);

}  // namespace simsched
