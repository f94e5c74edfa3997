// What is written for others to read: whole or not at all. base/files.h has write_file_atomically() for what is there at
// once.
#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace simsched {

// A file that is being written. What is to become a regular file is written beside it under another name, and takes its
// place with finish(): readers see the old file or the whole new one, and without finish() nothing is left. Links are
// followed: what they point to is replaced. The new file has owner and mode of the old one.
//
// Anything else that is there already (a device, a FIFO) is written to, and so are "-", which is standard output, and
// names of open files such as /dev/stdout: what stands there was not put there to be replaced.
//
// All throw Error for a failure, with `path` as it was given.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  bool replaces() const { return !temporary_.empty(); }  // a regular file, old or new
  void write(std::string_view bytes);
  void write_at_start(std::string_view bytes);  // over what stands there; only where it replaces()
  void complete();                              // all is on its way to the disk, or an error; not in its place yet
  void finish();                                // complete, and in its place

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  [[noreturn]] void fail() const;

  std::string path_;       // as given
  std::string target_;     // that is replaced, when it is
  std::string temporary_;  // empty: it has no other name, or no longer
  std::unique_ptr<std::FILE, Close> file_;
};

// Throws Error where OutputFile would, as far as can be seen beforehand. Opens nothing.
void check_output_file(const std::string& path);

// Whether `path` stands for something that is written to rather than replaced: it takes one output only.
bool is_written_directly(const std::string& path);
bool is_standard_output(const std::string& path);

// What was printed to standard output has arrived, or Error.
void finish_standard_output();

}  // namespace simsched
