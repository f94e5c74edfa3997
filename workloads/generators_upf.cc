// upf: the user plane of a 5G core. Rings that soft interrupts or threads poll, workers of each class that forward its
// packets, and tasks beside them.
#include <span>
#include <vector>

#include "workloads/generators.h"
#include "workloads/upf_keys.h"
#include "workloads/upf_reader.h"

namespace simsched {
namespace {

class UpfMaker {
 public:
  explicit UpfMaker(UpfPlan plan) : plan_(std::move(plan)) {}

  Workload make(const Rng& rng) {
    w_.packets = std::move(plan_.packets);
    for (size_t i = 0; i < plan_.workers.size(); ++i) add_workers(i);
    for (size_t i = 0; i < w_.packets.rings.size(); ++i) add_threads(RingId(i));
    for (const UpfTask& task : plan_.tasks) add_tasks(task, rng);
    return std::move(w_);
  }

 private:
  TaskSpec& add_task(const std::string& name, std::span<const Op> program) {
    TaskSpec& task = w_.tasks[w_.add_task(name, program).index()];
    task.background = true;
    return task;
  }

  void add_workers(size_t number) {
    const UpfWorkers& workers = plan_.workers[number];
    if (workers.count == 0) return;
    const PacketQueueId queue(w_.packets.queues.size());
    w_.packets.queues.push_back({plan_.queue[number]});
    w_.packets.classes[number].queue = queue;
    TaskSpec& first =
        add_task(workers.name, std::vector{op::packet_in(queue.value()), op::packet_out(), op::loop(0, 0)});
    first.nice = workers.nice;
    if (workers.cpus) first.affinity = w_.intern_affinity(*workers.cpus);
    const TaskId task(w_.tasks.size() - 1);
    for (int64_t i = 1; i < workers.count; ++i) w_.clone_task(task);
  }

  void add_threads(RingId ring) {
    const CpuId cpu = w_.packets.rings[ring.index()].cpu;
    bool known = false;
    for (const PollThread& thread : w_.packets.threads) known |= thread.cpu == cpu;
    if (!known) {
      TaskSpec& task = add_thread("ksoftirqd/" + std::to_string(cpu.value()), RingId(), cpu);
      task.affinity = w_.intern_affinity(CpuSet::single(cpu));
      task.start_cpu = cpu;
    }
    if (!plan_.threaded) return;
    w_.packets.rings[ring.index()].thread = PollThreadId(w_.packets.threads.size());
    add_thread("napi/eth0-" + std::to_string(ring.value()), ring, CpuId());
  }

  TaskSpec& add_thread(const std::string& name, RingId ring, CpuId cpu) {
    const auto number = static_cast<int32_t>(w_.packets.threads.size());
    TaskSpec& task = add_task(name, std::vector{op::poll(number), op::loop(0, 0)});
    task.kthread = true;
    w_.packets.threads.push_back({TaskId(w_.tasks.size() - 1), ring, cpu});
    return task;
  }

  // Each begins at its own time within a period.
  void add_tasks(const UpfTask& each, const Rng& rng) {
    Rng own = rng.split(w_.tasks.size());
    for (int64_t i = 0; i < each.count; ++i) {
      TaskSpec& task = add_task(
          each.name,
          std::vector{op::compute(each.work), Op{OpKind::kSleepPeriod, 0, 0, 0, each.period.count()}, op::loop(0, 0)});
      task.start = Nanos(static_cast<int64_t>(own.below(static_cast<uint64_t>(each.period.count()))));
    }
  }

  UpfPlan plan_;
  Workload w_;
};

Workload make(const YAML::Node& params, const std::string& file, const Rng& rng) {
  return UpfMaker(read_upf(params, file)).make(rng);
}

}  // namespace

Generator upf_generator() {
  return {{"upf", "the user plane of a 5G core: flows of packets, rings, workers of each class; docs/workloads.md", {}, false, upf_keys},
          nullptr,
          make};
}

}  // namespace simsched
