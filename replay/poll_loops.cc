// Poll loops: a task that waits for any of several messages handles first what comes first, not what came first in the
// recording, and asks as often as it finds nothing more. Its receives begin segments, which the engine runs as their
// messages come; an answer goes with the receive of its connection, though the task may have sent it later, after
// others; and the work of a poll is done a poll, however many messages it finds.
#include <algorithm>
#include <unordered_map>

#include "replay/parts.h"

namespace simsched::replay {
namespace {

using Kind = Chunk::Kind;

class LoopMaker {
 public:
  LoopMaker(std::span<const Op> ops, std::span<const Chunk> chunks, std::span<const ChannelSpec> channels,
            std::vector<PollLoopSpec>& loops)
      : ops_(ops), chunks_(chunks), channels_(channels), loops_(loops) {}

  std::vector<Op> run() {
    out_.reserve(ops_.size() + ops_.size() / 4);
    for (size_t at = 0; at < chunks_.size();) {
      size_t end = chunks_[at].kind == Kind::kReceive ? end_of_loop(at) : at;
      if (receives(at, end) >= 2) {
        make_loop(at, end);
        at = end;
      } else {
        append(out_, chunk(at++));
      }
    }
    return std::move(out_);
  }

 private:
  std::span<const Op> chunk(size_t at) const {
    size_t end = at + 1 < chunks_.size() ? chunks_[at + 1].first_op : ops_.size();
    return ops_.subspan(chunks_[at].first_op, end - chunks_[at].first_op);
  }

  static void append(std::vector<Op>& to, std::span<const Op> ops) { to.insert(to.end(), ops.begin(), ops.end()); }

  // A segment never blocks after its receive, so that one that is run early cannot hold up another that it needs: with
  // one reader a channel, every order that the engine takes leads to the end.
  bool may_follow(const Op& op) const {
    return op.kind == OpKind::kCompute || op.kind == OpKind::kUser || op.kind == OpKind::kSignal ||
           (op.kind == OpKind::kSend && channels_[static_cast<size_t>(op.arg)].capacity == 0);
  }

  size_t end_of_loop(size_t at) const {
    for (; at < chunks_.size(); ++at) {
      std::span<const Op> ops = chunk(at);
      if (chunks_[at].kind == Kind::kReceive) ops = ops.subspan(1);
      if (!std::all_of(ops.begin(), ops.end(), [this](const Op& op) { return may_follow(op); })) break;
    }
    return at;
  }

  size_t receives(size_t from, size_t end) const {
    return static_cast<size_t>(std::count_if(chunks_.begin() + static_cast<std::ptrdiff_t>(from),
                                             chunks_.begin() + static_cast<std::ptrdiff_t>(end),
                                             [](const Chunk& c) { return c.kind == Kind::kReceive; }));
  }

  void make_loop(size_t from, size_t end) {
    std::vector<std::vector<Op>> segments;
    std::unordered_map<uint64_t, size_t> last_of;  // segment, by connection
    int64_t polls = 0;
    Work polling{0};
    int32_t batch = 1, in_batch = 0;
    for (size_t at = from; at < end; ++at) {
      std::span<const Op> ops = chunk(at);
      if (chunks_[at].kind == Kind::kReceive) {
        if (chunks_[at].connection != 0) last_of[chunks_[at].connection] = segments.size();
        segments.emplace_back();
        batch = std::max(batch, ++in_batch);
      } else if (chunks_[at].kind == Kind::kPoll) {
        in_batch = 0;
        bool only_work = std::all_of(ops.begin(), ops.end(), [](const Op& op) {
          return op.kind == OpKind::kCompute || op.kind == OpKind::kUser;
        });
        if (only_work) {
          ++polls;
          for (const Op& op : ops) polling += Work(op.kind == OpKind::kCompute ? op.value : 0);
          continue;
        }
      }
      size_t to = segments.size() - 1;
      if (chunks_[at].kind == Kind::kAnswer) {
        if (auto found = last_of.find(chunks_[at].connection); found != last_of.end()) to = found->second;
      }
      append(segments[to], ops);
    }
    int32_t loop = static_cast<int32_t>(loops_.size());
    loops_.push_back({polls > 0 ? polling / polls : Work(0), batch});
    for (const std::vector<Op>& segment : segments) {
      out_.push_back(op::select(loop, static_cast<int64_t>(segment.size()) + 1));
      append(out_, segment);
    }
    out_.push_back(op::select_end(loop));
  }

  std::span<const Op> ops_;
  std::span<const Chunk> chunks_;
  std::span<const ChannelSpec> channels_;
  std::vector<PollLoopSpec>& loops_;
  std::vector<Op> out_;
};

}  // namespace

std::vector<Op> with_poll_loops(std::span<const Op> ops, std::span<const Chunk> chunks,
                                std::span<const ChannelSpec> channels, std::vector<PollLoopSpec>& loops) {
  return LoopMaker(ops, chunks, channels, loops).run();
}

}  // namespace simsched::replay
