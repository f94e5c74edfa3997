#include "report/table.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"

namespace simsched {
namespace {

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

bool wants_colour(int file_descriptor) { return std::getenv("NO_COLOR") == nullptr && isatty(file_descriptor) == 1; }

void Table::add_column(std::string heading, Align align, bool joined) {
  columns_.push_back({std::move(heading), align, joined});
}

void Table::add_row(std::vector<Cell> cells) {
  SIMSCHED_CHECK(cells.size() <= columns_.size(), "a row has more cells than the table has columns");
  rows_.push_back(std::move(cells));
}

std::string Table::str(bool colour) const {
  std::vector<std::vector<std::string>> headings;
  std::vector<size_t> widths;
  size_t height = 0;
  for (const Column& column : columns_) {
    headings.push_back(split_lines(column.heading));
    height = std::max(height, headings.back().size());
    widths.push_back(0);
    for (const std::string& part : headings.back()) widths.back() = std::max(widths.back(), display_width(part));
  }
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i].text));
  }

  auto line = [&](auto&& cell_at) {
    std::string text;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) text += columns_[i].joined ? " " : "   ";
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

}  // namespace simsched
