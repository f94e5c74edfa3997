// Small text files of fields, a record a line: comments after '#', empty lines left out. Fields are trimmed.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace simsched {

class FieldLines {
 public:
  FieldLines(std::string_view text, std::string file, char separator)
      : text_(text), file_(std::move(file)), separator_(separator) {}

  // The next record; false at the end.
  bool next() {
    while (!text_.empty()) {
      const size_t end = std::min(text_.find('\n'), text_.size());
      std::string_view line = text_.substr(0, end);
      text_.remove_prefix(std::min(end + 1, text_.size()));
      ++number_;
      line = trimmed(line.substr(0, line.find('#')));
      if (line.empty()) continue;
      fields_.clear();
      for (size_t at = 0; at <= line.size();) {
        const size_t stop = std::min(line.find(separator_, at), line.size());
        fields_.push_back(trimmed(line.substr(at, stop - at)));
        at = stop + 1;
      }
      return true;
    }
    return false;
  }

  const std::vector<std::string_view>& fields() const { return fields_; }
  std::string where() const { return file_ + ":" + std::to_string(number_); }

  int64_t integer(size_t field, const std::string& what, int64_t low, int64_t high) const {
    int64_t value = 0;
    const std::string_view text = fields_[field];
    auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed == std::errc() && end == text.data() + text.size() && value >= low && value <= high) return value;
    throw Error(where(), what + " is '" + std::string(text) + "'",
                "take a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }

 private:
  static std::string_view trimmed(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t\r");
    return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
  }

  std::string_view text_;
  std::string file_;
  char separator_;
  size_t number_ = 0;
  std::vector<std::string_view> fields_;
};

}  // namespace simsched
