#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace simsched {

using Json = nlohmann::ordered_json;

// Lower-case hexadecimal.
inline std::string to_hex(std::span<const std::byte> bytes) {
  static const char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::byte b : bytes) {
    text += kDigits[static_cast<unsigned>(b) >> 4];
    text += kDigits[static_cast<unsigned>(b) & 15];
  }
  return text;
}

// One manifest being read; every mistake is an Error that names the file and the key.
class JsonReader {
 public:
  explicit JsonReader(const std::string& name) : name_(name) {}

  const std::string& name() const { return name_; }
  [[noreturn]] void fail(const std::string& what) const {
    throw Error(name_, what, "export the policy again with 'simsched export'");
  }

  const Json& get(const Json& object, const char* key) const {
    if (!object.is_object() || !object.contains(key)) fail(std::string("has no '") + key + "'");
    return object[key];
  }
  std::string text(const Json& object, const char* key) const {
    const Json& value = get(object, key);
    if (!value.is_string()) fail(std::string("'") + key + "' is not text");
    std::string result = value.get<std::string>();
    if (result.find('\0') != result.npos) fail(std::string("'") + key + "' is not text");
    return result;
  }
  uint64_t number(const Json& object, const char* key, uint64_t most) const {
    const Json& value = get(object, key);
    if (!value.is_number_unsigned() || value.get<uint64_t>() > most)
      fail(std::string("'") + key + "' is not a number from 0 to " + std::to_string(most));
    return value.get<uint64_t>();
  }
  const Json& list(const Json& object, const char* key) const {
    const Json& value = get(object, key);
    if (!value.is_array()) fail(std::string("'") + key + "' is not a list");
    return value;
  }
  std::vector<std::byte> bytes(const Json& object, const char* key) const {
    const std::string hex = text(object, key);
    std::vector<std::byte> result;
    for (size_t i = 0; i + 1 < hex.size() + hex.size() % 2; i += 2) {
      int value = 0;
      for (size_t at : {i, i + 1}) {
        const char c = at < hex.size() ? hex[at] : 'x';
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) fail(std::string("'") + key + "' is not hexadecimal");
        value = value * 16 + digit;
      }
      result.push_back(static_cast<std::byte>(value));
    }
    return result;
  }

 private:
  const std::string& name_;
};

}  // namespace simsched
