#include "base/files.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace simsched {
namespace {

// Recordings of hundreds of millions of events; what is larger would not fit in memory once it is read.
constexpr int64_t kMostGiB = 16, kMostStreamedGiB = 4;

std::string reason() { return std::system_category().message(errno); }

class File {
 public:
  explicit File(int file) : file_(file) {}
  ~File() {
    if (file_ >= 0) ::close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return file_; }
  bool open() const { return file_ >= 0; }

 private:
  int file_;
};

Bytes read_stream(int file, const std::string& path) {
  Bytes bytes = Bytes::allocate(1 << 16);
  size_t size = 0;
  while (true) {
    if (size >= static_cast<size_t>(kMostStreamedGiB) << 30)
      throw Error(path, "goes on for more than " + std::to_string(kMostStreamedGiB) + " GiB",
                  "keep what you want of it in a file");
    if (size == bytes.size()) bytes.resize(2 * size);
    ssize_t got = ::read(file, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(path, "cannot be read: " + reason());
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

Bytes Bytes::allocate(size_t size) {
  Bytes bytes;
  bytes.resize(size);
  return bytes;
}

Bytes Bytes::map(int file, size_t size) {
  Bytes bytes;
  // Populated at once: a page fault for each 4 KiB would cost more than reading.
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (at == MAP_FAILED) return bytes;
  bytes.data_ = static_cast<std::byte*>(at);
  bytes.size_ = size;
  bytes.mapped_ = true;
  return bytes;
}

Bytes::Bytes(Bytes&& other) noexcept { *this = std::move(other); }

Bytes& Bytes::operator=(Bytes&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

Bytes::~Bytes() {
  if (mapped_)
    ::munmap(data_, size_);
  else
    std::free(data_);
}

void Bytes::resize(size_t size) {
  SIMSCHED_CHECK(!mapped_, "a mapped file is read only");
  void* at = std::realloc(data_, std::max<size_t>(size, 1));
  if (at == nullptr) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(at);
  size_ = size;
}

Bytes read_file(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0)
    throw Error(path, "cannot be opened: " + reason(), "check the path and its permissions");
  if (S_ISDIR(about.st_mode)) throw Error(path, "is a directory", "name a file in it");
  // Not even opened: some do things then, and some never end.
  if ((S_ISCHR(about.st_mode) || S_ISBLK(about.st_mode)) && path != "/dev/null")
    throw Error(path, "is a device", "name a file or a pipe");
  if (about.st_size > kMostGiB << 30)
    throw Error(path, "is larger than " + std::to_string(kMostGiB) + " GiB", "take a part of it");
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) throw Error(path, "cannot be opened: " + reason(), "check the path and its permissions");
  if (S_ISREG(about.st_mode) && about.st_size > 0) {
    Bytes bytes = Bytes::map(file.get(), static_cast<size_t>(about.st_size));
    if (bytes.size() != 0) return bytes;
  }
  return read_stream(file.get(), path);
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string own_folder() {
  // A module of another program, as Python's, lies in a folder of its own.
  Dl_info self_info{};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &self_info) != 0 && self_info.dli_fname != nullptr) {
    const std::filesystem::path object(self_info.dli_fname);
    if (object.extension() == ".so") return object.parent_path().string();
  }
  std::error_code failed;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? "." : self.parent_path().string();
}

}  // namespace simsched
