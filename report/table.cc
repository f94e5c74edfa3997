#include "report/table.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/error.h"

namespace simsched {
namespace {

constexpr std::string_view kGap = "   ";  // between columns

const char* escape(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\033[1m";
    case Style::kGood:
      return "\033[1;32m";
    case Style::kBad:
      return "\033[1;31m";
    case Style::kDim:
      return "\033[2m";
  }
  return "";
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines(1);
  for (char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

std::string padded(const Cell& cell, Align align, size_t width, bool colour) {
  std::string space(width - display_width(cell.text), ' ');
  std::string text = cell.text;
  if (colour && cell.style != Style::kPlain && !text.empty()) text = escape(cell.style) + text + "\033[0m";
  return align == Align::kLeft ? text + space : space + text;
}

}  // namespace

size_t display_width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Look look_of(int file_descriptor) {
  size_t width = 0;
  const char* columns = std::getenv("COLUMNS");
  winsize window{};
  if (columns != nullptr)
    std::from_chars(columns, columns + std::strlen(columns), width);
  else if (isatty(file_descriptor) == 1 && ioctl(file_descriptor, TIOCGWINSZ, &window) == 0)
    width = window.ws_col;
  return {std::getenv("NO_COLOR") == nullptr && isatty(file_descriptor) == 1, width};
}

void Table::add_column(std::string heading, Align align, bool joined) {
  columns_.push_back({std::move(heading), align, joined});
}

void Table::add_row(std::vector<Cell> cells) {
  SIMSCHED_CHECK(cells.size() <= columns_.size(), "a row has more cells than the table has columns");
  rows_.push_back(std::move(cells));
}

std::string Table::part(const std::vector<size_t>& columns, const std::vector<size_t>& widths, bool colour) const {
  size_t height = 0;
  std::vector<std::vector<std::string>> headings(columns_.size());
  for (size_t i : columns) {
    headings[i] = split_lines(columns_[i].heading);
    height = std::max(height, headings[i].size());
  }
  auto line = [&](auto&& cell_at) {
    std::string text;
    for (size_t i : columns) {
      if (i != columns.front()) text += columns_[i].joined ? std::string_view(" ") : kGap;
      text += cell_at(i);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + '\n';
  };
  std::string text;
  for (size_t row = 0; row < height; ++row) {
    text += line([&](size_t i) {  // headings stand on the rule
      size_t above = height - headings[i].size();
      return padded(Cell(row < above ? "" : headings[i][row - above], Style::kBold), columns_[i].align, widths[i],
                    colour);
    });
  }
  text += line([&](size_t i) { return std::string(widths[i], columns_[i].joined ? ' ' : '-'); });
  for (const auto& row : rows_) {
    text += line([&](size_t i) {
      return i < row.size() ? padded(row[i], columns_[i].align, widths[i], colour) : std::string(widths[i], ' ');
    });
  }
  return text;
}

std::string Table::str(const Look& look) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(0);
    for (const std::string& line : split_lines(columns_[i].heading))
      widths[i] = std::max(widths[i], display_width(line));
    for (const auto& row : rows_)
      if (i < row.size()) widths[i] = std::max(widths[i], display_width(row[i].text));
  }
  std::string text;
  std::vector<size_t> columns;
  size_t used = 0;
  for (size_t i = 0; i < columns_.size();) {
    size_t end = i + 1, more = (i > 0 ? kGap.size() : 0) + widths[i];  // a column and what is joined to it
    for (; end < columns_.size() && columns_[end].joined; ++end) more += 1 + widths[end];
    if (look.width > 0 && columns.size() > 1 && used + more > look.width) {
      text += part(columns, widths, look.colour) + '\n';
      columns = {0};
      used = widths[0];
    }
    for (; i < end; ++i) columns.push_back(i);
    used += more;
  }
  if (columns.empty()) return text;
  return text + part(columns, widths, look.colour);
}

}  // namespace simsched
