// The recorder on this machine's kernel: a little program that talks in every way, and what must be noted of it.
#include "traces/record/recorder.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <set>
#include <thread>

#include "base/error.h"

namespace simsched::record {
namespace {

class RecordKernelTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string obstacle;
    try {
      check_can_record();
      Recorder(RecorderOptions{}).stop();
    } catch (const Error& error) {
      obstacle = error.what();
    }
    if (obstacle.empty()) return;
    if (const char* require = std::getenv("SIMSCHED_REQUIRE_BPF"); require != nullptr && *require == '1')
      FAIL() << obstacle;
    GTEST_SKIP() << obstacle;
  }

  // What is recorded of `body` in a process of its own, without what that writes on its way out.
  template <class Body>
  static Causes record(Body body, RecorderOptions options = {}) {
    options.buffer = 4 << 20;
    Recorder recorder(options);
    const pid_t child = fork();
    if (child == 0) {
      body();
      _exit(0);
    }
    waitpid(child, nullptr, 0);
    recorder.stop();
    Causes causes = name_objects(recorder.take());
    causes.lost = recorder.counts().lost, causes.unnamed = recorder.counts().unnamed;
    return causes;
  }

  // Two processes: one that sends and one that receives.
  template <class Send, class Receive>
  static void talk(Send send, Receive receive) {
    const pid_t child = fork();
    if (child == 0) {
      send();
      _exit(0);
    }
    receive();
    waitpid(child, nullptr, 0);
  }
  static void must(bool good) {
    if (!good) std::abort();
  }
};

struct Traffic {
  int64_t sent = 0, received = 0;
  int ends = 0, sends = 0, receives = 0;
  std::set<Pid> senders, receivers;
};

std::map<uint64_t, Traffic> traffic(const Causes& causes, CallObject type) {
  std::map<uint64_t, Traffic> found;
  for (const TraceCall& call : causes.calls) {
    if (call.type != type) continue;
    Traffic& t = found[call.object];
    if (call.kind == CallKind::kClose) ++t.ends;
    if (call.result <= 0) continue;
    if (call.kind == CallKind::kSend) t.sent += call.result, ++t.sends, t.senders.insert(call.pid);
    if (call.kind == CallKind::kReceive) t.received += call.result, ++t.receives, t.receivers.insert(call.pid);
  }
  return found;
}

// One object, with as much sent as received, by two tasks.
Traffic one_balanced(const Causes& causes, CallObject type) {
  const std::map<uint64_t, Traffic> all = traffic(causes, type);
  EXPECT_EQ(all.size(), 1u);
  if (all.empty()) return {};
  const Traffic& t = all.begin()->second;
  EXPECT_GT(t.sent, 0);
  EXPECT_EQ(t.sent, t.received);
  EXPECT_NE(t.senders, t.receivers);
  return t;
}

TEST_F(RecordKernelTest, APipeIsOneObjectThatEndsOnce) {
  const Causes causes = record([] {
    int ends[2];
    must(pipe(ends) == 0);
    void* shared = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* closed = static_cast<int*>(shared);
    talk(
        [&] {
          close(ends[0]);
          for (int i = 0; i < 100; ++i) must(write(ends[1], "hello", 5) == 5);
          while (__atomic_load_n(closed, __ATOMIC_SEQ_CST) == 0) usleep(1000);  // so that the last one is here
        },
        [&] {
          close(ends[1]);
          __atomic_store_n(closed, 1, __ATOMIC_SEQ_CST);
          char text[64];
          while (read(ends[0], text, sizeof(text)) > 0) {
          }
        });
  });
  EXPECT_EQ(causes.lost, 0u);
  const Traffic t = one_balanced(causes, CallObject::kPipe);
  EXPECT_EQ(t.sent, 500);
  EXPECT_EQ(t.sends, 100);
  EXPECT_EQ(t.ends, 1);  // as the writer ended: nobody closed it by hand
}

TEST_F(RecordKernelTest, AUnixPairHasTwoDirections) {
  const Causes causes = record([] {
    int ends[2];
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    char text[64];
    talk([&] { must(write(ends[0], "request", 7) == 7), must(read(ends[0], text, 64) == 6); },
         [&] { must(read(ends[1], text, 64) == 7), must(write(ends[1], "answer", 6) == 6); });
  });
  const std::map<uint64_t, Traffic> all = traffic(causes, CallObject::kUnix);
  ASSERT_EQ(all.size(), 2u);
  for (const auto& [object, t] : all) EXPECT_EQ(t.sent, t.received);
  EXPECT_EQ(all.begin()->second.receivers, all.rbegin()->second.senders);
}

