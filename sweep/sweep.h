// A sweep: all the runs that an experiment with variables stands for, any of which can be made by itself, on any
// computer, and has the same bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "experiment/experiment.h"
#include "sweep/variables.h"

namespace simsched {

// One run, and where it belongs.
struct SweepItem {
  size_t point;    // of the file
  size_t machine;  // of the point's config, as the policy
  size_t policy;
  uint64_t seed;
  // 32 hexadecimal digits of what its result follows from: whatever else the file says, and wherever the run stands in
  // it, the same key means the same result.
  std::string key;
};

class Sweep {
 public:
  // Reads every point, so that what is wrong with one is known at once, a variable called as a column of results, too.
  // `registry` must live as long. `version` is that of the build, whose results are its own, `seeds` instead of the
  // config's. Throws Error with file and line.
  Sweep(SweepFile file, const PolicyRegistry& registry, const std::string& version,
        const std::optional<std::vector<uint64_t>>& seeds = {});
  // The same of what lies in a file.
  Sweep(const std::string& path, const PolicyRegistry& registry, const std::string& version,
        const std::optional<std::vector<uint64_t>>& seeds = {});
  ~Sweep();

  const SweepFile& file() const { return file_; }
  // By point, then as in results: by machine, policy, seed.
  const std::vector<SweepItem>& items() const { return items_; }
  // As the first point has it.
  const Config& config() const { return first_; }

  // Loads what points name, for each value of each variable once. Throws Error.
  void check(int jobs, const Progress& progress = {}) const;

  // The record of one run: a line of JSON, without its end. Any thread may ask. Throws Error where the point names what
  // is not there. A point's inputs are kept while its runs are made, one after the other.
  std::string run(const SweepItem& item) const;

 private:
  struct Point;

  template <class Work>
  void at_point(size_t point, const Work& work) const;
  Config config_of(const YAML::Node& root) const;
  std::shared_ptr<const Point> load(size_t point) const;

  const PolicyRegistry& registry_;
  const std::optional<std::vector<uint64_t>> seeds_;
  const SweepFile file_;
  Config first_;
  std::vector<SweepItem> items_;

  mutable std::mutex mutex_;  // of what follows
  mutable std::vector<std::weak_ptr<Point>> points_;
  mutable std::shared_ptr<Point> newest_;
};

inline constexpr size_t kMostRuns = 1000000;

// The key of a record, and the run itself. `where`: of the record.
inline constexpr size_t kKeyLength = 32;
std::string_view key_of_record(std::string_view record);  // empty: it is none
RunResult result_of_record(std::string_view record, const std::string& where);

}  // namespace simsched
