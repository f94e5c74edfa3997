// Rows of named cells, kept by column: what is written as CSV, or as arrays.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "sim/results.h"

namespace simsched {

struct NamedCell {
  std::string column;
  std::variant<int64_t, std::string> value;
};

// Of a run, in the order of results.json: a metric under its own name, what stands in another group with the group's
// before it ("task_time_work_ns", "fair_pulled"). Lists (cpu_busy_ns) and the times of groups of tasks are left out.
std::vector<NamedCell> cells_of(const RunResult& result);

class Frame {
 public:
  struct Column {
    std::string name;
    bool text;  // or numbers
    std::vector<int64_t> numbers;
    std::vector<std::string> texts;
    std::vector<bool> there;  // of each row; shorter where the last rows lack it
  };

  // Columns stand in the order of their first appearance; each is all numbers or all text.
  void add(const std::vector<NamedCell>& row);
  size_t rows() const { return rows_; }
  const std::vector<Column>& columns() const { return columns_; }

  // RFC 4180 with a header line. What a row lacks is an empty field.
  std::string csv() const;

 private:
  std::vector<Column> columns_;
  std::unordered_map<std::string, size_t> index_;
  size_t rows_ = 0;
};

}  // namespace simsched
