#include "base/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/files.h"

namespace simsched {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLinks = 40;  // as many as the kernel follows (MAXSYMLINKS)

std::string reason() { return std::system_category().message(errno); }

// Where the bytes go.
struct Target {
  std::string path;     // links followed
  int descriptor = -1;  // it is this open file
  bool replaced = false;
  bool exists = false;
  struct stat about {};
};

// Which open file `name` in a folder `parent` is: /dev/stdout and /dev/fd/1 end in /proc/self/fd.
int open_file(const fs::path& parent, const std::string& name) {
  std::error_code ignored;
  int number = -1;
  if (parent.empty() || parent != fs::canonical("/proc/self/fd", ignored)) return -1;
  const char* end = name.data() + name.size();
  return std::from_chars(name.data(), end, number).ptr == end ? number : -1;
}

Target find_target(const std::string& path) {
  if (path.empty()) throw Error("", "the name of a file to write is empty", "give its path");
  Target target;
  target.path = path;
  if (path == "-") {
    target.descriptor = STDOUT_FILENO;
    return target;
  }
  std::error_code failure;
  fs::path at = path;
  for (int links = 0;; ++links) {
    const fs::path parent = at.has_parent_path() ? at.parent_path() : ".";
    target.descriptor = open_file(fs::canonical(parent, failure), at.filename().string());
    if (target.descriptor >= 0) return target;
    if (!fs::is_symlink(fs::symlink_status(at, failure))) break;
    if (links == kMaxLinks) throw Error(path, "cannot be written: its links lead nowhere", "name another file");
    at = parent / fs::read_symlink(at, failure);
  }
  target.path = at.string();
  target.exists = ::stat(target.path.c_str(), &target.about) == 0;
  target.replaced = !target.exists || S_ISREG(target.about.st_mode);
  if (target.exists && S_ISDIR(target.about.st_mode)) throw Error(path, "is a folder", "name a file in it");
  return target;
}

std::string folder_of(const std::string& file) {
  const std::string parent = fs::path(file).parent_path().string();
  return parent.empty() ? "." : parent;
}

void check(const Target& target, const std::string& path) {
  if (target.descriptor >= 0) return;
  const std::string folder = folder_of(target.path);
  std::error_code ignored;
  if (target.exists && ::access(target.path.c_str(), W_OK) != 0)
    throw Error(path, "cannot be written: " + reason(), "change its permissions, or name another");
  if (target.replaced && (!fs::is_directory(folder, ignored) || ::access(folder.c_str(), W_OK | X_OK) != 0))
    throw Error(path, "cannot be written: " + folder + " is no folder to write in", "make it first, or name another");
}

// As the old file was, the owner as far as this user may give it away; a new one as any new file is.
bool take_after(const Target& target, int file) {
  if (target.exists) {
    if (::fchown(file, target.about.st_uid, target.about.st_gid) != 0) errno = 0;
    return ::fchmod(file, target.about.st_mode & 0777) == 0;
  }
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return ::fchmod(file, 0666 & ~mask) == 0;
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path) {
  const Target target = find_target(path);
  check(target, path);
  int file = -1;
  if (target.replaced) {
    target_ = target.path;
    temporary_ = target_ + ".XXXXXX";
    file = ::mkostemp(temporary_.data(), O_CLOEXEC);
    if (file < 0) temporary_.clear();
    if (file >= 0 && !take_after(target, file)) ::close(std::exchange(file, -1));
  } else if (target.descriptor >= 0) {
    std::fflush(stdout);  // what was printed before comes before
    file = ::fcntl(target.descriptor, F_DUPFD_CLOEXEC, 0);
  } else {
    file = ::open(target.path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  }
  if (file >= 0) file_.reset(::fdopen(file, "w"));
  if (!file_) fail();
}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::fail() const {
  const std::string why = reason();
  if (!temporary_.empty()) ::unlink(temporary_.c_str());  // also for the constructor
  throw Error(path_, "cannot be written: " + why, "check the space and permissions there, or name another file");
}

void OutputFile::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) fail();
}

void OutputFile::write_at_start(std::string_view bytes) {
  SIMSCHED_CHECK(replaces(), "what was written to a device does not come back");
  if (std::fseek(file_.get(), 0, SEEK_SET) != 0) fail();
  write(bytes);
}

void OutputFile::complete() {
  if (file_ && std::fclose(file_.release()) != 0) fail();
}

void OutputFile::finish() {
  complete();
  if (!replaces()) return;
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail();
  temporary_.clear();
}

void write_file_atomically(const std::string& path, std::string_view content) {
  OutputFile file(path);
  file.write(content);
  file.finish();
}

void check_output_file(const std::string& path) { check(find_target(path), path); }

bool is_written_directly(const std::string& path) { return !find_target(path).replaced; }

bool is_standard_output(const std::string& path) { return find_target(path).descriptor == STDOUT_FILENO; }

void finish_standard_output() {
  errno = 0;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    throw Error("standard output", "cannot be written: " + (errno != 0 ? reason() : std::string("it was cut off")),
                "check where it goes");
  }
}

}  // namespace simsched
