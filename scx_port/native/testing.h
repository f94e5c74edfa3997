// For tests of the BPF host: a policy's source, compiled, on a small machine with a few tasks.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "scx_port/native/bpf_ops.h"
#include "scx_port/native/compile.h"
#include "scx_port/native/fake_ext_class.h"
#include "sim/testing.h"

namespace simsched::native::testing {

// Compiles `source` as NAME.bpf.c. What a test leaves in the folder goes with the process' temporary directory.
inline std::shared_ptr<const BpfObject> compile(const std::string& name, const std::string& source) {
  std::string folder = ::testing::TempDir() + "simsched-native";
  std::filesystem::create_directories(folder);
  std::string path = folder + "/" + name + ".bpf.c";
  std::ofstream(path) << source;
  CompileOptions options;
  options.cache = folder + "/cache";
  options.include = {std::string(SIMSCHED_SOURCE_DIR) + "/scx_port/include"};
  return load_bpf(path, options);
}

inline std::string read_source(const std::string& file) {
  std::ifstream in(std::string(SIMSCHED_SOURCE_DIR) + "/scx_port/native/" + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Four CPUs, two to a core; tasks a (0), its child b (1, nice 5, CPUs 1-2), kworker/2:0 (2, CPU 2 only), grouped (3, in
// group 1).
class Host {
 public:
  explicit Host(std::shared_ptr<const BpfObject> object, BpfOpsOptions options = {})
      : machine(simsched::testing::flat_machine(4, 2)), workload(make_workload()) {
    EngineOptions engine_options;
    engine_options.duration = Nanos(1'000'000'000);
    engine = std::make_unique<Engine>(machine, workload, engine_options, simsched::testing::queue_classes());
    ops = std::make_unique<BpfOps>(std::move(object), std::move(options));
    kernel = std::make_unique<ext::ExtClass>(*engine, *ops);
    fake = kernel->fake;
  }

  static Workload make_workload() {
    Workload workload;
    workload.nr_groups = 2;
    TaskId a = simsched::testing::add_task(workload, "a", {});
    TaskId b = simsched::testing::add_task(workload, "b", {}, a);
    TaskId worker = simsched::testing::add_task(workload, "kworker/2:0", {});
    TaskId grouped = simsched::testing::add_task(workload, "grouped", {});
    workload.tasks[b.index()].nice = 5;
    workload.tasks[b.index()].affinity = workload.intern_affinity(CpuSet::parse("1-2"));
    workload.tasks[worker.index()].affinity = workload.intern_affinity(CpuSet::parse("2"));
    workload.tasks[worker.index()].kthread = true;
    workload.tasks[grouped.index()].group = GroupId(1);
    return workload;
  }

  template <class T = uint64_t>
  T variable(const std::string& name, size_t index = 0) {
    std::span<std::byte> bytes = ops->vm().variable(name);
    EXPECT_GE(bytes.size(), (index + 1) * sizeof(T)) << name;
    T value{};
    if (bytes.size() >= (index + 1) * sizeof(T)) std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
    return value;
  }
  template <class T = uint64_t>
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
  std::string fault() {
    std::string message;
    int code = 0;
    return ops->faulted(&message, &code) ? std::to_string(code) + " " + message : "";
  }

  Machine machine;
  Workload workload;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<BpfOps> ops;
  std::unique_ptr<ext::ExtClass> kernel;
  ext::ExtClass::Fake* fake;
};

constexpr TaskId kA{0}, kB{1}, kWorker{2}, kGrouped{3};

}  // namespace simsched::native::testing
