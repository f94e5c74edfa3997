#include "scx_port/collect/recorder.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "scx_port/live/program_costs.h"

extern "C" const unsigned char decisions_bpf_object[];
extern "C" const unsigned long decisions_bpf_object_size;

namespace simsched::collect {
namespace {

Nanos monotonic() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return Nanos(now.tv_sec * 1000000000LL + now.tv_nsec);
}

Host host_to_record() {
  check_can_record();
  Host host("/sys");
  if (host.cpus().empty()) throw Error("/sys/devices/system/cpu/possible", "names no CPU", "mount sysfs");
  return host;
}

template <class T>
void set(live::KernelObject& object, const char* variable, T value) {
  std::memcpy(object.variable(variable).data(), &value, sizeof(value));
}

}  // namespace

Recorder::Recorder(const RecorderOptions& options, Outcomes::Emit emit)
    : options_(options),
      host_(host_to_record()),
      object_(std::as_bytes(std::span(decisions_bpf_object, decisions_bpf_object_size)), "decisions"),
      hooks_(object_, options.without),
      ring_(nullptr, ring_buffer__free) {
  set(object_, "self_tgid", static_cast<int32_t>(getpid()));
  set(object_, "sample", options_.sample);
  object_.load();
  ring_.reset(ring_buffer__new(object_.map_fd("ring"), take, this, nullptr));
  if (!ring_) throw Error(object_.name(), std::string("no ring buffer: ") + std::strerror(errno));
  hooks_.attach();
  if (options_.cost) stats_ = bpf_enable_stats(BPF_STATS_RUN_TIME);
  start_ = monotonic();
  outcomes_.emplace(host_, start_, options_.window, std::move(emit));
  set_recording(true);
}

Recorder::~Recorder() {
  if (stats_ >= 0) close(stats_);
}

void Recorder::set_recording(bool on) { set(object_, "recording", uint32_t{on}); }

int Recorder::take(void* self, void* data, size_t size) {
  auto* recorder = static_cast<Recorder*>(self);
  try {
    if (!recorder->outcomes_->add({static_cast<const std::byte*>(data), size})) ++recorder->foreign_;
    return 0;
  } catch (...) {  // not through libbpf's C
    recorder->thrown_ = std::current_exception();
    return -ECANCELED;
  }
}

void Recorder::drain() {
  constexpr Nanos kMargin{1000000};  // a program reads the clock and reserves its record within it
  const Nanos now = monotonic() - kMargin;
  ring_buffer__consume(ring_.get());
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  // A full ring loses what comes after the records in it.
  const uint64_t lost_now = lost(counters());
  if (lost_now != lost_) outcomes_->records_were_lost();
  lost_ = lost_now;
  outcomes_->advance(now);
}

void Recorder::stop() {
  if (stopped_) return;
  stopped_ = true;
  set_recording(false);
  count_programs();
  hooks_.detach();
  drain();
  end_ = monotonic();
  outcomes_->finish(end_);
}

void Recorder::count_programs() {
  int64_t missed = 0;
  for (const live::ProgramCost& cost : live::program_costs(object_)) {
    missed += static_cast<int64_t>(cost.missed);
    if (stats_ < 0 || cost.runs == 0) continue;
    program_numbers_["runs." + cost.program] = static_cast<int64_t>(cost.runs);
    program_numbers_["run_time_ns." + cost.program] = static_cast<int64_t>(cost.nanoseconds);
  }
  program_numbers_["missed_runs"] = missed;
}

collect_counters Recorder::counters() const {
  const int cpus = libbpf_num_possible_cpus();
  std::vector<collect_counters> each(cpus > 0 ? static_cast<size_t>(cpus) : 0);
  const uint32_t zero = 0;
  collect_counters sum{};
  if (bpf_map_lookup_elem(object_.map_fd("counters"), &zero, each.data()) != 0) return sum;
  for (const collect_counters& c : each) {
    sum.switches += c.switches, sum.wakeups += c.wakeups, sum.new_tasks += c.new_tasks, sum.moves += c.moves;
    sum.decisions += c.decisions, sum.records += c.records, sum.unpaired += c.unpaired;
    sum.lost_decisions += c.lost_decisions, sum.lost_switches += c.lost_switches, sum.lost_moves += c.lost_moves;
  }
  return sum;
}

About Recorder::about() const {
  About about;
  utsname name{};
  uname(&name);
  about.kernel = std::string(name.sysname) + " " + name.release + " " + name.machine;
  about.hooks = hooks_.lines();
  about.cpus = host_.cpus();
  about.node_distances = host_.node_distances();
  const collect_counters c = counters();
  about.numbers = program_numbers_;
  auto number = [&](const char* key, uint64_t value) { about.numbers[key] = static_cast<int64_t>(value); };
  number("duration_ns", static_cast<uint64_t>((end_ - start_).count()));
  number("window_ns", static_cast<uint64_t>(options_.window.count()));
  number("sample", options_.sample);
  number("events.switches", c.switches);
  number("events.wakeups", c.wakeups);
  number("events.new_tasks", c.new_tasks);
  number("events.moves", c.moves);
  number("decisions", c.decisions);
  number("records", c.records);
  number("lost.decisions", c.lost_decisions);
  number("lost.switches", c.lost_switches);
  number("lost.moves", c.lost_moves);
  number("lost.unpaired", c.unpaired);
  number("foreign_records", foreign_);
  number("unexplained_moves", static_cast<uint64_t>(outcomes_->unexplained_moves()));
  return about;
}

}  // namespace simsched::collect
