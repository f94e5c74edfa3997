#include "traces/compressed.h"

#include <zstd.h>

#include <new>
#include <utility>

#include "traces/unpack.h"

namespace simsched {
namespace {

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

namespace {

Unpacked unpack_zstd(ByteSpan bytes, const std::string& name) {
  Stream stream = new_stream();
  // The frame may tell its size; a damaged one is not believed beyond what such data ever compress to.
  unsigned long long told = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  bool sane = told != ZSTD_CONTENTSIZE_UNKNOWN && told != ZSTD_CONTENTSIZE_ERROR && told / 64 <= bytes.size();
  auto step = [&](ByteSpan input, std::span<std::byte> output, size_t at) -> UnpackStep {
    ZSTD_inBuffer in{input.data(), input.size(), 0};
    ZSTD_outBuffer out{output.data(), output.size(), 0};
    size_t pending = ZSTD_decompressStream(stream.get(), &out, &in);
    check(pending, at_offset(name, at + in.pos));
    return {in.pos, out.pos, pending == 0};
  };
  return unpack_all(bytes, name, sane ? told : kUnpackStep, step);
}

}  // namespace

Bytes decompress(ByteSpan bytes, const std::string& name) {
  Unpacked unpacked = unpack_zstd(bytes, name);
  if (unpacked.cut)
    throw Error(at_offset(name, bytes.size()), "the compressed data end too early",
                "the copy is cut short: copy it again");
  return std::move(unpacked.bytes);
}

TracePacking zstd_packing() { return {".zst", is_zstd, unpack_zstd}; }

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
