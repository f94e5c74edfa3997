#include "scx_port/loader/set_up.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "scx_port/live/bytes.h"

namespace simsched::live {
namespace {

constexpr int kArena = 33;  // BPF_MAP_TYPE_ARENA, from Linux 6.9 on

// This thread on one CPU, as long as it lives: a program of type "syscall" runs where it is called.
class OnCpu {
 public:
  explicit OnCpu(CpuId cpu) {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu.index(), &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
      throw Error("", "there is no CPU " + std::to_string(cpu.value()) + " to run a program on",
                  "export for a machine of this shape");
  }
  ~OnCpu() { sched_setaffinity(0, sizeof before_, &before_); }
  OnCpu(const OnCpu&) = delete;
  OnCpu& operator=(const OnCpu&) = delete;

 private:
  cpu_set_t before_;
};

bool is_percpu(const bpf_map* map) {
  const bpf_map_type type = bpf_map__type(map);
  return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

size_t padded(size_t bytes) { return (bytes + 7) / 8 * 8; }

// Memory of an arena, which libbpf has mapped at the address that programs know; null: it is none.
std::byte* arena_memory(bpf_object* object, uint64_t address, size_t size) {
  bpf_map* map;
  bpf_object__for_each_map(map, object) {
    if (static_cast<int>(bpf_map__type(map)) != kArena) continue;
    size_t ignored;
    const auto start = reinterpret_cast<uint64_t>(bpf_map__initial_value(map, &ignored));
    const uint64_t length = uint64_t{bpf_map__max_entries(map)} * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
    if (start != 0 && address >= start && address - start <= length && size <= length - (address - start))
      return reinterpret_cast<std::byte*>(address);
  }
  return nullptr;
}

}  // namespace

SetUp::SetUp(const LoaderSettings& settings, KernelObject& object, Say say)
    : settings_(settings), object_(object), say_(std::move(say)) {}

void SetUp::before_load(const std::string& ops) {
  object_.keep_struct_ops(ops);
  for (const OpsMember& member : settings_.ops) {
    if (member.kind == OpsMember::Kind::kFunction) {
      object_.set_callback(ops, member.name, member.text);
      continue;
    }
    const std::span<std::byte> memory = object_.ops_member(ops, member.name);
    if (memory.empty()) throw Error(object_.name(), "its scheduler has no member '" + member.name + "'");
    std::fill(memory.begin(), memory.end(), std::byte{0});
    if (member.kind == OpsMember::Kind::kNumber)
      set_integer(memory, member.number);
    else
      std::memcpy(memory.data(), member.text.data(), std::min(member.text.size(), memory.size() - 1));
  }
  for (const std::string& name : settings_.filled) {
    bpf_map* const outer = bpf_object__find_map_by_name(object_.get(), name.c_str());
    const bpf_map* const inner = outer != nullptr ? bpf_map__inner_map(outer) : nullptr;  // gone after load()
    if (inner == nullptr || bpf_map__type(outer) != BPF_MAP_TYPE_ARRAY_OF_MAPS)
      throw Error(object_.name(), "map '" + name + "' is no array of maps, which could be filled");
    filled_.push_back({name, bpf_map__type(inner), bpf_map__key_size(inner), bpf_map__value_size(inner),
                       bpf_map__max_entries(inner), bpf_map__map_flags(inner)});
  }
}

void SetUp::before_attach() {
  for (const Filled& filled : filled_) fill(filled);
  for (const MapEntry& entry : settings_.entries) update(entry);
  for (const ProgramRun& program : settings_.runs)
    if (!program.at) run(program, {});
}

// A map for each entry, like the one that the source describes.
void SetUp::fill(const Filled& filled) {
  const bpf_map* const outer = bpf_object__find_map_by_name(object_.get(), filled.map.c_str());
  for (uint32_t i = 0; i < bpf_map__max_entries(outer); ++i) {
    LIBBPF_OPTS(bpf_map_create_opts, options);
    options.map_flags = filled.flags;
    const int map = bpf_map_create(static_cast<bpf_map_type>(filled.type), nullptr, filled.key_size, filled.value_size,
                                   filled.entries, &options);
    const bool done = map >= 0 && bpf_map_update_elem(bpf_map__fd(outer), &i, &map, BPF_ANY) == 0;
    const int error = errno;
    if (map >= 0) close(map);  // the outer one holds it
    if (!done) throw Error(object_.name(), "map '" + filled.map + "' cannot be filled: " + std::strerror(error));
  }
}

void SetUp::update(const MapEntry& entry) {
  const bpf_map* const map = bpf_object__find_map_by_name(object_.get(), entry.map.c_str());
  if (map == nullptr || entry.key.size() != bpf_map__key_size(map))
    throw Error(entry.where, "an entry of map '" + entry.map + "' does not fit the object");
  std::vector<std::byte> value = entry.value;
  if (!entry.inner.empty()) {
    const int inner = object_.map_fd(entry.inner);
    value.resize(sizeof inner);
    std::memcpy(value.data(), &inner, sizeof inner);
  } else if (is_percpu(map)) {
    const size_t size = bpf_map__value_size(map), cpus = static_cast<size_t>(libbpf_num_possible_cpus());
    if (value.size() == size) {  // one for all
      value.clear();
      for (size_t i = 0; i < cpus; ++i) {
        value.insert(value.end(), entry.value.begin(), entry.value.end());
        value.resize(padded(size) * (i + 1));
      }
    }
    if (value.size() != padded(size) * cpus)
      throw Error(entry.where,
                  "map '" + entry.map + "' has values for " + std::to_string(value.size() / padded(size)) +
                      " CPUs, and this machine has " + std::to_string(cpus),
                  "export for a machine of this shape");
  } else if (value.size() != bpf_map__value_size(map)) {
    throw Error(entry.where, "an entry of map '" + entry.map + "' does not fit the object");
  }
  if (bpf_map_update_elem(bpf_map__fd(map), entry.key.data(), value.data(), BPF_ANY) != 0)
    throw Error(entry.where, "map '" + entry.map + "' does not take this entry: " + std::strerror(errno));
}

void SetUp::run(const ProgramRun& program, std::span<const std::byte> before) {
  std::vector<std::byte> context = program.context;
  const auto within = [](uint64_t offset, uint64_t size, size_t of) { return offset <= of && size <= of - offset; };
  for (const ProgramRun::Taken& taken : program.taken)
    if (within(taken.from, taken.size, before.size()) && within(taken.to, taken.size, context.size()))
      std::memcpy(context.data() + taken.to, before.data() + taken.from, taken.size);
  const auto result = [&] {
    const OnCpu here(program.cpu);
    return static_cast<int32_t>(object_.run(program.program, context));
  }();
  if (result != 0) {
    say_("program " + program.program + " ended with " + std::to_string(result));
    return;
  }
  for (const ProgramRun::Fill& fill : program.fills) {
    const size_t size = fill.words.size() * sizeof(uint64_t);
    if (!within(fill.offset, sizeof(uint64_t), context.size())) continue;
    const uint64_t address = get_integer(std::span(context).subspan(fill.offset, sizeof(uint64_t)));
    if (std::byte* const memory = arena_memory(object_.get(), address, size))
      std::memcpy(memory, fill.words.data(), size);
  }
  for (const ProgramRun& next : program.then) run(next, context);
}

void SetUp::attached(Nanos now) {
  for (size_t i = 0; i < settings_.runs.size(); ++i)
    if (const auto& at = settings_.runs[i].at) due_.push_back({i, now + *at});
}

Nanos SetUp::next() const {
  Nanos next = Nanos::max();
  for (const Due& due : due_) next = std::min(next, due.at);
  return next;
}

void SetUp::work(Nanos now) {
  for (Due& due : due_) {
    if (due.at > now) continue;
    const ProgramRun& program = settings_.runs[due.run];
    run(program, {});
    due.at = program.every > Nanos(0) ? std::max(due.at + program.every, now) : Nanos::max();
  }
}

Counters SetUp::reported() {
  Counters counters;
  for (const std::string& name : settings_.report) {
    if (!object_.has_variable(name)) continue;
    const std::span<const std::byte> memory = object_.variable(name);
    const KernelObject::Numbers numbers = object_.numbers(name);
    if (numbers.size == 0) continue;
    for (size_t i = 0; (i + 1) * numbers.size <= memory.size(); ++i) {
      uint64_t value = get_integer(memory.subspan(i * numbers.size, numbers.size));
      const auto shift = static_cast<int>(64 - 8 * numbers.size);
      if (numbers.is_signed) value = static_cast<uint64_t>(static_cast<int64_t>(value << shift) >> shift);
      counters.emplace_back(numbers.array ? name + "[" + std::to_string(i) + "]" : name, static_cast<int64_t>(value));
    }
  }
  return counters;
}

}  // namespace simsched::live
