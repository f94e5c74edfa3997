// The files that a sub-command writes: all of them or none.
#pragma once

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace simsched {

// Throws Error when `path` cannot become a folder. To be asked before simulating, which may take long, as
// check_output_file() is (base/output_file.h).
void check_output_folder(const std::string& path);

// The same of a file that Outputs is to write.
void check_output(const std::string& path);
// The same of all that a command is to write; empty names are none. Throws Error, too, where one is what the command
// reads, or two are the same file.
void check_outputs(std::vector<std::string> outputs, const std::vector<std::string>& inputs);

class Outputs {
 public:
  void add_folder(const std::string& path);                     // made with its parents when it is not there
  void add_file(const std::string& path, std::string content);  // its folder is made, too

  // Throws Error when one cannot be written: then all is as it was before, but for what went to a device or a pipe.
  void write() const;
  std::vector<std::string> paths() const;  // of the files
  // Where to print what is for people: stderr when one of the files is standard output itself.
  std::FILE* text() const;

 private:
  std::vector<std::string> folders_;
  std::vector<std::pair<std::string, std::string>> files_;
};

}  // namespace simsched
