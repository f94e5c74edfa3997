// For tests of the BPF host: a policy's source, compiled, and a small simulation that it schedules.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "bpf/compile.h"
#include "bpf/compile_cache.h"
#include "policies/registry.h"
#include "scx_port/host/bpf_ops.h"
#include "sim/testing.h"

namespace simsched::bpf::testing {

constexpr TaskId kA{0}, kB{1}, kWorker{2}, kGrouped{3};

// Tests run side by side, from several clones too: a file's folder says what is in it, so that all write the same.
inline std::shared_ptr<const BpfObject> compile(const std::string& name, const std::string& source) {
  const std::string folder = ::testing::TempDir() + "simsched-native", own = folder + "/" + content_key(source);
  std::filesystem::create_directories(own);
  const std::string path = own + "/" + name + ".bpf.c";
  write_file_atomically(path, source);
  CompileOptions options;
  options.cache = folder + "/cache";
  options.include = {std::string(SIMSCHED_SOURCE_DIR) + "/scx_port/include"};
  return load_bpf(path, options);
}

inline std::string read_source(const std::string& file) {
  std::ifstream in(std::string(SIMSCHED_SOURCE_DIR) + "/scx_port/host/testdata/" + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// a (pid 1000) forks b (1001: nice 5, CPUs 1-2) and waits for it; kworker/2:0 (1002) is bound to CPU 2; grouped (1003)
// is in group 1.
inline Workload small_workload() {
  using namespace simsched::op;
  auto ms = [](int64_t n) { return compute(Work(n * 1'000'000)); };
  Workload workload;
  workload.groups.resize(2);
  TaskId a = simsched::testing::add_task(workload, "a",
                                         {ms(2), fork(kB), ms(2), wait_child(), sleep(Nanos(1'000'000)), ms(1)});
  TaskId b = simsched::testing::add_task(workload, "b", {ms(3), sleep(Nanos(1'000'000)), ms(1)}, a);
  TaskId worker = simsched::testing::add_task(workload, "kworker/2:0", {ms(1), sleep(Nanos(500'000)), ms(1)});
  TaskId grouped = simsched::testing::add_task(workload, "grouped", {sleep(Nanos(1'000'000)), ms(8), yield(), ms(1)});
  workload.tasks[b.index()].nice = 5;
  workload.tasks[b.index()].affinity = workload.intern_affinity(CpuSet::parse("1-2"));
  workload.tasks[worker.index()].affinity = workload.intern_affinity(CpuSet::parse("2"));
  workload.tasks[worker.index()].kthread = true;
  workload.tasks[grouped.index()].group = GroupId(1);
  return workload;
}

// "[1, 2]" is a list, as in a config; all else is text.
inline TunableValue value_of(const std::string& text) {
  if (!text.starts_with('[')) return text;
  TunableValue::List items;
  std::istringstream in(text.substr(1, text.size() - 2));
  for (std::string item; std::getline(in >> std::ws, item, ',');) items.emplace_back(item);
  return TunableValue(std::move(items));
}

// Loaded once constructed. The engine's invariants hold for a policy that is sound: one that fails in dispatch() leaves
// work queued on an idle CPU until it is thrown out, at the same instant.
class Simulation {
 public:
  using Variables = std::vector<std::pair<std::string, std::string>>;

  explicit Simulation(std::shared_ptr<const BpfObject> object, Variables variables = {},
                      std::unique_ptr<UserHalf> half = nullptr, bool check_invariants = false,
                      Workload tasks = small_workload())
      : machine(simsched::testing::flat_machine(4, 2)), workload(std::move(tasks)) {
    EngineOptions options;
    options.check_invariants = check_invariants;
    FairClass* fair = nullptr;
    ClassStack stack = default_classes(options.kernel, machine, &fair);
    auto make = [this, object = std::move(object), variables = std::move(variables), half = half.release()] {
      BpfOpsOptions ops_options;
      Tunables settings;
      for (const auto& [name, text] : variables) settings.push_back({name, value_of(text), ""});
      ops_options.variables = resolve_variables(*object, settings, machine.nr_cpus());
      ops_options.user_half.reset(half);
      ops_options.print = [this](const std::string& text) { printed.push_back(text); };
      auto made = std::make_unique<BpfOps>(object, std::move(ops_options));
      ops = made.get();
      return made;
    };
    auto cls = std::make_unique<ext::ExtClass>(make, *fair);
    ext = cls.get();
    stack.insert(stack.end() - 1, std::move(cls));
    engine = std::make_unique<Engine>(machine, workload, options, std::move(stack));
  }

  template <class T = uint64_t>
  T variable(const std::string& name, size_t index = 0) {
    std::span<std::byte> bytes = ops->vm().variable(name);
    EXPECT_GE(bytes.size(), (index + 1) * sizeof(T)) << name;
    T value{};
    if (bytes.size() >= (index + 1) * sizeof(T)) std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
    return value;
  }
  template <class T>
  void set(const std::string& name, T value) {
    std::span<std::byte> bytes = ops->vm().variable(name);
    ASSERT_EQ(bytes.size(), sizeof value) << name;
    std::memcpy(bytes.data(), &value, sizeof value);
  }
  std::string text(const std::string& name) {
    std::span<std::byte> bytes = ops->vm().variable(name);
    const char* from = reinterpret_cast<const char*>(bytes.data());
    return {from, strnlen(from, bytes.size())};
  }
  // "43 where: what", or nothing.
  std::string fault() {
    std::string message;
    int code = 0;
    return ops->faulted(&message, &code) ? std::to_string(code) + " " + message : "";
  }

  Machine machine;
  Workload workload;
  std::vector<std::string> printed;
  BpfOps* ops = nullptr;
  ext::ExtClass* ext = nullptr;
  std::unique_ptr<Engine> engine;
};

}  // namespace simsched::bpf::testing
