// What packings have in common: a loop that lets the output grow, within reason.
#pragma once

#include <algorithm>
#include <string>

#include "traces/formats.h"

namespace simsched {

constexpr size_t kUnpackStep = size_t{4} << 20;

// What one call of a library did. `done`: the packed data may end here.
struct UnpackStep {
  size_t used = 0, written = 0;
  bool done = false;
};

// `step(input, output)` unpacks some of `input`; throws Error when that is damaged. What is there is kept when the data
// end too early: that is told.
template <class Step>
Unpacked unpack_all(ByteSpan bytes, const std::string& name, size_t first_size, Step step) {
  // No recording compresses better; a damaged or made-up file shall not use up the memory.
  constexpr size_t kMaxRatio = 1024, kMaxSmall = size_t{64} << 20;
  Unpacked out{Bytes::allocate(std::max<size_t>(first_size, 1))};
  size_t at = 0, size = 0;
  bool done = false;
  while (true) {
    if (size == out.bytes.size() && (at < bytes.size() || !done)) {
      if (size / kMaxRatio > bytes.size() && size > kMaxSmall)
        throw Error(name, "holds over a thousand times its size", "it is not a compressed recording");
      out.bytes.resize(out.bytes.size() + std::max(out.bytes.size() / 2, kUnpackStep));
    }
    UnpackStep did = step(bytes.subspan(at), std::span(out.bytes.data() + size, out.bytes.size() - size), at);
    at += did.used;
    size += did.written;
    done = did.done;
    bool idle = did.used == 0 && did.written == 0;
    if (at == bytes.size() && (done || (idle && size < out.bytes.size()))) break;
    if (idle && size < out.bytes.size())
      throw Error(at_offset(name, at), "the compressed data are damaged", "copy it again");
  }
  out.cut = !done;
  out.bytes.resize(size);
  return out;
}

// What zlib packed, with gzip's head or its own. `name` is for messages.
Unpacked unpack_zlib(ByteSpan bytes, const std::string& name);

}  // namespace simsched
