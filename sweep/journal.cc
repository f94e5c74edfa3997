#include "sweep/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "sweep/sweep.h"

namespace simsched {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(path, what + ": " + std::strerror(errno), "choose another folder with -o, or make room");
}

}  // namespace

Journal::Journal(const std::string& folder) : Journal() {
  if (fs::is_directory(folder)) open_others(folder, "");
}

Journal::Journal(const std::string& folder, const std::string& own) : Journal() {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error(folder, "the folder cannot be made: " + error.message(), "choose another with -o");
  open_others(folder, own);
  const std::string& path = paths_.emplace_back(folder + "/" + own);
  files_.push_back(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (files_.back() < 0) fail(path, "cannot be opened");
  // Where a file system knows no locks, whoever starts two of the same shard has only himself to blame.
  if (::flock(files_.back(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    throw Error(path, "another simsched is writing it", "wait for that one, or give each a --shard");
  end_ = read(files_.size() - 1);
  if (::ftruncate(files_.back(), static_cast<off_t>(end_)) != 0) fail(path, "cannot be written");
}

void Journal::open_others(const std::string& folder, const std::string& own) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("runs") && name.ends_with(".jsonl") && name != own) paths_.push_back(entry.path().string());
  }
  if (error) throw Error(folder, "the folder cannot be read: " + error.message(), "choose another with -o");
  std::ranges::sort(paths_);
  for (const std::string& path : paths_) {
    files_.push_back(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (files_.back() < 0) fail(path, "cannot be opened");
    read(files_.size() - 1);
  }
}

Journal::~Journal() {
  for (const int file : files_) ::close(file);
}

size_t Journal::read(size_t file) {
  const off_t size = ::lseek(files_[file], 0, SEEK_END);
  if (size <= 0) return 0;
  const Bytes bytes = Bytes::map(files_[file], static_cast<size_t>(size));
  const std::string_view text = bytes.text();
  size_t at = 0;
  size_t line = 1;
  for (size_t end; (end = text.find('\n', at)) != std::string_view::npos; at = end + 1, ++line) {
    const std::string_view key = key_of_record(text.substr(at, end - at));
    if (key.empty())
      throw Error(paths_[file] + ":" + std::to_string(line), "is no run of a sweep",
                  "remove that line, or move the file away, or choose another folder with -o");
    places_.try_emplace(std::string(key), Place{file, at, end - at});
  }
  return at;
}

void Journal::add(std::string_view record) {
  const std::string line = std::string(record) + '\n';
  std::lock_guard lock(mutex_);
  const int file = files_.back();
  for (size_t done = 0; done < line.size();) {
    const ssize_t wrote = ::pwrite(file, line.data() + done, line.size() - done, static_cast<off_t>(end_ + done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) fail(paths_.back(), "cannot be written");
    done += static_cast<size_t>(wrote);
  }
  places_.try_emplace(std::string(key_of_record(record)), Place{files_.size() - 1, end_, record.size()});
  end_ += line.size();
}

std::string Journal::record(const std::string& key) const {
  const Place& place = places_.at(key);
  std::string record(place.length, '\0');
  for (size_t done = 0; done < record.size();) {
    const ssize_t got = ::pread(files_[place.file], record.data() + done, record.size() - done,
                                static_cast<off_t>(place.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw Error(paths_[place.file], "was cut short while it was read", "run the sweep again");
    done += static_cast<size_t>(got);
  }
  return record;
}

}  // namespace simsched
