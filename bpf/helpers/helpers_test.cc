// Time, timers, locks, cpumasks, iterators, strings and printf.
#include "bpf/helpers/helpers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <rapidcheck.h>

#include <bitset>

#include "bpf/format.h"
#include "bpf/vm_harness.h"

namespace simsched::bpf {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Current, TellsTimeAndPlace) {
  Harness h;
  h.host.time = Nanos(1'003'999'999);
  h.host.cpu = CpuId(3);
  h.start();
  EXPECT_EQ(h.call(BPF_FUNC_ktime_get_ns), 1'003'999'999u);
  EXPECT_EQ(h.call(BPF_FUNC_ktime_get_coarse_ns), 1'000'000'000u);
  EXPECT_EQ(h.call(BPF_FUNC_jiffies64), (uint64_t{1} << 32) - 300 * 250 + 250);
  EXPECT_EQ(h.call(BPF_FUNC_get_smp_processor_id), 3u);
  EXPECT_EQ(h.call(BPF_FUNC_get_current_pid_tgid), (uint64_t{7} << 32) + 8);
  h.call(BPF_FUNC_get_current_comm, h.kBss, 16);
  EXPECT_STREQ(h.vm().at<char>(h.kBss), "a-rather-long-c");
  EXPECT_LE(h.call(BPF_FUNC_get_prandom_u32), UINT32_MAX);
}

struct TimerTest : testing::Test {
  TimerTest() : map(h.add_map("m", BPF_MAP_TYPE_ARRAY, 4, 32, 4)) {
    h.start();
    timer = h.call(BPF_FUNC_map_lookup_elem, map, h.put(0, 2)) + 16;
  }
  void set_up() {
    EXPECT_EQ(h.signed_call(BPF_FUNC_timer_init, timer, map, 1), 0);
    EXPECT_EQ(h.signed_call(BPF_FUNC_timer_set_callback, timer, h.pointer(1)), 0);
  }
  Harness h;
  uint64_t map, timer;
};

TEST_F(TimerTest, CallsBack) {
  EXPECT_EQ(h.signed_call(BPF_FUNC_timer_start, timer, 1000, 0), -EINVAL);
  EXPECT_EQ(h.signed_call(BPF_FUNC_timer_init, timer, map, 3), -EINVAL);
  set_up();
  EXPECT_EQ(h.signed_call(BPF_FUNC_timer_init, timer, map, 1), -EBUSY);
  h.host.time = Nanos(500);
  EXPECT_EQ(h.signed_call(BPF_FUNC_timer_start, timer, 1000, 4), -EINVAL);
  EXPECT_EQ(h.signed_call(BPF_FUNC_timer_start, timer, 1000, 0), 0);
  EXPECT_EQ(h.host.timers.at(timer), Nanos(1500));
  int fired = 0;
  h.callbacks[1] = [&](auto r) -> uint64_t {
    ++fired;
    EXPECT_EQ(r[0], map);
    EXPECT_EQ(h.get<uint32_t>(r[1]), 2u);
    EXPECT_EQ(r[2], timer - 16);
    EXPECT_EQ(static_cast<int64_t>(h.raw(BPF_FUNC_timer_cancel, timer)), -EDEADLK);
    return h.raw(BPF_FUNC_timer_start, timer, 5000, 1);  // absolute
  };
  h.vm().fire_timer(timer);
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(h.host.timers.at(timer), Nanos(5000));
  EXPECT_EQ(h.call(BPF_FUNC_timer_cancel, timer), 1u);
  EXPECT_TRUE(h.host.timers.empty());
  EXPECT_EQ(h.call(BPF_FUNC_timer_cancel, timer), 0u);
  EXPECT_EQ(h.signed_call(BPF_FUNC_timer_start, timer, 1000, 0), -EINVAL);  // the callback went with it
  h.vm().fire_timer(timer);
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(h.trapped(), "");
}

TEST_F(TimerTest, NeverIsNotBeforeNow) {
  set_up();
  h.host.time = Nanos(500);
  EXPECT_EQ(h.signed_call(BPF_FUNC_timer_start, timer, ~uint64_t{0}, 0), 0);
  EXPECT_EQ(h.host.timers.at(timer), Nanos::max());
  EXPECT_EQ(h.signed_call(BPF_FUNC_timer_start, timer, 100, 1), 0);
  EXPECT_EQ(h.host.timers.at(timer), Nanos(500));
}

TEST_F(TimerTest, LiesInAValueOfItsMap) {
  h.call(BPF_FUNC_timer_init, h.kBss, map, 1);
  EXPECT_THAT(h.trapped(), HasSubstr("that is not in a value of map m"));
}

TEST(Timer, GoesWithItsElement) {
  Harness h;
  const uint64_t map = h.add_map("m", BPF_MAP_TYPE_HASH, 4, 16, 4);
  h.start();
  h.call(BPF_FUNC_map_update_elem, map, h.put(0, 2), h.kBss + 64);
  const uint64_t timer = h.call(BPF_FUNC_map_lookup_elem, map, h.kBss);
  h.call(BPF_FUNC_timer_init, timer, map, 1);
  h.call(BPF_FUNC_timer_set_callback, timer, h.pointer(1));
  h.call(BPF_FUNC_timer_start, timer, 10, 0);
  h.callbacks[1] = [&](auto r) { return h.raw(BPF_FUNC_map_delete_elem, map, r[1]); };
  h.vm().fire_timer(timer);
  EXPECT_EQ(h.trapped(), "");
  EXPECT_TRUE(h.vm().state().timers.empty());
}

TEST(Locks, MustBalance) {
  const auto end = [](auto&& body) {
    Harness h;
    h.start();
    h.run([&] { return body(h), 0; });
    return h.trapped();
  };
  const uint64_t lock = Harness::kBss;
  EXPECT_EQ(end([&](Harness& h) { h.raw(BPF_FUNC_spin_lock, lock), h.raw(BPF_FUNC_spin_unlock, lock); }), "");
  EXPECT_EQ(end([&](Harness& h) { h.raw(BPF_FUNC_spin_lock, lock); }), "main: returns with a spin lock held");
  EXPECT_THAT(end([&](Harness& h) { h.raw(BPF_FUNC_spin_unlock, lock); }), HasSubstr("that it does not hold"));
  EXPECT_THAT(end([&](Harness& h) { h.raw(BPF_FUNC_spin_lock, lock), h.raw(BPF_FUNC_spin_lock, lock + 8); }),
              HasSubstr("while it holds one"));
  EXPECT_EQ(end([&](Harness& h) { h.raw("bpf_rcu_read_lock"); }), "main: returns with the RCU read lock held");
  EXPECT_EQ(end([&](Harness& h) { h.raw("bpf_rcu_read_lock"), h.raw("bpf_rcu_read_unlock"); }), "");
  EXPECT_THAT(end([&](Harness& h) { h.raw("bpf_preempt_enable"); }), HasSubstr("that it is not in"));
  EXPECT_EQ(end([&](Harness& h) {
              EXPECT_EQ(h.raw("bpf_res_spin_lock", lock), 0u);
              EXPECT_EQ(static_cast<int64_t>(h.raw("bpf_res_spin_lock", lock)), -EDEADLK);
              h.raw("bpf_res_spin_unlock", lock);
            }),
            "");
}

constexpr size_t kCpus = 100;
using Bits = std::bitset<kCpus>;

TEST(Cpumask, DoesWhatABitsetDoes) {
  EXPECT_TRUE(rc::check("cpumask", [] {
    Harness h(kCpus);
    h.start();
    uint64_t masks[3];
    Bits model[3];
    for (uint64_t& mask : masks) mask = h.call("bpf_cpumask_create");
    const auto first = [](const Bits& b) { return b.none() ? kCpus : b._Find_first(); };
    for (const auto& [op, a, b, c, cpu] :
         *rc::gen::container<std::vector<std::tuple<int, size_t, size_t, size_t, size_t>>>(
             rc::gen::tuple(rc::gen::inRange(0, 12), rc::gen::inRange<size_t>(0, 3), rc::gen::inRange<size_t>(0, 3),
                            rc::gen::inRange<size_t>(0, 3), rc::gen::inRange<size_t>(0, kCpus + 5)))) {
      Bits& to = model[a];
      const bool valid = cpu < kCpus, was = valid && to[cpu];
      switch (op) {
        case 0:
        case 1:
        case 2:
          RC_ASSERT(h.call("bpf_cpumask_test_and_set_cpu", cpu, masks[a]) == was);
          if (valid) to.set(cpu);
          break;
        case 3:
          RC_ASSERT(h.call("bpf_cpumask_test_and_clear_cpu", cpu, masks[a]) == was);
          if (valid) to.reset(cpu);
          break;
        case 4:
          h.call("bpf_cpumask_setall", masks[a]), to.set();
          break;
        case 5:
          h.call("bpf_cpumask_clear", masks[a]), to.reset();
          break;
        case 6:
          to = model[b] & model[c];
          RC_ASSERT(h.call("bpf_cpumask_and", masks[a], masks[b], masks[c]) == to.any());
          break;
        case 7:
          h.call("bpf_cpumask_or", masks[a], masks[b], masks[c]), to = model[b] | model[c];
          break;
        case 8:
          h.call("bpf_cpumask_xor", masks[a], masks[b], masks[c]), to = model[b] ^ model[c];
          break;
        case 9:
          h.call("bpf_cpumask_copy", masks[a], masks[b]), to = model[b];
          break;
        case 10:
          RC_ASSERT(h.signed_call("bpf_cpumask_populate", masks[a], masks[b], 8) == -EACCES);
          break;
        case 11:
          h.call("bpf_cpumask_populate", masks[a], masks[b], 16), to = model[b];
          break;
      }
      const Bits& other = model[b];
      RC_ASSERT(h.call("bpf_cpumask_test_cpu", cpu, masks[a]) == (valid && to[cpu]));
      RC_ASSERT(h.call("bpf_cpumask_first", masks[a]) == first(to));
      RC_ASSERT(h.call("bpf_cpumask_first_zero", masks[a]) == first(~to));
      RC_ASSERT(h.call("bpf_cpumask_first_and", masks[a], masks[b]) == first(to & other));
      RC_ASSERT(h.call("bpf_cpumask_weight", masks[a]) == to.count());
      RC_ASSERT(h.call("bpf_cpumask_empty", masks[a]) == to.none());
      RC_ASSERT(h.call("bpf_cpumask_full", masks[a]) == to.all());
      RC_ASSERT(h.call("bpf_cpumask_equal", masks[a], masks[b]) == (to == other));
      RC_ASSERT(h.call("bpf_cpumask_intersects", masks[a], masks[b]) == (to & other).any());
      RC_ASSERT(h.call("bpf_cpumask_subset", masks[a], masks[b]) == (to & ~other).none());
    }
    RC_ASSERT(h.trapped() == "");
  }));
}

TEST(Cpumask, DistributesRoundRobinByCpu) {
  Harness h(8);
  h.start();
  const uint64_t mask = h.call("bpf_cpumask_create"), all = h.call("bpf_cpumask_create");
  h.call("bpf_cpumask_setall", all);
  for (const uint64_t cpu : {0, 2, 5}) h.call("bpf_cpumask_set_cpu", cpu, mask);
  std::vector<uint64_t> got;
  for (int i = 0; i < 4; ++i) got.push_back(h.call("bpf_cpumask_any_distribute", mask));
  h.host.cpu = CpuId(1);
  for (int i = 0; i < 4; ++i) got.push_back(h.call("bpf_cpumask_any_and_distribute", all, mask));
  EXPECT_THAT(got, ElementsAre(2, 5, 0, 2, 2, 5, 0, 2));  // the first answer skips CPU 0
  h.call("bpf_cpumask_clear", mask);
  EXPECT_EQ(h.call("bpf_cpumask_any_distribute", mask), 8u);
}

TEST(Cpumask, IsCounted) {
  Harness h;
  h.start();
  const uint64_t mask = h.call("bpf_cpumask_create");
  EXPECT_EQ(h.call("bpf_cpumask_acquire", mask), mask);
  h.call("bpf_cpumask_release", mask);
  EXPECT_EQ(h.call("bpf_cpumask_weight", mask), 0u);
  h.call("bpf_cpumask_release", mask);
  EXPECT_EQ(h.trapped(), "");
  h.call("bpf_cpumask_weight", mask);
  EXPECT_THAT(h.trapped(), HasSubstr("(null, freed or out of bounds)"));
}

TEST(Iterators, CountNumbers) {
  Harness h;
  h.start();
  const auto numbers = [&](int32_t from, int32_t to) {
    std::vector<int32_t> got;
    h.run([&]() -> uint64_t {
      h.raw("bpf_iter_num_new", h.kBss, static_cast<uint64_t>(from), static_cast<uint64_t>(to));
      while (const uint64_t p = h.raw("bpf_iter_num_next", h.kBss)) got.push_back(h.get<int32_t>(p));
      return h.raw("bpf_iter_num_destroy", h.kBss);
    });
    return got;
  };
  EXPECT_THAT(numbers(-2, 2), ElementsAre(-2, -1, 0, 1));
  EXPECT_THAT(numbers(3, 3), ElementsAre());
  EXPECT_THAT(numbers(INT32_MIN, INT32_MIN + 2), ElementsAre(INT32_MIN, INT32_MIN + 1));
  EXPECT_EQ(h.signed_call("bpf_iter_num_new", h.kBss, 5, 4), -EINVAL);
  EXPECT_EQ(h.signed_call("bpf_iter_num_new", h.kBss, 0, (8 << 20) + 1), -E2BIG);
}

TEST(Iterators, CountBits) {
  EXPECT_TRUE(rc::check("bits", [] {
    Harness h;
    h.start();
    const auto words = *rc::gen::container<std::vector<uint64_t>>(rc::gen::arbitrary<uint64_t>());
    std::vector<int32_t> expected, got;
    for (size_t i = 0; i < words.size(); ++i) {
      h.put(1024 + i * 8, words[i]);
      for (size_t bit = 0; bit < 64; ++bit) {
        if ((words[i] >> bit & 1) != 0) expected.push_back(static_cast<int32_t>(i * 64 + bit));
      }
    }
    RC_ASSERT(h.signed_call("bpf_iter_bits_new", h.kBss, h.kBss + 1024, words.size()) == (words.empty() ? -EINVAL : 0));
    while (const uint64_t p = h.call("bpf_iter_bits_next", h.kBss)) got.push_back(h.get<int32_t>(p));
    RC_ASSERT(got == expected);
    h.call("bpf_iter_bits_destroy", h.kBss);
    RC_ASSERT(h.trapped() == "");
    RC_ASSERT(h.vm().memory().used() == 0u);
    RC_ASSERT(h.signed_call("bpf_iter_bits_new", h.kBss, h.kBss, 512) == -E2BIG);
    RC_ASSERT(h.signed_call("bpf_iter_bits_new", h.kBss, 8, 1) == -EFAULT);
  }));
}

TEST(Memory, ABadSourceIsAnError) {
  Harness h;
  h.start();
  h.put_text(0, "hello");
  EXPECT_EQ(h.signed_call(BPF_FUNC_probe_read_kernel_str, h.kBss + 64, 32, h.kBss), 6);
  EXPECT_EQ(h.signed_call(BPF_FUNC_probe_read_kernel_str, h.kBss + 64, 3, h.kBss), 3);
  EXPECT_STREQ(h.vm().at<char>(h.kBss + 64), "he");
  EXPECT_EQ(h.signed_call(BPF_FUNC_probe_read_kernel, h.kBss + 64, 8, 0x100), -EFAULT);
  EXPECT_EQ(h.get<uint64_t>(h.kBss + 64), 0u);
  EXPECT_EQ(h.signed_call(BPF_FUNC_probe_read_kernel_str, h.kBss + 64, 8, 0x100), -EFAULT);
  EXPECT_EQ(h.signed_call(BPF_FUNC_strncmp, h.kBss, 6, h.put_text(128, "hello")), 0);
  EXPECT_EQ(h.signed_call(BPF_FUNC_strncmp, h.kBss, 6, h.put_text(128, "help")), -1);
  EXPECT_EQ(h.trapped(), "");
  h.call(BPF_FUNC_probe_read_kernel, h.kBss, 0xffffffff, h.kBss);
  EXPECT_THAT(h.trapped(), HasSubstr("writes 4294967295 bytes"));
}

struct FormatCase {
  const char* format;
  std::vector<uint64_t> arguments;
  const char* text;  // null: refused
};

TEST(Format, DoesWhatTheKernelDoes) {
  Harness h;
  Vm& vm = h.start();
  const uint64_t word = h.put_text(0, "word");
  const uint64_t minus = static_cast<uint64_t>(-5);
  const FormatCase kCases[] = {
      {"plain", {}, "plain"},
      {"%d %i %u", {minus, minus, minus}, "-5 -5 4294967291"},
      {"%ld %lu %lld %llu", {minus, minus, minus, 7}, "-5 18446744073709551611 -5 7"},
      {"%d", {0x100000001}, "1"},
      {"%x %X %lx %llx", {255, 255, minus, 1}, "ff FF fffffffffffffffb 1"},
      {"[%5d][%-5d][%05d]", {42, 42, minus}, "[   42][42   ][-0005]"},
      {"[%08x][%#x]", {0xbeef, 0xbeef}, "[0000beef][0xbeef]"},
      {"%hd %hhu", {0xffff, 0x1ff}, "-1 255"},
      {"%s|%8s|%-8s|", {word, word, word}, "word|    word|word    |"},
      {"%s", {0}, "(fault)"},
      {"%pks %pus", {word, word}, "word word"},
      {"%p %pK %px", {0x1234, 1, 2}, "0000000000001234 0000000000000001 0000000000000002"},
      {"100%% %c", {'z'}, "100% z"},
      {"%d", {}, nullptr},
      {"%", {1}, nullptr},
      {"%q", {1}, nullptr},
      {"%f", {1}, nullptr},
      {"%n", {1}, nullptr},
      {"%pZ", {1}, nullptr},
      {"\x80", {}, nullptr},
  };
  for (const FormatCase& c : kCases) {
    const auto text = format_guest(vm, c.format, c.arguments);
    EXPECT_EQ(text, c.text != nullptr ? std::optional<std::string>(c.text) : std::nullopt) << c.format;
  }
  EXPECT_EQ(h.trapped(), "");
}

TEST(Format, SurvivesGarbage) {
  EXPECT_TRUE(rc::check("any format", [] {
    Harness h;
    Vm& vm = h.start();
    const auto text = *rc::gen::container<std::string>(
        rc::gen::oneOf(rc::gen::elementOf(std::string("%%%%%dsxpcl0123456789-+# hzKkus")), rc::gen::arbitrary<char>()));
    const auto arguments = *rc::gen::container<std::vector<uint64_t>>(rc::gen::arbitrary<uint64_t>());
    const auto result = format_guest(vm, text, arguments);
    RC_ASSERT(!result || result->size() <= 1024u);
    RC_ASSERT(h.trapped() == "");
  }));
}

TEST(Print, ReachesTheHost) {
  Harness h;
  h.start();
  const uint64_t format = h.put_text(0, "cpu %d of %s");
  EXPECT_EQ(h.call(BPF_FUNC_trace_printk, format, 13, 5, h.put_text(64, "eight")), 14u);
  h.put(128, std::array<uint64_t, 2>{6, h.kBss + 64});
  h.call(BPF_FUNC_trace_vprintk, format, 13, h.kBss + 128, 16);
  EXPECT_THAT(h.host.printed, ElementsAre("cpu 5 of eight", "cpu 6 of eight"));
  EXPECT_EQ(h.call(BPF_FUNC_snprintf, h.kBss + 256, 6, format, h.kBss + 128, 16), 15u);
  EXPECT_STREQ(h.vm().at<char>(h.kBss + 256), "cpu 6");
  EXPECT_EQ(h.signed_call(BPF_FUNC_trace_vprintk, format, 13, h.kBss + 128, 12), -EINVAL);
  EXPECT_EQ(h.signed_call(BPF_FUNC_trace_vprintk, format, 13, h.kBss + 128, 8), -EINVAL);
}

}  // namespace
}  // namespace simsched::bpf
