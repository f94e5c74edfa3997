#include "scx_port/export/exporter.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/files.h"
#include "scx_port/host/bpf_ops.h"

namespace simsched {
namespace {

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The models are files of the folder.
bool names_models(const Tunable& option, const HostedPolicy& hosted) {
  if (option.key == kModelOption) return hosted.model || !hosted.experts.empty();
  return option.key == kExpertsOption && !hosted.experts.empty();
}

}  // namespace

Manifest make_manifest(const ExportRequest& request, std::span<const std::byte> object) {
  const HostedPolicy& hosted = request.hosted;
  Manifest manifest;
  manifest.policy = request.policy;
  const bpf::BpfOpsTable table(*hosted.object);  // throws where there is no scheduler
  if (table.by_cid)
    throw Error(request.policy, "a scheduler of cids (struct sched_ext_ops_cid) cannot be exported",
                "export one that is a struct sched_ext_ops");
  for (const bpf::StructOps& ops : hosted.object->struct_ops)
    if (ops.type == "sched_ext_ops") manifest.ops = ops.variable;
  manifest.license = hosted.object->license;
  manifest.object_sha256 = sha256(object);
  for (const auto& [name, text, bytes] : hosted.variables) manifest.variables.push_back({name, text, bytes});
  manifest.map_entries = hosted.map_entries;
  manifest.loader = hosted.loader;
  manifest.user_half = hosted.user_half;
  for (const Tunable& option : hosted.user_options)
    if (!names_models(option, hosted)) manifest.user_options.push_back(option);
  for (int i = 0; i < ext::kNrOps; ++i) {
    const auto op = static_cast<ext::Op>(i);
    if (table.info.has(op))
      manifest.costs.emplace_back(ext::op_name(op), hosted.options.costs.of[static_cast<size_t>(i)]);
  }
  manifest.costs_from = "the simulation's own; 'simsched verify --costs' measures them";
  const Machine& machine = request.machine;
  manifest.machine = {machine.name(), machine.nr_cpus(), machine.nr_cores(), machine.nr_llcs(), machine.nr_nodes()};
  manifest.results = request.results;
  manifest.version = request.version;
  manifest.revision = SIMSCHED_REVISION;
  return manifest;
}

std::string unit_name(const std::string& policy) { return "simsched-" + policy + ".service"; }

std::string systemd_unit(const Manifest& manifest) {
  return "# Copy this folder to /opt/simsched/" + manifest.policy +
         " and this file to /etc/systemd/system.\n"
         "[Unit]\n"
         "Description=CPU scheduler " +
         manifest.policy +
         " (sched_ext, exported by simsched)\n"
         "ConditionPathIsDirectory=/sys/kernel/sched_ext\n"
         "\n"
         "[Service]\n"
         "ExecStart=/opt/simsched/" +
         manifest.policy + "/simsched-loader /opt/simsched/" + manifest.policy +
         "\n"
         "ExecReload=kill -HUP $MAINPID\n"
         "Restart=on-failure\n"
         "RestartSec=5\n"
         "# Stalled, refused, or another one is attached: trying again does not help.\n"
         "RestartPreventExitStatus=2 42 43\n"
         "CapabilityBoundingSet=CAP_BPF CAP_PERFMON CAP_SETPCAP\n"
         "AmbientCapabilities=CAP_BPF CAP_PERFMON\n"
         "NoNewPrivileges=yes\n"
         "PrivateTmp=yes\n"
         "ProtectHome=yes\n"
         "ProtectSystem=strict\n"
         "RestrictAddressFamilies=none\n"
         "# It must run while the scheduler that it watches over does not let it.\n"
         "CPUSchedulingPolicy=rr\n"
         "CPUSchedulingPriority=1\n"
         "\n"
         "[Install]\n"
         "WantedBy=multi-user.target\n";
}

std::string administrator_readme(const Manifest& manifest) {
  const Manifest::Shape& machine = manifest.machine;
  auto count = [](size_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); };
  std::string text =
      "# " + manifest.policy +
      ": a CPU scheduler for sched_ext\n\n"
      "`policy.bpf.o` is loaded into a running Linux kernel and then schedules every ordinary task. It needs no "
      "change\n"
      "of the kernel or of programs, and it ends without a trace: when the loader ends, however it ends, the kernel's\n"
      "own scheduler has all tasks again.\n\n"
      "## What it needs\n\n"
      "- Linux 6.12 or later with CONFIG_SCHED_CLASS_EXT and CONFIG_DEBUG_INFO_BTF (not 7.1 or 7.2, whose type\n"
      "  information is damaged). `./simsched-loader --check` says whether this kernel can.\n"
      "- Root, or the capabilities CAP_BPF and CAP_PERFMON. The loader drops all others.\n\n"
      "## Use\n\n"
      "    ./simsched-loader --check        # can this kernel?\n"
      "    ./simsched-loader --stats 1      # schedule, print counters every second; Ctrl-C ends it\n\n"
      "As a service: copy the folder to /opt/simsched/" +
      manifest.policy +
      ", then\n\n"
      "    cp " +
      unit_name(manifest.policy) +
      " /etc/systemd/system/\n"
      "    systemctl enable --now " +
      unit_name(manifest.policy) +
      "\n\n"
      "In an emergency the kernel itself ends any such scheduler: SysRq-S (`echo S > /proc/sysrq-trigger`).\n"
      "A task that waits too long (30 s, or what the scheduler says) ends it by itself: the loader's exit code is "
      "42.\n\n"
      "## What it was made from\n\n" +
      std::string(manifest.results.empty() ? "Made for " : "Simulated on ") + machine.name + ": " +
      count(machine.cpus, "CPU") + ", " + count(machine.cores, "core") + ", " +
      count(machine.llcs, "last-level cache") + ", " + count(machine.nodes, "NUMA node") +
      ".\n"
      "On a machine of another shape it works too, but nobody has simulated it there. `manifest.json` has the\n"
      "parameters, hashes, the version of simsched" +
      (manifest.results.empty() ? "; nothing was simulated" : " and the simulated results") + ".\n";
  if (!manifest.variables.empty() || !manifest.user_options.empty()) {
    text += "\nParameters:\n\n";
    for (const Manifest::Variable& variable : manifest.variables)
      text += "- " + variable.name + ": " + variable.text + "\n";
    for (const Tunable& option : manifest.user_options) text += "- " + option.key + ": " + option.value.str() + "\n";
  }
  text += "\nLicence: GPL-2.0-only; the scheduler's own: " + manifest.license + ".\n";
  return text;
}

