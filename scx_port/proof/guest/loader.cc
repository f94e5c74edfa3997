#include "scx_port/proof/guest/loader.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scx_port/proof/guest/clock.h"
#include "scx_port/proof/guest/files.h"

namespace simsched::guest {

Loader::Loader(const std::string& folder, const std::vector<std::string>& arguments) {
  static int number = 0;
  const std::string stem = "/tmp/loader-" + std::to_string(++number);
  out_ = stem + ".out";
  err_ = stem + ".err";
  const std::string program = std::string(kExport) + "/simsched-loader";
  std::vector<char*> words = {const_cast<char*>(program.c_str()), const_cast<char*>(folder.c_str())};
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_ = fork();
  if (pid_ != 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(open(out_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 1);
  dup2(open(err_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), 2);
  execv(program.c_str(), words.data());
  _exit(127);
}

Loader::~Loader() {
  if (exit_code(0)) return;
  send(SIGKILL);
  exit_code();
  until(30, [] { return scheduler_is("disabled"); });
}

bool Loader::attached(int seconds) {
  bool says_so = false;
  until(seconds, [&] {
    says_so = messages().find(" schedules (") != std::string::npos;
    return says_so || !running();
  });
  return says_so && running();
}

std::optional<int> Loader::exit_code(int seconds) {
  auto ended = [&] {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  };
  if (!exit_code_) until(seconds, ended);
  return exit_code_;
}

std::optional<int> Loader::stop() {
  send(SIGTERM);
  return exit_code();
}

void Loader::send(int signal) const {
  if (!exit_code_) kill(pid_, signal);
}

std::string Loader::output() const { return read_text(out_); }
std::string Loader::messages() const { return read_text(err_); }

// The line that says how it ended or what is wrong; the kernel's dump may follow it.
std::string Loader::last_words() const {
  const std::string text = messages();
  const std::string mark = "simsched-loader: ";
  const size_t at = text.rfind(mark);
  if (at == std::string::npos) return text.substr(0, text.find('\n'));
  return text.substr(at + mark.size(), text.find('\n', at) - at - mark.size());
}

std::string text_of(const std::optional<int>& exit_code) {
  return exit_code ? "exit code " + std::to_string(*exit_code) : "it goes on";
}

}  // namespace simsched::guest
