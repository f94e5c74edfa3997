#include "traces/compressed.h"

#include <zstd.h>

#include <algorithm>
#include <new>

#include "traces/formats.h"

namespace simsched {
namespace {

constexpr size_t kStep = size_t{4} << 20;
// No recording compresses better; a damaged or made-up file shall not use up the memory.
constexpr size_t kMaxRatio = 1024, kMaxSmall = size_t{64} << 20;

using Stream = std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)>;

Stream new_stream() {
  Stream stream(ZSTD_createDStream(), ZSTD_freeDStream);
  if (stream == nullptr) throw std::bad_alloc();
  return stream;
}

void check(size_t result, const std::string& where) {
  if (ZSTD_isError(result))
    throw Error(where, std::string("the compressed data are damaged: ") + ZSTD_getErrorName(result), "copy it again");
}

}  // namespace

bool is_zstd(ByteSpan bytes) { return bytes.size() >= 4 && load<uint32_t>(bytes.data()) == ZSTD_MAGICNUMBER; }

Bytes decompress(ByteSpan bytes, const std::string& name) {
  Stream stream = new_stream();
  // The frame may tell its size; a damaged one is not believed beyond what such data ever compress to.
  unsigned long long told = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  bool sane = told != ZSTD_CONTENTSIZE_UNKNOWN && told != ZSTD_CONTENTSIZE_ERROR && told / 64 <= bytes.size();
  Bytes out = Bytes::allocate(sane ? std::max<size_t>(told, 1) : kStep);
  ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
  size_t size = 0, pending = 0;
  while (true) {
    if (size == out.size() && (input.pos < input.size || pending != 0)) {
      if (size / kMaxRatio > bytes.size() && size > kMaxSmall)
        throw Error(name, "holds over a thousand times its size", "it is not a compressed recording");
      out.resize(out.size() + std::max(out.size() / 2, kStep));
    }
    ZSTD_outBuffer output{out.data(), out.size(), size};
    pending = ZSTD_decompressStream(stream.get(), &output, &input);
    check(pending, at_offset(name, input.pos));
    bool still = output.pos == size && input.pos == input.size;
    size = output.pos;
    if (input.pos == input.size && (pending == 0 || (still && size < out.size()))) break;
  }
  if (pending != 0)
    throw Error(at_offset(name, bytes.size()), "the compressed data end too early",
                "the copy is cut short: copy it again");
  out.resize(size);
  return out;
}

TracePacking zstd_packing() { return {".zst", is_zstd, decompress}; }

std::string compress(std::string_view bytes, int level) {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  if (context == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  size_t size = ZSTD_compress2(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
  SIMSCHED_CHECK(!ZSTD_isError(size), "the buffer is large enough for any content");
  out.resize(size);
  return out;
}

struct Decompressor::State {
  Stream stream = new_stream();
};

Decompressor::Decompressor() : state_(std::make_unique<State>()) {}
Decompressor::~Decompressor() = default;

void Decompressor::append(ByteSpan piece, std::string& out, const std::string& where) {
  ZSTD_inBuffer input{piece.data(), piece.size(), 0};
  bool full = true;
  while (input.pos < input.size || full) {
    size_t old = out.size();
    out.resize(old + ZSTD_DStreamOutSize());
    ZSTD_outBuffer output{out.data() + old, out.size() - old, 0};
    check(ZSTD_decompressStream(state_->stream.get(), &output, &input), where);
    full = output.pos == output.size;
    out.resize(old + output.pos);
  }
}

}  // namespace simsched
