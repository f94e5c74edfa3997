// gzip, through zlib: files of one or several members; and bare zlib streams.
#include <zlib.h>

#include <limits>
#include <memory>
#include <new>

#include "traces/unpack.h"

namespace simsched {
namespace {

bool is_gzip(ByteSpan bytes) { return text_of(bytes).starts_with("\x1f\x8b"); }

// inflateInit2(): expect gzip's head, or find out which it is.
constexpr int kGzipOnly = 16 + MAX_WBITS, kGzipOrZlib = 32 + MAX_WBITS;

Unpacked inflate_all(ByteSpan bytes, const std::string& name, int window_bits) {
  z_stream stream{};
  if (inflateInit2(&stream, window_bits) != Z_OK) throw std::bad_alloc();
  std::unique_ptr<z_stream, decltype(&inflateEnd)> end(&stream, &inflateEnd);
  bool member_ended = false;
  auto step = [&](ByteSpan input, std::span<std::byte> output, size_t at) -> UnpackStep {
    if (member_ended) {
      // What follows the last member, like the padding of a tape, is none: gzip leaves it out, too.
      if (!is_gzip(input)) return {input.size(), 0, true};
      inflateReset(&stream);
    }
    constexpr size_t kMost = std::numeric_limits<uInt>::max();
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
    stream.avail_in = static_cast<uInt>(std::min(input.size(), kMost));
    stream.next_out = reinterpret_cast<Bytef*>(output.data());
    stream.avail_out = static_cast<uInt>(std::min(output.size(), kMost));
    uInt in = stream.avail_in, out = stream.avail_out;
    int result = inflate(&stream, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
      throw Error(at_offset(name, at + in - stream.avail_in),
                  std::string("the compressed data are damaged: ") + (stream.msg != nullptr ? stream.msg : "?"),
                  "copy it again");
    member_ended = result == Z_STREAM_END;
    return {in - stream.avail_in, out - stream.avail_out, member_ended};
  };
  return unpack_all(bytes, name, kUnpackStep, step);
}

Unpacked unpack_gzip(ByteSpan bytes, const std::string& name) { return inflate_all(bytes, name, kGzipOnly); }

}  // namespace

Unpacked unpack_zlib(ByteSpan bytes, const std::string& name) { return inflate_all(bytes, name, kGzipOrZlib); }

TracePacking gzip_packing() { return {".gz", is_gzip, unpack_gzip}; }

}  // namespace simsched
