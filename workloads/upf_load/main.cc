// simsched-upf-load: a small 5G user plane to record. One program, three parts that run in network namespaces of their
// own (run.sh):
//
//   source SECONDS FLOW...     sends GTP-U packets to the user plane, a thread a flow; FLOW is QFI:RATE:BYTES
//   forward SECONDS CLASS...   receives them, and forwards what is inside: a thread that receives, one a class that
//   works;
//                              CLASS is QFI:NS, for how long its worker computes a packet
//   sink SECONDS               receives what was forwarded, and prints the latencies a class
//
// All end by themselves after SECONDS, 60 at most, and hold a bounded number of packets. What does not parse is dropped
// and counted.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "workloads/upf_load/gtpu.h"

namespace simsched::upf_load {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint16_t kInnerPort = 9000;
constexpr size_t kQueue = 256, kMostBytes = 1400, kStamp = 16;
constexpr const char *kUpfN3 = "10.200.1.2", *kSinkN6 = "10.200.2.2";

long number(std::string_view text, long low, long high) {
  long value = 0;
  auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || value < low || value > high)
    throw std::invalid_argument("'" + std::string(text) + "' is no number from " + std::to_string(low) + " to " +
                                std::to_string(high));
  return value;
}

std::vector<std::string_view> parts_of(std::string_view text, size_t count) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(':', at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (parts.size() != count)
    throw std::invalid_argument("'" + std::string(text) + "' has not " + std::to_string(count) + " parts");
  return parts;
}

class Socket {
 public:
  explicit Socket(uint16_t port) : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "socket");
    sockaddr_in own = address("0.0.0.0", port);
    timeval patience{0, 50'000};  // so that the end of time is noticed
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (port != 0 && bind(fd_, reinterpret_cast<sockaddr*>(&own), sizeof(own)) != 0)
      throw std::system_error(errno, std::generic_category(), "bind");
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send_to(const sockaddr_in& to, std::span<const uint8_t> bytes) const {
    (void)sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                 sizeof(to));  // may be lost
  }
  // Bytes received; 0 when none came for a while.
  size_t receive(std::span<uint8_t> into) const {
    const ssize_t got = recv(fd_, into.data(), into.size(), 0);
    return got > 0 ? static_cast<size_t>(got) : 0;
  }
  static sockaddr_in address(const char* ip, uint16_t port) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    inet_pton(AF_INET, ip, &made.sin_addr);
    return made;
  }

 private:
  int fd_;
};

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

