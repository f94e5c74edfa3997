#include "workloads/upf_load/gtpu.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace simsched::upf_load {
namespace {

std::vector<uint8_t> packet_of(uint32_t teid, uint8_t qfi, bool uplink, const std::vector<uint8_t>& payload) {
  std::vector<uint8_t> packet(kHeader);
  write_header(std::span<uint8_t, kHeader>(packet.data(), kHeader), teid, qfi, uplink, payload.size());
  packet.insert(packet.end(), payload.begin(), payload.end());
  return packet;
}

// As TS 29.281, 5.1 and TS 38.415, 5.5.2 lay them out: an uplink G-PDU of QoS flow 9 in tunnel 0x01020304.
TEST(Gtpu, HeaderIsAsSpecified) {
  const std::vector<uint8_t> wanted = {0x34, 0xff, 0x00, 0x0a, 0x01, 0x02, 0x03, 0x04, 0,
                                       0,    0,    0x85, 0x01, 0x10, 0x09, 0x00, 0xaa, 0xbb};
  EXPECT_EQ(packet_of(0x01020304, 9, true, {0xaa, 0xbb}), wanted);
}

RC_GTEST_PROP(GtpuProperties, WhatIsWrittenIsRead, (uint32_t teid, bool uplink, const std::vector<uint8_t>& payload)) {
  const auto qfi = *rc::gen::inRange<uint8_t>(0, 64);
  const std::vector<uint8_t> packet = packet_of(teid, qfi, uplink, payload);
  const auto read = parse(packet);
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->teid == teid && read->qfi == qfi && read->uplink == uplink);
  RC_ASSERT(std::vector<uint8_t>(read->payload.begin(), read->payload.end()) == payload);
}

TEST(Gtpu, TruncatedOrLongerOnesAreNone) {
  std::vector<uint8_t> packet = packet_of(7, 1, true, {1, 2, 3});
  for (size_t bytes = 0; bytes < packet.size(); ++bytes) EXPECT_FALSE(parse({packet.data(), bytes})) << bytes;
  packet.push_back(0);
  EXPECT_FALSE(parse(packet));
}

TEST(Gtpu, OtherExtensionHeadersArePassedOver) {
  std::vector<uint8_t> packet = packet_of(7, 5, false, {9});
  packet[11] = 0x40;  // UDP port, before the container
  const std::vector<uint8_t> port = {1, 0x12, 0x34, 0x85};
  packet.insert(packet.begin() + 12, port.begin(), port.end());
  packet[3] = static_cast<uint8_t>(packet[3] + 4);
  const auto read = parse(packet);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->qfi, 5);
  EXPECT_EQ(read->payload.size(), 1u);
}

TEST(Gtpu, NoneWithoutAQosFlow) {
  EXPECT_FALSE(parse({}));
  const std::vector<uint8_t> plain = {0x30, 0xff, 0, 1, 0, 0, 0, 7, 0xaa},
                             echo = {0x32, 1, 0, 4, 0, 0, 0, 0, 0, 1, 0, 0},
                             no_length = {0x34, 0xff, 0, 8, 0, 0, 0, 7, 0, 0, 0, 0x85, 0, 0x10, 9, 0};
  EXPECT_FALSE(parse(plain));
  EXPECT_FALSE(parse(echo));
  EXPECT_FALSE(parse(no_length));
}

}  // namespace
}  // namespace simsched::upf_load
