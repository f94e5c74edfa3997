// The files that a sub-command writes: all of them or none.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace simsched {

// Throw Error when `path` cannot become a file / a folder. To be asked before simulating, which may take long.
void check_output_file(const std::string& path);
void check_output_folder(const std::string& path);

class Outputs {
 public:
  void add_folder(const std::string& path);  // made with its parents when it is not there
  void add_file(const std::string& path, std::string content);

  // Throws Error when one cannot be written, and removes those that were.
  void write() const;
  std::vector<std::string> paths() const;  // of the files

 private:
  std::vector<std::string> folders_;
  std::vector<std::pair<std::string, std::string>> files_;
};

}  // namespace simsched
