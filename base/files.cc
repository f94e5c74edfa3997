#include "base/files.h"

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

std::string reason() { return std::system_category().message(errno); }

class File {
 public:
  explicit File(int file) : file_(file) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return file_; }
  bool open() const { return file_ >= 0; }
  int close() { return file_ < 0 ? 0 : ::close(std::exchange(file_, -1)); }

 private:
  int file_;
};

Bytes read_stream(int file, const std::string& path) {
  Bytes bytes = Bytes::allocate(1 << 16);
  size_t size = 0;
  while (true) {
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

bool write_all(int file, std::string_view content) {
  while (!content.empty()) {
    ssize_t put = ::write(file, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    content.remove_prefix(static_cast<size_t>(put));
  }
  return true;
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
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) throw Error(path, "cannot be opened: " + reason(), "check the path and its permissions");
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) throw Error(path, "cannot be read: " + reason());
  if (S_ISDIR(about.st_mode)) throw Error(path, "is a directory", "name a file in it");
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
  std::error_code failed;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? "." : self.parent_path().string();
}

void write_file_atomically(const std::string& path, std::string_view content) {
  std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (!parent.empty() && !std::filesystem::is_directory(parent, ignored))
    throw Error(path, "cannot be written: there is no folder " + parent.string(), "make it first");
  if (std::filesystem::is_directory(path, ignored)) throw Error(path, "is a folder", "name a file in it");

  std::string temporary = path + ".XXXXXX";
  File file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.open()) throw Error(path, "cannot be written: " + reason(), "check the folder's permissions");
  mode_t mask = ::umask(0);
  ::umask(mask);
  bool written = write_all(file.get(), content) && ::fchmod(file.get(), 0666 & ~mask) == 0 && file.close() == 0 &&
                 std::rename(temporary.c_str(), path.c_str()) == 0;
  if (!written) {
    std::string why = reason();
    ::unlink(temporary.c_str());
    throw Error(path, "cannot be written: " + why, "check the space and permissions of its folder");
  }
}

}  // namespace simsched
