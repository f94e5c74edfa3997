// Aligned text tables for the terminal.
//
//   policy   makespan   migrations
//   ------   --------   ----------
//   eevdf    12.31 s *         482
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace simsched {

enum class Align { kLeft, kRight };
enum class Style { kPlain, kBold, kGood, kBad, kDim };

struct Cell {
  std::string text;
  Style style = Style::kPlain;

  Cell(std::string content, Style how = Style::kPlain) : text(std::move(content)), style(how) {}  // NOLINT: implicit
  Cell(const char* content) : text(content) {}                                                    // NOLINT: implicit
};

// How a text looks where it is shown.
struct Look {
  bool colour = false;  // with ANSI escapes for the styles
  size_t width = 0;     // columns that there are; 0: as many as it takes

  Look(bool with_colour = false, size_t columns = 0) : colour(with_colour), width(columns) {}  // NOLINT: implicit
};

class Table {
 public:
  // A heading may have several lines. The gap to the column on the left is three spaces; a `joined` column (the
  // remark on a value) has one, and no rule.
  void add_column(std::string heading, Align align = Align::kRight, bool joined = false);
  void add_row(std::vector<Cell> cells);  // may be shorter than the columns

  // Ends with a newline. A table that is too wide is cut into several below each other, which all begin with the first
  // column; a joined column stays with its own.
  std::string str(const Look& look = {}) const;

 private:
  struct Column {
    std::string heading;
    Align align;
    bool joined;
  };
  std::string part(const std::vector<size_t>& columns, const std::vector<size_t>& widths, bool colour) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// Columns that the text takes on a terminal: UTF-8 code points.
size_t display_width(const std::string& text);

// Of what `file_descriptor` is: a terminal wants colours (NO_COLOR unset) and is as wide as it is, unless COLUMNS says
// otherwise; a file takes lines of any length.
Look look_of(int file_descriptor);

}  // namespace simsched
