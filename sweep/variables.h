// What varies in a sweep: `sweep:` names variables and their values, and $NAME or ${NAME} stands for one anywhere else
// in the file: for a value of any kind where it is all of the text, for text within other text. $$ is a dollar.
//
// A variable that stands in entries of `policies` alone multiplies those entries: there is such a policy for each of
// its values. Any other multiplies the experiment: there is a point for each combination of their values.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <string>
#include <vector>

namespace simsched {

struct Variable {
  std::string name;
  std::string where;               // "file:line"
  std::vector<std::string> texts;  // its values, in one line each
};

class SweepFile {
 public:
  // `file` stands for the file in messages. Throws Error with file and line.
  SweepFile(std::string text, std::string file);

  const std::string& file() const { return file_; }
  // Those that make points.
  const std::vector<Variable>& variables() const { return given_; }
  size_t nr_points() const { return nr_points_; }
  // The values that a point has, by variable; those of the last variable change fastest.
  std::vector<std::string> values(size_t point) const;
  // A config without variables, its nodes at the lines where they were written, and shared with no other. Any thread
  // may ask.
  YAML::Node point(size_t point) const;

 private:
  std::vector<size_t> choice(size_t point) const;

  std::string text_, file_;
  std::vector<Variable> given_, chosen_;      // the latter in policies alone
  std::vector<std::vector<size_t>> entries_;  // by entry of `policies`: which of `chosen_` it has
  size_t nr_points_ = 1;
};

inline constexpr size_t kMostPoints = 10000;

}  // namespace simsched
