// simsched_native_bench: what decisions cost as BPF programs in this machine's kernel, beside an empty program. Needs
// root. Figures of one run: docs/port_native.md.
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <span>
#include <vector>

#include "base/rng.h"
#include "scx_port/schedulers/rusty/rusty.h"
#include "scx_port/live/cost.h"
#include "scx_port/live/kernel_object.h"
#include "ml/model/model_file.h"

extern "C" const unsigned char native_half_bpf_object[];
extern "C" const unsigned long native_half_bpf_object_size;

namespace simsched {
namespace {

// What the programs of bench/bpf/native_half.bpf.c find in their packet.
struct Int8Inputs {
  uint64_t x[mlp::MLP_GROUPS];
  uint32_t sum, pad;
};
struct Q21Inputs {
  int64_t x[mlp::MLP_INPUTS];
};
struct Features {
  uint16_t in[mlp::MLP_ROW];
};
struct Task {
  uint64_t blocked_freq, waker_freq, avg_runtime, weight;
};
struct Average {
  rusty::rusty_ravg average;
  uint64_t now, half_life;
};

template <class T>
std::span<const std::byte> bytes(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

void print(live::KernelObject& object, const char* program, const char* what, std::span<const std::byte> packet,
           const char* target) {
  const live::Cost cost = live::measure_cost(object, program, packet, {.calls = 1'000'000, .rounds = 9});
  bpf_prog_info info{};
  uint32_t size = sizeof(info);
  bpf_obj_get_info_by_fd(object.program_fd(program), &info, &size);
  std::printf("%-18s %8lld %8lld %7.1f %8zu %9u   %-8s %s\n", program, static_cast<long long>(cost.gross.count()),
              static_cast<long long>(cost.net().count()),
              static_cast<double>(cost.gross.count()) / static_cast<double>(cost.empty.count()),
              info.xlated_prog_len / sizeof(bpf_insn), info.verified_insns, target, what);
}

void run() {
  live::KernelObject object({reinterpret_cast<const std::byte*>(native_half_bpf_object), native_half_bpf_object_size},
                            "native_half");
  object.load();
  for (uint32_t slot = 0; auto kind : {mlp::MLP_INT8, mlp::MLP_Q21, mlp::MLP_TREE}) {
    const mlp::mlp_model model = mlp::random_model(1, kind).model;
    bpf_map_update_elem(object.map_fd("models"), &slot, &model, BPF_ANY);
    ++slot;
  }

  Rng rng(1);
  for (uint32_t at = 0; at < 4096; ++at) {
    Features random{};
    for (size_t i = 0; i < mlp::MLP_INPUTS; ++i) random.in[i] = static_cast<uint16_t>(rng.below(256));
    bpf_map_update_elem(object.map_fd("inputs"), &at, &random, BPF_ANY);
  }

  Features features{};
  Int8Inputs int8{};
  Q21Inputs q21{};
  for (uint32_t i = 0; i < mlp::MLP_INPUTS; ++i) {
    const uint64_t value = 37 * i % 256;
    features.in[i] = static_cast<uint16_t>(value);
    int8.x[i / 3] |= value << i % 3 * 20;
    int8.sum += static_cast<uint32_t>(value);
    q21.x[i] = static_cast<int64_t>(value << 13);
  }
  const Task task{.blocked_freq = 100, .waker_freq = 70, .avg_runtime = 1'234'567, .weight = 100};
  const Average average{.average = {.val = 1, .val_at = 5'000'000'000, .old = 1 << 19, .cur = 1 << 18},
                        .now = 7'123'456'789,
                        .half_life = 1'000'000'000};

  std::printf("%-18s %8s %8s %7s %8s %9s   %-8s\n", "program", "ns", "net ns", "/empty", "insns", "verified", "target");
  print(object, "empty", "does nothing", bytes(features), "");
  print(object, "look_up", "finds its packet and model", bytes(features), "");
  print(object, "int8_net", "8 bits: the net alone", bytes(int8), "< 100");
  print(object, "int8_decision", "8 bits: inputs to ranges, net, verdict", bytes(features), "< 100");
  print(object, "q21_net", "Q11.21: the net alone", bytes(q21), "< 250");
  print(object, "q21_decision", "Q11.21: inputs to ranges, net, verdict", bytes(features), "< 250");
  print(object, "varied_look_up", "finds other inputs each time, and its model", bytes(features), "");
  print(object, "int8_varied", "8 bits: a decision on other inputs each time", bytes(features), "< 100");
  print(object, "q21_varied", "Q11.21: a decision on other inputs each time", bytes(features), "< 250");
  print(object, "tree_varied", "a tree: a decision on other inputs each time", bytes(features), "< 100");
  print(object, "rusty_deadline", "rusty: latency priority, deadline", bytes(task), "");
  print(object, "rusty_average", "rusty: a decaying average, read two windows later", bytes(average), "");
}

}  // namespace
}  // namespace simsched

int main() {
  try {
    simsched::run();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "simsched_native_bench: error: %s\n", error.what());
    return 2;
  }
}
