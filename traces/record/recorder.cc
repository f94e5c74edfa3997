#include "traces/record/recorder.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "base/error.h"
#include "base/files.h"
#include "scx_port/live/capabilities.h"
#include "traces/record/cost.h"

extern "C" const unsigned char calls_bpf_object[];
extern "C" const unsigned long calls_bpf_object_size;

namespace simsched::record {
namespace {

constexpr uint64_t kUsualBuffer = uint64_t{256} << 20;
constexpr uint32_t kMaxSlots = 1 << 20;

uint64_t available_memory() {
  std::ifstream in("/proc/meminfo");
  std::string word;
  while (in >> word)
    if (uint64_t kilobytes; word == "MemAvailable:" && in >> kilobytes) return kilobytes << 10;
  return kUsualBuffer * 4;
}

// A power of two.
uint32_t records_of_a_cpu(const RecorderOptions& options, size_t cpus) {
  const uint64_t bytes = options.buffer != 0 ? options.buffer : std::min(kUsualBuffer, available_memory() / 4);
  const uint64_t records = std::clamp<uint64_t>(bytes / sizeof(raw_call) / cpus, 1024, uint64_t{1} << 26);
  return static_cast<uint32_t>(std::bit_floor(records));
}

uint32_t slots_for_pids() {
  const long pids = std::atol(first_line("/proc/sys/kernel/pid_max").c_str());
  return std::min(kMaxSlots, std::bit_ceil(static_cast<uint32_t>(std::clamp<long>(pids, 32768, kMaxSlots))));
}

// Of a call that blocks; 0: of no interest.
raw_kind kind_of_class(uint8_t what) {
  if (what >= CALL_READ && what <= CALL_SENDMMSG) return what % 2 == 1 ? RAW_RECEIVE : RAW_SEND;
  if (what == CALL_FUTEX || what == CALL_FUTEX_WAIT || what == CALL_FUTEX_WAITV) return RAW_FUTEX_WAIT;
  if (what == CALL_POLL) return RAW_POLL;
  if (what == CALL_SLEEP) return RAW_SLEEP;
  if (what == CALL_ACCEPT) return RAW_ACCEPT;
  return raw_kind{};
}

// Entries of single calls are cheaper to look at than all entries, where the kernel has events for them and tracefs
// is there.
void choose_entries(live::KernelObject& object) {
  bool all = true;
  for (const char* call : {"close", "dup2", "dup3"}) {
    const std::string event = std::string("tracing/events/syscalls/sys_enter_") + call + "/id";
    const bool there = access(("/sys/kernel/" + event).c_str(), R_OK) == 0 ||
                       access(("/sys/kernel/debug/" + event).c_str(), R_OK) == 0;
    bpf_program* program = bpf_object__find_program_by_name(object.get(), (std::string(call) + "_begins").c_str());
    bpf_program__set_autoload(program, there);
    all = all && (there || std::string_view(call) == "dup2");  // which newer architectures never had
  }
  bpf_program__set_autoload(bpf_object__find_program_by_name(object.get(), "any_begins"), !all);
  if (all) return;
  for (const char* call : {"close_begins", "dup2_begins", "dup3_begins"})
    bpf_program__set_autoload(bpf_object__find_program_by_name(object.get(), call), false);
}

template <class T>
void set(live::KernelObject& object, const char* variable, const T& value) {
  std::memcpy(object.variable(variable).data(), &value, sizeof(value));
}

}  // namespace

void check_can_record() {
  constexpr const char* kBtf = "/sys/kernel/btf/vmlinux";
  live::Capabilities own;
  if (own.read() && !own.has(CAP_SYS_ADMIN) && !(own.has(CAP_BPF) && own.has(CAP_PERFMON)))
    throw Error("", "recording calls needs the capabilities CAP_BPF and CAP_PERFMON", "run it as root");
  uint32_t id;
  if (bpf_prog_get_next_id(0, &id) != 0 && errno == ENOSYS)
    throw Error("", "this kernel has no BPF", "record without --causes");
  if (access(kBtf, R_OK) != 0)
    throw Error(kBtf, "cannot be read: the kernel does not describe its types",
                "record without --causes");
}

template <class T>
std::span<T> Recorder::map(const char* name, size_t entries) {
  void* memory = mmap(nullptr, entries * sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED, object_.map_fd(name), 0);
  if (memory == MAP_FAILED)
    throw Error(object_.name(), std::string("cannot map ") + name + ": " + std::strerror(errno));
  return {static_cast<T*>(memory), entries};
}

Recorder::Recorder(const RecorderOptions& options)
    : object_((check_can_record(), std::as_bytes(std::span(calls_bpf_object, calls_bpf_object_size))), "calls") {
  const int possible = libbpf_num_possible_cpus();
  if (possible <= 0) throw Error("/sys/devices/system/cpu/possible", "names no CPU", "mount sysfs");
  const auto cpus = static_cast<size_t>(possible);
  const uint32_t each = records_of_a_cpu(options, cpus), slots = slots_for_pids();
  object_.set_map_entries("records", static_cast<uint32_t>(each * cpus));
  object_.set_map_entries("rings", static_cast<uint32_t>(cpus));
  object_.set_map_entries("slots", slots);
  set(object_, "class_of", call_classes());
  set(object_, "slot_mask", slots - 1);
  set(object_, "ring_mask", each - 1);
  set(object_, "record_all", uint32_t{options.all});
  set(object_, "launched", uint32_t{options.launcher});
  choose_entries(object_);
  object_.load();
  records_ = map<raw_call>("records", each * cpus);
  rings_ = map<call_ring>("rings", cpus);
  slots_ = map<call_slot>("slots", slots);
  seen_.resize(cpus);
  introduce();
  object_.attach_programs();
}

void Recorder::introduce() {
  int event = eventfd(0, EFD_CLOEXEC);
  const uint32_t failed = object_.run("recorder_is_here", std::as_writable_bytes(std::span(&event, 1)));
  close(event);
  if (failed != 0) throw Error(object_.name(), "the kernel's own structures are not where they should be");
}

Recorder::~Recorder() {
  munmap(records_.data(), records_.size_bytes());
  munmap(rings_.data(), rings_.size_bytes());
  munmap(slots_.data(), slots_.size_bytes());
}

void Recorder::take_out(size_t cpu, uint64_t until) {
  const uint64_t each = records_.size() / rings_.size();
  call_ring& ring = rings_[cpu];
  while (ring.tail < until) {
    const uint64_t at = ring.tail % each, count = std::min<uint64_t>(until - ring.tail, each - at);
    const raw_call* from = records_.data() + cpu * each + at;
    taken_.insert(taken_.end(), from, from + count);
    __atomic_store_n(&ring.tail, ring.tail + count, __ATOMIC_RELEASE);
  }
}

void Recorder::drain() {
  const uint64_t each = records_.size() / rings_.size();
  for (size_t cpu = 0; cpu < rings_.size(); ++cpu) {
    const uint64_t head = __atomic_load_n(&rings_[cpu].head, __ATOMIC_ACQUIRE);
    if (head - rings_[cpu].tail > each / 2) take_out(cpu, seen_[cpu]);
    seen_[cpu] = head;
  }
}

void Recorder::stop() { object_.detach(); }

Counts Recorder::counts() const {
  Counts sum;
  for (const call_ring& ring : rings_)
    sum.calls += ring.head, sum.lost += ring.lost, sum.unnamed += ring.unnamed, sum.uring += ring.uring;
  return sum;
}

std::vector<raw_call> Recorder::take() {
  usleep(1000);  // a program that runs ends within it
  for (size_t cpu = 0; cpu < rings_.size(); ++cpu) take_out(cpu, __atomic_load_n(&rings_[cpu].head, __ATOMIC_ACQUIRE));
  return std::move(taken_);
}

Nanos Recorder::cost_of_a_call() {
  const Nanos without = time_of_a_call();
  object_.attach_programs();
  const Nanos with = time_of_a_call();
  object_.detach();
  return without == Nanos(0) || with < without ? Nanos(0) : with - without;
}

std::vector<raw_call> Recorder::unended() const {
  const std::array<uint8_t, CALL_NUMBERS> classes = call_classes();
  std::vector<raw_call> calls;
  for (const call_slot& slot : slots_) {
    if (slot.family != FAMILY_RECORDED || slot.since == 0) continue;
    // "NUMBER ARGUMENT..." while it is blocked in a call.
    const std::string text = first_line("/proc/" + std::to_string(slot.pid) + "/syscall");
    size_t number = CALL_NUMBERS;
    std::from_chars(text.data(), text.data() + text.size(), number);
    const raw_kind kind = number < CALL_NUMBERS ? kind_of_class(classes[number]) : raw_kind{};
    if (kind == raw_kind{}) continue;
    raw_call call{};
    call.begin = slot.since;
    call.pid = slot.pid;
    call.what = static_cast<unsigned char>(kind);
    calls.push_back(call);
  }
  return calls;
}

}  // namespace simsched::record
