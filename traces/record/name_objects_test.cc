#include <gtest/gtest.h>

#include <cerrno>

#include "traces/record/recorder.h"

namespace simsched::record {
namespace {

raw_call raw(raw_kind kind, raw_object type, uint64_t object, uint64_t begin, uint64_t end, int result = 1,
             int pid = 7) {
  raw_call made{};
  made.begin = begin;
  made.end = end;
  made.object = object;
  made.result = result;
  made.pid = pid;
  made.what = static_cast<unsigned char>(kind | type << 4);
  return made;
}

std::vector<uint64_t> objects(const Causes& causes) {
  std::vector<uint64_t> found;
  for (const TraceCall& call : causes.calls) found.push_back(call.object);
  return found;
}

constexpr uint64_t direction(uint64_t from, uint64_t to) { return from << 48 | to << 32 | 99; }

TEST(NameObjects, NumbersAreInOrderAndSayNothingOfWhatTheKernelCallsThem) {
  const Causes causes = name_objects({raw(RAW_RECEIVE, RAW_PIPE, 5000, 30, 40), raw(RAW_SEND, RAW_UNIX, 5000, 20, 30),
                                      raw(RAW_SEND, RAW_PIPE, 5000, 10, 20), raw(RAW_POLL, RAW_NONE, 0, 50, 60)});
  EXPECT_EQ(objects(causes), (std::vector<uint64_t>{2, 4, 2, 0}));
  EXPECT_EQ(causes.calls[0].kind, CallKind::kSend);
  EXPECT_EQ(causes.calls[0].type, CallObject::kPipe);
}

TEST(NameObjects, CallsThatNeverEndedSaySo) {
  const Causes causes = name_objects({raw(RAW_SLEEP, RAW_NONE, 0, 30, 0)});
  EXPECT_EQ(causes.calls[0].end, Nanos::max());
  EXPECT_FALSE(causes.calls[0].cpu.valid());
}

TEST(NameObjects, AUnixConnectionThatIsNotAcceptedYetIsWhatItBecomes) {
  // Address 0xabc is used for two connections, one after the other.
  const Causes causes =
      name_objects({raw(RAW_SEND, RAW_EMBRYO, 0xabc, 10, 20), raw(RAW_ALIAS, RAW_UNIX, 501, 0xabc, 30),
                    raw(RAW_RECEIVE, RAW_UNIX, 501, 31, 40), raw(RAW_SEND, RAW_EMBRYO, 0xabc, 50, 60),
                    raw(RAW_ALIAS, RAW_UNIX, 502, 0xabc, 70), raw(RAW_RECEIVE, RAW_UNIX, 502, 71, 80)});
  EXPECT_EQ(objects(causes), (std::vector<uint64_t>{2, 2, 4, 4}));
}

TEST(NameObjects, ADatagramForOneAddressReachesWhoReceivesOnAny) {
  const uint64_t port = uint64_t{53} << 32;
  EXPECT_EQ(objects(name_objects(
                {raw(RAW_SEND, RAW_UDP, port | 0x0100007f, 10, 20), raw(RAW_RECEIVE, RAW_UDP, port, 5, 21)})),
            (std::vector<uint64_t>{2, 2}));
  EXPECT_EQ(
      objects(name_objects({raw(RAW_SEND, RAW_UDP, port | 1, 10, 20), raw(RAW_RECEIVE, RAW_UDP, port | 2, 5, 21)})),
      (std::vector<uint64_t>{2, 4}));
}

TEST(NameObjects, BothEndsOfAConnectionAgreeAndItsDirectionsDiffer) {
  const Causes causes = name_objects({raw(RAW_ACCEPT, RAW_TCP, direction(4000, 80), 1, 30, 5, 8),
                                      raw(RAW_CONNECT, RAW_TCP, direction(4000, 80), 10, 20, 0),
                                      raw(RAW_SEND, RAW_TCP, direction(4000, 80), 40, 50),
                                      raw(RAW_RECEIVE, RAW_TCP, direction(4000, 80), 31, 52, 1, 8),
                                      raw(RAW_SEND, RAW_TCP, direction(80, 4000), 60, 70, 1, 8),
                                      raw(RAW_RECEIVE, RAW_TCP, direction(80, 4000), 55, 72)});
  EXPECT_EQ(objects(causes), (std::vector<uint64_t>{3, 3, 3, 3, 2, 2}));
}

TEST(NameObjects, PortsThatAreUsedAgainAreAnotherConnection) {
  const Causes causes = name_objects(
      {raw(RAW_CONNECT, RAW_TCP, direction(4000, 80), 10, 20, -EINPROGRESS),
       raw(RAW_CONNECT, RAW_TCP, direction(4000, 80), 25, 26, 0),
       raw(RAW_ACCEPT, RAW_TCP, direction(4000, 80), 5, 30, 5, 8), raw(RAW_SEND, RAW_TCP, direction(4000, 80), 40, 50),
       raw(RAW_CLOSE, RAW_TCP, direction(4000, 80), 60, 70), raw(RAW_CONNECT, RAW_TCP, direction(4000, 80), 80, 90, 0),
       raw(RAW_SEND, RAW_TCP, direction(4000, 80), 95, 99)});
  EXPECT_EQ(objects(causes), (std::vector<uint64_t>{3, 3, 3, 3, 3, 5, 5}));
}

TEST(NameObjects, WithoutAConnectAcceptsCountConnections) {
  const Causes causes = name_objects(
      {raw(RAW_ACCEPT, RAW_TCP, direction(4000, 80), 5, 30), raw(RAW_RECEIVE, RAW_TCP, direction(4000, 80), 31, 50),
       raw(RAW_ACCEPT, RAW_TCP, direction(4000, 80), 60, 80), raw(RAW_RECEIVE, RAW_TCP, direction(4000, 80), 81, 99)});
  EXPECT_EQ(objects(causes), (std::vector<uint64_t>{3, 3, 5, 5}));
}

}  // namespace
}  // namespace simsched::record