std::vector<std::pair<std::string, std::string>> export_files(const ExportRequest& request) {
  const std::vector<std::byte> object = kernel_object(request.hosted);
  Manifest manifest = make_manifest(request, object);
  std::vector<std::pair<std::string, std::string>> files;
  const auto add_model = [&](const mlp::ModelFile& file, const std::string& name) {
    const std::vector<std::byte> model = mlp::model_bytes(file, request.where);
    files.emplace_back(name, text_of(model));
    return Manifest::Model{name, file.model.version, mlp::parse_model(model, request.where).model.crc};
  };
  if (request.hosted.model) manifest.model = add_model(*request.hosted.model, kModelFile);
  for (const mlp::ModelFile& expert : request.hosted.experts)
    manifest.experts.push_back(add_model(expert, expert_file(manifest.experts.size() + 1)));
  if (request.claim_gpl) manifest.license = "GPL";
  if (!is_gpl_compatible(manifest.license)) {
    throw Error(request.where,
                "its licence is '" + manifest.license +
                    "', and the kernel gives sched_ext's functions to GPL-compatible schedulers only",
                "change the source's licence");
  }
  files.emplace_back(kObjectFile, text_of(object));
  files.emplace_back(kManifestFile, manifest_to_json(manifest));
  files.emplace_back(unit_name(manifest.policy), systemd_unit(manifest));
  files.emplace_back("README.md", administrator_readme(manifest));
  files.emplace_back(kLoaderFile, read_file(loader_path()).text());
  return files;
}

std::string loader_path() {
  const std::string path = own_folder() + "/" + kLoaderFile;
  if (!std::filesystem::exists(path)) {
    throw Error(path, "is not there: this simsched was built without a loader",
                "run scripts/fetch-libbpf, then build again");
  }
  return path;
}

void make_loader_executable(const std::string& folder) {
  using std::filesystem::perms;
  std::filesystem::permissions(folder + "/" + kLoaderFile, perms::owner_exec | perms::group_exec | perms::others_exec,
                               std::filesystem::perm_options::add);
}

}  // namespace simsched
