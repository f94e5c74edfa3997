#include "scx_port/proof/boot.h"

#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "base/temporary_folder.h"
#include "bpf/process.h"
#include "ml/model/model_file.h"
#include "scx_port/manifest/manifest.h"
#include "scx_port/proof/initramfs.h"

namespace simsched {
namespace {

constexpr int kPassed = 3, kFailed = 5;  // isa-debug-exit: 2 * code + 1
constexpr int kTimedOut = 124;           // of timeout(1)

std::string read_text(const std::string& path) {
  return std::filesystem::exists(path) ? std::string(read_file(path).text()) : std::string();
}

std::string program(const std::string& name, const std::string& package) {
  if (auto path = bpf::find_program({name})) return *path;
  throw Error("", "there is no " + name + ", which the virtual machine needs",
              "install it: apt-get install " + package + ", or scripts/install vm");
}

std::string guest_program() {
  const std::string path = own_folder() + "/simsched-guest";
  if (!std::filesystem::exists(path))
    throw Error(path, "is not there: the virtual machine needs it", "build all of simsched");
  return path;
}

// A model of the same kind and inputs, of another version.
std::string another_model(const std::string& path) {
  const mlp::mlp_model first = mlp::read_model(path).model;
  mlp::Ranges ranges;
  std::copy_n(first.lo, ranges.lo.size(), ranges.lo.begin());
  std::copy_n(first.hi, ranges.hi.size(), ranges.hi.begin());
  const auto kind = static_cast<mlp::mlp_kind>(first.kind);
  const std::vector<std::byte> bytes = mlp::model_bytes(mlp::random_model(first.version + 1, kind, ranges), path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::vector<std::string> command(const BootOptions& options, const std::string& folder) {
  std::vector<std::string> words = {
      "timeout",
      "-k",
      "5",
      std::to_string(options.limit_seconds),
      program("qemu-system-x86_64", "qemu-system-x86"),
      "-accel",
      "tcg,thread=single",
      "-nodefaults",
      "-no-user-config",
      "-display",
      "none",
      "-monitor",
      "none",
      "-no-reboot",
      "-serial",
      "file:" + folder + "/console",
      "-device",
      "isa-debug-exit,iobase=0xf4,iosize=0x04",
      // Without ioeventfd: its thread's timing would leak into the guest.
      "-device",
      "virtio-serial-pci,ioeventfd=off",
      "-chardev",
      "file,id=out,path=" + folder + "/out.tar",
      "-device",
      "virtserialport,chardev=out,name=out",
      "-kernel",
      options.kernel,
      "-initrd",
      folder + "/initramfs",
      "-append",
      // no_timer_check: on a busy host the emulated timer may look as if it did not tick.
      "console=ttyS0 panic=-1 oops=panic quiet no_timer_check simsched.limit=" +
          std::to_string(options.limit_seconds * 9 / 10) + " simsched.checks=" + options.checks,
  };
  auto add = [&](std::initializer_list<const char*> more) { words.insert(words.end(), more.begin(), more.end()); };
  if (options.shape == BootShape::kOneCpu) {
    add({"-cpu", "max", "-smp", "1", "-m", "1G"});
  } else {
    // Two threads a core want a vendor whose CPUs have them, or caches come out wrong.
    const bool smt = options.shape == BootShape::kSmt;
    add({"-cpu", smt ? "max,vendor=GenuineIntel" : "max"});
    add({"-smp", smt ? "8,sockets=2,cores=2,threads=2" : "8,sockets=2,cores=4,threads=1", "-m", "2G"});
    for (const char* node : {"0", "1"}) {
      const std::string memory = std::string("m") + node, cpus = node[0] == '0' ? "0-3" : "4-7";
      words.insert(words.end(), {"-object", "memory-backend-ram,id=" + memory + ",size=1G", "-numa",
                                 std::string("node,nodeid=") + node + ",cpus=" + cpus + ",memdev=" + memory});
    }
    add({"-numa", "dist,src=0,dst=1,val=21"});
  }
  static_assert(kInstructionNanos == 1 << 3);  // shift=3
  if (options.icount) {
    for (const char* word : {"-icount", "shift=3,sleep=off", "-rtc", "base=2026-01-01T00:00:00,clock=vm", "-seed", "1"})
      words.push_back(word);
  }
  return words;
}

// The lines of scx_port/proof/guest/report.h.
void read_checks(const std::string& log, BootResult& result) {
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    while (line.ends_with('\r')) line.pop_back();
    if (line.starts_with("unusable: ")) result.unusable = line.substr(10);
    const bool ok = line.starts_with("ok "), failed = line.starts_with("not ok ");
    if (!ok && !failed) continue;
    const std::string rest = line.substr(ok ? 3 : 7);
    const size_t colon = std::min(rest.find(": "), rest.size());
    result.checks.push_back({rest.substr(0, colon), ok, colon < rest.size() ? rest.substr(colon + 2) : ""});
  }
}

std::string last_lines(const std::string& text, int count) {
  size_t begin = text.size();
  for (; begin > 0; --begin)
    if (text[begin - 1] == '\n' && begin != text.size() && --count == 0) break;
  return text.substr(begin);
}

}  // namespace

bool BootResult::ok() const {
  return problem.empty() && unusable.empty() && !checks.empty() &&
         std::all_of(checks.begin(), checks.end(), [](auto& check) { return check.ok; });
}

std::string boot_files(const BootOptions& options) {
  Initramfs files;
  files.add_file("init", read_file(guest_program()).text(), true);
  files.add_folder("bad");
  files.add_tree("export", options.exported);
  if (const std::string model = options.exported + "/" + kModelFile; std::filesystem::exists(model))
    files.add_file("model2.bin", another_model(model));
  for (const auto& [path, folder] : options.others) files.add_tree(path, folder);
  return files.finish();
}

BootResult boot(const BootOptions& options, const std::string& files) {
  utsname host{};
  if (uname(&host) == 0 && std::string(host.machine) != "x86_64")
    throw Error("", "the virtual machine is an x86_64 one, and this is " + std::string(host.machine), "use --live");
  const TemporaryFolder folder("simsched-vm");
  write_file_atomically(folder.file("initramfs"), files);
  const bpf::ProcessResult qemu = bpf::run_process(command(options, folder.path()));

  BootResult result;
  result.console = read_text(folder.file("console"));
  const std::string archive = folder.file("out.tar"), out = folder.file("out");
  std::filesystem::create_directory(out);
  if (std::filesystem::exists(archive)) bpf::run_process({"tar", "-xf", archive, "-C", out});
  for (const auto& entry : std::filesystem::directory_iterator(out))
    result.files[entry.path().filename().string()] = read_file(entry.path().string()).text();
  result.release = result.files["release"];
  while (result.release.ends_with('\n')) result.release.pop_back();
  // A machine that died has sent nothing, but its console may hold some.
  read_checks(result.files.contains("log") ? result.files["log"] : result.console, result);
  if (qemu.status == kTimedOut)
    result.problem = "it did not end within " + std::to_string(options.limit_seconds) + " s";
  else if (qemu.status != kPassed && qemu.status != kFailed)
    result.problem = "it died (QEMU ended with " + std::to_string(qemu.status) + "): " + qemu.err;
  else if (!result.files.contains("log"))
    result.problem = "it sent no results";
  if (!result.problem.empty()) result.problem += "\n" + last_lines(result.console, 20);
  return result;
}

std::vector<std::string> fetch_kernels() {
  const std::string script = std::string(SIMSCHED_SOURCE_DIR) + "/scripts/fetch-kernels";
  const bpf::ProcessResult result = bpf::run_process({script});
  if (result.status != 0) {
    std::string reason = result.err.substr(0, result.err.find('\n'));
    throw Error("", reason.empty() ? script + " ended with " + std::to_string(result.status) : reason,
                "name a kernel with --kernel");
  }
  std::vector<std::string> kernels;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) kernels.push_back(line);
  return kernels;
}

}  // namespace simsched
