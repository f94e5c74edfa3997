// What was found: one line a check, on the console and in /out/log, read by scx_port/proof/boot.cc.
#pragma once

#include <cstdio>
#include <string>

namespace simsched::guest {

inline constexpr const char* kOut = "/out/";  // all files there go to the host

class Report {
 public:
  Report() : log_(std::fopen((std::string(kOut) + "log").c_str(), "a")) {}
  Report(const Report&) = delete;
  ~Report() { std::fclose(log_); }

  // "ok NAME: SEEN", or "not ok NAME: SEEN; expected EXPECTED".
  bool check(const std::string& name, bool ok, const std::string& seen, const std::string& expected) {
    line((ok ? "ok " : "not ok ") + name + ": " + seen + (ok ? "" : "; expected " + expected));
    failed_ = failed_ || !ok;
    return ok;
  }
  void line(const std::string& text) {
    std::printf("%s\n", text.c_str());
    std::fprintf(log_, "%s\n", text.c_str());
    std::fflush(stdout);
    std::fflush(log_);
  }
  bool all_ok() const { return !failed_; }

 private:
  std::FILE* log_;
  bool failed_ = false;
};

}  // namespace simsched::guest
