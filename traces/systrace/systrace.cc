// HTML files of systrace: ftrace's text within a page that shows it.
#include "traces/systrace/systrace.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "traces/formats.h"
#include "traces/perf_script/perf_script.h"

namespace simsched {
namespace {

constexpr std::string_view kBlock = "<script class=\"trace-data\"", kBlockEnd = "</script>";
constexpr std::string_view kString = "linuxPerfData = \"", kStringEnd = "\";";  // of older ones: a text of JavaScript
constexpr std::string_view kLineEnd = "\\n\\";                                  // of its lines

// Appends `page`'s lines, those of the trace as they are, the others empty: lines keep their numbers.
class TextOfPage {
 public:
  explicit TextOfPage(std::string_view page) : page_(page) { text_.reserve(page.size()); }

  std::string take() {
    while (true) {
      const size_t block = page_.find(kBlock, at_), string = page_.find(kString, at_);
      const size_t begin = std::min(block, string);
      if (begin == std::string_view::npos) break;
      const bool in_block = begin == block;
      const size_t open = in_block ? page_.find('>', begin) : begin + kString.size() - 1;
      if (open == std::string_view::npos) break;
      const size_t end = std::min(page_.find(in_block ? kBlockEnd : kStringEnd, open), page_.size());
      blank(open + 1);
      while (at_ < end) take_line(end);
    }
    blank(page_.size());
    return std::move(text_);
  }

 private:
  void blank(size_t end) {
    text_.append(static_cast<size_t>(std::count(page_.begin() + static_cast<ptrdiff_t>(at_),
                                                page_.begin() + static_cast<ptrdiff_t>(end), '\n')),
                 '\n');
    at_ = end;
  }

  void take_line(size_t end) {
    const size_t stop = std::min(page_.find('\n', at_), end);
    std::string_view line = page_.substr(at_, stop - at_);
    if (line == "\\") line = {};  // behind the quote
    if (line.ends_with(kLineEnd)) line.remove_suffix(kLineEnd.size());
    text_ += line;
    if (stop < end) text_ += '\n';
    at_ = std::min(stop + 1, end);
  }

  std::string_view page_;
  std::string text_;
  size_t at_ = 0;
};

}  // namespace

SchedTrace read_systrace(ByteSpan bytes, const std::string& name) {
  const std::string text = TextOfPage(text_of(bytes)).take();
  if (text.find_first_not_of('\n') == std::string::npos)
    throw Error(name, "is a page without a trace", "give one that systrace or atrace wrote");
  return read_perf_script(std::as_bytes(std::span(text)), name);
}

TraceFormat systrace_format() {
  return {"a systrace page",
          {".html"},
          [](ByteSpan bytes) {
            std::string_view text = text_of(bytes);
            text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
            return text.starts_with("<!DOCTYPE ") || text.starts_with("<!doctype ") || text.starts_with("<html");
          },
          [](ByteSpan bytes, const std::string& name, const Progress&) { return read_systrace(bytes, name); },
          true};
}

}  // namespace simsched
