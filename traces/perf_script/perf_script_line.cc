#include "traces/perf_script/perf_script_line.h"

#include <algorithm>
#include <utility>

namespace simsched::text {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t'; }

void skip_space(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
}

void trim_end(std::string_view& text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
}

std::string_view take_word(std::string_view& text) {
  size_t end = 0;
  while (end < text.size() && !is_space(text[end])) ++end;
  std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  skip_space(text);
  return word;
}

// "seconds.fraction:" with 1 to 9 digits of fraction.
std::optional<Nanos> parse_time(std::string_view word) {
  if (word.empty() || word.back() != ':') return std::nullopt;
  word.remove_suffix(1);
  uint32_t seconds = 0;
  auto [dot, failed] = std::from_chars(word.data(), word.data() + word.size(), seconds);
  if (failed != std::errc() || dot == word.data() + word.size() || *dot != '.') return std::nullopt;
  std::string_view fraction = word.substr(static_cast<size_t>(dot - word.data()) + 1);
  if (fraction.empty() || fraction.size() > 9) return std::nullopt;
  int64_t nanos = 0;
  for (size_t i = 0; i < 9; ++i) {
    if (i < fraction.size() && !is_digit(fraction[i])) return std::nullopt;
    nanos = nanos * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  }
  return Nanos(int64_t{seconds} * 1000000000 + nanos);
}

// ftrace's flags: irqs off, resched, irq context, preempt depth (Documentation/trace/ftrace.rst, 6.12).
std::optional<uint8_t> parse_flags(std::string_view word) {
  if (word.size() < 4 || word.size() > 8 || is_digit(word[0])) return std::nullopt;
  for (char c : word)
    if (!is_digit(c) && c != '.' && c != '#' && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')) return std::nullopt;
  switch (word[2]) {
    case 'h':
    case 'z':
      return uint8_t{kHardIrq};
    case 's':
      return uint8_t{kSoftIrq};
    case 'H':
    case 'Z':
      return uint8_t{kHardIrq | kSoftIrq};
    default:
      return uint8_t{0};
  }
}

// What stands before the CPU: a command, which may have spaces, and a tid.
bool parse_task(std::string_view text, Line& line) {
  trim_end(text);
  if (text.ends_with(')')) {  // ftrace's tgid column
    size_t open = text.rfind('(');
    if (open == std::string_view::npos) return false;
    text = text.substr(0, open);
    trim_end(text);
  }
  size_t start = text.size();
  while (start > 0 && is_digit(text[start - 1])) --start;
  int32_t tid = 0;
  auto failed = std::from_chars(text.data() + start, text.data() + text.size(), tid).ec;
  if (failed != std::errc() || start == 0) return false;
  char before = text[start - 1];
  bool negative = before == '-' && (start == 1 || is_space(text[start - 2]));
  if (!negative && !is_space(before) && before != '-' && before != '/') return false;
  line.current = negative ? Pid() : Pid(tid);
  return true;
}

}  // namespace

namespace {

// perf script -F +misc: of which kind the sample's code is, like "K" or "Sp".
bool is_misc(std::string_view word) {
  return !word.empty() && word.size() <= 3 &&
         std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

// What follows the time: the event's name, after a period or the like, and what it says.
bool parse_event(std::string_view rest, Line& line) {
  while (true) {
    std::string_view word = take_word(rest);
    if (word.starts_with("PERF_RECORD_LOST") || (word.starts_with("PERF_RECORD_") && word.find('(') != word.npos)) {
      line.event = word.substr(0, word.find('('));  // "PERF_RECORD_EXIT(6:6):(5:5)", "PERF_RECORD_LOST lost 3"
      line.rest = line.event.size() < word.size() ? word.substr(line.event.size()) : rest;
      return true;
    }
    if (word.ends_with(':')) {
      word.remove_suffix(1);
      size_t system = word.rfind(':');
      line.event = system == std::string_view::npos ? word : word.substr(system + 1);
      line.rest = rest;
      return true;
    }
    if (rest.empty()) return false;
  }
}

// With the CPU in brackets. The first "[number]" after which a time follows is it; a command may have brackets, too.
std::optional<Line> parse_bracketed(std::string_view text) {
  for (size_t open = text.find('['); open != std::string_view::npos; open = text.find('[', open + 1)) {
    Line line;
    int32_t cpu = 0;
    auto [close, failed] = std::from_chars(text.data() + open + 1, text.data() + text.size(), cpu);
    if (failed != std::errc() || cpu < 0 || cpu >= (1 << 16)) continue;
    if (close == text.data() + text.size() || *close != ']') continue;
    std::string_view rest = text.substr(static_cast<size_t>(close - text.data()) + 1);
    skip_space(rest);
    line.cpu = CpuId(cpu);
    std::string_view word = take_word(rest);
    std::optional<Nanos> time = parse_time(word);
    if (!time) {
      std::optional<uint8_t> flags = parse_flags(word);
      if (!flags && !is_misc(word)) continue;
      line.context = flags.value_or(0);
      line.has_context = flags.has_value();
      time = parse_time(take_word(rest));
      if (!time) continue;
    }
    line.time = *time;
    if (!parse_task(text.substr(0, open), line)) continue;
    return parse_event(rest, line) ? std::optional(line) : std::nullopt;
  }
  return std::nullopt;
}

// ftrace's latency format: "4100us+:", "4100us :" (the mark says how long until the next), since the trace began.
std::optional<Nanos> parse_latency_time(std::string_view word, std::string_view& rest) {
  uint32_t micros = 0;
  auto [unit, failed] = std::from_chars(word.data(), word.data() + word.size(), micros);
  if (failed != std::errc()) return std::nullopt;
  std::string_view mark = word.substr(static_cast<size_t>(unit - word.data()));
  if (!mark.starts_with("us") || mark.size() > 4) return std::nullopt;
  if (!mark.ends_with(':') && take_word(rest) != ":") return std::nullopt;
  return Nanos(int64_t{micros} * 1000);
}

// With the CPU in a column of its own, with or without flags behind it: latency formats. It stands before the time.
std::optional<Line> parse_columns(std::string_view text) {
  std::string_view rest = text, before;
  skip_space(rest);
  while (!rest.empty()) {
    std::string_view word = take_word(rest), after = rest;
    std::optional<Nanos> time = parse_time(word);
    if (!time) time = parse_latency_time(word, after);
    std::string_view column = std::exchange(before, word);
    if (!time || column.empty()) continue;
    Line line;
    int32_t cpu = 0;
    auto [end, failed] = std::from_chars(column.data(), column.data() + column.size(), cpu);
    if (failed != std::errc() || cpu < 0 || cpu >= (1 << 16)) continue;
    std::string_view flags = column.substr(static_cast<size_t>(end - column.data()));
    std::optional<uint8_t> context = flags.empty() ? std::nullopt : parse_flags(flags);
    if (!flags.empty() && !context) continue;
    line.cpu = CpuId(cpu);
    line.time = *time;
    line.context = context.value_or(0);
    line.has_context = context.has_value();
    if (!parse_task(text.substr(0, static_cast<size_t>(column.data() - text.data())), line)) continue;
    return parse_event(after, line) ? std::optional(line) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Line> parse_line(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  std::optional<Line> line = parse_bracketed(text);
  return line ? line : parse_columns(text);
}

bool has_bare_time(std::string_view line) {
  while (!line.empty()) {
    std::string_view word = take_word(line);
    bool number = word.size() > 1 && word.find_first_not_of("0123456789") == word.size() - 1;
    if (number && word.ends_with(':')) return true;
  }
  return false;
}

std::optional<Loss> parse_loss(std::string_view text) {
  if (!text.starts_with("CPU:")) return std::nullopt;
  text.remove_prefix(4);
  int32_t cpu = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), cpu);
  if (failed != std::errc() || cpu < 0 || cpu >= (1 << 16)) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  bool lost = text.starts_with(" [LOST ") && text.find("EVENTS]") != std::string_view::npos;
  bool dropped = text.starts_with(" [") && text.find("EVENTS DROPPED]") != std::string_view::npos;
  if (!lost && !dropped) return std::nullopt;
  int64_t count = number_after<int64_t>(text, lost ? "LOST " : "[").value_or(1);
  return Loss{CpuId(cpu), std::max(count, int64_t{1})};
}

}  // namespace simsched::text
