#include "scx_port/export/parity.h"

#include <cstring>

#include "base/error.h"
#include "bpf/compile.h"
#include "bpf/vm.h"
#include "ml/model/model_file.h"
#include "scx_port/host/scx_kfuncs.h"
#include "scx_port/host/set_variables.h"
#include "scx_port/include/simsched/decision.h"

namespace simsched {
namespace {

constexpr const char* kProgram = "decide_again";

// Pure functions ask the world nothing.
class NoWorld : public bpf::VmHost {
  Nanos now() const override { return {}; }
  CpuId this_cpu() const override { return CpuId(0); }
  void arm_timer(uint64_t, Nanos) override {}
  void cancel_timer(uint64_t) override {}
  void print(const std::string&) override {}
};

std::string describe(const decision& d, uint64_t here) {
  std::string text = "decision of kind " + std::to_string(d.kind) + " on CPU " + std::to_string(d.cpu) + " at " +
                     std::to_string(d.at) + " ns: inputs";
  for (unsigned long long input : d.in) text += ' ' + std::to_string(input);
  return text + "; the kernel's " + std::to_string(d.out) + ", here " + std::to_string(here);
}

}  // namespace

ParityResult check_parity(const ExportedFolder& folder, std::span<const std::byte> log, const std::string& name) {
  if (log.size() % sizeof(decision) != 0) {
    throw Error(name,
                "is no log of decisions: " + std::to_string(log.size()) + " bytes are not a whole number of records",
                "write it with 'simsched-loader --decisions'");
  }
  const std::string object_path = folder.path + "/" + kObjectFile;
  const auto object = bpf::load_native(bpf::read_bpf_object(folder.object, object_path));
  const int32_t function = object->function(kProgram);
  if (function < 0) throw Error(object_path, "has no decisions that can be checked");
  NoWorld world;
  bpf::Vm vm(object, world, bpf::scx_exports(), 1, 1);
  for (const Manifest::Variable& variable : folder.manifest.variables)
    bpf::write_variable(vm, {variable.name, variable.text, variable.bytes}, object_path);
  const auto fill_slot = [&](uint32_t slot, const std::string& path) {
    const mlp::mlp_model model = mlp::read_model(path).model;
    vm.map_update("models", std::as_bytes(std::span(&slot, 1)), std::as_bytes(std::span(&model, 1)));
  };
  // The loader writes it to any.
  for (uint32_t slot = 0; folder.manifest.model && slot < mlp::MLP_SLOTS; ++slot) fill_slot(slot, folder.model_path());
  uint32_t slot = 0;
  for (const std::string& path : folder.expert_paths()) fill_slot(++slot, path);

  ParityResult result;
  const uint64_t context = vm.allocate(sizeof(decision), VM_READ | VM_WRITE);
  for (size_t at = 0; at < log.size(); at += sizeof(decision)) {
    decision logged;
    std::memcpy(&logged, log.data() + at, sizeof(logged));
    decision again = logged;
    again.out = ~logged.out;
    std::memcpy(vm.at(context), &again, sizeof(again));
    vm.call(static_cast<size_t>(function), {context});
    if (vm.trap_info()) throw Error(object_path, "cannot decide again: " + vm.trap_info()->text());
    std::memcpy(&again, vm.at(context), sizeof(again));
    ++result.decisions;
    ++result.by_kind[logged.kind];
    if (again.out == logged.out) continue;
    if (result.different++ == 0) result.first_difference = describe(logged, again.out);
  }
  return result;
}

}  // namespace simsched
