// The machine as nested boxes: node > LLC > core > CPU. Sizes are worked out from the inside, then boxes are
// drawn from the outside. Every length is in SVG user units.
#include <algorithm>
#include <string>
#include <vector>

#include "topology/draw/core_type_charts.h"
#include "topology/draw/render.h"
#include "topology/draw/svg.h"

namespace simsched {
namespace {

constexpr int kGap = 8;       // between boxes of one level, and around them
constexpr int kHeading = 20;  // the line of text on top of a box
constexpr int kThreadWidth = 34, kThreadHeight = 24;
constexpr int kMargin = 24, kTitle = 56;
constexpr int kCell = 34;  // of the distance table

using svg::box;
using svg::label;
using svg::Size;

// Boxes of one level inside their parent: `columns` of cells as large as the largest box.
struct Grid {
  size_t columns = 1;
  Size cell, whole;

  static Grid of(size_t count, Size cell, size_t most_columns) {
    Grid grid;
    // As square as possible with every row full, failing that with the last one short; no wider than asked.
    while (grid.columns * grid.columns < count) ++grid.columns;
    size_t full = grid.columns;
    while (count % full != 0) ++full;
    grid.columns = full <= most_columns ? full : std::min(grid.columns, most_columns);
    size_t rows = (count + grid.columns - 1) / grid.columns;
    grid.cell = cell;
    grid.whole = {static_cast<int>(grid.columns) * (cell.width + kGap) - kGap,
                  static_cast<int>(rows) * (cell.height + kGap) - kGap};
    return grid;
  }
  Size at(size_t i) const {
    return {static_cast<int>(i % columns) * (cell.width + kGap), static_cast<int>(i / columns) * (cell.height + kGap)};
  }
};

class Drawing {
 public:
  explicit Drawing(const Machine& machine) : machine_(machine), cores_(machine.nr_llcs()), llcs_(machine.nr_nodes()) {
    for (size_t core = 0; core < machine.nr_cores(); ++core) {
      const CpuSet& cpus = machine.core_cpus(CoreId(core));
      cores_[machine.cpu(cpus.first_cpu()).llc.index()].push_back(CoreId(core));
      threads_ = std::max(threads_, cpus.size());
    }
    size_t most_cores = 0, most_llcs = 0;
    for (size_t llc = 0; llc < machine.nr_llcs(); ++llc) {
      most_cores = std::max(most_cores, cores_[llc].size());
      llcs_[machine.cpu(machine.llc_cpus(LlcId(llc)).first_cpu()).node.index()].push_back(LlcId(llc));
    }
    for (const auto& node : llcs_) most_llcs = std::max(most_llcs, node.size());
    Size core = {static_cast<int>(threads_) * (kThreadWidth + 4) + 4, kThreadHeight + 8};
    core_grid_ = Grid::of(most_cores, core, 8);
    llc_grid_ = Grid::of(most_llcs, framed(core_grid_.whole), 4);
    node_grid_ = Grid::of(machine.nr_nodes(), framed(llc_grid_.whole), 4);
  }

  std::string svg() const {
    const bool table = machine_.nr_nodes() > 1 && machine_.nr_nodes() <= 32,
               latency = table && machine_.memory().known();
    const int side = table ? static_cast<int>(machine_.nr_nodes() + 1) * kCell : 0;
    const Size charts = core_type_charts_size(machine_);
    const int below_nodes = kTitle + node_grid_.whole.height + kMargin;
    const int below_tables = below_nodes + (table ? side + kHeading + kMargin : 0);
    const Size size = {
        std::max({node_grid_.whole.width, side + (latency ? side + kMargin : 0), charts.width, 480}) + 2 * kMargin,
        below_tables + charts.height};
    std::string text = opening(size);
    text += label("title", kMargin, 30, machine_.name());
    text += label("small", kMargin, 48, summary());
    for (size_t node = 0; node < machine_.nr_nodes(); ++node) {
      Size at = node_grid_.at(node);
      text += node_box(NodeId(node), {at.width + kMargin, at.height + kTitle});
    }
    if (table)
      text += heat_table({kMargin, below_nodes}, "distances between nodes (10 is local)", machine_.spec().distances);
    if (latency)
      text += heat_table({kMargin + side + kMargin, below_nodes}, "reading, ns", machine_.memory().latency_ns);
    text += core_type_charts(machine_, {kMargin, below_tables});
    return text + "</svg>\n";
  }

 private:
  static Size framed(Size inside) { return {inside.width + 2 * kGap, inside.height + kHeading + 2 * kGap}; }

  std::string summary() const {
    auto counted = [](size_t count, const char* noun) {
      return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
    };
    const std::vector<Cpu>& cpus = machine_.spec().cpus;
    bool alike =
        std::all_of(cpus.begin(), cpus.end(), [&](const Cpu& cpu) { return cpu.capacity == cpus[0].capacity; });
    return counted(machine_.nr_cpus(), "CPU") + ", " + counted(machine_.nr_cores(), "core") + ", " +
           counted(machine_.nr_llcs(), "last-level cache") + ", " + counted(machine_.nr_nodes(), "NUMA node") +
           (alike ? "" : "; darker cores are slower");
  }

