// What a scheduler hears of control groups: kernel/sched/ext.c of Linux 6.12; of bandwidth since 6.17, of cpu.idle
// since 6.19, whichever it implements. Tasks move one by one, and nothing but ops.cgroup_prep_move() can say no: there
// is no move that ops.cgroup_cancel_move() would have to take back.
#include "policies/ext/ext_class.h"

namespace simsched::ext {
namespace {

// tg->scx_weight: an idle group's is that of WEIGHT_IDLEPRIO.
uint32_t cgroup_weight(const GroupSpec& spec) { return spec.idle ? 1 : static_cast<uint32_t>(spec.weight); }

}  // namespace

// scx_cgroup_init(), parents first.
void ExtClass::init_cgroups() {
  for (size_t g = 0; has(Op::kCgroupInit) && g < nr_cgroups() && life_.exit.kind == ExitKind::kNone; ++g) {
    const GroupId group(g);
    const int32_t result = errno_of(Op::kCgroupInit, call(Op::kCgroupInit, Callback::kUnlocked, [&] {
                                      return ops_->cgroup_init(group, cgroup_weight(kernel_->group_spec(group)));
                                    }));
    if (result != 0) error("ops.cgroup_init() failed (" + std::to_string(result) + ")");
  }
}

void ExtClass::exit_cgroups() {
  for (size_t g = 0; has(Op::kCgroupExit) && g < nr_cgroups(); ++g)
    call(Op::kCgroupExit, Callback::kUnlocked, [&] { ops_->cgroup_exit(GroupId(g)); });
}

// scx_cgroup_can_attach()
bool ExtClass::can_change_group(TaskId id, GroupId to) {
  if (life_.state != State::kEnabled || !task(id).alive || !has(Op::kCgroupPrepMove)) return true;
  const GroupId from = task_cgroup(id);
  return errno_of(Op::kCgroupPrepMove, call(Op::kCgroupPrepMove, Callback::kUnlocked,
                                            [&] { return ops_->cgroup_prep_move(id, from, to); })) == 0;
}

// scx_cgroup_move_task()
void ExtClass::group_changed(TaskId id, GroupId from) {
  if (life_.state == State::kOff || !task(id).alive) return;
  ops_->task_regrouped(id);
  if (life_.state == State::kEnabled && has(Op::kCgroupMove))
    call(Op::kCgroupMove, Callback::kUnlocked, [&] { ops_->cgroup_move(id, from, task_cgroup(id)); });
}

// scx_group_set_weight(), _bandwidth(), _idle()
void ExtClass::group_reconfigured(GroupId group, const GroupSpec& before) {
  if (life_.state != State::kEnabled) return;
  const GroupSpec& spec = kernel_->group_spec(group);
  if (has(Op::kCgroupSetWeight) && cgroup_weight(spec) != cgroup_weight(before))
    call(Op::kCgroupSetWeight, Callback::kUnlocked, [&] { ops_->cgroup_set_weight(group, cgroup_weight(spec)); });
  if (has(Op::kCgroupSetIdle) && spec.idle != before.idle)
    call(Op::kCgroupSetIdle, Callback::kUnlocked, [&] { ops_->cgroup_set_idle(group, spec.idle); });
  const bool other_max = spec.quota != before.quota || spec.period != before.period || spec.burst != before.burst;
  if (has(Op::kCgroupSetBandwidth) && other_max)
    call(Op::kCgroupSetBandwidth, Callback::kUnlocked, [&] {
      ops_->cgroup_set_bandwidth(group, period_us(spec), quota_us(spec), static_cast<uint64_t>(spec.burst / 1_us));
    });
}

}  // namespace simsched::ext
