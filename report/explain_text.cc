// An explanation in words and tables.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "report/explain.h"
#include "report/format.h"
#include "report/table.h"

namespace simsched {
namespace {

constexpr size_t kColumns = 80;
constexpr size_t kWidestLabel = 10, kWidestName = 15;
constexpr size_t kMostNames = 12, kMostCpus = 12, kMostReasons = 4;

std::string signed_ns(double nanos) { return (nanos > 0 ? "+" : "") + format_ns(nanos); }

// `text` on lines of 80 columns; those after the first stand under what comes after `start`.
std::string wrapped(const std::string& text, const std::string& start = {}) {
  std::string all = start, line;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && start.size() + display_width(line) + 1 + display_width(word) > kColumns) {
      all += line + "\n" + std::string(start.size(), ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return all + line + "\n";
}

std::string reason(double points, const std::string& what) {
  return wrapped(what, fmt::format("  {:+6.1f} points  ", points));
}

class Text {
 public:
  Text(const Explanation& what, bool colour) : what_(what), colour_(colour) {
    const bool short_labels = std::max(display_width(what.policy), display_width(what.versus)) <= kWidestLabel;
    a_ = short_labels ? what.policy : "A";
    b_ = short_labels ? what.versus : "B";
  }

  std::string str() const {
    const size_t runs = what_.seeds.size();
    std::string text = wrapped(fmt::format("{} against {}: {} on {}, {} run{} of each", what_.policy, what_.versus,
                                           what_.workload, what_.machine, runs, runs == 1 ? "" : "s"));
    if (a_ != what_.policy) text += wrapped(fmt::format("A is {}, B is {}", what_.policy, what_.versus));
    text += "\n" + verdict() + reasons() + blocked() + wasted() + energy();
    for (const std::string& doubt : what_.doubts) text += wrapped("But: " + doubt);
    text += "\n" + wrapped("By cause, a run; points: percent of what is not blocked of " + b_) + "\n" + cause_table();
    text += "\nBy name of tasks, a run: on CPUs or waiting for one, and blocked\n\n" + group_table();
    text += "\nBy CPU, a run\n\n" + cpu_table();
    return text + "\n" + sums();
  }

 private:
  double mean(int64_t sum) const { return static_cast<double>(sum) / static_cast<double>(what_.seeds.size()); }
  std::string time(int64_t sum) const { return format_ns(mean(sum)); }
  std::string change(const Sides& sides) const { return signed_ns(mean(sides.difference())); }
  // Of the time in which B's tasks could run.
  double points(const Sides& sides) const {
    const int64_t whole = what_.time.active().b;
    return whole == 0 ? 0 : 100 * static_cast<double>(sides.difference()) / static_cast<double>(whole);
  }

  std::string verdict() const {
    if (!what_.slower) return "";
    const Estimate& slower = *what_.slower;
    const double size = std::fabs(slower.mean), spread = slower.half_width.value_or(0);
    const std::string figures =
        fmt::format("makespan {} instead of {}", time(what_.makespan.a), time(what_.makespan.b));
    const std::string percent =
        fmt::format("{:.1f} %{}", size, slower.half_width ? fmt::format(" (± {:.1f})", spread) : "");
    if (size < 0.05) return wrapped(fmt::format("{} takes as long as {}: {}.", what_.policy, what_.versus, figures));
    const std::string text = wrapped(fmt::format("{} is {} {} than {}: {}.", what_.policy, percent,
                                                 slower.mean > 0 ? "slower" : "faster", what_.versus, figures));
    return size > spread ? text : text + "That is less than what chance does between runs.\n";
  }

  // Causes of this place, what differs most first.
  std::vector<Cause> by_difference(auto&& wanted) const {
    std::vector<Cause> causes;
    for (size_t i = 0; i < kNrCauses; ++i)
      if (wanted(kCauses[i].where)) causes.push_back(static_cast<Cause>(i));
    auto size = [&](Cause cause) { return std::abs(of(cause).difference()); };
    std::stable_sort(causes.begin(), causes.end(), [&](Cause x, Cause y) { return size(x) > size(y); });
    return causes;
  }
  const Sides& of(Cause cause) const { return what_.time[static_cast<size_t>(cause)]; }

  std::string reasons() const {
    const Sides active = what_.time.active();
    const double all = points(active);
    std::string text;
    if (std::fabs(all) < 0.05) {
      text = wrapped(fmt::format("Its tasks ran or waited for a CPU as long: {} instead of {} a run.", time(active.a),
                                 time(active.b)));
    } else {
      text =
          wrapped(fmt::format("Its tasks ran or waited for a CPU {:.1f} % {}, {} instead of {} a run:", std::fabs(all),
                              all > 0 ? "longer" : "less", time(active.a), time(active.b)));
    }
    double told = 0;
    size_t lines = 0, causes = 0;
    for (Cause cause : by_difference([](Where where) { return where != Where::kBlocked; })) {
      const double part = points(of(cause));
      causes += of(cause).difference() != 0;
      if (std::fabs(part) < 0.05 || lines == kMostReasons) continue;
      text += reason(part, fmt::format("{} ({})", kCauses[static_cast<size_t>(cause)].help, short_name(cause)));
      told += part;
      ++lines;
    }
    if (causes > lines && std::fabs(all - told) >= 0.05) text += reason(all - told, "all other causes");
    return text;
  }

  std::string blocked() const {
    const Sides all = what_.time.at(Where::kBlocked);
    if (std::fabs(points(all)) < 0.05) return "";
    const Cause most = by_difference([](Where where) { return where == Where::kBlocked; }).front();
    return wrapped(fmt::format("They were blocked {} {} ({}: {}): who waits for others feels what delays them.",
                               format_ns(std::fabs(mean(all.difference()))), all.difference() > 0 ? "longer" : "less",
                               short_name(most), change(of(most))));
  }

  std::string wasted() const {
    const Sides& idle = what_.wasted;
    if (idle.a == 0 && idle.b == 0) return "No CPU idled while a task that could have run there waited.\n";
    return wrapped(fmt::format("CPUs idled for {} while tasks that could have run there waited; with {} for {}.",
                               time(idle.a), what_.versus, time(idle.b)));
  }

  std::string energy() const {
    const Sides& all = what_.energy_uj;
    if (all == Sides()) return "";
    auto joules = [&](int64_t sum) { return fmt::format("{:.4g} J", mean(sum) / 1e6); };
    const auto size = [](const TaskGroup& group) { return std::abs(group.energy_uj.difference()); };
    const auto most = std::max_element(what_.names.begin(), what_.names.end(),
                                       [&](const TaskGroup& x, const TaskGroup& y) { return size(x) < size(y); });
    std::string text = fmt::format("The machine used {}; with {} {}.", joules(all.a), what_.versus, joules(all.b));
    if (most != what_.names.end() && size(*most) > 0)
      text += fmt::format(" Cores took {} for {}, and {}.", joules(most->energy_uj.a), most->name,
                          joules(most->energy_uj.b));
    return wrapped(text);
  }

  std::string cause_table() const {
    Table table;
    table.add_column("cause", Align::kLeft);
    for (const std::string& heading : {a_, b_, std::string("difference"), std::string("points")})
      table.add_column(heading);
    auto add = [&](bool blocked) {
      for (Cause cause : by_difference([&](Where where) { return (where == Where::kBlocked) == blocked; })) {
        const Sides& sides = of(cause);
        if (sides == Sides()) continue;
        table.add_row({short_name(cause), time(sides.a), time(sides.b), change(sides),
                       blocked ? std::string() : fmt::format("{:+.1f}", points(sides))});
      }
    };
    const Sides active = what_.time.active(), all = what_.time.lifetime();
    add(false);
    table.add_row({Cell("not blocked", Style::kBold), time(active.a), time(active.b), change(active),
                   fmt::format("{:+.1f}", points(active))});
    add(true);
    table.add_row({Cell("all", Style::kBold), time(all.a), time(all.b), change(all)});
    return table.str(colour_);
  }

  void add_group(Table& table, const std::string& name, const Times& time_of, Style style = Style::kPlain) const {
    const Sides active = time_of.active(), blocked = time_of.at(Where::kBlocked);
    Sides most;
    std::string mostly;
    for (size_t i = 0; i < kNrCauses; ++i) {
      const int64_t size = std::abs(time_of[i].difference());
      if (kCauses[i].where == Where::kBlocked || size <= std::abs(most.difference())) continue;
      most = time_of[i];
      mostly = short_name(static_cast<Cause>(i));
    }
    const bool cut = display_width(name) > kWidestName;
    table.add_row({Cell(cut ? name.substr(0, kWidestName - 1) + "~" : name, style), time(active.a), time(active.b),
                   change(active), mostly, change(blocked)});
  }

  std::string group_table() const {
    Table table;
    table.add_column("name", Align::kLeft);
    for (const std::string& heading : {a_, b_, std::string("difference")}) table.add_column(heading);
    table.add_column("mostly", Align::kLeft);
    table.add_column("blocked");
    const std::vector<TaskGroup>& names = what_.names;
    const size_t shown = names.size() > kMostNames + 1 ? kMostNames : names.size();
    for (size_t i = 0; i < shown; ++i) add_group(table, names[i].name, names[i].time);
    Times others;
    for (size_t i = shown; i < names.size(); ++i) others += names[i].time;
    if (shown < names.size()) add_group(table, fmt::format("{} others", names.size() - shown), others);
    for (const TaskGroup& role : what_.roles)
      if (role.time.lifetime() != Sides()) add_group(table, "= " + role.name, role.time, Style::kBold);
    add_group(table, "all", what_.time, Style::kBold);
    return table.str(colour_);
  }

  void add_cpu(Table& table, const std::string& name, const CpuSides& cpu, Style style = Style::kPlain) const {
    table.add_row({Cell(name, style), time(cpu.busy().a), time(cpu.busy().b), change(cpu.busy()), change(cpu.overhead),
                   change(cpu.idle)});
  }

  std::string cpu_table() const {
    Table table;
    table.add_column("cpu", Align::kLeft);
    for (const std::string& heading :
         {a_ + "\nbusy", b_ + "\nbusy", std::string("difference"), std::string("of it\noverhead"), std::string("idle")})
      table.add_column(heading);
    std::vector<size_t> order(what_.cpus.size());
    std::iota(order.begin(), order.end(), size_t{0});
    auto size = [&](size_t i) { return std::abs(what_.cpus[i].busy().difference()); };
    std::stable_sort(order.begin(), order.end(), [&](size_t x, size_t y) { return size(x) > size(y); });
    const size_t shown = order.size() > kMostCpus + 1 ? kMostCpus : order.size();
    CpuSides others, all;
    for (size_t i = 0; i < order.size(); ++i) {
      const CpuSides& cpu = what_.cpus[order[i]];
      if (i < shown) add_cpu(table, std::to_string(order[i]), cpu);
      for (CpuSides* sum : {&others, &all}) {
        if (sum == &others && i < shown) continue;
        sum->task += cpu.task;
        sum->overhead += cpu.overhead;
        sum->irq += cpu.irq;
        sum->idle += cpu.idle;
      }
    }
    if (shown < order.size()) add_cpu(table, fmt::format("{} others", order.size() - shown), others);
    add_cpu(table, "all", all, Style::kBold);
    return table.str(colour_);
  }

  // What was checked when the runs were added up.
  std::string sums() const {
    const int64_t longer = what_.time.lifetime().difference();
    return wrapped(fmt::format(
        "Over all runs the tasks of {} lived {} ns {}: exactly the sum of the differences by cause, by name, and of "
        "fore- and background.",
        a_, format_count(static_cast<double>(std::abs(longer))), longer < 0 ? "less" : "longer"));
  }

  const Explanation& what_;
  bool colour_;
  std::string a_, b_;  // in headings
};

}  // namespace

std::string explanation_text(const Explanation& explanation, bool colour) { return Text(explanation, colour).str(); }

}  // namespace simsched
