#include "report/page/fidelity_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/markup.h"
#include "report/fidelity.h"
#include "report/page/files.h"

namespace simsched {
namespace {

constexpr double kWidth = 260;

const char* class_of(Verdict verdict) {
  return verdict == Verdict::kOk ? "good" : verdict == Verdict::kOutside ? "bad" : "soft";
}

// The range of the real runs, what it is widened to, and the seeds' range with their median, from 0 on.
std::string picture(const FidelityMetric& metric) {
  const auto low = static_cast<double>(metric.recorded_min), high = static_cast<double>(metric.recorded_max);
  double least = low, most = high;
  if (metric.tolerance) {
    const double millionths = metric.limit() * 1e6;
    least = std::max(0.0, metric.tolerance->is_share ? low - millionths : low * (1 - metric.limit()));
    most = metric.tolerance->is_share ? high + millionths : high * (1 + metric.limit());
  }
  const double end = std::max({most, static_cast<double>(metric.high), 1.0}) * 1.05;
  auto x = [&](double value) { return std::clamp(value / end, 0.0, 1.0) * kWidth; };
  auto bar = [&](double from, double to, int y, int height, const char* style) {
    return fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\"/>", style, x(from), y,
                       std::max(x(to) - x(from), 1.5), height);
  };
  const Verdict verdict = metric.verdict();
  return fmt::format(
      "<svg width=\"{0:.0f}\" height=\"22\" role=\"img\" aria-label=\"{1} simulated, {2} to {3} recorded\">"
      "<line class=\"axis\" x1=\"0\" x2=\"{0:.0f}\" y1=\"11\" y2=\"11\"/>{4}{5}{6}"
      "<circle class=\"{7}\" cx=\"{8:.1f}\" cy=\"11\" r=\"4.5\"/></svg>",
      kWidth, metric.simulated, metric.recorded_min, metric.recorded_max, bar(least, most, 3, 16, "allowed"),
      bar(low, high, 3, 16, "real"),
      bar(static_cast<double>(metric.low), static_cast<double>(metric.high), 10, 2, "seeds"), class_of(verdict),
      x(static_cast<double>(metric.simulated)));
}

std::string rows(const Fidelity& fidelity) {
  std::string text;
  for (const FidelityMetric& metric : fidelity.metrics()) {
    const Verdict verdict = metric.verdict();
    text += "<tr>";
    for (const std::string& cell : fidelity_cells(metric)) text += "<td>" + markup_escaped(cell) + "</td>";
    text += fmt::format("<td class=\"{}\">{}</td><td>{}</td></tr>\n", class_of(verdict), verdict_name(verdict),
                        picture(metric));
  }
  return text;
}

std::string advice(const std::vector<Diagnosis>& diagnoses) {
  if (diagnoses.empty()) return "";
  std::string text = "<section><h2>Why that may be, and what to do</h2>\n";
  for (const Diagnosis& diagnosis : diagnoses)
    text += "<p>" + markup_escaped(diagnosis.reason) + "<br><b>" + markup_escaped(diagnosis.remedy) + "</b></p>\n";
  return text + "</section>\n";
}

}  // namespace

std::string fidelity_page(const Fidelity& fidelity, const std::vector<Diagnosis>& diagnoses, const std::string& heading,
                          const std::string& about) {
  std::string headings;
  for (const char* each : kFidelityColumns) headings += fmt::format("<th>{}</th>", each);
  return fmt::format(
             R"html(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{0}</title>
<style>
{1}
.good {{ color: var(--good); fill: var(--good); }} .bad {{ color: var(--bad); fill: var(--bad); font-weight: 700; }}
.soft {{ color: var(--soft); fill: var(--soft); }} .axis {{ stroke: var(--line); }} .seeds {{ fill: var(--text); }}
.allowed {{ fill: var(--line); }} .real {{ fill: var(--accent); opacity: 0.55; }}
</style></head><body>
<header><div><h1>{0}</h1><p class="{2}">{3}</p></div></header>
<main><section><h2>Could it be one of the real runs?</h2>
<p class="hint">Each row from 0 on: the range of the recordings (coloured), what the tolerance makes of it (grey), the
replays' range (line) and their median (dot).</p>
<div class="scroll"><table><thead><tr>{4}<th>ok</th><th></th></tr></thead><tbody>
{5}</tbody></table></div></section>
{6}<section><h2>What was replayed</h2><pre>{7}</pre></section></main>
<script>document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)")
                 .matches
             ? "dark"
             : "light";
</script></body></html>
)html",
      markup_escaped(heading), page_file("style"), fidelity.ok() ? "good" : "bad",
      fidelity.ok() ? "within tolerance" : "outside tolerance", headings, rows(fidelity), advice(diagnoses),
      [&] {
    std::string lines;
    for (size_t at = 0; at < about.size();) {
      const size_t end = std::min(about.find('\n', at), about.size());
      lines += markup_escaped(about.substr(at, end - at)) + '\n';
      at = end + 1;
    }
    return lines;
      }());
}

}  // namespace simsched
