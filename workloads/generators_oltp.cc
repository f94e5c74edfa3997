// oltp: a database. Connections run transactions: statements, some of which change a row that others want, too, and a
// commit to disk, until which the row stays locked.
#include <vector>

#include "workloads/generators.h"

namespace simsched {
namespace {

constexpr int64_t kDifferent = 64;  // transactions of a connection, again and again

Workload make(const Params& params, const Rng& rng) {
  Workload workload;
  const int64_t rows = params.count("rows"), percent = params.count("spread");
  const auto first_row = static_cast<int32_t>(workload.nr_tokens);
  workload.nr_tokens += static_cast<size_t>(rows);
  // A row is free while its token is there: who starts the server puts them out.
  std::vector<Op> program;
  for (int32_t row = 0; row < rows; ++row) program.push_back(op::signal(TokenId(first_row + row)));
  workload.add_task("server", program);
  for (int64_t i = 0; i < params.count("connections"); ++i) {
    Rng own = rng.split(static_cast<uint64_t>(i));
    program.clear();
    auto transaction = [&] {
      if (params.time("think") > Nanos(0)) program.push_back(op::sleep(spread(params.time("think"), percent, own)));
      for (int64_t statement = 0; statement < params.count("statements"); ++statement)
        program.push_back(op::compute(spread(params.work("statement"), percent, own)));
      const TokenId row(first_row + static_cast<int32_t>(own.below(static_cast<uint64_t>(rows))));
      program.push_back(op::wait(row));
      program.push_back(op::compute(spread(params.work("statement"), percent, own)));
      program.push_back(op::sleep(spread(params.time("commit"), percent, own), kOpIo | kOpSoftIrq));
      program.push_back(op::signal(row));
    };
    const int64_t transactions = params.count("transactions");
    for (int64_t n = 0; n < transactions % kDifferent; ++n) transaction();
    const auto again = static_cast<int32_t>(program.size());
    for (int64_t n = 0; n < std::min(transactions / kDifferent, int64_t{1}) * kDifferent; ++n) transaction();
    if (transactions >= kDifferent) program.push_back(op::loop(again, transactions / kDifferent));
    workload.add_task("connection", program);
  }
  return workload;
}

}  // namespace

Generator oltp_generator() {
  using Unit = ParamInfo::Unit;
  return {{"oltp",
           "a database: transactions that lock a row until their commit is on disk",
           {{"connections", Unit::kCount, 16, 1, 1000, "how many"},
            {"transactions", Unit::kCount, 100, 1, 1'000'000, "of each"},
            {"statements", Unit::kCount, 19, 0, 100, "of a transaction besides the one that changes a row"},
            {"statement", Unit::kDuration, 40'000, 1, kLongest, "work of one"},
            {"rows", Unit::kCount, 10, 1, 100'000, "that are changed, each as often: fewer are more contention"},
            {"commit", Unit::kDuration, 300'000, 1, kLongest, "to disk"},
            {"think", Unit::kDuration, 0, 0, kLongest, "of a client between two transactions"},
            {"spread", Unit::kPercent, 50, 0, 100, "times differ by up to this, by seed"}}},
          make};
}

}  // namespace simsched
