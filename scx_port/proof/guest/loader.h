// simsched-loader as an administrator starts it: a process with arguments, an output and an exit code.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace simsched::guest {

inline constexpr const char* kExport = "/export";

class Loader {
 public:
  // Starts it with what is in `folder`.
  explicit Loader(const std::string& folder, const std::vector<std::string>& arguments = {});
  ~Loader();  // kills it
  Loader(const Loader&) = delete;

  bool attached(int seconds = 120);                // waits until it says that it schedules; false: it ended before
  std::optional<int> exit_code(int seconds = 60);  // waits for it; 128 + N: a signal ended it
  std::optional<int> stop();                       // asks it to end, and waits
  void send(int signal) const;
  bool running() { return !exit_code(0); }

  std::string output() const;      // of --stats
  std::string messages() const;    // what it said otherwise
  std::string last_words() const;  // of that, one line
  pid_t pid() const { return pid_; }

 private:
  std::string out_, err_;
  pid_t pid_;
  std::optional<int> exit_code_;
};

std::string text_of(const std::optional<int>& exit_code);

}  // namespace simsched::guest