  std::string opening(Size size) const {
    std::string width = std::to_string(size.width), height = std::to_string(size.height);
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + width + " " + height + "\" width=\"" + width +
           "\" height=\"" + height + "\" role=\"img\" aria-label=\"" + markup_escaped(machine_.name()) +
           "\">\n<style>\n"
           "text { font-family: system-ui, 'DejaVu Sans', sans-serif; font-size: 12px; fill: #1f2933 }\n"
           ".title { font-size: 18px; font-weight: 600 }\n.small { fill: #52606d }\n"
           ".mid { text-anchor: middle }\n.page { fill: #ffffff }\nrect { stroke-width: 1 }\n"
           ".node { fill: #f5f7fa; stroke: #9aa5b1; rx: 8px }\n.llc { fill: #e3edf7; stroke: #7ba4cc; rx: 6px }\n"
           ".core { stroke: #4a7f5c; rx: 4px }\n.cpu { fill: #ffffff; stroke: #b8c9be; rx: 3px }\n"
           ".cell { stroke: #ffffff; fill: #d64545 }\n" +
           core_type_styles() + "</style>\n" + box("page", {}, size);
  }

  std::string node_box(NodeId node, Size at) const {
    std::string text = box("node", at, node_grid_.cell);
    text += label("name", at.width + kGap, at.height + 16, "node " + std::to_string(node.value()));
    const auto& llcs = llcs_[node.index()];
    for (size_t i = 0; i < llcs.size(); ++i) {
      Size inside = llc_grid_.at(i);
      text += llc_box(llcs[i], {at.width + kGap + inside.width, at.height + kHeading + kGap + inside.height});
    }
    return text;
  }

  std::string llc_box(LlcId llc, Size at) const {
    std::string text = box("llc", at, llc_grid_.cell);
    text += label("name", at.width + kGap, at.height + 16, "LLC " + std::to_string(llc.value()));
    const auto& cores = cores_[llc.index()];
    for (size_t i = 0; i < cores.size(); ++i) {
      Size inside = core_grid_.at(i);
      text += core_box(cores[i], {at.width + kGap + inside.width, at.height + kHeading + kGap + inside.height});
    }
    return text;
  }

  // The fill runs from light (1024) to dark green; the capacity itself is the tooltip.
  std::string core_box(CoreId core, Size at) const {
    const CpuSet& cpus = machine_.core_cpus(core);
    int32_t capacity = machine_.cpu(cpus.first_cpu()).capacity;
    int lightness = 50 + 38 * capacity / kCapacityScale;
    Size size = {static_cast<int>(cpus.size()) * (kThreadWidth + 4) + 4, core_grid_.cell.height};
    std::string text = "<g><title>core " + std::to_string(core.value()) + ", capacity " + std::to_string(capacity) +
                       "</title>\n" +
                       box("core", at, size, " fill=\"hsl(140, 35%, " + std::to_string(lightness) + "%)\"");
    int x = at.width + 4;
    for (CpuId cpu : cpus) {
      text += box("cpu", {x, at.height + 4}, {kThreadWidth, kThreadHeight});
      text += label("mid", x + kThreadWidth / 2, at.height + 20, std::to_string(cpu.value()));
      x += kThreadWidth + 4;
    }
    return text + "</g>\n";
  }

  // A square over the nodes, the redder the more.
  template <class Number>
  std::string heat_table(Size at, const char* title, const std::vector<std::vector<Number>>& rows) const {
    std::string text = label("name", at.width, at.height + 12, title);
    const int top = at.height + kHeading;
    Number least = rows[0][0], most = least + 1;
    for (const auto& row : rows)
      for (Number value : row) least = std::min(least, value), most = std::max(most, value);
    for (size_t i = 0; i < rows.size(); ++i) {
      const int along = static_cast<int>(i + 1) * kCell;
      text += label("small mid", at.width + along + kCell / 2, top + 22, std::to_string(i));
      text += label("small mid", at.width + kCell / 2, top + along + 22, std::to_string(i));
      for (size_t j = 0; j < rows.size(); ++j) {
        const int x = at.width + static_cast<int>(j + 1) * kCell;
        const auto percent = static_cast<int>(5 + 60 * (rows[i][j] - least) / (most - least));
        text += box("cell", {x, top + along}, {kCell, kCell},
                    " fill-opacity=\"0." + std::string(percent < 10 ? "0" : "") + std::to_string(percent) + "\"");
        text += label("mid", x + kCell / 2, top + along + 22, std::to_string(rows[i][j]));
      }
    }
    return text;
  }

  const Machine& machine_;
  std::vector<std::vector<CoreId>> cores_;  // by LLC
  std::vector<std::vector<LlcId>> llcs_;    // by node
  size_t threads_ = 1;                      // most in a core
  Grid core_grid_, llc_grid_, node_grid_;
};

}  // namespace

std::string machine_svg(const Machine& machine) { return Drawing(machine).svg(); }

}  // namespace simsched
