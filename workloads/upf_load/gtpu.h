// GTP-U (3GPP TS 29.281) as a user plane meets it on N3: G-PDUs with a PDU session container (TS 38.415), which names
// the QoS flow. Other messages and extension headers are passed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace simsched::upf_load {

constexpr uint16_t kGtpuPort = 2152;
constexpr size_t kHeader = 16;  // 8, 4 for the optional fields, 4 for the container

struct Gpdu {
  uint32_t teid = 0;
  uint8_t qfi = 0;  // 0 to 63
  bool uplink = true;
  std::span<const uint8_t> payload;  // the user's packet
};

// The headers of a G-PDU around `payload_bytes`: at most 65,527 - 8.
void write_header(std::span<uint8_t, kHeader> out, uint32_t teid, uint8_t qfi, bool uplink, size_t payload_bytes);

// None for what is no G-PDU with a PDU session container, or is not as long as it says.
std::optional<Gpdu> parse(std::span<const uint8_t> packet);

}  // namespace simsched::upf_load
