#include "workloads/rtapp/lenient_json.h"

#include <cctype>

#include "base/error.h"
#include "base/yaml/yaml_map.h"

namespace simsched::rtapp {
namespace {

constexpr const char* kRemedy = "give a file of rt-app: {\"tasks\": {...}}";

// What is left of the text is YAML, of which JSON is a part; nothing else of YAML's is let through. Lines stay.
class CommentStripper {
 public:
  CommentStripper(const std::string& text, const std::string& name) : text_(text), name_(name) {}

  std::string strip() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        string(c);
      } else if (c == '/') {
        comment();
      } else {
        plain(c);
      }
    }
    if (out_.find('{') == std::string::npos) fail("is no JSON object");
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(name_ + ":" + std::to_string(line_), what, kRemedy);
  }

  void take() {
    line_ += text_[at_] == '\n';
    out_ += text_[at_++];
  }

  void skip() {
    line_ += text_[at_] == '\n';
    out_ += text_[at_++] == '\n' ? '\n' : ' ';
  }

  void string(char quote) {
    const int begin = line_;
    take();
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\n') fail("a string does not end");
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) take();
      take();
    }
    if (at_ == text_.size()) {
      line_ = begin;
      fail("a string does not end");
    }
    take();
  }

  void comment() {
    const int begin = line_;
    const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : ' ';
    if (kind == '/') {
      while (at_ < text_.size() && text_[at_] != '\n') skip();
      return;
    }
    if (kind != '*') fail("has a '/' where no comment begins");
    const size_t end = text_.find("*/", at_ + 2);
    if (end == std::string::npos) {
      line_ = begin;
      fail("a comment does not end");
    }
    while (at_ < end + 2) skip();
  }

  void plain(char c) {
    const auto byte = static_cast<unsigned char>(c);
    const bool json = std::isalnum(byte) || std::isspace(byte) ||
                      (c != '\0' && std::string("{}[]:,+-._").find(c) != std::string::npos);
    if (!json) fail(std::string("is not JSON: '") + (std::isprint(byte) ? c : '?') + "' stands outside of a string");
    if (c == '{') began_ = true;
    if (!began_ && !std::isspace(byte)) fail("does not begin with '{'");
    if (c == '\t' || c == '\r') {
      skip();
    } else {
      take();
    }
  }

  const std::string& text_;
  const std::string& name_;
  std::string out_;
  size_t at_ = 0;
  int line_ = 1;
  bool began_ = false;
};

}  // namespace

YAML::Node parse_lenient_json(const std::string& text, const std::string& name) {
  return read_yaml(CommentStripper(text, name).strip(), name, "mind commas, brackets and quotes",
                   [](const YAML::Node& root) { return root; });
}

}  // namespace simsched::rtapp
