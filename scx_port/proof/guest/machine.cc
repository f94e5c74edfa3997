#include "scx_port/proof/guest/machine.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#ifdef __x86_64__
#include <sys/io.h>
#endif

#include <cstdio>
#include <filesystem>

#include "scx_port/proof/guest/files.h"

namespace simsched::guest {

namespace fs = std::filesystem;

void set_up_machine() {
  struct Mount {
    const char *type, *at;
  };
  for (const Mount& m : {Mount{"proc", "/proc"},
                         {"sysfs", "/sys"},
                         {"devtmpfs", "/dev"},
                         {"tmpfs", "/tmp"},
                         {"tmpfs", "/out"},
                         {"tracefs", "/sys/kernel/tracing"},
                         {"cgroup2", "/sys/fs/cgroup"}}) {
    mkdir(m.at, 0755);
    if (mount(m.type, m.at, m.type, 0, nullptr) != 0) std::printf("cannot mount %s on %s\n", m.type, m.at);
  }
  const int console = open("/dev/console", O_RDWR);
  for (int file = 0; file < 3; ++file) dup2(console, file);
}

std::string command_line(const std::string& name) {
  const std::string line = " " + first_line("/proc/cmdline") + " ", key = " " + name + "=";
  const size_t at = line.find(key);
  if (at == std::string::npos) return {};
  return line.substr(at + key.size(), line.find(' ', at + key.size()) - at - key.size());
}

namespace {

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// POSIX ustar, as IEEE 1003.1 has it under "pax".
std::string tar_header(const std::string& name, size_t size) {
  constexpr size_t kBlock = 512, kMode = 100, kSize = 124, kSum = 148, kSumEnd = 156, kMagic = 257;
  std::string block(kBlock, '\0');
  auto put = [&](size_t at, const std::string& text) { block.replace(at, text.size(), text); };
  char octal[12];
  put(0, name.substr(0, 99));
  for (size_t at = kMode; at < kSize; at += 8) put(at, at == kMode ? "0000644" : "0000000");
  std::snprintf(octal, sizeof(octal), "%011zo", size);
  put(kSize, octal);
  put(kSize + 12, "00000000000");  // time
  put(kSum, "        ");
  put(kSumEnd, "0");
  put(kMagic, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (char c : block) sum += static_cast<unsigned char>(c);
  std::snprintf(octal, sizeof(octal), "%06o", sum);
  put(kSum, octal + std::string("\0", 1));
  return block;
}

std::string port() {
  const std::string ports = "/sys/class/virtio-ports";
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(ports, none))
    if (first_line(entry.path() / "name") == "out") return "/dev/" + entry.path().filename().string();
  return {};
}

}  // namespace

bool send_files(const std::string& folder) {
  const int file = open(port().c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool sent = true;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string content = read_text(entry.path());
    sent = sent && write_all(file, tar_header(entry.path().filename(), content.size())) && write_all(file, content) &&
           write_all(file, std::string((512 - content.size() % 512) % 512, '\0'));
  }
  sent = sent && write_all(file, std::string(1024, '\0'));
  close(file);
  return sent;
}

#ifdef __x86_64__

void shorten_turns(int us) {
  constexpr unsigned short kCommand = 0x43, kChannel = 0x40;  // of the 8254
  constexpr unsigned char kRate = 0x34;                       // channel 0, both bytes, mode 2
  constexpr int kHertz = 1'193'182;
  const int divisor = kHertz / 1000 * us / 1000;
  if (iopl(3) != 0) return;
  outb(kRate, kCommand);
  outb(static_cast<unsigned char>(divisor & 0xff), kChannel);
  outb(static_cast<unsigned char>(divisor >> 8), kChannel);
}

void end_machine(int code) {
  std::fflush(stdout);
  tcdrain(STDOUT_FILENO);
  constexpr int kDebugExit = 0xf4;  // isa-debug-exit,iobase=0xf4
  if (iopl(3) == 0) outb(static_cast<unsigned char>(code), kDebugExit);
  reboot(RB_AUTOBOOT);
  _exit(1);
}

#else

namespace {

// An Intel 6300ESB watchdog: its registers are in the folder of its PCI device.
void write_bytes(const std::string& path, off_t at, std::string_view bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  if (pwrite(file, bytes.data(), bytes.size(), at) < 0) std::printf("cannot write %s\n", path.c_str());
  close(file);
}

std::string watchdog() {
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/sys/bus/pci/devices", none))
    if (first_line(entry.path() / "vendor") == "0x8086" && first_line(entry.path() / "device") == "0x25ab")
      return entry.path();
  return {};
}

}  // namespace

// Its timer runs freely and reboots nothing. (Intel 6300ESB datasheet, chapter 15.)
void shorten_turns(int us) {
  constexpr size_t kUnlock = 0x0c / 2;  // 0x80, then 0x86, before each write of
  constexpr size_t kStages[] = {0, 1};  // the lengths of both stages, in 960 ns with the fast clock
  constexpr off_t kConfig = 0x60, kLock = 0x68;
  const std::string folder = watchdog();
  if (folder.empty()) return;
  write_bytes(folder + "/enable", 0, "1");
  const int file = open((folder + "/resource0").c_str(), O_RDWR | O_SYNC | O_CLOEXEC);
  void* memory = file < 0 ? MAP_FAILED : mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) return;
  for (size_t stage : kStages) {
    for (uint16_t word : {0x80, 0x86}) static_cast<volatile uint16_t*>(memory)[kUnlock] = word;
    static_cast<volatile uint32_t*>(memory)[stage] = static_cast<uint32_t>(us);
  }
  write_bytes(folder + "/config", kConfig, std::string("\x27\0", 2));  // no reboot, fast clock, no interrupt
  write_bytes(folder + "/config", kLock, "\x06");                      // free running, enabled
  munmap(memory, 4096);
  close(file);
}

void end_machine(int) {
  std::fflush(stdout);
  tcdrain(STDOUT_FILENO);
  reboot(RB_POWER_OFF);
  _exit(1);
}

#endif

}  // namespace simsched::guest
