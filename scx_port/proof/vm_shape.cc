#include "scx_port/proof/vm_shape.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <tuple>

#include "base/error.h"

namespace simsched {
namespace {

constexpr int kZenReclaimDistance = 32;
constexpr int kRoundMicros = 100;

[[noreturn]] void refuse(const Machine& machine, const std::string& what) {
  throw Error("", "machine '" + machine.name() + "' does not fit into a virtual machine: " + what,
              "take a smaller one of the same kind, or {preset: ...} with fewer CPUs, as a file");
}

// How many units of a level each unit of the level above has, which must be the same everywhere.
size_t each(const Machine& machine, size_t units, const char* what, size_t above, const char* of) {
  if (units % above != 0)
    refuse(machine,
           std::to_string(units) + " " + what + " do not divide evenly over " + std::to_string(above) + " " + of);
  return units / above;
}

bool unequal(const Machine& machine) {
  return std::any_of(machine.spec().cpus.begin(), machine.spec().cpus.end(), [](const Cpu& cpu) {
    return cpu.capacity != kCapacityScale || cpu.kernel_capacity != kCapacityScale;
  });
}

// Emulated CPUs are equally fast, have no frequencies, and keep their numbers in a device tree.
Machine taken_for_unequal(const Machine& machine) {
  MachineSpec spec = machine.spec();
  spec.core_types.clear();
  for (Cpu& cpu : spec.cpus) {
    cpu.capacity = kCapacityScale;
    cpu.type = CoreTypeId();
    cpu.cluster = ClusterId();
    cpu.power_domain = PowerDomainId();
  }
  return Machine(std::move(spec));
}

// CPUs by node, LLC, core, as QEMU and a kernel number them.
Machine as_guest_sees(const Machine& machine) {
  if (unequal(machine)) return taken_for_unequal(machine);
  MachineSpec spec = machine.spec();
  auto place = [](const Cpu& cpu) { return std::tuple(cpu.node, cpu.llc, cpu.core); };
  std::stable_sort(spec.cpus.begin(), spec.cpus.end(), [&](auto& a, auto& b) { return place(a) < place(b); });
  std::vector<int32_t> llcs(machine.nr_llcs(), -1), cores(machine.nr_cores(), -1);
  int32_t nr_llcs = 0, nr_cores = 0;
  for (Cpu& cpu : spec.cpus) {
    int32_t &llc = llcs[cpu.llc.index()], &core = cores[cpu.core.index()];
    if (llc < 0) llc = nr_llcs++;
    if (core < 0) core = nr_cores++;
    cpu.llc = LlcId(llc);
    cpu.core = CoreId(core);
    cpu.cluster = ClusterId();
    cpu.power_domain = PowerDomainId();
  }
  return Machine(std::move(spec));
}

}  // namespace

VmShape::VmShape(const Machine& machine)
    : nodes_(machine.nr_nodes()),
      threads_(each(machine, machine.nr_cpus(), "CPUs", machine.nr_cores(), "cores")),
      machine_(as_guest_sees(machine)) {
  const size_t cpus = machine.nr_cpus();
  if (cpus > kMostVmCpus)
    refuse(machine, "it has " + std::to_string(cpus) + " CPUs, and emulated ones take turns: at most " +
                        std::to_string(kMostVmCpus));
  if (machine.spec().asym_packing) refuse(machine, "QEMU has no priorities of cores (asym_packing)");
  if (!machine.spec().isolated.empty()) refuse(machine, "it isolates CPUs");
  if (arm()) {
    if (nodes_ > 1 || threads_ > 1)
      refuse(machine, "its CPUs are not equally fast, and it has several nodes, or several threads a core");
    return;
  }
  llcs_ = each(machine, machine.nr_llcs(), "LLCs", machine.nr_nodes(), "nodes");
  cores_ = each(machine, machine.nr_cores(), "cores", machine.nr_llcs(), "LLCs");
  for (CpuId cpu : machine_.cpus()) {
    const Cpu& expected = machine_.cpu(cpu);
    const size_t core = cpu.index() / threads_, llc = core / cores_, node = llc / llcs_;
    if (expected.core.index() != core || expected.llc.index() != llc || expected.node.index() != node)
      refuse(machine, "its nodes, LLCs or cores are not all alike");
  }
  if (zen() && llcs_ > 1 && cores_ * threads_ != 8)
    refuse(machine,
           "QEMU's AMD Zen has 8 CPUs an LLC where a node has several, this one " + std::to_string(cores_ * threads_));
}

bool VmShape::arm() const { return unequal(machine_); }

bool VmShape::zen() const { return machine_.spec().reclaim_distance == kZenReclaimDistance; }

// TCG knows no TOPOEXT, so that the kernel has to guess: by APIC id on family 0x17 model 1 (eight to an LLC), a socket
// an LLC on later models (cacheinfo_amd_init_llc_id(), arch/x86/kernel/cpu/cacheinfo.c, 6.19).
std::string VmShape::cpu_model() const {
  if (!zen()) return "max,vendor=GenuineIntel";
  return llcs_ > 1 ? "EPYC" : "EPYC-Rome";
}

std::vector<std::string> VmShape::x86_words() const {
  auto text = [](size_t number) { return std::to_string(number); };
  // No HPET: it would take the place of the timer by which turns are short (guest/machine.h).
  std::vector<std::string> words = {"-machine", "pc,hpet=off", "-cpu", cpu_model(), "-smp"};
  words.push_back(text(machine_.nr_cpus()) + ",sockets=" + text(nodes_) + ",dies=" + text(llcs_) +
                  ",cores=" + text(cores_) + ",threads=" + text(threads_));
  constexpr size_t kMebibytes = 512;  // a node
  words.insert(words.end(), {"-m", text(kMebibytes * nodes_) + "M"});
  const size_t cpus = machine_.nr_cpus() / nodes_;
  for (size_t node = 0; node < nodes_; ++node) {
    words.insert(words.end(),
                 {"-object", "memory-backend-ram,id=m" + text(node) + ",size=" + text(kMebibytes) + "M", "-numa",
                  "node,nodeid=" + text(node) + ",cpus=" + text(node * cpus) + "-" + text((node + 1) * cpus - 1) +
                      ",memdev=m" + text(node)});
  }
  for (size_t a = 0; a < nodes_; ++a)
    for (size_t b = a + 1; b < nodes_; ++b)
      words.insert(words.end(), {"-numa", "dist,src=" + text(a) + ",dst=" + text(b) +
                                              ",val=" + std::to_string(machine_.distance(NodeId(a), NodeId(b)))});
  return words;
}

// What QEMU leaves out: capacities, last-level caches, and clusters, as which a kernel takes the CPUs of such a cache
// (Documentation/devicetree/bindings/cpu/cpu-capacity.txt and cpu-topology.txt).
std::vector<std::string> VmShape::device_tree() const {
  constexpr size_t kCaches = 0x9000, kCpus = 0xa000;  // phandles, above QEMU's own
  const std::string map = "/cpus/cpu-map", socket = map + "/socket0";
  std::vector<std::string> changes = {"-r FILE " + map, "-c FILE " + map + " " + socket};
  auto set = [&](const std::string& node, const std::string& property, size_t value) {
    changes.push_back("-t i FILE " + node + " " + property + " " + std::to_string(value));
  };
  for (size_t llc = 0; llc < machine_.nr_llcs(); ++llc) {
    const std::string node = "/cpus/l2-cache" + std::to_string(llc),
                      cluster = socket + "/cluster" + std::to_string(llc);
    changes.push_back("-c FILE " + node + " " + cluster);
    changes.push_back("-t s FILE " + node + " compatible cache");
    changes.push_back("FILE " + node + " cache-unified");
    set(node, "cache-level", 2);
    set(node, "phandle", kCaches + llc);
    size_t core = 0;
    for (CpuId id : machine_.llc_cpus(LlcId(llc))) {
      const std::string place = cluster + "/core" + std::to_string(core++);
      changes.push_back("-c FILE " + place);
      set(place, "cpu", kCpus + id.index());
    }
  }
  for (CpuId id : machine_.cpus()) {
    const Cpu& cpu = machine_.cpu(id);
    std::ostringstream node;
    node << "/cpus/cpu@" << std::hex << id.index();
    set(node.str(), "phandle", kCpus + id.index());
    set(node.str(), "capacity-dmips-mhz", static_cast<size_t>(cpu.kernel_capacity));
    set(node.str(), "next-level-cache", kCaches + cpu.llc.index());
  }
  return changes;
}

VirtualMachine VmShape::virtual_machine() const {
  VirtualMachine machine;
  const size_t cpus = machine_.nr_cpus();
  // So that an emulated CPU does about as much beside few as beside many.
  machine.icount_shift = cpus <= 8 ? 2 : cpus <= 16 ? 1 : 0;
  // Nothing else is to run; and a clock that is read without asking the kernel.
  machine.append =
      "sched_verbose cryptomgr.notests damon_stat.enabled=N simsched.turns_us=" + std::to_string(turn_us());
  if (!arm()) {
    machine.hardware = x86_words();
    machine.append += " tsc=reliable clocksource=tsc";
    return machine;
  }
  machine.architecture = Architecture::kArm64;
  const std::string number = std::to_string(cpus);
  machine.hardware = {"-machine", "virt,gic-version=3", "-cpu", "cortex-a57", "-smp",
                      number + ",sockets=1,clusters=1,cores=" + number + ",threads=1", "-m", "1G",
                      // Its timer makes turns short (guest/machine.h).
                      "-device", "i6300esb"};
  machine.device_tree = device_tree();
  return machine;
}

int VmShape::turn_us() const { return std::clamp(kRoundMicros / static_cast<int>(machine_.nr_cpus()), 5, 50); }

void VmShape::check_domains(const std::string& kernel_log) const {
  // "CPU0 attaching sched-domain(s):", then a line a level: "domain-0: span=0-7 level=MC".
  std::vector<std::string> seen;
  std::istringstream lines(kernel_log.substr(std::min(kernel_log.find("CPU0 attaching"), kernel_log.size())));
  for (std::string line; std::getline(lines, line) && line.find("CPU1 attaching") == std::string::npos;) {
    const size_t span = line.find("span="), level = line.find(" level=");
    if (line.find("domain-") != std::string::npos && level != std::string::npos)
      seen.push_back(line.substr(span + 5, level - span - 5));
  }
  std::vector<std::string> expected;
  const Cpu& cpu = machine_.cpu(CpuId(0));
  for (const CpuSet* set : {&machine_.core_cpus(cpu.core), &machine_.llc_cpus(cpu.llc), &machine_.node_cpus(cpu.node)})
    if (set->size() > 1 && (expected.empty() || expected.back() != set->str())) expected.push_back(set->str());
  auto text = [](const std::vector<std::string>& spans) {
    std::string all;
    for (const std::string& span : spans) all += (all.empty() ? "" : " < ") + span;
    return all.empty() ? "none" : all;
  };
  if (seen.size() < expected.size() || !std::equal(expected.begin(), expected.end(), seen.begin()))
    throw Error("",
                "the guest sees another machine: scheduling domains " + text(seen) + " instead of " + text(expected),
                "this QEMU has no such CPU; take another shape");
}

std::string VmShape::summary() const {
  if (arm()) {
    std::map<int32_t, size_t> by_capacity;
    for (CpuId cpu : machine_.cpus()) ++by_capacity[machine_.cpu(cpu).kernel_capacity];
    std::string text;
    for (const auto& [capacity, cpus] : by_capacity)
      text += (text.empty() ? "" : " and ") + std::to_string(cpus) + (text.empty() ? " CPUs of capacity " : " of ") +
              std::to_string(capacity);
    return text + (machine_.nr_llcs() > 1 ? " in " + std::to_string(machine_.nr_llcs()) + " LLCs" : "");
  }
  auto some = [](size_t number, const char* what) {
    return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
  };
  std::string text = some(nodes_, "node");
  if (nodes_ > 1) {
    int least = 255, most = 0;
    for (size_t node = 1; node < nodes_; ++node) {
      least = std::min(least, machine_.distance(NodeId(size_t{0}), NodeId(node)));
      most = std::max(most, machine_.distance(NodeId(size_t{0}), NodeId(node)));
    }
    text += " at " + std::to_string(least) + (most > least ? " to " + std::to_string(most) : "");
  }
  text += " of " + (llcs_ > 1 ? some(llcs_, "LLC") + " of " : "") + some(cores_, "core");
  if (threads_ > 1) text += " of " + some(threads_, "thread");
  return text + (zen() ? ", Zen" : "");
}

}  // namespace simsched
