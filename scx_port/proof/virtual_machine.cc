#include "scx_port/proof/virtual_machine.h"

#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "base/temporary_folder.h"
#include "bpf/process.h"

namespace simsched {
namespace {

constexpr int kPassed = 3, kFailed = 5;  // isa-debug-exit: 2 * code + 1
constexpr int kOff = 0;                  // an arm64 machine has no such device, and powers off
constexpr int kTimedOut = 124;           // of timeout(1)

std::string read_text(const std::string& path) {
  return std::filesystem::exists(path) ? std::string(read_file(path).text()) : std::string();
}

std::string program(const std::string& name, const std::string& package) {
  if (auto path = bpf::find_program({name})) return *path;
  throw Error("", "there is no " + name + ", which the virtual machine needs",
              "install it: apt-get install " + package + ", or scripts/install vm");
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

// The device tree of the machine that these words make.
void write_device_tree(const VirtualMachine& machine, const std::string& qemu, std::vector<std::string> words,
                       const std::string& file) {
  for (std::string& word : words)
    if (word.starts_with("virt,")) word += ",dumpdtb=" + file;
  auto checked = [](const std::vector<std::string>& command) {
    const bpf::ProcessResult result = bpf::run_process(command);
    if (result.status != 0) throw Error("", command.front() + " could not write the device tree: " + result.err);
  };
  words.insert(words.begin(), qemu);
  checked(words);
  const std::string fdtput = program("fdtput", "device-tree-compiler");
  for (const std::string& change : machine.device_tree) {
    std::vector<std::string> command = {fdtput};
    std::istringstream told(change);
    for (std::string word; told >> word;) command.push_back(word == "FILE" ? file : word);
    checked(command);
  }
}

}  // namespace

bool BootResult::ok() const {
  return problem.empty() && unusable.empty() && !checks.empty() &&
         std::all_of(checks.begin(), checks.end(), [](auto& check) { return check.ok; });
}

std::string guest_program(Architecture architecture) {
  const bool arm = architecture == Architecture::kArm64;
  const std::string path = own_folder() + (arm ? "/simsched-guest-arm64" : "/simsched-guest");
  if (!std::filesystem::exists(path))
    throw Error(
        path, "is not there: the virtual machine needs it",
        arm ? "install g++-aarch64-linux-gnu (scripts/install vm) and build all of simsched" : "build all of simsched");
  return path;
}

std::vector<std::string> qemu_words(const VirtualMachine& machine, const std::string& folder) {
  const bool arm = machine.architecture == Architecture::kArm64;
  std::vector<std::string> words = {
      "-accel", "tcg,thread=single", "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none",
      "-no-reboot", "-serial", "file:" + folder + "/console",
      // Without ioeventfd: its thread's timing would leak into the guest.
      "-device", "virtio-serial-pci,ioeventfd=off", "-chardev", "file,id=out,path=" + folder + "/out.tar", "-device",
      "virtserialport,chardev=out,name=out", "-kernel", machine.kernel, "-initrd", folder + "/initramfs", "-append",
      // no_timer_check: on a busy host the emulated timer may look as if it did not tick.
      std::string(arm ? "console=ttyAMA0 acpi=off" : "console=ttyS0 no_timer_check") +
          " panic=-1 oops=panic quiet simsched.limit=" + std::to_string(machine.limit_seconds * 9 / 10) + " " +
          machine.append};
  if (arm)
    words.insert(words.end(), {"-dtb", folder + "/machine.dtb"});
  else
    words.insert(words.end(), {"-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"});
  words.insert(words.end(), machine.hardware.begin(), machine.hardware.end());
  if (machine.icount_shift >= 0) {
    const std::string shift = "shift=" + std::to_string(machine.icount_shift) + ",sleep=off";
    words.insert(words.end(), {"-icount", shift, "-rtc", "base=2026-01-01T00:00:00,clock=vm", "-seed", "1"});
  }
  return words;
}

namespace {

BootResult boot_once(const VirtualMachine& machine, const std::string& initramfs) {
  utsname host{};
  if (uname(&host) == 0 && std::string(host.machine) != "x86_64")
    throw Error("", "the virtual machine is an x86_64 one, and this is " + std::string(host.machine), "use --live");
  const TemporaryFolder folder("simsched-vm");
  write_file_atomically(folder.file("initramfs"), initramfs);
  const bool arm = machine.architecture == Architecture::kArm64;
  const std::string emulator =
      arm ? program("qemu-system-aarch64", "qemu-system-arm") : program("qemu-system-x86_64", "qemu-system-x86");
  // A QEMU whose user has gone ends, too.
  std::vector<std::string> command = {
      "setpriv", "--pdeathsig", "TERM", "timeout", "-k", "5", std::to_string(machine.limit_seconds), emulator};
  const std::vector<std::string> words = qemu_words(machine, folder.path());
  if (arm) write_device_tree(machine, emulator, machine.hardware, folder.file("machine.dtb"));
  command.insert(command.end(), words.begin(), words.end());
  const bpf::ProcessResult qemu = bpf::run_process(command);

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
    result.problem = "it did not end within " + std::to_string(machine.limit_seconds) + " s";
  else if (qemu.status != (arm ? kOff : kPassed) && (arm || qemu.status != kFailed))
    result.problem = "it died (QEMU ended with " + std::to_string(qemu.status) + "): " + qemu.err;
  else if (!result.files.contains("log"))
    result.problem = "it sent no results";
  if (!result.problem.empty()) result.problem += "\n" + last_lines(result.console, 20);
  return result;
}

}  // namespace

// Even so QEMU now and then (one boot of some hundreds) runs a jump of the kernel's that was just patched, and the
// kernel dies of it. That it was not what is tried here is known where nothing had begun yet.
BootResult run_virtual_machine(const VirtualMachine& machine, const std::string& initramfs) {
  BootResult result = boot_once(machine, initramfs);
  const bool nothing_begun = result.checks.empty() && result.console.find("Kernel panic") != std::string::npos;
  return nothing_begun ? boot_once(machine, initramfs) : result;
}

}  // namespace simsched
