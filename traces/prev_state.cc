#include "traces/prev_state.h"

#include <algorithm>
#include <bitset>
#include <charconv>

namespace simsched {
namespace {

constexpr uint32_t kNumbers = kStateIsNumber;  // numbers are below

// Bits of the kernels before 4.14. "K" and "W" and "n" say more of a state, and are none.
constexpr uint32_t kOldEnded = 16 | 32 | 64, kOldWakeKill = 128, kOldParked = 512, kOldNoLoad = 1024;
constexpr uint32_t kSleeping = kStateInterruptible | kStateUninterruptible | kStateStopped | kStateTraced;

uint32_t preempted_bit(StateCode code) {
  switch (code) {
    case StateCode::kTo41:
      return 1024;
    case StateCode::kTo47:
      return 2048;
    case StateCode::kTo413:
      return 4096;
    default:
      return 256;
  }
}

StateCode code_of_preempted_bit(uint32_t bit) {
  for (StateCode code : {StateCode::kTo41, StateCode::kTo47, StateCode::kTo413, StateCode::kSince414})
    if (preempted_bit(code) == bit) return code;
  return StateCode::kUnknown;
}

// Which kernels number so. What means the same to all of them tells nothing.
StateCode code_seen(const std::bitset<kNumbers>& seen) {
  auto with_bit = [&](uint32_t bit) {
    for (uint32_t number = bit; number < 2 * bit; ++number)
      if (seen[number]) return true;
    return false;
  };
  auto asleep_with = [&](uint32_t bit) { return seen[bit | 1] || seen[bit | 2]; };
  if (with_bit(4096)) return StateCode::kTo413;
  if (with_bit(2048)) return StateCode::kTo47;
  if (seen[1024]) return StateCode::kTo41;
  if (asleep_with(kOldNoLoad) || asleep_with(kOldWakeKill) || with_bit(kOldParked)) return StateCode::kTo413;
  if (seen[64] && !seen[16] && !seen[32] && !seen[128] && !seen[256]) return StateCode::kTo413;
  return StateCode::kSince414;
}

}  // namespace

StateCode state_code_of_format(std::string_view print_format) {
  if (print_format.find("\"I\" }") != std::string_view::npos) return StateCode::kSince414;
  // REC->prev_state & 2048 ? "+" : ""
  constexpr std::string_view kKey = "REC->prev_state & ";
  for (size_t at = print_format.find(kKey); at != std::string_view::npos; at = print_format.find(kKey, at + 1)) {
    std::string_view rest = print_format.substr(at + kKey.size());
    uint32_t bit = 0;
    auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), bit);
    if (failed != std::errc() || !rest.substr(static_cast<size_t>(end - rest.data())).starts_with(" ? \"+\"")) continue;
    return code_of_preempted_bit(bit);
  }
  return StateCode::kUnknown;
}

StateCode state_code_of_release(std::string_view release) {
  uint32_t major = 0, minor = 0;
  auto [dot, failed] = std::from_chars(release.data(), release.data() + release.size(), major);
  if (failed != std::errc() || dot == release.data() + release.size() || *dot != '.') return StateCode::kUnknown;
  if (std::from_chars(dot + 1, release.data() + release.size(), minor).ec != std::errc()) return StateCode::kUnknown;
  if (major != 4) return major < 4 ? StateCode::kTo41 : StateCode::kSince414;
  return minor < 2    ? StateCode::kTo41
         : minor < 8  ? StateCode::kTo47
         : minor < 14 ? StateCode::kTo413
                      : StateCode::kSince414;
}

std::optional<uint16_t> decode_state(uint32_t number, StateCode code) {
  uint32_t preempted = preempted_bit(code);
  if (number >= 2 * preempted) return std::nullopt;
  if (number & preempted) return kStatePreempted;  // whatever else: it may run
  if (code == StateCode::kSince414) return static_cast<uint16_t>(number);
  if (number & kOldEnded) return kStateDead;
  if (number & kOldParked) return kStateParked;
  if (number & kStateUninterruptible && number & kOldNoLoad && code != StateCode::kTo41) return kStateIdle;
  uint32_t state = number & kSleeping;
  if (state == 0 && number != 0) return std::nullopt;
  return static_cast<uint16_t>(state);
}

