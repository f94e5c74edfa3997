// What a sweep found: every run as a row, and who is best where.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "report/frame.h"
#include "report/table.h"
#include "sweep/journal.h"
#include "sweep/sweep.h"

namespace simsched {

// Point by point, those of one in memory at a time. The journal has all.
void for_each_point(const Sweep& sweep, const Journal& journal,
                    const std::function<void(size_t point, const std::vector<RunResult>& results)>& visit);

// The columns are the variables that make points, then those of report/frame.h. A variable whose values are all whole
// numbers is a column of numbers. Throws Error where one is called as a column is.
class SweepFrame {
 public:
  explicit SweepFrame(const SweepFile& file);
  void add(size_t point, const std::vector<RunResult>& results);
  const Frame& frame() const { return frame_; }

 private:
  const SweepFile& file_;
  std::vector<bool> numbers_;  // by variable
  Frame frame_;
};

// For each metric one table: a line for each point and machine, with the policy that is best there.
class BestTables {
 public:
  BestTables(const SweepFile& file, std::vector<std::string> metrics);
  void add(size_t point, const std::vector<RunResult>& results);
  std::string text(const Look& look) const;
  int exit_code() const { return exit_code_; }  // of the first run that failed

 private:
  struct Line {
    size_t point;
    std::string machine;
    std::vector<std::vector<Cell>> cells;  // by metric
  };

  const SweepFile& file_;
  const std::vector<std::string> metrics_;
  std::vector<Line> lines_;
  std::string base_;  // the first policy's label, where it is the same everywhere
  std::vector<std::string> failures_;
  size_t nr_failures_ = 0;
  bool tied_ = false, doubted_ = false, compared_ = false;
  int exit_code_ = 0;
};

// All of a sweep whose runs the journal has; who is best by the config's metrics, or by those that interest most.
struct SweepResults {
  SweepResults(const Sweep& sweep, const Journal& journal);

  SweepFrame frame;
  BestTables best;
};

}  // namespace simsched
