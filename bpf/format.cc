#include "bpf/format.h"

#include <algorithm>
#include <cstring>

#include "bpf/helpers/helpers.h"

namespace simsched::bpf {
namespace {

constexpr size_t kMaxText = 1024;  // MAX_BPRINTF_BUF; also of a single string
constexpr size_t kMaxWidth = 256;
constexpr size_t kMaxFormat = 4096;

struct Conversion {
  bool left = false, zero = false, sign = false, space = false, alternate = false;
  size_t width = 0;
  int bits = 32;
};

void pad(std::string& out, const Conversion& c, const std::string& prefix, std::string digits) {
  const size_t length = prefix.size() + digits.size(), fill = c.width > length ? c.width - length : 0;
  if (!c.left && !c.zero) out.append(fill, ' ');
  out += prefix;
  if (!c.left && c.zero) out.append(fill, '0');
  out += digits;
  if (c.left) out.append(fill, ' ');
}

void put_number(std::string& out, const Conversion& c, char kind, uint64_t value) {
  std::string prefix, digits;
  if (kind == 'd' || kind == 'i') {
    int64_t number = static_cast<int64_t>(value << (64 - c.bits)) >> (64 - c.bits);
    if (number < 0) prefix = "-";
    if (number >= 0) prefix = c.sign ? "+" : c.space ? " " : "";
    digits = std::to_string(number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number));
  } else {
    value = value << (64 - c.bits) >> (64 - c.bits);
    digits = kind == 'u' ? std::to_string(value) : hex(value).substr(2);
    if (kind == 'X')
      std::transform(digits.begin(), digits.end(), digits.begin(),
                     [](char d) { return d >= 'a' ? static_cast<char>(d - 32) : d; });
    if (c.alternate && kind != 'u') prefix = kind == 'X' ? "0X" : "0x";
  }
  pad(out, c, prefix, digits);
}

void put_pointer(std::string& out, Conversion c, uint64_t value) {
  std::string digits = hex(value).substr(2);
  digits.insert(0, 16 - digits.size(), '0');  // as the kernel prints pointers: all digits, no 0x
  c.zero = false;
  pad(out, c, "", digits);
}

void put_string(Vm& vm, std::string& out, Conversion c, uint64_t address) {
  std::string text;
  while (text.size() < kMaxText) {
    if (!vm.mapped(address + text.size(), 1, VM_READ)) {
      text = "(fault)";
      break;
    }
    const char next = *vm.at<char>(address + text.size());
    if (next == '\0') break;
    text.push_back(next);
  }
  c.zero = false;
  pad(out, c, "", text);
}

}  // namespace

std::optional<std::string> format_guest(Vm& vm, const std::string& format, std::span<const uint64_t> arguments) {
  std::string out;
  size_t used = 0, i = 0;
  const auto at = [&](size_t n) { return n < format.size() ? format[n] : '\0'; };
  while (i < format.size() && out.size() < kMaxText) {
    if (format[i] != '%') {
      const unsigned char byte = static_cast<unsigned char>(format[i++]);
      if (byte >= 0x80 || (byte < 0x20 && (byte < '\t' || byte > '\r'))) return std::nullopt;  // isprint, isspace
      out.push_back(static_cast<char>(byte));
      continue;
    }
    if (at(++i) == '%') {
      out.push_back('%');
      ++i;
      continue;
    }
    Conversion c;
    for (;; ++i) {
      if (at(i) == '0')
        c.zero = true;
      else if (at(i) == '-')
        c.left = true;
      else if (at(i) == '+')
        c.sign = true;
      else if (at(i) == ' ')
        c.space = true;
      else if (at(i) == '#')
        c.alternate = true;
      else
        break;
    }
    for (; at(i) >= '0' && at(i) <= '9'; ++i)
      c.width = std::min(c.width * 10 + static_cast<size_t>(at(i) - '0'), kMaxWidth);
    if (at(i) == 'l') {
      c.bits = 64;
      if (at(++i) == 'l') ++i;
    } else if (at(i) == 'h') {
      c.bits = 16;
      if (at(++i) == 'h') c.bits = 8, ++i;
    } else if (at(i) == 'z') {
      c.bits = 64;
      ++i;
    }
    if (used >= arguments.size()) return std::nullopt;
    const uint64_t value = arguments[used++];
    switch (const char kind = at(i++)) {
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
        put_number(out, c, kind, value);
        break;
      case 'c':
        pad(out, Conversion{.left = c.left, .width = c.width}, "", std::string(1, static_cast<char>(value)));
        break;
      case 's':
        put_string(vm, out, c, value);
        break;
      case 'p':
        if ((at(i) == 'k' || at(i) == 'u') && at(i + 1) == 's') {
          i += 2;
          put_string(vm, out, c, value);
        } else {
          // %pK and %px, and %pB, %ps, %pS, whose symbols there are none of.
          if (at(i) != '\0' && std::strchr("KxBsS", at(i)) != nullptr)
            ++i;
          else if (std::isalnum(static_cast<unsigned char>(at(i))) != 0)
            return std::nullopt;
          put_pointer(out, c, value);
        }
        break;
      default:
        return std::nullopt;
    }
  }
  if (out.size() > kMaxText) out.resize(kMaxText);
  return out;
}

std::optional<std::string> format_guest(Vm& vm, uint64_t format, uint64_t format_size, uint64_t data,
                                        uint64_t data_size) {
  if (data_size % 8 != 0 || data_size > kMaxFormatArguments * 8) return std::nullopt;
  const std::optional<std::string> text = vm.string_at(format, std::min<uint64_t>(format_size, kMaxFormat));
  const std::byte* const from = text ? vm.checked(data, VM_READ, data_size) : nullptr;
  if (from == nullptr && !(text && data_size == 0)) return std::nullopt;
  uint64_t arguments[kMaxFormatArguments] = {};
  if (data_size != 0) std::memcpy(arguments, from, data_size);
  return format_guest(vm, *text, {arguments, data_size / 8});
}

}  // namespace simsched::bpf
