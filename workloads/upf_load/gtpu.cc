#include "workloads/upf_load/gtpu.h"

namespace simsched::upf_load {
namespace {

constexpr uint8_t kVersion1 = 0x20, kProtocolGtp = 0x10, kExtension = 0x04, kOptional = 0x07;
constexpr uint8_t kGpduMessage = 255, kPduSessionContainer = 0x85;
constexpr size_t kMandatory = 8, kOptionalFields = 4;

uint16_t big16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
uint32_t big32(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint32_t>(big16(bytes, at)) << 16 | big16(bytes, at + 2);
}

}  // namespace

void write_header(std::span<uint8_t, kHeader> out, uint32_t teid, uint8_t qfi, bool uplink, size_t payload_bytes) {
  const size_t length = kHeader - kMandatory + payload_bytes;
  out[0] = kVersion1 | kProtocolGtp | kExtension;
  out[1] = kGpduMessage;
  out[2] = static_cast<uint8_t>(length >> 8);
  out[3] = static_cast<uint8_t>(length);
  for (size_t i = 0; i < 4; ++i) out[4 + i] = static_cast<uint8_t>(teid >> (24 - 8 * i));
  out[8] = out[9] = out[10] = 0;  // no sequence number, no N-PDU number
  out[11] = kPduSessionContainer;
  out[12] = 1;  // in words of four bytes
  out[13] = uplink ? 0x10 : 0;
  out[14] = qfi & 0x3f;
  out[15] = 0;  // no more extension headers
}

std::optional<Gpdu> parse(std::span<const uint8_t> packet) {
  if (packet.size() < kMandatory) return std::nullopt;
  if ((packet[0] & 0xf0) != (kVersion1 | kProtocolGtp) || packet[1] != kGpduMessage) return std::nullopt;
  if (kMandatory + big16(packet, 2) != packet.size()) return std::nullopt;
  Gpdu gpdu;
  gpdu.teid = big32(packet, 4);
  if ((packet[0] & kOptional) == 0) return std::nullopt;  // no extension headers: no QoS flow
  if (packet.size() < kMandatory + kOptionalFields) return std::nullopt;
  uint8_t next = packet[0] & kExtension ? packet[kMandatory + 3] : 0;
  size_t at = kMandatory + kOptionalFields;
  bool known = false;
  while (next != 0) {
    if (at >= packet.size()) return std::nullopt;
    const size_t length = size_t{packet[at]} * 4;
    if (length == 0 || length > packet.size() - at) return std::nullopt;
    if (next == kPduSessionContainer && !known) {
      const uint8_t type = packet[at + 1] >> 4;
      if (type > 1) return std::nullopt;
      gpdu.uplink = type == 1;
      gpdu.qfi = packet[at + 2] & 0x3f;
      known = true;
    }
    next = packet[at + length - 1];
    at += length;
  }
  if (!known) return std::nullopt;
  gpdu.payload = packet.subspan(at);
  return gpdu;
}

}  // namespace simsched::upf_load
