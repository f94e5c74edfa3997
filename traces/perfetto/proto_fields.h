// The fields of a protobuf message, one after the other. What has another wire type than it is read as is damaged:
// protozero::exception.
#pragma once

#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <string_view>
#include <vector>

namespace simsched::perfetto {

class ProtoFields {
 public:
  explicit ProtoFields(std::string_view message) : reader_(message.data(), message.size()) {}

  bool next() {
    if (!taken_) reader_.skip();
    taken_ = !reader_.next();
    return !taken_;
  }
  uint32_t tag() const { return reader_.tag(); }
  bool is_message() const { return reader_.wire_type() == protozero::pbf_wire_type::length_delimited; }

  // Each at most once a field; one that is not asked for is passed over.
  int64_t number() {
    take(protozero::pbf_wire_type::varint);
    return static_cast<int64_t>(reader_.get_uint64());
  }
  std::string_view bytes() {
    take(protozero::pbf_wire_type::length_delimited);
    const protozero::data_view view = reader_.get_view();
    return {view.data(), view.size()};
  }
  ProtoFields message() { return ProtoFields(bytes()); }
  void append_packed(std::vector<int64_t>& to) {
    take(protozero::pbf_wire_type::length_delimited);
    for (const uint64_t value : reader_.get_packed_uint64()) to.push_back(static_cast<int64_t>(value));
  }

 private:
  void take(protozero::pbf_wire_type type) {
    if (reader_.wire_type() != type) throw protozero::unknown_pbf_wire_type_exception{};
    taken_ = true;
  }

  protozero::pbf_reader reader_;
  bool taken_ = true;
};

}  // namespace simsched::perfetto
