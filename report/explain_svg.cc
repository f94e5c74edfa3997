// An explanation as a picture: two bars of the same scale in each panel, one a policy, and what they are made of.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/markup.h"
#include "report/explain.h"
#include "report/format.h"

namespace simsched {
namespace {

// In SVG user units.
constexpr int kWidth = 860, kMargin = 24, kLabels = 130, kBar = 30, kGap = 8, kLine = 20, kPanelGap = 28;
constexpr int kLegendColumns = 2;
constexpr int kBarWidth = kWidth - 2 * kMargin - kLabels;

// Neighbours differ in hue and lightness, for those too who see few colours. Repeats after its end.
constexpr std::array kColours = {"#4a7f5c", "#d64545", "#e8a33d", "#7ba4cc", "#8e6bbf",
                                 "#b8c9be", "#2f5d8a", "#c97fa8", "#6b6b2f", "#45a3a3"};

struct Part {
  std::string name;
  Sides time;
};
struct Panel {
  std::string title;
  std::vector<Part> parts;
};

std::vector<Panel> panels(const Explanation& what) {
  auto causes = [&](auto&& wanted) {
    std::vector<Part> parts;
    for (size_t i = 0; i < kNrCauses; ++i)
      if (wanted(kCauses[i].where) && what.time[i] != Sides())
        parts.push_back({short_name(static_cast<Cause>(i)), what.time[i]});
    return parts;
  };
  Panel active{"tasks on CPUs, and waiting for one", causes([](Where where) { return where != Where::kBlocked; })};
  // Work first: what comes after it is what it cost.
  std::stable_partition(active.parts.begin(), active.parts.end(),
                        [](const Part& part) { return part.name == short_name(Cause::kWork); });
  CpuSides all;
  for (const CpuSides& cpu : what.cpus) {
    all.task += cpu.task;
    all.overhead += cpu.overhead;
    all.irq += cpu.irq;
    all.idle += cpu.idle;
  }
  const Sides idle{all.idle.a - what.wasted.a, all.idle.b - what.wasted.b};
  Panel cpus{
      "CPUs",
      {{"tasks", all.task}, {"idle while tasks waited", what.wasted}, {"overhead", all.overhead}, {"idle", idle}}};
  if (all.irq != Sides{}) cpus.parts.push_back({"interrupts", all.irq});
  return {active, cpus, {"tasks blocked", causes([](Where where) { return where == Where::kBlocked; })}};
}

class Picture {
 public:
  explicit Picture(const Explanation& what) : what_(what), runs_(static_cast<double>(what.seeds.size())) {}

  std::string svg() {
    label("title", kMargin, y_ + 18, what_.policy + " against " + what_.versus);
    label("small", kMargin, y_ + 36,
          fmt::format("{} on {}, mean of {} run{}; more or less than with {}", what_.workload, what_.machine,
                      what_.seeds.size(), what_.seeds.size() == 1 ? "" : "s", what_.versus));
    y_ += 36 + kPanelGap;
    for (const Panel& panel : panels(what_)) draw(panel);
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" "
        "aria-label=\"{2}\">\n<style>\n"
        "text {{ font-family: system-ui, 'DejaVu Sans', sans-serif; font-size: 12px; fill: #1f2933 }}\n"
        ".title {{ font-size: 18px; font-weight: 600 }}\n.name {{ font-weight: 600 }}\n.small {{ fill: #52606d }}\n"
        ".inside {{ fill: #ffffff; text-anchor: middle }}\n"
        "</style>\n<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n{3}</svg>\n",
        kWidth, y_, markup_escaped(what_.policy + " against " + what_.versus), body_);
  }

 private:
  void label(const char* style, int x, int y, const std::string& text) {
    body_ += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\">{}</text>\n", style, x, y, markup_escaped(text));
  }
  void rect(int x, int y, int width, int height, size_t colour, const std::string& tip) {
    body_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"><title>{}</title></rect>\n", x,
                         y, width, height, kColours[colour % kColours.size()], markup_escaped(tip));
  }
  std::string time(int64_t sum) const { return format_ns(static_cast<double>(sum) / runs_); }

  void draw(const Panel& panel) {
    Sides sum;
    for (const Part& part : panel.parts) sum += part.time;
    const int64_t longest = std::max(sum.a, sum.b);
    if (longest == 0) return;
    label("name", kMargin, y_ + 12, panel.title);
    y_ += kLine;
    for (bool a : {true, false}) {
      const std::string& policy = a ? what_.policy : what_.versus;
      label("mid", kMargin, y_ + 14, policy.size() > 17 ? policy.substr(0, 16) + "~" : policy);
      label("small", kMargin, y_ + 27, time(a ? sum.a : sum.b));
      bar(panel, a, longest);
      y_ += kBar + kGap;
    }
    legend(panel);
    y_ += kPanelGap;
  }

  // Ends are rounded, not widths: what stands beside each other meets.
  void bar(const Panel& panel, bool a, int64_t longest) {
    auto at = [&](int64_t sum) {
      return kMargin + kLabels + static_cast<int>(static_cast<double>(sum) / static_cast<double>(longest) * kBarWidth);
    };
    int64_t begin = 0;
    for (size_t i = 0; i < panel.parts.size(); ++i) {
      const Part& part = panel.parts[i];
      const int64_t size = a ? part.time.a : part.time.b;
      const int left = at(begin), width = at(begin + size) - left;
      begin += size;
      if (width == 0) continue;
      rect(left, y_, width, kBar, i, part.name + " " + time(size));
      if (width > 60) label("inside", left + width / 2, y_ + 19, time(size));
    }
  }

  void legend(const Panel& panel) {
    for (size_t i = 0; i < panel.parts.size(); ++i) {
      const Part& part = panel.parts[i];
      const int x = kMargin + kLabels + static_cast<int>(i % kLegendColumns) * (kBarWidth / kLegendColumns);
      const int y = y_ + static_cast<int>(i / kLegendColumns) * kLine;
      rect(x, y + 2, 12, 12, i, part.name);
      const int64_t more = part.time.difference();
      label("mid", x + 18, y + 12,
            fmt::format("{}: {} {}", part.name, time(std::abs(more)), more < 0 ? "less" : "more"));
    }
    y_ += static_cast<int>((panel.parts.size() + kLegendColumns - 1) / kLegendColumns) * kLine;
  }

  const Explanation& what_;
  const double runs_;
  int y_ = kMargin;
  std::string body_;
};

}  // namespace

std::string explanation_svg(const Explanation& explanation) { return Picture(explanation).svg(); }

}  // namespace simsched
