#include "workloads/packets.h"

#include <algorithm>

#include "base/error.h"
#include "base/int128.h"

namespace simsched {
namespace {

[[noreturn]] void reject(const std::string& what) { throw Error("", "packets: " + what); }

template <class Tag, class List>
bool lies_in(Id<Tag> id, const List& list) {
  return id.valid() && id.index() < list.size();
}

bool in_range(const PacketCost& cost) {
  constexpr int64_t kMost = 1'000'000'000'000;
  auto fits = [](int64_t value) { return value >= 0 && value <= kMost; };
  return fits(cost.fixed.count()) && fits(cost.per_byte_ps) && fits(cost.encrypted_byte_ps);
}

bool part_of(uint32_t first, uint32_t count, size_t size) { return first <= size && count <= size - first; }

// "" when nothing is wrong.
std::string problem_of(const Packets& packets, const Arrivals& arrivals) {
  const bool recorded = arrivals.kind == Arrivals::Kind::kRecorded;
  auto rate_fits = [](int64_t rate) { return rate >= 0 && rate <= kMostPacketRate; };
  if (!recorded) {
    if (arrivals.rate < 1 || !rate_fits(arrivals.rate)) return "a rate is 1 to 1000000000 packets a second";
    if (arrivals.kind != Arrivals::Kind::kBursty) return "";
    if (arrivals.on <= Nanos(0) || arrivals.off < Nanos(0) || arrivals.on > 3600_s || arrivals.off > 3600_s)
      return "bursts and pauses last up to an hour";
    const auto burst = static_cast<Int128>(arrivals.rate) * (arrivals.on + arrivals.off).count();
    if (burst < 1'000'000'000) return "a burst has less than one packet on the average";
    if (burst / arrivals.on.count() > kMostPacketRate) return "its bursts have more than 1000000000 packets a second";
    return "";
  }
  if (arrivals.nr_steps == 0 || !part_of(arrivals.first_step, arrivals.nr_steps, packets.steps.size()))
    return "its rates are out of range";
  for (uint32_t i = 0; i < arrivals.nr_steps; ++i) {
    const RateStep& step = packets.steps[arrivals.first_step + i];
    if (!rate_fits(step.rate) || step.at < Nanos(0)) return "a rate or its time is out of range";
    if (i > 0 && step.at <= packets.steps[arrivals.first_step + i - 1].at) return "its rates are not in order of time";
  }
  return "";
}

}  // namespace

void Packets::append(const Packets& from, int32_t tasks) {
  if (!any()) netdev = from.netdev;
  auto moved = [](auto id, size_t by) { return id.valid() ? decltype(id)(id.index() + by) : id; };
  const size_t first_class = classes.size(), first_ring = rings.size(), first_queue = queues.size(),
               first_thread = threads.size();
  const auto first_size = static_cast<uint32_t>(sizes.size()), first_step = static_cast<uint32_t>(steps.size());
  for (PacketClass each : from.classes) {
    each.queue = moved(each.queue, first_queue);
    auto taken = [&](const std::string& name) {
      return std::any_of(classes.begin(), classes.end(), [&](const PacketClass& other) { return other.name == name; });
    };
    const std::string name = each.name;
    for (int number = 2; taken(each.name); ++number) each.name = name + "." + std::to_string(number);
    classes.push_back(std::move(each));
  }
  for (PacketFlow flow : from.flows) {
    flow.packet_class = moved(flow.packet_class, first_class);
    flow.ring = moved(flow.ring, first_ring);
    flow.first_size += first_size;
    flow.arrivals.first_step += first_step;
    flows.push_back(flow);
  }
  for (PacketRing ring : from.rings) {
    ring.thread = moved(ring.thread, first_thread);
    rings.push_back(ring);
  }
  for (PollThread thread : from.threads) {
    thread.task = TaskId(thread.task.value() + tasks);
    thread.ring = moved(thread.ring, first_ring);
    threads.push_back(thread);
  }
  queues.insert(queues.end(), from.queues.begin(), from.queues.end());
  sizes.insert(sizes.end(), from.sizes.begin(), from.sizes.end());
  steps.insert(steps.end(), from.steps.begin(), from.steps.end());
}

void Packets::fit(size_t nr_cpus) {
  for (PacketRing& ring : rings) ring.cpu = CpuId(ring.cpu.index() % nr_cpus);
  for (PollThread& thread : threads)
    if (thread.cpu.valid()) thread.cpu = CpuId(thread.cpu.index() % nr_cpus);
}

void Packets::check(size_t nr_tasks, size_t nr_cpus) const {
  auto on_machine = [&](CpuId cpu) { return cpu.valid() && (nr_cpus == 0 || cpu.index() < nr_cpus); };
  for (const PacketClass& each : classes) {
    if (each.queue.valid() && !lies_in(each.queue, queues)) reject("class " + each.name + " has no such queue");
    if (!in_range(each.cost)) reject("the cost of class " + each.name + " is out of range");
  }
  for (const PacketQueue& queue : queues)
    if (queue.capacity == 0) reject("a queue holds one packet at least");
  for (const PollThread& thread : threads) {
    if (!thread.task.valid() || thread.task.index() >= nr_tasks) reject("a poll thread has no task");
    if (thread.ring.valid() ? !lies_in(thread.ring, rings) : !on_machine(thread.cpu))
      reject("a poll thread has neither a ring nor a CPU");
  }
  for (const PacketRing& ring : rings) {
    if (!on_machine(ring.cpu)) reject("a ring interrupts a CPU that there is not");
    if (ring.capacity == 0) reject("a ring holds one packet at least");
    if (!in_range(ring.cost)) reject("the cost of a ring is out of range");
    auto polls = [&](const PollThread& thread) { return !thread.ring.valid() && thread.cpu == ring.cpu; };
    if (ring.thread.valid() ? !lies_in(ring.thread, threads) : std::none_of(threads.begin(), threads.end(), polls))
      reject("a ring has no thread that polls it");
  }
  if (netdev.budget < 1 || netdev.weight < 1 || netdev.budget_time < Nanos(0) || netdev.interrupt < Work(0))
    reject("budgets and weights are positive");
  for (size_t i = 0; i < flows.size(); ++i) {
    const PacketFlow& flow = flows[i];
    const std::string name = "flow " + std::to_string(i) + ": ";
    if (!lies_in(flow.packet_class, classes)) reject(name + "no such class");
    if (!lies_in(flow.ring, rings)) reject(name + "no such ring");
    if (flow.qfi > kMostQfi) reject(name + "a QFI is 0 to 63");
    if (flow.nr_sizes == 0 || !part_of(flow.first_size, flow.nr_sizes, sizes.size())) reject(name + "it has no sizes");
    uint32_t before = 0;
    for (uint32_t at = flow.first_size; at < flow.first_size + flow.nr_sizes; ++at) {
      const SizeRange& size = sizes[at];
      if (size.low < 1 || size.high < size.low || size.high > kMostPacketBytes || size.up_to <= before)
        reject(name + "a size is 1 to 65535 bytes, with a weight");
      before = size.up_to;
    }
    if (flow.overhead < 0 || flow.overhead > kMostPacketBytes) reject(name + "its headers are too long");
    if (const std::string problem = problem_of(*this, flow.arrivals); !problem.empty()) reject(name + problem);
  }
}

}  // namespace simsched
