#include "scx_port/schedulers/upf_ml/upf_ml_user.h"

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>

#include "base/duration.h"
#include "base/error.h"
#include "scx_port/schedulers/user_data.h"

namespace simsched::upf_ml {
namespace {

template <class T>
void set(UserHost& host, const std::string& name, const T& value) {
  set_global(host, "upf_ml", name, value);
}

u64 nanos(Nanos time) { return static_cast<u64>(time.count()); }

constexpr std::array kStatNames = {"placed",      "queued",        "preempted",  "spilled",
                                   "score_tight", "score_crowded", "score_even", "fallback"};

}  // namespace

void Options::bind(TunableReader& reader) {
  reader.bind("classes", &classes,
              "names of workers and delay budgets, the urgent first: \"upf-voice:1ms upf-video:10ms\"");
  reader.bind("reserved", &reserved, 0, UPF_MAX_CPUS - 1, "CPUs kept for urgent classes: those of the highest numbers");
  reader.bind("urgent", &urgent, 1_us, 10_s, "a class of at most this budget is urgent");
  reader.bind("other", &other, 100_us, 1_s, "budget of tasks that have nothing to do with packets, at nice 0");
  reader.bind("slice", &slice, 100_us, 1_s, "time slice");
  reader.bind("stay", &stay, 0, 1000, "percent that another idle CPU has to be worth more than the last one");
  reader.bind("tight", &tight, Nanos(0), 1_s, "upf_ml: remaining budget below which a score is of latency");
  reader.bind("long_queue", &long_queue, 0, 1 << 20, "upf_ml: more waiting tasks than these: it is of throughput");
  reader.bind("busy_limit", &busy_limit, 1, 100, "wsc_cbs: percent busy beyond which a CPU takes no more");
}

std::vector<upf_class> Options::read_classes() const {
  const auto refuse = [&](const std::string& word) {
    throw Error("classes", "'" + word + "' is not a name and a budget", "write upf-voice:1ms, at most 15 letters each");
  };
  std::vector<upf_class> list;
  std::istringstream words(classes);
  for (std::string word; words >> word;) {
    const size_t colon = word.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon >= UPF_NAME) refuse(word);
    const std::optional<Nanos> budget = parse_duration(word.substr(colon + 1));
    if (!budget || *budget <= Nanos(0) || *budget > 10_s) refuse(word);
    upf_class c{};
    word.copy(c.name, colon);
    c.budget = nanos(*budget);
    list.push_back(c);
  }
  if (list.empty() || list.size() > UPF_CLASSES)
    throw Error("classes", std::to_string(list.size()) + " classes", "name 1 to " + std::to_string(UPF_CLASSES));
  return list;
}

void UpfMlUser::before_start(UserHost& host) {
  const size_t nr_cpus = host.machine().nr_cpus();
  if (nr_cpus > UPF_MAX_CPUS)
    throw Error("upf_ml",
                "this machine has " + std::to_string(nr_cpus) + " CPUs, more than " + std::to_string(UPF_MAX_CPUS),
                "use another policy");
  std::array<upf_class, UPF_CLASSES> classes{};
  std::ranges::copy(classes_, classes.begin());
  // At least one CPU is for all.
  const size_t reserved = std::min(static_cast<size_t>(options_.reserved), nr_cpus - 1);
  set(host, "nr_cpu_ids", static_cast<u32>(nr_cpus));
  set(host, "first_reserved", static_cast<u32>(nr_cpus - reserved));
  set(host, "classes", classes);
  set(host, "urgent_ns", nanos(options_.urgent));
  set(host, "other_ns", nanos(options_.other));
  set(host, "tight_ns", nanos(options_.tight));
  set(host, "slice_ns", nanos(options_.slice));
  set(host, "long_queue", static_cast<u32>(options_.long_queue));
  set(host, "stay", static_cast<u32>(options_.stay * 256 / 100));
  set(host, "busy_limit", static_cast<u32>(options_.busy_limit * 256 / 100));
}

std::vector<std::pair<std::string, int64_t>> UpfMlUser::counters(UserHost& host) {
  std::vector<std::pair<std::string, int64_t>> all;
  add_counters(host, "stats", kStatNames, all);
  return all;
}

}  // namespace simsched::upf_ml