std::optional<uint16_t> parse_state(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\r')) text.remove_suffix(1);
  if (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    bool hex = text.starts_with("0x");
    uint32_t number = 0;
    if (hex) text.remove_prefix(2);
    auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number, hex ? 16 : 10);
    if (failed != std::errc() || end != text.data() + text.size() || number >= kNumbers) return std::nullopt;
    return static_cast<uint16_t>(number | kStateIsNumber);
  }
  bool preempted = text.ends_with('+');
  if (preempted) text.remove_suffix(1);
  unsigned state = 0;
  bool no_load = false, waking = false, runs = false;
  while (true) {
    switch (text.empty() ? '\0' : text[0]) {
      case 'R':
        runs = true;
        break;
      case 'S':
        state |= kStateInterruptible;
        break;
      case 'D':
        state |= kStateUninterruptible;
        break;
      case 'T':
        state |= kStateStopped;
        break;
      case 't':
        state |= kStateTraced;
        break;
      case 'X':
      case 'x':
        state |= kStateDead;
        break;
      case 'Z':
        state |= kStateZombie;
        break;
      case 'P':
        state |= kStateParked;
        break;
      case 'I':
        state |= kStateIdle;
        break;
      case 'N':
        no_load = true;
        break;  // to 4.13: an idle kernel thread is "D|N"
      case 'W':
        waking = true;
        break;
      case 'K':
      case 'n':
        break;
      default:
        return std::nullopt;
    }
    text.remove_prefix(1);
    if (text.empty()) break;
    if (text[0] != '|') return std::nullopt;
    text.remove_prefix(1);
  }
  if (preempted) return kStatePreempted;
  if (no_load && state == kStateUninterruptible) return kStateIdle;
  if (state != 0 || runs) return static_cast<uint16_t>(state);
  // Nobody is switched out waking: it is 256 of a newer kernel, under the name that it had before 4.14.
  if (waking) return kStatePreempted;
  return std::nullopt;
}

std::optional<uint16_t> parse_plugin_state(std::string_view text) {
  if (text.find_first_of("xW") == std::string_view::npos) return parse_state(text);
  constexpr std::string_view kLetters = "SDTtZXxW";
  unsigned number = 0;
  for (char letter : text) {
    size_t bit = kLetters.find(letter);
    if (bit != std::string_view::npos)
      number |= 1u << bit;
    else if (letter != '|' && letter != ' ')
      return std::nullopt;
  }
  return static_cast<uint16_t>(number | kStateIsNumber);
}

void settle_states(std::vector<std::vector<TraceEvent>>& per_cpu, StateCode code, const std::string& name,
                   OddEvents& odd) {
  auto is_number = [](const TraceEvent& event) {
    return event.kind == TraceKind::kSwitch && (event.state & kStateIsNumber) != 0;
  };
  if (code == StateCode::kUnknown) {
    std::bitset<kNumbers> seen;
    for (const auto& events : per_cpu)
      for (const TraceEvent& event : events) {
        if (is_number(event)) seen.set(event.state & ~kStateIsNumber);
        // Named as it has been since 4.14 only, in the same text as numbers.
        if (event.kind == TraceKind::kSwitch && !is_number(event) && (event.state & (kStateDead | kStateZombie)))
          seen.set(16);
      }
    code = code_seen(seen);
  }
  auto decoded = [&](TraceEvent& event) {
    if (!is_number(event)) return true;
    auto number = static_cast<uint32_t>(event.state & ~kStateIsNumber);
    std::optional<uint16_t> state = decode_state(number, code);
    if (state)
      event.state = *state;
    else
      odd.add(Error(name, "prev_state " + std::to_string(number) + " is none that such a kernel has"));
    return state.has_value();
  };
  for (auto& events : per_cpu)
    events.erase(std::remove_if(events.begin(), events.end(), [&](TraceEvent& event) { return !decoded(event); }),
                 events.end());
}

}  // namespace simsched
