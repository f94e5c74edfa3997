// Poll loops: a task that waits for any of several messages handles first what comes first, not what came first in the
// recording. Its receives begin segments, which the engine may run in another order.
#include "replay/parts.h"

namespace simsched::replay {
namespace {

// A segment never blocks after its receive, so that one that is run early cannot hold up another that it needs: with
// one reader a channel, every order that the engine takes leads to the end.
bool may_follow(const Op& op, std::span<const ChannelSpec> channels) {
  return op.kind == OpKind::kCompute || op.kind == OpKind::kUser || op.kind == OpKind::kSignal ||
         (op.kind == OpKind::kSend && channels[static_cast<size_t>(op.arg)].capacity == 0);
}

}  // namespace

std::vector<Op> with_poll_loops(std::span<const Op> ops, const std::vector<bool>& polled,
                                std::span<const ChannelSpec> channels, size_t& nr_loops) {
  std::vector<Op> out;
  out.reserve(ops.size() + ops.size() / 4);
  auto end_of_segment = [&](size_t at) {
    for (++at; at < ops.size() && may_follow(ops[at], channels);) ++at;
    return at;
  };
  for (size_t at = 0; at < ops.size();) {
    size_t end = polled[at] ? end_of_segment(at) : at;
    bool alone = !polled[at] || end == ops.size() || !polled[end];
    if (alone) {
      out.push_back(ops[at++]);
      continue;
    }
    int32_t loop = static_cast<int32_t>(nr_loops++);
    for (; at < ops.size() && polled[at]; at = end) {
      end = end_of_segment(at);
      out.push_back(op::select(loop, static_cast<int64_t>(end - at) + 1));
      out.insert(out.end(), ops.begin() + static_cast<std::ptrdiff_t>(at), ops.begin() + static_cast<std::ptrdiff_t>(end));
    }
    out.push_back(op::select_end(loop));
  }
  return out;
}

}  // namespace simsched::replay