void call_self(const std::string& name) { pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

// ---- source ----

// Regular on the average, a random time within a twentieth of a second's packets apart: SplitMix64.
void send_flow(uint8_t qfi, long rate, size_t bytes, Clock::time_point end) {
  call_self("gnb-qfi" + std::to_string(qfi));
  const Socket socket(0);
  const sockaddr_in upf = Socket::address(kUpfN3, kGtpuPort);
  std::vector<uint8_t> packet(kHeader + bytes);
  write_header(std::span<uint8_t, kHeader>(packet.data(), kHeader), 100u + qfi, qfi, true, bytes);
  const auto mean = std::chrono::nanoseconds(1'000'000'000 / rate);
  uint64_t state = qfi;
  for (auto at = Clock::now(); at < end;) {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    at += mean * ((z >> 33) % 2000) / 1000;
    std::this_thread::sleep_until(at);
    const std::array<int64_t, 2> stamp = {now_ns(), qfi};
    std::memcpy(packet.data() + kHeader, stamp.data(), kStamp);
    socket.send_to(upf, packet);
  }
}

void source(Clock::time_point end, std::span<char*> flows) {
  std::vector<std::jthread> threads;
  for (std::string_view flow : flows) {
    const auto parts = parts_of(flow, 3);
    threads.emplace_back(send_flow, static_cast<uint8_t>(number(parts[0], 0, 63)), number(parts[1], 1, 100'000),
                         static_cast<size_t>(number(parts[2], kStamp, kMostBytes)), end);
  }
}

// ---- forward ----

struct Held {
  std::array<uint8_t, kMostBytes> bytes;
  size_t size = 0;
};

class Class {
 public:
  Class(uint8_t qfi, std::chrono::nanoseconds work) : qfi_(qfi), work_(work) {}

  void put(std::span<const uint8_t> payload) {
    std::lock_guard lock(mutex_);
    if (waiting_.size() == kQueue) {
      ++dropped_;
      return;
    }
    Held& held = waiting_.emplace_back();
    held.size = payload.size();
    std::copy(payload.begin(), payload.end(), held.bytes.begin());
    came_.notify_one();
  }
  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    came_.notify_all();
  }
  void work() {
    call_self("upf-qfi" + std::to_string(qfi_));
    const Socket socket(0);
    const sockaddr_in sink = Socket::address(kSinkN6, kInnerPort);
    Held held;
    while (take(held)) {
      for (const auto until = Clock::now() + work_; Clock::now() < until;) {
      }
      socket.send_to(sink, {held.bytes.data(), held.size});
      ++forwarded_;
    }
    std::printf("upf: QoS flow %d: %ld forwarded, %ld dropped\n", qfi_, forwarded_, dropped_);
  }

 private:
  bool take(Held& held) {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return false;
    held = waiting_.front();
    waiting_.pop_front();
    return true;
  }

  const uint8_t qfi_;
  const std::chrono::nanoseconds work_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Held> waiting_;
  bool closed_ = false;
  long forwarded_ = 0, dropped_ = 0;
};

void forward(Clock::time_point end, std::span<char*> classes) {
  std::map<uint8_t, std::unique_ptr<Class>> by_qfi;
  for (std::string_view each : classes) {
    const auto parts = parts_of(each, 2);
    const auto qfi = static_cast<uint8_t>(number(parts[0], 0, 63));
    by_qfi[qfi] = std::make_unique<Class>(qfi, std::chrono::nanoseconds(number(parts[1], 0, 1'000'000)));
  }
  std::vector<std::jthread> workers;
  for (auto& [qfi, each] : by_qfi) workers.emplace_back([&worker = *each] { worker.work(); });
  call_self("upf-rx");
  const Socket socket(kGtpuPort);
  std::array<uint8_t, 2048> packet;
  long others = 0;
  while (Clock::now() < end) {
    const size_t size = socket.receive(packet);
    if (size == 0) continue;
    const auto gpdu = parse({packet.data(), size});
    const auto found = gpdu ? by_qfi.find(gpdu->qfi) : by_qfi.end();
    if (found == by_qfi.end() || gpdu->payload.size() > kMostBytes)
      ++others;
    else
      found->second->put(gpdu->payload);
  }
  for (auto& [qfi, each] : by_qfi) each->close();
  workers.clear();
  std::printf("upf: %ld that are no packets of a class\n", others);
}

// ---- sink ----

void sink(Clock::time_point end) {
  call_self("sink");
  const Socket socket(kInnerPort);
  std::map<int64_t, std::vector<int64_t>> latencies;
  std::array<uint8_t, 2048> packet;
  while (Clock::now() < end) {
    if (socket.receive(packet) < kStamp) continue;
    std::array<int64_t, 2> stamp;
    std::memcpy(stamp.data(), packet.data(), kStamp);
    std::vector<int64_t>& own = latencies[stamp[1] & 63];
    if (own.size() < 1'000'000) own.push_back(now_ns() - stamp[0]);
  }
  for (auto& [qfi, list] : latencies) {
    std::sort(list.begin(), list.end());
    auto at = [&, &sorted = list](size_t percent) {
      return static_cast<double>(sorted[(sorted.size() - 1) * percent / 100]) / 1000;
    };
    std::printf("sink: QoS flow %ld: %zu packets, us: p50 %.1f, p99 %.1f, most %.1f\n", static_cast<long>(qfi),
                list.size(), at(50), at(99), at(100));
  }
}

int run(std::span<char*> arguments) {
  const std::string_view part = arguments.size() > 1 ? arguments[1] : "";
  if (arguments.size() < 3 || (part != "source" && part != "forward" && part != "sink"))
    throw std::invalid_argument("usage: simsched-upf-load source|forward|sink SECONDS [QFI:RATE:BYTES | QFI:NS]...");
  const auto end = Clock::now() + std::chrono::milliseconds(number(arguments[2], 1, 60) * 1000);
  if (part == "source") source(end, arguments.subspan(3));
  if (part == "forward") forward(end, arguments.subspan(3));
  if (part == "sink") sink(end);
  return 0;
}

}  // namespace
}  // namespace simsched::upf_load

int main(int argc, char** argv) {
  try {
    return simsched::upf_load::run({argv, static_cast<size_t>(argc)});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "simsched-upf-load: error: %s\n", error.what());
    return 2;
  }
}
