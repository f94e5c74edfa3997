#include "scx_port/collect/hooks.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace simsched::collect {
namespace {

bpf_program* find(live::KernelObject& object, const char* name) {
  bpf_program* program = bpf_object__find_program_by_name(object.get(), name);
  SIMSCHED_CHECK(program != nullptr, name);
  return program;
}

void set(live::KernelObject& object, const char* variable) {
  const uint32_t yes = 1;
  std::memcpy(object.variable(variable).data(), &yes, sizeof(yes));
}

}  // namespace

void Hooks::Destroy::operator()(bpf_link* link) const { bpf_link__destroy(link); }

Hooks::Hooks(live::KernelObject& object, Without without) : object_(object), without_(without) {
  placement_obstacle_ = fexit_obstacle("select_task_rq_fair");
  balancing_obstacle_ = fexit_obstacle("can_migrate_task");
  auto load = [&](const char* program, bool yes) { bpf_program__set_autoload(find(object_, program), yes); };
  load("select_fair", placement_obstacle_.empty());
  load("select_scx", placement_obstacle_.empty() && fexit_obstacle("select_task_rq_scx").empty());
  load("balance_exit", balancing_obstacle_.empty());
}

// A kernel may lack the function, as one that the compiler inlined, or forbid fexit at all: it is asked with a program
// that does nothing.
std::string Hooks::fexit_obstacle(const char* function) const {
  if (without_.fexit) return "not wanted";
  const std::unique_ptr<btf, decltype(&btf__free)> types(btf__load_vmlinux_btf(), btf__free);
  if (!types) return "no BTF";
  const int32_t id = btf__find_by_name_kind(types.get(), function, BTF_KIND_FUNC);
  if (id < 0) return "the kernel has no such function";
  const bpf_insn nothing[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  options.expected_attach_type = BPF_TRACE_FEXIT;
  options.attach_btf_id = static_cast<uint32_t>(id);
  const int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "nothing", "GPL", nothing, 2, &options);
  if (fd < 0) return std::strerror(errno);
  const int link = bpf_link_create(fd, 0, BPF_TRACE_FEXIT, nullptr);
  const std::string obstacle = link < 0 ? std::strerror(errno) : "";
  if (link >= 0) close(link);
  close(fd);
  return obstacle;
}

bool Hooks::attach(const char* program, std::string& obstacle) {
  bpf_program* found = find(object_, program);
  if (!bpf_program__autoload(found)) return false;
  bpf_link* link = bpf_program__attach(found);
  if (link == nullptr) {
    obstacle = std::strerror(errno);
    return false;
  }
  links_.emplace_back(link);
  return true;
}

void Hooks::attach_or_throw(const char* program) {
  std::string obstacle;
  if (!attach(program, obstacle))
    throw Error(object_.name(), std::string("cannot attach ") + program + ": " + obstacle,
                "the kernel needs tracepoints of the scheduler");
}

void Hooks::attach_placement() {
  if (attach("select_fair", placement_obstacle_)) {
    std::string unused;
    const bool ext = attach("select_scx", unused);
    lines_.push_back(std::string("placement: fexit select_task_rq_fair") + (ext ? ", select_task_rq_scx" : ""));
    return;
  }
  attach_or_throw("select_begin");
  set(object_, "wakeups_are_decisions");
  lines_.push_back(
      "placement: tracepoints sched_waking and sched_wakeup, sched_wakeup_new (fexit select_task_rq_fair: " +
      placement_obstacle_ + ")");
}

void Hooks::attach_balancing() {
  if (attach("balance_exit", balancing_obstacle_)) {
    lines_.push_back("balancing: fexit can_migrate_task");
    return;
  }
  std::string obstacle = "not wanted";
  const size_t before = links_.size();
  if (!without_.kprobe && attach("balance_end", obstacle) && attach("balance_begin", obstacle)) {
    lines_.push_back("balancing: kprobe and kretprobe can_migrate_task (fexit: " + balancing_obstacle_ + ")");
    return;
  }
  links_.resize(before);
  set(object_, "moves_are_decisions");
  lines_.push_back(
      "balancing: tracepoint sched_migrate_task, so that refusals are not seen (can_migrate_task: fexit: " +
      balancing_obstacle_ + "; kretprobe: " + obstacle + ")");
}

void Hooks::attach() {
  attach_placement();
  attach_balancing();
  for (const char* program : {"task_wakeup", "new_task_wakeup", "task_switch", "task_move"}) attach_or_throw(program);
  lines_.push_back("outcomes: tracepoints sched_switch, sched_migrate_task");
}

}  // namespace simsched::collect
