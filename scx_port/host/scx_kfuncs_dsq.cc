// Dispatch queues: inserting, moving, iterating (scx_kfunc_ids_enqueue_dispatch, _dispatch, _unlocked,
// kernel/sched/ext.c).

#include "scx_port/host/scx_kfuncs.h"
#include "scx_port/host/scx_kfuncs_common.h"

namespace simsched::bpf {
namespace {

// The local queue of a CPU is told by its cid where the scheduler is of that kind.
Word dsq_id(Vm& vm, Word dsq) {
  if ((dsq & ext::kDsqLocalOn) != ext::kDsqLocalOn || !BpfOps::of(vm).table().by_cid) return dsq;
  const int32_t cpu = BpfOps::of(vm).cpu_of_cid(s32(dsq & ext::kDsqLocalCpuMask));
  return ext::kDsqLocalOn | static_cast<uint32_t>(cpu);
}

template <const char* const& kName>
Word insert(Vm& vm, Word p, Word dsq, Word slice, Word enq_flags, Word) {
  TaskId task = objects(vm).argument(p, kName);
  return task.valid() && ext_class(vm).dsq_insert(task, dsq_id(vm, dsq), slice, enq_flags);
}

template <const char* const& kName>
Word insert_vtime(Vm& vm, Word p, Word dsq, Word slice, Word vtime, Word enq_flags) {
  TaskId task = objects(vm).argument(p, kName);
  return task.valid() && ext_class(vm).dsq_insert_vtime(task, dsq_id(vm, dsq), slice, vtime, enq_flags);
}

// struct scx_bpf_dsq_insert_vtime_args of 6.19
struct InsertVtimeArgs {
  uint64_t dsq, slice, vtime, enq_flags;
};

Word insert_vtime_args(Vm& vm, Word p, Word args, Word, Word, Word) {
  TaskId task = objects(vm).argument(p, "scx_bpf_dsq_insert_vtime");
  if (!task.valid()) return 0;
  auto a = vm.load<InsertVtimeArgs>(args);
  return a && ext_class(vm).dsq_insert_vtime(task, dsq_id(vm, a->dsq), a->slice, a->vtime, a->enq_flags);
}

Word dispatch_nr_slots(Vm& vm, Word, Word, Word, Word, Word) { return ext_class(vm).dispatch_nr_slots(); }

Word dispatch_cancel(Vm& vm, Word, Word, Word, Word, Word) {
  ext_class(vm).dispatch_cancel();
  return 0;
}

Word move_to_local(Vm& vm, Word dsq, Word, Word, Word, Word) { return ext_class(vm).dsq_move_to_local(dsq); }

Word move_to_local_flags(Vm& vm, Word dsq, Word enq_flags, Word, Word, Word) {
  return ext_class(vm).dsq_move_to_local(dsq, enq_flags);
}

Word nr_queued(Vm& vm, Word dsq, Word, Word, Word, Word) {
  return errno_word(ext_class(vm).dsq_nr_queued(dsq_id(vm, dsq)));
}

Word peek(Vm& vm, Word dsq, Word, Word, Word, Word) { return objects(vm).task(ext_class(vm).dsq_peek(dsq)); }

Word reenqueue_local(Vm& vm, Word, Word, Word, Word, Word) { return ext_class(vm).reenqueue_local(); }

Word reenq(Vm& vm, Word dsq, Word flags, Word, Word, Word) {
  if (dsq == ext::kDsqLocal && flags == 0) {
    ext_class(vm).reenqueue_local();
    return 0;
  }
  return vm.refuse("scx_bpf_dsq_reenq() is called for a queue other than SCX_DSQ_LOCAL, which is not simulated");
}

Word create(Vm& vm, Word dsq, Word node, Word, Word, Word) {
  return errno_word(ext_class(vm).create_dsq(dsq, s32(node)));
}

Word destroy(Vm& vm, Word dsq, Word, Word, Word, Word) {
  ext_class(vm).destroy_dsq(dsq);
  return 0;
}

// ---- iterating ----

Word iter_new(Vm& vm, Word it, Word dsq, Word flags, Word, Word) {
  constexpr uint32_t kReverse = 1 << 16;  // SCX_DSQ_ITER_REV
  ext::DsqIterator* iterator = BpfOps::of(vm).iterator_new(it);
  if (iterator == nullptr) return 0;
  bool known = (flags & ~uint64_t{kReverse}) == 0;
  int32_t error = known ? ext_class(vm).iter_dsq_new(iterator, dsq, flags != 0) : -ext::kEINVAL;
  if (error != 0) BpfOps::of(vm).iterator_destroy(it);  // next() answers null then, destroy() does nothing
  return errno_word(error);
}

Word iter_next(Vm& vm, Word it, Word, Word, Word, Word) {
  bool none;
  ext::DsqIterator* iterator = BpfOps::of(vm).iterator(it, "bpf_iter_scx_dsq_next", &none);
  return iterator == nullptr ? 0 : objects(vm).task(ext_class(vm).iter_dsq_next(iterator));
}

Word iter_destroy(Vm& vm, Word it, Word, Word, Word, Word) {
  bool none;
  ext::DsqIterator* iterator = BpfOps::of(vm).iterator(it, "bpf_iter_scx_dsq_destroy", &none);
  if (iterator == nullptr) return 0;
  ext_class(vm).iter_dsq_destroy(iterator);
  BpfOps::of(vm).iterator_destroy(it);
  return 0;
}

Word move_set_slice(Vm& vm, Word it, Word slice, Word, Word, Word) {
  bool none;
  ext::DsqIterator* iterator = BpfOps::of(vm).iterator(it, "scx_bpf_dsq_move_set_slice", &none);
  if (iterator != nullptr) ext_class(vm).dsq_move_set_slice(iterator, slice);
  return 0;
}

Word move_set_vtime(Vm& vm, Word it, Word vtime, Word, Word, Word) {
  bool none;
  ext::DsqIterator* iterator = BpfOps::of(vm).iterator(it, "scx_bpf_dsq_move_set_vtime", &none);
  if (iterator != nullptr) ext_class(vm).dsq_move_set_vtime(iterator, vtime);
  return 0;
}

template <bool kVtime>
Word move(Vm& vm, Word it, Word p, Word dsq, Word enq_flags, Word) {
  constexpr const char* kName = kVtime ? "scx_bpf_dsq_move_vtime" : "scx_bpf_dsq_move";
  bool none;
  ext::DsqIterator* iterator = BpfOps::of(vm).iterator(it, kName, &none);
  if (iterator == nullptr) return 0;
  TaskId task = objects(vm).argument(p, kName);
  if (!task.valid()) return 0;
  return kVtime ? ext_class(vm).dsq_move_vtime(iterator, task, dsq_id(vm, dsq), enq_flags)
                : ext_class(vm).dsq_move(iterator, task, dsq_id(vm, dsq), enq_flags);
}

// ---- names ----

constexpr const char* kInsert = "scx_bpf_dsq_insert";
constexpr const char* kInsertVtime = "scx_bpf_dsq_insert_vtime";
constexpr const char* kDispatch = "scx_bpf_dispatch";
constexpr const char* kDispatchVtime = "scx_bpf_dispatch_vtime";

constexpr VmExport kExports[] = {
    {"scx_bpf_dsq_insert", 0, insert<kInsert>},
    {"scx_bpf_dsq_insert___v2", 0, insert<kInsert>},  // 6.19: answers
    {"scx_bpf_dispatch", 0, insert<kDispatch>},       // until 6.16
    {"scx_bpf_dsq_insert_vtime", 0, insert_vtime<kInsertVtime>},
    {"scx_bpf_dispatch_vtime", 0, insert_vtime<kDispatchVtime>},
    {"__scx_bpf_dsq_insert_vtime", 0, insert_vtime_args},
    {"scx_bpf_dispatch_nr_slots", 0, dispatch_nr_slots},
    {"scx_bpf_dispatch_cancel", 0, dispatch_cancel},
    {"scx_bpf_dsq_move_to_local", 0, move_to_local},
    {"scx_bpf_dsq_move_to_local___v2", 0, move_to_local_flags},  // 7.1
    {"scx_bpf_consume", 0, move_to_local},
    {"scx_bpf_dsq_nr_queued", 0, nr_queued},
    {"scx_bpf_dsq_peek", 0, peek},
    {"scx_bpf_reenqueue_local", 0, reenqueue_local},
    {"scx_bpf_reenqueue_local___v2", 0, reenqueue_local},
    {"scx_bpf_dsq_reenq", 0, reenq},
    {"scx_bpf_create_dsq", 0, create},
    {"scx_bpf_destroy_dsq", 0, destroy},
    {"bpf_iter_scx_dsq_new", 0, iter_new},
    {"bpf_iter_scx_dsq_next", 0, iter_next},
    {"bpf_iter_scx_dsq_destroy", 0, iter_destroy},
    {"scx_bpf_dsq_move_set_slice", 0, move_set_slice},
    {"scx_bpf_dispatch_from_dsq_set_slice", 0, move_set_slice},
    {"scx_bpf_dsq_move_set_vtime", 0, move_set_vtime},
    {"scx_bpf_dispatch_from_dsq_set_vtime", 0, move_set_vtime},
    {"scx_bpf_dsq_move", 0, move<false>},
    {"scx_bpf_dispatch_from_dsq", 0, move<false>},
    {"scx_bpf_dsq_move_vtime", 0, move<true>},
    {"scx_bpf_dispatch_vtime_from_dsq", 0, move<true>},
};

}  // namespace

std::span<const VmExport> scx_dsq_exports() { return kExports; }

}  // namespace simsched::bpf
