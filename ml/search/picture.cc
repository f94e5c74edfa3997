#include "ml/search/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace simsched::search {
namespace {

// In SVG user units.
constexpr int kWidth = 860, kHeight = 330, kMargin = 24, kLeft = 64, kTop = 74, kBottom = 276, kRight = 520;
constexpr int kArchiveLeft = 600, kArchiveRight = 836;

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '&')
      result += "&amp;";
    else
      result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return result;
}

// From values to user units.
struct Axis {
  double low, high;
  int from, to;

  double at(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

// Around all values, with some room; at least `span` wide.
Axis axis(const std::vector<double>& values, int from, int to, double span) {
  const auto [low, high] = std::ranges::minmax(values);
  const double room = std::max((high - low) * 0.06, (span - (high - low)) / 2);
  return {low - room, high + room, from, to};
}

std::vector<double> ticks(const Axis& axis) {
  const double rough = (axis.high - axis.low) / 4;
  double step = std::pow(10, std::floor(std::log10(rough)));
  for (double more : {2.0, 2.5, 2.0})
    if (step * more <= rough) step *= more;
  std::vector<double> values;
  for (double v = std::ceil(axis.low / step) * step; v <= axis.high; v += step)
    values.push_back(std::abs(v) < step / 2 ? 0 : v);
  return values;
}

class Picture {
 public:
  explicit Picture(const Search& search) : search_(search) {}

  std::string svg() {
    const Archived* const best = search_.archive().best();
    text("title", kMargin, 34, "search for a model of " + search_.config().policy.label);
    text("small", kMargin, 54,
         fmt::format("{}, generation {}{}", search_.config().method.name, search_.generation(),
                     best == nullptr ? "" : fmt::format(", best on validation {:+.4f}", best->worth.total)));
    generations();
    archive();
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" "
        "aria-label=\"course of a search\">\n<style>\n"
        "text {{ font-family: system-ui, 'DejaVu Sans', sans-serif; font-size: 12px; fill: #1f2933 }}\n"
        ".title {{ font-size: 18px; font-weight: 600 }} .small {{ fill: #52606d }} .end {{ text-anchor: end }}\n"
        ".grid {{ stroke: #e4e7eb }} .zero {{ stroke: #52606d; stroke-dasharray: 4 3 }}\n"
        ".best {{ stroke: #4a7f5c; fill: none; stroke-width: 1.5 }} .median {{ stroke: #7ba4cc; fill: none }}\n"
        ".validation {{ stroke: #d64545; fill: none; stroke-width: 2 }} .dot {{ fill: #d64545 }} .accepted {{ fill: "
        "#1f2933 }}\n</style>\n<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n{2}</svg>\n",
        kWidth, kHeight, body_);
  }

 private:
  void text(const char* style, double x, double y, const std::string& what) {
    body_ += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", style, x, y, escaped(what));
  }
  void line(const char* style, double x1, double y1, double x2, double y2) {
    body_ += fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", style, x1,
                         y1, x2, y2);
  }
  void curve(const char* style, const std::vector<std::pair<double, double>>& points) {
    std::string list;
    for (auto [x, y] : points) list += fmt::format("{:.1f},{:.1f} ", x, y);
    if (!points.empty()) body_ += fmt::format("<polyline class=\"{}\" points=\"{}\"/>\n", style, list);
  }
  void grid(const Axis& x, const Axis& y, const char* format_x, const char* format_y) {
    for (double v : ticks(y)) {
      line(std::abs(v) < 1e-9 ? "zero" : "grid", x.from, y.at(v), x.to, y.at(v));
      text("small end", x.from - 6, y.at(v) + 4, fmt::format(fmt::runtime(format_y), v));
    }
    for (double v : ticks(x)) text("small end", x.at(v) + 8, y.from + 18, fmt::format(fmt::runtime(format_x), v));
  }

  void generations() {
    const std::vector<Archived>& members = search_.archive().members();
    const auto start = std::ranges::find(members, uint64_t{0}, &Archived::generation);
    std::vector<double> values = {0};
    std::vector<std::pair<double, double>> best, median, validation;
    for (const Step& step : search_.steps()) {
      values.insert(values.end(), {step.best, step.median});
      if (step.validated) values.push_back(step.mean.total);
    }
    if (start != members.end()) values.push_back(start->worth.total);
    const Axis y = axis(values, kBottom, kTop, 0.04);
    const Axis x{0, static_cast<double>(std::max<size_t>(search_.steps().size(), 1)), kLeft, kRight};
    grid(x, y, "{:.0f}", "{:+.2f}");
    if (start != members.end()) validation.emplace_back(x.at(0), y.at(start->worth.total));
    for (size_t i = 0; i < search_.steps().size(); ++i) {
      const Step& step = search_.steps()[i];
      const double at = x.at(static_cast<double>(i + 1));
      best.emplace_back(at, y.at(step.best));
      median.emplace_back(at, y.at(step.median));
      if (step.validated) validation.emplace_back(at, y.at(step.mean.total));
    }
    curve("median", median);
    curve("best", best);
    curve("validation", validation);
    text("small", kLeft, kHeight - 16, "generation; below 0: better than the better baseline");
    int at = kLeft;
    for (auto [style, name] :
         {std::pair("best", "best"), {"median", "median"}, {"validation", "mean, on validation"}}) {
      line(style, at, kTop - 8, at + 18, kTop - 8);
      text("small", at + 24, kTop - 4, name);
      at += 90;
    }
  }

  void archive() {
    const std::vector<Archived>& members = search_.archive().members();
    if (members.empty()) return;
    std::vector<double> makespans, migrations;
    for (const Archived& member : members) {
      makespans.push_back((std::exp(member.worth.makespan) - 1) * 100);
      migrations.push_back(std::exp(member.worth.migrations));
    }
    const Axis x = axis(migrations, kArchiveLeft, kArchiveRight, 0.1), y = axis(makespans, kBottom, kTop, 1);
    grid(x, y, "{:.2g}", "{:+.1f}%");
    for (size_t i = 0; i < members.size(); ++i)
      body_ += fmt::format(
          "<circle class=\"{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"><title>generation {}</title></circle>\n",
          &members[i] == search_.archive().best() ? "accepted" : "dot", x.at(migrations[i]), y.at(makespans[i]),
          members[i].generation);
    text("small", kArchiveLeft, kTop - 4, "archive: makespan");
    text("small", kArchiveLeft, kHeight - 16, "migrations, as a factor; dark: accepted");
  }

  const Search& search_;
  std::string body_;
};

}  // namespace

std::string search_svg(const Search& search) { return Picture(search).svg(); }

}  // namespace simsched::search
