#include "bpf/btf_check.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/btf.h>

#include <cstring>
#include <mutex>
#include <vector>

#include "base/error.h"

namespace simsched::bpf {
namespace {

struct Checker {
  std::span<const std::byte> raw;
  const std::string& where;
  std::span<const std::byte> types, strings;
  std::vector<uint32_t> ids;  // type ids that appear

  [[noreturn]] void fail(const char* what) const {
    throw Error(where, std::string("damaged type information (.BTF): ") + what, "compile the policy again with -g");
  }

  void check_header() {
    btf_header header{};
    if (raw.size() < sizeof header) fail("too short");
    std::memcpy(&header, raw.data(), sizeof header);
    if (header.magic != BTF_MAGIC) fail("wrong magic number");
    if (header.version != BTF_VERSION || header.hdr_len != sizeof header) fail("unknown version");
    const uint64_t room = raw.size() - sizeof header;
    const uint64_t type_end = uint64_t{header.type_off} + header.type_len;
    const uint64_t str_end = uint64_t{header.str_off} + header.str_len;
    if (header.type_off % 4 != 0 || header.type_len % 4 != 0) fail("types are not aligned");
    if (type_end > header.str_off || str_end > room || header.str_len == 0) fail("offsets out of range");
    types = raw.subspan(sizeof header + header.type_off, header.type_len);
    strings = raw.subspan(sizeof header + header.str_off, header.str_len);
    if (strings.front() != std::byte{0} || strings.back() != std::byte{0}) fail("names do not end");
  }

  void name(uint32_t offset) const {
    if (offset >= strings.size()) fail("a name is out of range");
  }
  void id(uint32_t type) { ids.push_back(type); }

  template <class T>
  T take(size_t& at) const {
    if (types.size() - at < sizeof(T)) fail("a type is cut off");
    T value;
    std::memcpy(&value, types.data() + at, sizeof value);
    at += sizeof value;
    return value;
  }

  void check_type(size_t& at) {
    const auto type = take<struct btf_type>(at);
    name(type.name_off);
    const uint32_t count = BTF_INFO_VLEN(type.info);
    switch ((type.info >> 24) & 0x1f) {
      case BTF_KIND_INT:
        take<uint32_t>(at);
        break;
      case BTF_KIND_PTR:
      case BTF_KIND_TYPEDEF:
      case BTF_KIND_VOLATILE:
      case BTF_KIND_CONST:
      case BTF_KIND_RESTRICT:
      case BTF_KIND_FUNC:
      case BTF_KIND_TYPE_TAG:
        id(type.type);
        break;
      case BTF_KIND_FWD:
      case BTF_KIND_FLOAT:
        break;
      case BTF_KIND_ARRAY: {
        const auto array = take<struct btf_array>(at);
        id(array.type);
        id(array.index_type);
        break;
      }
      case BTF_KIND_STRUCT:
      case BTF_KIND_UNION:
        for (uint32_t i = 0; i < count; ++i) {
          const auto member = take<struct btf_member>(at);
          name(member.name_off);
          id(member.type);
        }
        break;
      case BTF_KIND_ENUM:
        for (uint32_t i = 0; i < count; ++i) name(take<struct btf_enum>(at).name_off);
        break;
      case BTF_KIND_ENUM64:
        for (uint32_t i = 0; i < count; ++i) name(take<struct btf_enum64>(at).name_off);
        break;
      case BTF_KIND_FUNC_PROTO:
        id(type.type);
        for (uint32_t i = 0; i < count; ++i) {
          const auto parameter = take<struct btf_param>(at);
          name(parameter.name_off);
          id(parameter.type);
        }
        break;
      case BTF_KIND_VAR:
        take<struct btf_var>(at);
        id(type.type);
        break;
      case BTF_KIND_DATASEC:
        for (uint32_t i = 0; i < count; ++i) id(take<struct btf_var_secinfo>(at).type);
        break;
      case BTF_KIND_DECL_TAG:
        take<struct btf_decl_tag>(at);
        id(type.type);
        break;
      default:
        fail("unknown kind of type");
    }
  }

  void run() {
    check_header();
    uint32_t count = 1;  // 0 is void
    for (size_t at = 0; at < types.size(); ++count) check_type(at);
    for (uint32_t type : ids) {
      if (type >= count) fail("a type id is out of range");
    }
  }
};

}  // namespace

void check_btf(std::span<const std::byte> raw, const std::string& where) { Checker{raw, where, {}, {}, {}}.run(); }

Btf parse_btf(std::span<const std::byte> raw, const std::string& where) {
  static std::once_flag quiet;  // libbpf would print its complaints
  std::call_once(quiet, [] { libbpf_set_print(nullptr); });
  check_btf(raw, where);
  struct btf* types = btf__new(raw.data(), static_cast<uint32_t>(raw.size()));
  if (types == nullptr) {
    throw Error(where, "type information (.BTF) that cannot be read", "compile the policy again with -g");
  }
  return Btf(types);
}

}  // namespace simsched::bpf
