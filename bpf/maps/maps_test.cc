// Arrays, queues, storage, ring buffers and maps of maps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <rapidcheck.h>

#include <deque>

#include "base/error.h"
#include "bpf/vm_harness.h"

namespace simsched::bpf {
namespace {

using testing::HasSubstr;

constexpr uint32_t kCgrpStorage = 32;

void check_array(bool percpu) {
  Harness h;
  const uint64_t map = h.add_map("a", percpu ? BPF_MAP_TYPE_PERCPU_ARRAY : BPF_MAP_TYPE_ARRAY, 4, 8, 5);
  Vm& vm = h.start();
  std::map<std::pair<uint32_t, size_t>, uint64_t> model;
  using Step = std::tuple<uint32_t, uint64_t, uint64_t, size_t>;
  for (const auto& [index, value, flags, cpu] : *rc::gen::container<std::vector<Step>>(
           rc::gen::tuple(rc::gen::inRange<uint32_t>(0, 7), rc::gen::arbitrary<uint64_t>(),
                          rc::gen::inRange<uint64_t>(0, 6), rc::gen::inRange<size_t>(0, 4)))) {
    h.host.cpu = CpuId(cpu);
    const uint64_t key = h.put(0, index);
    const int64_t result = h.signed_call(BPF_FUNC_map_update_elem, map, key, h.put(64, value), flags);
    // BPF_F_LOCK (4) needs a lock in the value.
    const int64_t expected = (flags & 3) == 3 ? -EINVAL
                             : index >= 5     ? -E2BIG
                             : flags & 1      ? -EEXIST
                             : flags & 4      ? -EINVAL
                                              : 0;
    RC_ASSERT(result == expected);
    if (result == 0) model[{index, percpu ? cpu : 0}] = value;
    const uint64_t at = h.call(BPF_FUNC_map_lookup_elem, map, key);
    RC_ASSERT((at != 0) == (index < 5));
    if (at != 0) RC_ASSERT(h.get<uint64_t>(at) == model[std::make_pair(index, percpu ? cpu : 0)]);
    RC_ASSERT(h.signed_call(BPF_FUNC_map_delete_elem, map, key) == -EINVAL);
  }
  for (const auto& [where, value] : model) {
    const auto bytes = vm.map_value("a", where.first, CpuId(where.second));
    RC_ASSERT(bytes.size() == 8u);
    RC_ASSERT(std::memcmp(bytes.data(), &value, 8) == 0);
  }
  RC_ASSERT(vm.map_value("a", 5).empty());
}

TEST(ArrayMap, DoesWhatAModelDoes) {
  EXPECT_TRUE(rc::check("array", [] { check_array(false); }));
  EXPECT_TRUE(rc::check("per-CPU array", [] { check_array(true); }));
}

TEST(ArrayMap, IsVisitedInOrder) {
  Harness h;
  const uint64_t map = h.add_map("a", BPF_MAP_TYPE_ARRAY, 4, 3, 5);
  h.start();
  std::vector<uint32_t> seen;
  h.callbacks[1] = [&](auto r) -> uint64_t { return seen.push_back(h.get<uint32_t>(r[1])), seen.size() == 4; };
  EXPECT_EQ(h.call(BPF_FUNC_for_each_map_elem, map, h.pointer(1)), 4u);
  EXPECT_THAT(seen, testing::ElementsAre(0, 1, 2, 3));
}

void check_queue(bool stack) {
  Harness h;
  const uint64_t map = h.add_map("q", stack ? BPF_MAP_TYPE_STACK : BPF_MAP_TYPE_QUEUE, 0, 4, 3);
  h.start();
  std::deque<uint32_t> model;
  for (const auto& [op, value, flags] : *rc::gen::container<std::vector<std::tuple<int, uint32_t, uint64_t>>>(
           rc::gen::tuple(rc::gen::inRange(0, 4), rc::gen::arbitrary<uint32_t>(), rc::gen::inRange<uint64_t>(0, 4)))) {
    if (op < 2) {
      const int64_t result = h.signed_call(BPF_FUNC_map_push_elem, map, h.put(0, value), flags);
      const bool bad = flags == 1 || flags == 3, full = model.size() == 3;
      RC_ASSERT(result == (bad ? -EINVAL : full && flags == 0 ? -E2BIG : 0));
      if (result != 0) continue;
      if (full) model.pop_front();
      model.push_back(value);
      continue;
    }
    const int64_t result = h.signed_call(op == 2 ? BPF_FUNC_map_pop_elem : BPF_FUNC_map_peek_elem, map, h.put(8, ~0u));
    RC_ASSERT(result == (model.empty() ? -ENOENT : 0));
    RC_ASSERT(h.get<uint32_t>(h.kBss + 8) == (model.empty() ? 0 : stack ? model.back() : model.front()));
    if (!model.empty() && op == 2) stack ? model.pop_back() : model.pop_front();
  }
  RC_ASSERT(h.trapped().empty());
}

TEST(QueueStackMap, DoesWhatAModelDoes) {
  EXPECT_TRUE(rc::check("queue", [] { check_queue(false); }));
  EXPECT_TRUE(rc::check("stack", [] { check_queue(true); }));
}

TEST(StorageMap, DoesWhatAModelDoes) {
  EXPECT_TRUE(rc::check("storage", [] {
    const bool tasks = *rc::gen::arbitrary<bool>();
    Harness h;
    const uint64_t map = h.add_map("s", tasks ? uint32_t{BPF_MAP_TYPE_TASK_STORAGE} : kCgrpStorage, 4, 8, 0);
    Vm& vm = h.start();
    uint64_t owners[4];
    for (uint64_t& owner : owners) owner = vm.allocate(100, VM_READ);
    std::map<size_t, uint64_t> model;
    const uint32_t get = tasks ? uint32_t{BPF_FUNC_task_storage_get} : 210;
    const uint32_t remove = tasks ? uint32_t{BPF_FUNC_task_storage_delete} : 211;
    for (const auto& [op, i, value] : *rc::gen::container<std::vector<std::tuple<int, size_t, uint64_t>>>(
             rc::gen::tuple(rc::gen::inRange(0, 5), rc::gen::inRange<size_t>(0, 4), rc::gen::arbitrary<uint64_t>()))) {
      const bool there = model.count(i) != 0;
      if (op == 0) {
        RC_ASSERT(h.signed_call(remove, map, owners[i]) == (there ? 0 : -ENOENT));
        model.erase(i);
      } else if (op == 1) {
        vm.release_storage(owners[i]);
        model.erase(i);
      } else {  // 2: only looks, 3: creates zeroed, 4: creates from a value
        const uint64_t at = h.call(get, map, owners[i], op == 4 ? h.put(0, value) : 0, op >= 3);
        if (op >= 3 && !there) model[i] = op == 4 ? value : 0;
        RC_ASSERT((at != 0) == (model.count(i) != 0));
        if (at != 0) RC_ASSERT(h.get<uint64_t>(at) == model[i]);
      }
      RC_ASSERT(vm.map_keys("s").size() == model.size());
    }
    RC_ASSERT(h.trapped().empty());
  }));
}

TEST(StorageMap, RefusesWhatIsNoOwner) {
  Harness h;
  const uint64_t map = h.add_map("s", BPF_MAP_TYPE_TASK_STORAGE, 4, 8, 0);
  h.start();
  EXPECT_EQ(h.call(BPF_FUNC_task_storage_get, map, 0, 0, 1), 0u);
  EXPECT_EQ(h.trapped(), "");
  EXPECT_EQ(h.call(BPF_FUNC_task_storage_get, map, 0x123, 0, 1), 0u);
  EXPECT_THAT(h.trapped(), HasSubstr("passes 0x123 to bpf_task_storage_get(), which is no task that is alive"));
}

TEST(RingbufMap, DoesWhatAModelDoes) {
  EXPECT_TRUE(rc::check("ring buffer", [] {
    Harness h;
    const uint64_t map = h.add_map("r", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
    Vm& vm = h.start();
    struct Record {
      uint64_t address, size;
      int state;  // 0 reserved, 1 submitted, 2 discarded
      uint8_t fill;
    };
    std::deque<Record> model;
    uint64_t used = 0;
    const auto taken = [](uint64_t n) { return (n + 15) / 8 * 8; };
    for (const auto& [op, size, fill] :
         *rc::gen::container<std::vector<std::tuple<int, uint64_t, uint8_t>>>(rc::gen::tuple(
             rc::gen::inRange(0, 5), rc::gen::inRange<uint64_t>(0, 2000), rc::gen::arbitrary<uint8_t>()))) {
      const bool room = used + taken(size) <= 4095;
      if (op == 0) {
        const uint64_t at = h.call(BPF_FUNC_ringbuf_reserve, map, size, 0);
        RC_ASSERT((at != 0) == room);
        if (!room) continue;
        std::memset(vm.at(at), fill, size);
        model.push_back({at, size, 0, fill});
        used += taken(size);
      } else if (op == 1) {
        std::memset(vm.at(h.kBss), fill, size);
        RC_ASSERT(h.signed_call(BPF_FUNC_ringbuf_output, map, h.kBss, size, 0) == (room ? 0 : -EAGAIN));
        if (!room) continue;
        model.push_back({0, size, 1, fill});
        used += taken(size);
      } else if (op < 4) {
        const auto open = std::find_if(model.begin(), model.end(), [](const Record& r) { return r.state == 0; });
        if (open == model.end()) continue;
        h.call(op == 2 ? BPF_FUNC_ringbuf_submit : BPF_FUNC_ringbuf_discard, open->address, 0);
        open->state = op - 1;
        if (open->size > 0) RC_ASSERT(!vm.mapped(open->address, 1, VM_READ));  // an empty one has no byte of its own
      } else {
        std::vector<std::vector<std::byte>> got;
        vm.drain("r", [&](auto bytes) { got.emplace_back(bytes.begin(), bytes.end()); });
        size_t n = 0;
        for (; !model.empty() && model.front().state != 0; model.pop_front()) {
          const Record& r = model.front();
          used -= taken(r.size);
          if (r.state == 1) RC_ASSERT(got.at(n++) == std::vector<std::byte>(r.size, std::byte{r.fill}));
        }
        RC_ASSERT(n == got.size());
      }
      RC_ASSERT(h.call(BPF_FUNC_ringbuf_query, map, BPF_RB_AVAIL_DATA) == used);
    }
    RC_ASSERT(h.trapped().empty());
  }));
}

TEST(RingbufMap, ARecordIsSubmittedOnce) {
  Harness h;
  const uint64_t map = h.add_map("r", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096);
  h.start();
  const uint64_t record = h.call(BPF_FUNC_ringbuf_reserve, map, 16, 0);
  h.call(BPF_FUNC_ringbuf_submit, record, 0);
  EXPECT_EQ(h.trapped(), "");
  h.call(BPF_FUNC_ringbuf_submit, record, 0);
  EXPECT_THAT(h.trapped(), HasSubstr("to bpf_ringbuf_submit(), which is no reserved record"));
}

TEST(MapOfMaps, AnswersHandles) {
  for (const uint32_t type : {BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS}) {
    Harness h;
    const uint64_t one = h.add_map("one", BPF_MAP_TYPE_ARRAY, 4, 8, 2),
                   two = h.add_map("two", BPF_MAP_TYPE_ARRAY, 4, 8, 2);
    h.add_map("template", BPF_MAP_TYPE_ARRAY, 4, 8, 2);
    const uint64_t outer = h.add_map("outer", type, 4, 4, 3);
    h.object().maps[2].is_inner_template = true;
    h.object().maps[3].inner = 2;
    h.object().maps[3].values = {0, -1, 1};
    Vm& vm = h.start();
    EXPECT_EQ(h.call(BPF_FUNC_map_lookup_elem, outer, h.put(0, 0)), one);
    EXPECT_EQ(h.call(BPF_FUNC_map_lookup_elem, outer, h.put(0, 1)), 0u);
    EXPECT_EQ(h.call(BPF_FUNC_map_lookup_elem, outer, h.put(0, 2)), two);
    EXPECT_EQ(h.call(BPF_FUNC_map_lookup_elem, outer, h.put(0, 3)), 0u);
    std::array<std::byte, 4> key = {std::byte{1}};
    EXPECT_TRUE(vm.map_set_inner("outer", key, "two"));
    EXPECT_EQ(h.call(BPF_FUNC_map_lookup_elem, outer, h.put(0, 1)), two);
    EXPECT_TRUE(vm.map_set_inner("outer", key, ""));
    EXPECT_FALSE(vm.map_set_inner("outer", key, "three"));
    EXPECT_EQ(h.call(BPF_FUNC_map_lookup_elem, outer, h.put(0, 1)), 0u);
    EXPECT_NE(h.call(BPF_FUNC_map_lookup_elem, two, h.put(0, 1)), 0u);
    EXPECT_EQ(h.trapped(), "");
    h.call(BPF_FUNC_map_lookup_elem, two + kGranule, h.put(0, 1));  // the template is no map
    EXPECT_THAT(h.trapped(), HasSubstr("as a map, which is none"));
  }
}

TEST(PerfEventArray, EventsAreDroppedAndCounted) {
  Harness h;
  const uint64_t map = h.add_map("p", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0);
  h.start();
  EXPECT_EQ(h.call(BPF_FUNC_perf_event_output, 0, map, 0, h.kBss, 16), 0u);
  EXPECT_EQ(h.vm().state().dropped_events, 1u);
}

}  // namespace
}  // namespace simsched::bpf
