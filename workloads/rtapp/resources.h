// What the names in an rt-app file stand for: tokens, timers and groups of a Workload, made when they are named first.
// Resources of different kinds may have one name.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "workloads/rtapp/rtapp.h"

namespace simsched::rtapp {

class Resources {
 public:
  Resources(const File& file, Workload& out) : out_(out) {
    for (size_t task = 0; task < file.tasks.size(); ++task) {
      for (const Phase& phase : file.tasks[task].phases) {
        for (const Event& event : phase.events) {
          if (event.kind == EventKind::kBarrier) arrivals_[event.ref] += file.tasks[task].instances;
          if (event.absolute) catching_up_.insert(name_of(event.ref, task));
        }
      }
    }
  }

  TokenId mutex(const std::string& name) {
    const size_t known = mutexes_.size();
    const TokenId found = token(mutexes_, name);
    if (mutexes_.size() > known) out_.given.push_back(found);  // nobody has it
    return found;
  }
  TokenId condition(const std::string& name) { return token(conditions_, name); }
  TokenId semaphore(const std::string& name) { return token(semaphores_, name); }
  TokenId barrier(const std::string& name) { return token(barriers_, name); }
  // Each instance comes to each place where a barrier stands; forked ones do not count.
  int64_t arrivals(const std::string& barrier) const {
    const auto found = arrivals_.find(barrier);
    return found == arrivals_.end() ? 1 : std::max<int64_t>(1, found->second);
  }

  // Timers whose name begins with "unique" are a thread's own, the others belong to all.
  int32_t timer(const std::string& ref, TaskId thread, Nanos delay) {
    const auto [found, added] =
        timers_.try_emplace(name_of(ref, thread.index()), static_cast<int32_t>(out_.timers.size()));
    if (added) out_.timers.push_back(delay);
    // It begins when the first that uses it does, which is the one with the shortest delay.
    Nanos& begin = out_.timers[static_cast<size_t>(found->second)];
    begin = std::min(begin, delay);
    return found->second;
  }
  // Any event can make a timer catch up.
  bool catches_up(const std::string& ref, size_t task) const { return catching_up_.contains(name_of(ref, task)); }

  // Of "/a/b", which is in "/a".
  GroupId group(const std::string& path) {
    GroupId group{0};
    for (size_t at = path.find_first_not_of('/'); at < path.size(); at = path.find_first_not_of('/', at)) {
      const size_t end = std::min(path.find('/', at), path.size());
      const auto [found, added] = groups_.try_emplace({group, path.substr(at, end - at)}, GroupId(out_.groups.size()));
      if (added) out_.groups.push_back({.name = found->first.second, .parent = group});
      group = found->second;
      at = end;
    }
    return group;
  }

 private:
  using Tokens = std::map<std::string, TokenId>;
  using TimerName = std::pair<std::string, size_t>;

  TokenId token(Tokens& kind, const std::string& name) {
    const auto [found, added] = kind.try_emplace(name, TokenId(out_.nr_tokens));
    out_.nr_tokens += added;
    return found->second;
  }
  static TimerName name_of(const std::string& ref, size_t owner) {
    return {ref, ref.starts_with("unique") ? owner : SIZE_MAX};
  }

  Workload& out_;
  Tokens mutexes_, conditions_, semaphores_, barriers_;
  std::map<std::string, int64_t> arrivals_;
  std::map<std::pair<GroupId, std::string>, GroupId> groups_;  // by parent and name
  std::map<TimerName, int32_t> timers_;  // own ones by thread
  std::set<TimerName> catching_up_;      // own ones by task
};

}  // namespace simsched::rtapp
