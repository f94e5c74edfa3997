#include "experiment/oracle_comparison.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/error.h"

namespace simsched {
namespace {

constexpr double kPoints = 10, kFactor = 1.5;
constexpr double kFewMoves = 6;      // what so few tasks do is chance
constexpr double kShortNanos = 8e6;  // two ticks at HZ=250

constexpr const char* kDistanceNames[kDistances] = {"same CPU", "sibling", "LLC", "node", "remote"};

// Which distances there are on a machine.
bool exists(const Machine& machine, Distance distance) {
  switch (distance) {
    case Distance::kSameCpu:
      return true;
    case Distance::kSmt:
      return machine.nr_cpus() > machine.nr_cores();
    case Distance::kLlc:
      return machine.nr_cores() > machine.nr_llcs();
    case Distance::kNode:
      return machine.nr_llcs() > machine.nr_nodes();
    case Distance::kRemote:
      return machine.nr_nodes() > 1;
  }
  return false;
}

template <class List>
double sum(const List& list) {
  return static_cast<double>(std::accumulate(list.begin(), list.end(), typename List::value_type{0}));
}

double percent(double part, double all) { return all == 0 ? 0 : part / all * 100; }

class Rows {
 public:
  using Value = std::function<double(const OracleFigures&)>;
  using Unit = OracleRow::Unit;

  Rows(const std::vector<OracleFigures>& kernel, const std::vector<OracleFigures>& simulated)
      : kernel_(kernel), simulated_(simulated) {
    SIMSCHED_CHECK(!kernel.empty() && !simulated.empty(), "nothing to compare");
  }

  // `all`: of how many this is a share; one of them is no difference.
  void share(const std::string& name, const Value& value, double all = 1e9) {
    OracleRow& row = add(name, Unit::kPercent, value);
    row.tolerance = std::max(kPoints, percent(1, all));
    row.ok = row.simulated >= row.kernel_low - row.tolerance && row.simulated <= row.kernel_high + row.tolerance;
  }

  void amount(const std::string& name, Unit unit, const Value& value, double few) {
    OracleRow& row = add(name, unit, value);
    row.tolerance = kFactor;
    row.ok = row.simulated >= std::min(row.kernel_low / kFactor, row.kernel_low - few) &&
             row.simulated <= std::max(row.kernel_high * kFactor, row.kernel_high + few);
  }

  std::vector<OracleRow> take() { return std::move(rows_); }
  const OracleFigures& any() const { return kernel_.front(); }

 private:
  OracleRow& add(const std::string& name, Unit unit, const Value& value) {
    std::vector<double> real, simulated;
    std::transform(kernel_.begin(), kernel_.end(), std::back_inserter(real), value);
    std::transform(simulated_.begin(), simulated_.end(), std::back_inserter(simulated), value);
    const auto [low, high] = std::minmax_element(real.begin(), real.end());
    std::sort(simulated.begin(), simulated.end());
    return rows_.emplace_back(OracleRow{name, unit, *low, *high, simulated[simulated.size() / 2], 0, false});
  }

  const std::vector<OracleFigures>&kernel_, &simulated_;
  std::vector<OracleRow> rows_;
};

}  // namespace

std::vector<OracleRow> compare_with_kernel(const std::vector<OracleFigures>& kernel,
                                           const std::vector<OracleFigures>& simulated, const Machine& machine) {
  using Unit = OracleRow::Unit;
  Rows rows(kernel, simulated);
  auto work = [&](const std::string& level, std::vector<int64_t> OracleFigures::*by) {
    rows.share("work on the first " + level, [by](auto& f) { return percent(double((f.*by)[0]), sum(f.*by)); });
    rows.share("work on the busiest " + level, [by](auto& f) {
      return percent(double(*std::max_element((f.*by).begin(), (f.*by).end())), sum(f.*by));
    });
  };
  if (machine.nr_nodes() > 1) work("node", &OracleFigures::node_ns);
  if (machine.nr_llcs() > machine.nr_nodes()) work("LLC", &OracleFigures::llc_ns);

  auto kinds = [&](const std::string& what, std::array<uint64_t, kDistances> OracleFigures::*by) {
    const double all = sum(rows.any().*by);
    if (all == 0) return;
    for (size_t i = 0; i < kDistances; ++i) {
      if (!exists(machine, static_cast<Distance>(i))) continue;
      rows.share(
          what + ": " + kDistanceNames[i], [by, i](auto& f) { return percent(double((f.*by)[i]), sum(f.*by)); }, all);
    }
  };
  kinds("forks", &OracleFigures::forks);
  kinds("wakes", &OracleFigures::wakes);

  auto count = [&](const std::string& name, uint64_t OracleFigures::*of) {
    rows.amount(
        name, Unit::kCount, [of](auto& f) { return double(f.*of); }, kFewMoves);
  };
  rows.amount(
      "migrations", Unit::kCount, [](auto& f) { return sum(f.migrations); }, kFewMoves);
  count("migrations by wakers", &OracleFigures::by_waker);
  count("migrations by pulling", &OracleFigures::pulled);
  count("migrations by the stopper", &OracleFigures::by_stopper);
  if (machine.nr_nodes() > 1)
    rows.amount(
        "migrations to another node", Unit::kCount,
        [](auto& f) { return double(f.migrations[static_cast<size_t>(Distance::kRemote)]); }, kFewMoves);

  auto of_time = [&](int64_t OracleFigures::*time, size_t units) {
    return
        [time, units](const OracleFigures& f) { return percent(double(f.*time) / double(units), double(f.window_ns)); };
  };
  rows.share("CPUs idle beside waiting tasks", of_time(&OracleFigures::overlooked_ns, machine.nr_cpus()));
  if (exists(machine, Distance::kSmt))
    rows.share("cores idle beside shared ones", of_time(&OracleFigures::unspread_ns, machine.nr_cores()));
  auto settled = [](const OracleFigures& f) { return f.settle_ns >= 0; };
  if (std::all_of(kernel.begin(), kernel.end(), settled) && std::all_of(simulated.begin(), simulated.end(), settled))
    rows.amount(
        "time to settle", Unit::kNanos, [](auto& f) { return double(f.settle_ns); }, kShortNanos);
  return rows.take();
}

bool all_ok(const std::vector<OracleRow>& rows) {
  return std::all_of(rows.begin(), rows.end(), [](const OracleRow& row) { return row.ok; });
}

}  // namespace simsched
