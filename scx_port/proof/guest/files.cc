#include "scx_port/proof/guest/files.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/klog.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>

namespace simsched::guest {

namespace fs = std::filesystem;

std::string read_text(const std::string& path) {
  std::string text;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return text;
  char buffer[65536];
  for (ssize_t got; (got = read(file, buffer, sizeof(buffer))) > 0;) text.append(buffer, static_cast<size_t>(got));
  close(file);
  return text;
}

std::string first_line(const std::string& path) {
  const std::string text = read_text(path);
  return text.substr(0, text.find('\n'));
}

bool write_text(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return false;
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  return written;
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

std::string scx(const std::string& file) { return first_line("/sys/kernel/sched_ext/" + file); }

namespace {

// A number that kernel/sched/debug.c writes of a task, "ext.enabled            :          1"; -1: it does not.
int sched_value(const std::string& text, const std::string& name) {
  size_t at = text.find("\n" + name + " ");
  if (at == std::string::npos || (at = text.find(':', at)) == std::string::npos) return -1;
  at = text.find_first_not_of(" :", at);
  int value = -1;
  if (at != std::string::npos) std::from_chars(text.data() + at, text.data() + text.size(), value);
  return value;
}

bool is_number(const fs::path& path) {
  return path.filename().string().find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

bool in_ext(const std::string& folder) { return sched_value(read_text(folder + "/sched"), "ext.enabled") == 1; }

Classes count_classes() {
  Classes classes;
  std::error_code gone;  // tasks end while they are counted
  for (const auto& process : fs::directory_iterator("/proc", gone)) {
    if (!is_number(process.path())) continue;
    for (const auto& thread : fs::directory_iterator(process.path() / "task", gone)) {
      const std::string path = thread.path().string(), text = read_text(path + "/sched");
      const int policy = sched_value(text, "policy");
      if (policy != SCHED_OTHER && policy != SCHED_BATCH && policy != SCHED_IDLE) continue;
      const bool ext = sched_value(text, "ext.enabled") == 1;
      std::string& first = ext ? classes.first_ext : classes.first_other;
      if (first.empty()) first = first_line(path + "/comm") + "[" + thread.path().filename().string() + "]";
      ++(ext ? classes.ext : classes.other);
    }
  }
  return classes;
}

std::string kernel_log() {
  constexpr int kReadAll = 3, kSize = 10;  // syslog(2)
  const int size = klogctl(kSize, nullptr, 0);
  std::string text(static_cast<size_t>(size > 0 ? size : 0), '\0');
  const int got = klogctl(kReadAll, text.data(), static_cast<int>(text.size()));
  text.resize(static_cast<size_t>(got > 0 ? got : 0));
  return text;
}

}  // namespace simsched::guest