TEST_F(RecordKernelTest, WhatIsSentBeforeAUnixConnectionIsAcceptedIsItsOwn) {
  const Causes causes = record([] {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::snprintf(name.sun_path + 1, 90, "simsched-test-%d", getpid());
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    must(bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0 && listen(listener, 5) == 0);
    talk(
        [&] {
          for (int i = 0; i < 3; ++i) {
            const int to = socket(AF_UNIX, SOCK_STREAM, 0);
            must(connect(to, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0 && write(to, "early", 5) == 5);
            close(to);
          }
        },
        [&] {
          usleep(20000);
          for (int i = 0; i < 3; ++i) {
            char text[64];
            const int from = accept(listener, nullptr, nullptr);
            while (read(from, text, sizeof(text)) > 0) {
            }
            close(from);
          }
        });
  });
  int with_data = 0;
  for (const auto& [object, t] : traffic(causes, CallObject::kUnix)) {
    EXPECT_EQ(t.sent, t.received);
    with_data += t.sent == 5 && t.ends == 1;
  }
  EXPECT_EQ(with_data, 3);
}

TEST_F(RecordKernelTest, EachTcpConnectionIsItsOwnAndBothEndsAgree) {
  constexpr int kConnections = 5;
  const Causes causes = record([] {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener, 5) == 0);
    must(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    char text[64];
    talk(
        [&] {
          for (int i = 0; i < kConnections; ++i) {
            const int to = socket(AF_INET, SOCK_STREAM, 0);
            must(connect(to, reinterpret_cast<sockaddr*>(&address), size) == 0);
            must(send(to, "request", 7, 0) == 7 && recv(to, text, 64, 0) > 0);
            close(to);
          }
        },
        [&] {
          for (int i = 0; i < kConnections; ++i) {
            const int from = accept(listener, nullptr, nullptr);
            must(recv(from, text, 64, 0) > 0 && send(from, "answer", 6, 0) == 6);
            while (recv(from, text, 64, 0) > 0) {
            }
            close(from);
          }
        });
  });
  std::map<uint64_t, std::pair<int, int>> made;
  for (const TraceCall& call : causes.calls) {
    if (call.kind == CallKind::kConnect) ++made[call.object].first;
    if (call.kind == CallKind::kAccept) ++made[call.object].second;
  }
  EXPECT_EQ(made.size(), size_t{kConnections});
  for (const auto& [object, counts] : made) EXPECT_EQ(counts, std::pair(1, 1));
  const std::map<uint64_t, Traffic> all = traffic(causes, CallObject::kTcp);
  EXPECT_EQ(all.size(), size_t{2 * kConnections});
  for (const auto& [object, t] : all) {
    EXPECT_EQ(t.sent, t.received);
    EXPECT_EQ(t.sent, made.contains(object) ? 7 : 6);
    EXPECT_EQ(t.ends, 1);
  }
}

