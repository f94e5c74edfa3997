#include "scx_port/host/scx_kfuncs.h"

namespace simsched::bpf {

std::span<const VmExport> scx_exports() {
  static const std::vector<VmExport> all = [] {
    std::vector<VmExport> exports;
    for (auto part : {scx_dsq_exports(), scx_cpu_exports(), scx_cid_exports(), scx_task_exports(), scx_text_exports()})
      exports.insert(exports.end(), part.begin(), part.end());
    return exports;
  }();
  return all;
}

}  // namespace simsched::bpf
