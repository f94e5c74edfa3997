#include "report/format.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <locale>

namespace simsched {
namespace {

// Four significant digits without ever falling back to exponents.
std::string significant(double value) {
  return std::fabs(value) < 999.95 ? fmt::format("{:#.4g}", value) : fmt::format("{:.0f}", value);
}

// The value divided down by thousands until it fits `names`.
template <size_t N>
std::string scaled(double value, const std::array<const char*, N>& names) {
  if (std::fabs(value) < 999.5 && value == std::floor(value)) return fmt::format("{:.0f} {}", value, names[0]);
  size_t unit = 0;
  while (unit + 1 < N && std::fabs(value) >= 999.95) {
    value /= 1000;
    ++unit;
  }
  return significant(value) + " " + names[unit];
}

struct Thousands : std::numpunct<char> {
  char do_thousands_sep() const override { return ','; }
  std::string do_grouping() const override { return "\3"; }
};

}  // namespace

std::string format_ns(double nanos) { return scaled(nanos, std::array{"ns", "us", "ms", "s"}); }

std::string format_count(double value) {
  if (std::fabs(value) < 100 && std::fabs(value - std::round(value)) > 0.005) return fmt::format("{:.2f}", value);
  static const std::locale kThousands(std::locale::classic(), new Thousands);
  return fmt::format(kThousands, "{:L}", std::llround(value));
}

std::string format_value(double value, const std::string& unit) {
  if (unit == "ns") return format_ns(value);
  if (unit == "ppm") return fmt::format("{:.1f}%", value / 10000);
  if (unit == "uj") return scaled(value, std::array{"uJ", "mJ", "J", "kJ"});
  return format_count(value);
}

std::string format_percent(double percent) {
  if (std::fabs(percent) < 0.05) return "0.0%";
  if (percent >= 999.5) return fmt::format("x{:.0f}", 1 + percent / 100);
  return fmt::format("{:+.1f}%", percent);
}

}  // namespace simsched
