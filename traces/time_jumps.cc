#include "traces/time_jumps.h"

#include <algorithm>
#include <optional>

#include "base/duration.h"

namespace simsched {
namespace {

constexpr Nanos kFar = 60_s;       // longer than a recorder holds anything back
constexpr Nanos kAlone = 3600_s;   // at the end of a recording nothing comes after the jump: there it has to be longer
constexpr size_t kLooksAhead = 8;  // events, of which most have to be where those before were

// By more than `by`; any two times are.
bool beyond(Nanos time, Nanos than, Nanos by) {
  return time > than &&
         static_cast<uint64_t>(time.count()) - static_cast<uint64_t>(than.count()) > static_cast<uint64_t>(by.count());
}

class Jumps {
 public:
  Jumps(std::vector<std::vector<TraceEvent>>& per_cpu, Nanos first) : per_cpu_(per_cpu), first_(first) {}

  void find() {
    for (const std::vector<TraceEvent>& events : per_cpu_) {
      std::vector<size_t>& odd = odd_.emplace_back();
      std::optional<Nanos> last;
      for (size_t i = 0; i < events.size(); ++i) {
        const Nanos time = events[i].time;
        if (time < first_) continue;
        const bool near = last && !beyond(time, *last, kFar) && !beyond(*last, time, kFar);
        if (!near && comes_back(events, i, last))
          odd.push_back(i);
        else
          last = time;
      }
    }
    find_ends();
  }

  // How many it took out; `example` is the first.
  size_t take_out(TraceEvent& example) {
    size_t count = 0;
    for (size_t cpu = 0; cpu < per_cpu_.size(); ++cpu) {
      std::vector<TraceEvent>& events = per_cpu_[cpu];
      std::vector<size_t>& odd = odd_[cpu];
      std::sort(odd.begin(), odd.end());
      if (count == 0 && !odd.empty()) example = events[odd.front()];
      count += odd.size();
      for (size_t n = odd.size(); n-- > 0;) events.erase(events.begin() + static_cast<std::ptrdiff_t>(odd[n]));
    }
    return count;
  }

 private:
  // Most of the events after it are far from it, and where those before it were.
  bool comes_back(const std::vector<TraceEvent>& events, size_t at, std::optional<Nanos> last) const {
    const Nanos time = events[at].time;
    const bool back = last && time < *last;
    size_t seen = 0, there = 0;
    for (size_t i = at + 1; i < events.size() && seen < kLooksAhead; ++i) {
      if (events[i].time < first_) continue;
      ++seen;
      there += back ? !beyond(*last, events[i].time, kFar) : beyond(time, events[i].time, kFar);
    }
    return seen == 0 ? back : 2 * there > seen;
  }

  // The first event of all, or the last, if it alone makes the recording hours longer.
  void find_ends() {
    struct Ends {
      size_t cpu, first, last;
      std::optional<Nanos> second, last_but_one;
    };
    std::vector<Ends> all;
    for (size_t cpu = 0; cpu < per_cpu_.size(); ++cpu) {
      std::optional<Ends> ends;
      for (size_t i = 0; i < per_cpu_[cpu].size(); ++i) {
        const Nanos time = per_cpu_[cpu][i].time;
        if (time < first_ || std::ranges::binary_search(odd_[cpu], i)) continue;
        if (!ends) {
          ends = Ends{cpu, i, i, {}, {}};
          continue;
        }
        if (!ends->second) ends->second = time;
        ends->last_but_one = per_cpu_[cpu][ends->last].time;
        ends->last = i;
      }
      if (ends) all.push_back(*ends);
    }
    auto first_time = [&](const Ends& ends) { return per_cpu_[ends.cpu][ends.first].time; };
    auto last_time = [&](const Ends& ends) { return per_cpu_[ends.cpu][ends.last].time; };
    for (const Ends& ends : all) {
      if (all.size() == 1 && !ends.second) return;  // there is nothing that it could be far from
      const auto is_other = [&](const Ends& other) { return other.cpu != ends.cpu; };
      const bool early = (!ends.second || beyond(*ends.second, first_time(ends), kAlone)) &&
                         std::ranges::all_of(all, [&](const Ends& other) {
                           return !is_other(other) || beyond(first_time(other), first_time(ends), kAlone);
                         });
      const bool late = (!ends.last_but_one || beyond(last_time(ends), *ends.last_but_one, kAlone)) &&
                        std::ranges::all_of(all, [&](const Ends& other) {
                          return !is_other(other) || beyond(last_time(ends), last_time(other), kAlone);
                        });
      if (early) odd_[ends.cpu].push_back(ends.first);
      if (late && (!early || ends.first != ends.last)) odd_[ends.cpu].push_back(ends.last);
    }
  }

  std::vector<std::vector<TraceEvent>>& per_cpu_;
  const Nanos first_;
  std::vector<std::vector<size_t>> odd_;  // by CPU: places of what jumps
};

}  // namespace

void leave_out_time_jumps(SchedTrace& trace, std::vector<std::vector<TraceEvent>>& per_cpu, Nanos& first) {
  Jumps jumps(per_cpu, first);
  jumps.find();
  TraceEvent example;
  size_t count = jumps.take_out(example);
  if (count > 0) {
    Nanos earliest = Nanos::max();
    for (const std::vector<TraceEvent>& events : per_cpu)
      for (const TraceEvent& event : events)
        if (event.time >= first) earliest = std::min(earliest, event.time);
    if (earliest != Nanos::max()) first = earliest;
  }
  Nanos last = first;
  for (const std::vector<TraceEvent>& events : per_cpu)
    for (const TraceEvent& event : events) last = std::max(last, event.time);
  const size_t of_power = std::erase_if(trace.power, [&](const PowerEvent& event) {
    return beyond(event.time, last, kFar) || beyond(first, event.time, kFar);
  });
  if (count + of_power == 0) return;
  trace.holes.unreadable += count + of_power;
  std::string note = "left out " + std::to_string(count + of_power) +
                     (count + of_power == 1 ? " event whose time is" : " events whose times are") +
                     " far from those around it";
  if (count > 0)
    note += ": the first is of CPU " + std::to_string(example.cpu.value()) + ", at a clock of " +
            duration_text(example.time);
  trace.notes.push_back(std::move(note));
}

}  // namespace simsched
