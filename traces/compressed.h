// zstd: whole files and the record stream of `perf record -z`. Other packings of files: traces/formats.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/files.h"
#include "traces/bytes.h"

namespace simsched {

bool is_zstd(ByteSpan bytes);
// All frames of `bytes`. Throws Error when they are damaged or cut short.
Bytes decompress(ByteSpan bytes, const std::string& name);
std::string compress(std::string_view bytes, int level);

// One stream that comes in pieces.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  // Appends what `piece` holds to `out`.
  void append(ByteSpan piece, std::string& out, const std::string& where);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace simsched
