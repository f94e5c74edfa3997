#include "scx_port/collect/decision_file/about_text.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/error.h"

namespace simsched::collect {
namespace {

constexpr const char* kTypes[] = {"i64", "i32", "u8", "text16"};
constexpr size_t kMaxCpus = 1 << 16, kMaxNodes = 1 << 10;

class Line {
 public:
  Line(std::string_view text, size_t number, const std::string& name) : rest_(text), number_(number), name_(name) {}

  std::string_view rest() const { return rest_; }
  bool done() const { return rest_.empty(); }
  std::string_view word() {
    const size_t end = std::min(rest_.find(' '), rest_.size());
    std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (found.empty()) fail();
    return found;
  }
  template <class T>
  T number(T low) {
    std::string_view text = word();
    T value{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < low) fail();
    return value;
  }
  [[noreturn]] void fail() const {
    throw Error(name_, "line " + std::to_string(number_) + " of the text at its end is damaged",
                "record it again with: simsched-collect");
  }

 private:
  std::string_view rest_;
  size_t number_;
  const std::string& name_;
};

}  // namespace

std::string about_text(const About& about) {
  std::string out = "kernel " + about.kernel + "\n";
  auto number = [&](int64_t value) { out += " " + std::to_string(value); };
  for (const std::string& hook : about.hooks) out += "hook " + hook + "\n";
  for (const auto& [key, value] : about.numbers) out += "number " + key + " " + std::to_string(value) + "\n";
  for (const HostCpu& cpu : about.cpus) {
    out += "cpu";
    for (int32_t value : {cpu.cpu.value(), cpu.core, cpu.l2, cpu.llc, cpu.node, cpu.capacity}) number(value);
    out += "\n";
  }
  for (const auto& row : about.node_distances) {
    out += "node_distances";
    for (int32_t value : row) number(value);
    out += "\n";
  }
  for (const Column& column : columns())
    out += std::string("column ") + column.name + " " + kTypes[static_cast<size_t>(column.type)] + " " +
           std::to_string(column.offset) + "\n";
  return out;
}

About parse_about(std::string_view text, const std::string& name) {
  About about;
  for (size_t at = 1; !text.empty(); ++at) {
    const size_t end = text.find('\n');
    if (end == text.npos) Line("", at, name).fail();
    Line line(text.substr(0, end), at, name);
    text.remove_prefix(end + 1);
    std::string_view key = line.word();
    if (key == "kernel") {
      about.kernel = line.rest();
    } else if (key == "hook") {
      about.hooks.emplace_back(line.rest());
    } else if (key == "number") {
      std::string what(line.word());
      about.numbers[what] = line.number<int64_t>(std::numeric_limits<int64_t>::min());
    } else if (key == "cpu") {
      HostCpu cpu;
      // In order and without a hole: an index is a CPU.
      cpu.cpu = CpuId(line.number<int32_t>(0));
      if (cpu.cpu.index() != about.cpus.size() || about.cpus.size() == kMaxCpus) line.fail();
      for (int32_t* value : {&cpu.core, &cpu.l2, &cpu.llc, &cpu.node, &cpu.capacity}) *value = line.number<int32_t>(-1);
      about.cpus.push_back(cpu);
    } else if (key == "node_distances") {
      if (about.node_distances.size() == kMaxNodes) line.fail();
      std::vector<int32_t>& row = about.node_distances.emplace_back();
      while (!line.done()) row.push_back(line.number<int32_t>(-1));
    }
  }
  return about;
}

}  // namespace simsched::collect
