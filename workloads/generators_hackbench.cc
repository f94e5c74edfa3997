// hackbench (rt-tests; perf bench sched messaging): in each group every sender writes to every receiver, again and
// again.
#include <vector>

#include "workloads/generators.h"

namespace simsched {
namespace {

constexpr int64_t kPipePages = 16;
constexpr int64_t kSocketBuffer = 212'992;  // net.core.wmem_default
constexpr int64_t kOverhead = 668;          // a small message takes 768 bytes of that with its sk_buff

Workload make(const Params& params, const Rng&) {
  Workload workload;
  const int64_t peers = params.count("peers"), bytes = params.count("bytes"), loops = params.count("loops");
  ChannelSpec channel{kPipePages * kPageSize, ChannelSpec::Kind::kPipe};
  if (params.count("through") == 0)
    channel = {std::max(kSocketBuffer * bytes / (bytes + kOverhead), bytes), ChannelSpec::Kind::kUnix};
  std::vector<Op> sends;
  for (int64_t group = 0; group < params.count("groups"); ++group) {
    const size_t first = workload.channels.size();
    workload.channels.insert(workload.channels.end(), static_cast<size_t>(peers), channel);
    sends.clear();
    for (int64_t peer = 0; peer < peers; ++peer) {
      const ChannelId to(first + static_cast<size_t>(peer));
      sends.push_back(op::compute(params.work("send")));
      sends.push_back(op::send(to, bytes, kOpSync));
      const std::vector<Op> receive{op::receive(to, bytes), op::compute(params.work("receive")),
                                    op::loop(0, peers * loops)};
      workload.add_task("receiver", receive);
    }
    sends.push_back(op::loop(0, loops));
    const TaskId sender = workload.add_task("sender", sends);
    for (int64_t peer = 1; peer < peers; ++peer) workload.clone_task(sender);
  }
  return workload;
}

}  // namespace

Generator hackbench_generator() {
  using Unit = ParamInfo::Unit;
  return {{"hackbench",
           "groups in which every sender writes to every receiver, as the benchmark of that name",
           {{"groups", Unit::kCount, 10, 1, 1000, "how many"},
            {"peers", Unit::kCount, 20, 1, 500, "senders of a group, and as many receivers"},
            {"loops", Unit::kCount, 100, 1, 1'000'000, "messages from each sender to each receiver"},
            {"bytes", Unit::kCount, 100, 1, 65'536, "of a message"},
            {"through",
             Unit::kChoice,
             0,
             0,
             1,
             "unix sockets or pipes, which block their writers when full",
             {"sockets", "pipes"}},
            {"send", Unit::kDuration, 1'500, 1, kLongest, "work of sending one"},
            {"receive", Unit::kDuration, 1'500, 1, kLongest, "work of receiving one"}}},
          make};
}

}  // namespace simsched
