// The runs of a sweep that are done: files of records, a line each, in the order in which they ended. A process writes
// one of them and believes all. It may be killed at any moment: a last line without an end does not count.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/files.h"

namespace simsched {

class Journal {
 public:
  // Reads runs*.jsonl of a folder, which is made where it is not there, and goes on with the one called `own`. Throws
  // Error where another process writes that, or it cannot be written, and with file and line, before anything is
  // changed, where a line is no record.
  Journal(const std::string& folder, const std::string& own);
  // Reads them only: nothing is made or changed, and add() must not be called.
  explicit Journal(const std::string& folder);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Of runs that were there at the beginning, or were added.
  bool has(const std::string& key) const { return places_.contains(key); }
  // A record without its line's end; whole in the file when it returns. Any thread may call, one at a time is served.
  void add(std::string_view record);
  // The record of a key that it has, and "file:line"-like where it stands. Not while others add.
  std::string record(const std::string& key) const;
  const std::string& file_of(const std::string& key) const { return paths_[places_.at(key).file]; }

 private:
  Journal() = default;  // what a constructor that fails has opened is closed
  struct Place {
    size_t file, offset, length;
  };
  void open_others(const std::string& folder, const std::string& own);
  size_t read(size_t file);  // the bytes of it that are whole lines

  std::vector<std::string> paths_;
  std::vector<int> files_;                         // open for reading; the last for writing, too
  std::unordered_map<std::string, Place> places_;  // by key
  size_t end_ = 0;                                 // of the own one
  std::mutex mutex_;
};

}  // namespace simsched
