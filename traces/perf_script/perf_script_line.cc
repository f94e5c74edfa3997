#include "traces/perf_script/perf_script_line.h"

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
    case 'h': case 'z': return uint8_t{kHardIrq};
    case 's': return uint8_t{kSoftIrq};
    case 'H': case 'Z': return uint8_t{kHardIrq | kSoftIrq};
    default: return uint8_t{0};
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

std::optional<Line> parse_line(std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  // The first "[number]" after which a time follows is the CPU; a command may have brackets, too.
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
      if (!flags) continue;
      line.context = *flags;
      line.has_context = true;
      time = parse_time(take_word(rest));
      if (!time) continue;
    }
    line.time = *time;
    if (!parse_task(text.substr(0, open), line)) continue;
    // perf script may print a period first.
    std::string_view event = take_word(rest);
    while (!event.ends_with(':') && !rest.empty()) event = take_word(rest);
    if (event.starts_with("PERF_RECORD_") && event.find('(') != std::string_view::npos) {
      line.event = event.substr(0, event.find('('));
      line.rest = event.substr(line.event.size());
      return line;
    }
    if (!event.ends_with(':')) return std::nullopt;
    event.remove_suffix(1);
    size_t system = event.rfind(':');
    line.event = system == std::string_view::npos ? event : event.substr(system + 1);
    line.rest = rest;
    return line;
  }
  return std::nullopt;
}

// TASK_STATE_TO_CHAR_STR and the table in include/trace/events/sched.h (6.12).
uint16_t parse_state(std::string_view letters) {
  unsigned state = 0;
  for (char letter : letters) {
    switch (letter) {
      case 'S': state |= kStateInterruptible; break;
      case 'D': state |= kStateUninterruptible; break;
      case 'T': state |= kStateStopped; break;
      case 't': state |= kStateTraced; break;
      case 'X': case 'x': state |= kStateDead; break;
      case 'Z': state |= kStateZombie; break;
      case 'P': state |= kStateParked; break;
      case 'I': state |= kStateIdle; break;
      case '+': state |= kStatePreempted; break;
      default: break;
    }
  }
  return static_cast<uint16_t>(state);
}

}  // namespace simsched::text
