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

class Table {
 public:
  // A heading may have several lines. The gap to the column on the left is three spaces; a `joined` column (the
  // remark on a value) has one, and no rule.
  void add_column(std::string heading, Align align = Align::kRight, bool joined = false);
  void add_row(std::vector<Cell> cells);  // may be shorter than the columns

  // Ends with a newline. `colour`: with ANSI escapes for the styles.
  std::string str(bool colour = false) const;

 private:
  struct Column {
    std::string heading;
    Align align;
    bool joined;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// Columns that the text takes on a terminal: UTF-8 code points.
size_t display_width(const std::string& text);

// Whether `file_descriptor` is a terminal that wants colours (NO_COLOR unset).
bool wants_colour(int file_descriptor);

}  // namespace simsched