TEST_F(RecordKernelTest, DatagramsGoToTheSocketThatReceivesThem) {
  const Causes causes = record([] {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    socklen_t size = sizeof(address);
    const int in = socket(AF_INET, SOCK_DGRAM, 0);
    must(bind(in, reinterpret_cast<sockaddr*>(&address), size) == 0);  // any address
    must(getsockname(in, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    talk(
        [&] {
          const int out = socket(AF_INET, SOCK_DGRAM, 0);
          must(sendto(out, "first", 5, 0, reinterpret_cast<sockaddr*>(&address), size) == 5);
          char text[] = "several";
          iovec part{text, 7};
          mmsghdr messages[3]{};
          for (mmsghdr& m : messages) m.msg_hdr.msg_name = &address, m.msg_hdr.msg_namelen = size;
          for (mmsghdr& m : messages) m.msg_hdr.msg_iov = &part, m.msg_hdr.msg_iovlen = 1;
          must(sendmmsg(out, messages, 3, 0) == 3);
          must(sendmsg(out, &messages[0].msg_hdr, 0) == 7);
        },
        [&] {
          char text[64];
          for (int i = 0; i < 5; ++i) must(recv(in, text, sizeof(text), 0) > 0);
        });
  });
  const Traffic t = one_balanced(causes, CallObject::kUdp);
  EXPECT_EQ(t.sends, 5);
  EXPECT_EQ(t.receives, 5);
  EXPECT_EQ(t.sent, 5 + 4 * 7);
  EXPECT_EQ(causes.unnamed, 0u);
}

TEST_F(RecordKernelTest, FutexesAreThoseOfTheirProcess) {
  const Causes causes = record([] {
    static std::atomic<int> word{0};
    auto call = [](int operation, int value) {
      return syscall(SYS_futex, reinterpret_cast<int*>(&word), operation | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr,
                     0);
    };
    must(call(FUTEX_WAIT, 5) == -1);  // the value is another
    std::thread waiter([&] {
      while (call(FUTEX_WAIT, 0) != 0) continue;
    });
    while (call(FUTEX_WAKE, 9) != 1) usleep(1000);  // it may not wait yet
    waiter.join();
  });
  std::map<uint64_t, std::vector<TraceCall>> futexes;
  for (const TraceCall& call : causes.calls)
    if (call.type == CallObject::kFutex) futexes[call.object].push_back(call);
  int found = 0;
  for (const auto& [object, calls] : futexes) {
    int refused = 0, woken = 0, wakes = 0;
    for (const TraceCall& call : calls) {
      refused += call.kind == CallKind::kFutexWait && call.result == -EAGAIN;
      woken += call.kind == CallKind::kFutexWait && call.result == 0;
      wakes += call.kind == CallKind::kFutexWake && call.result == 1 && call.request == 9;
    }
    found += refused == 1 && woken == 1 && wakes == 1;
  }
  EXPECT_EQ(found, 1);
}

TEST_F(RecordKernelTest, AFutexInSharedMemoryIsOneForBothProcesses) {
  const Causes causes = record([] {
    void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* word = static_cast<int*>(memory);
    talk(
        [&] {
          while (syscall(SYS_futex, word, FUTEX_WAKE, 7, nullptr, nullptr, 0) != 1) usleep(1000);  // it may not wait yet
        },
        [&] {
          while (syscall(SYS_futex, word, FUTEX_WAIT, 0, nullptr, nullptr, 0) != 0) continue;
        });
  });
  uint64_t waited = 0, woken = 0;
  for (const TraceCall& call : causes.calls) {
    if (call.kind == CallKind::kFutexWait && call.result == 0) waited = call.object;
    if (call.kind == CallKind::kFutexWake && call.request == 7) woken = call.object;
  }
  EXPECT_NE(waited, 0u);
  EXPECT_EQ(waited, woken);
}

TEST_F(RecordKernelTest, EventfdsAreToldFromFiles) {
  const Causes causes = record([] {
    const int event = eventfd(0, 0);
    uint64_t value = 3;
    talk([&] { must(write(event, &value, 8) == 8); }, [&] { must(read(event, &value, 8) == 8); });
    const int file = memfd_create("file", 0);
    must(write(file, "nothing", 7) == 7);
  });
  EXPECT_EQ(one_balanced(causes, CallObject::kEventfd).sent, 8);
  for (const TraceCall& call : causes.calls) EXPECT_NE(call.result, 7);
}

TEST_F(RecordKernelTest, ALauncherIsLeftOut) {
  RecorderOptions options;
  options.launcher = true;
  const Causes causes = record(
      [] {
        int ends[2];
        char text[8];
        must(pipe(ends) == 0 && write(ends[1], "outer", 5) == 5 && read(ends[0], text, 5) == 5);
        talk([&] { must(write(ends[1], "in", 2) == 2); }, [&] { must(read(ends[0], text, 8) == 2); });
      },
      options);
  ASSERT_EQ(traffic(causes, CallObject::kPipe).size(), 1u);
  const Traffic t = traffic(causes, CallObject::kPipe).begin()->second;
  EXPECT_EQ(t.sent, 2);
  EXPECT_EQ(t.received, 0);
}

TEST_F(RecordKernelTest, RoomIsMadeWhileRecording) {
  constexpr int kBatches = 12, kCalls = 300;
  RecorderOptions tiny;
  tiny.buffer = 1;  // 1024 calls a CPU
  Recorder recorder(tiny);
  int go[2], done[2];
  must(pipe(go) == 0 && pipe(done) == 0);
  char byte = 0;
  const pid_t child = fork();
  if (child == 0) {
    int ends[2];
    must(pipe(ends) == 0);
    for (int batch = 0; batch < kBatches; ++batch) {
      must(read(go[0], &byte, 1) == 1);
      for (int i = 0; i < kCalls; ++i) must(write(ends[1], "abc", 3) == 3 && read(ends[0], &byte, 1) == 1);
      must(write(done[1], &byte, 1) == 1);
    }
    _exit(0);
  }
  for (int batch = 0; batch < kBatches; ++batch) {
    must(write(go[1], &byte, 1) == 1 && read(done[0], &byte, 1) == 1);
    for (int look = 0; look < 2; ++look) recorder.drain();  // takes what an earlier look has seen
  }
  waitpid(child, nullptr, 0);
  recorder.stop();
  EXPECT_EQ(recorder.counts().lost, 0u);
  const Causes causes = name_objects(recorder.take());
  int sends = 0, receives = 0;
  for (const TraceCall& call : causes.calls) sends += call.result == 3, receives += call.result == 1;
  EXPECT_EQ(sends, kBatches * kCalls);
  EXPECT_EQ(receives, kBatches * (kCalls + 2));
}

TEST_F(RecordKernelTest, WhatHasNoRoomIsCounted) {
  RecorderOptions tiny;
  tiny.buffer = 1;  // the least there is: 1024 calls a CPU
  Recorder recorder(tiny);
  const pid_t child = fork();
  if (child == 0) {
    int ends[2];
    char text;
    must(pipe(ends) == 0);
    for (int i = 0; i < 20000; ++i) must(write(ends[1], "x", 1) == 1 && read(ends[0], &text, 1) == 1);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  recorder.stop();
  const Counts counts = recorder.counts();
  EXPECT_GT(counts.lost, 30000u);
  EXPECT_GE(counts.lost + counts.calls, 40000u);
  EXPECT_EQ(recorder.take().size(), counts.calls);
}

}  // namespace
}  // namespace simsched::record
