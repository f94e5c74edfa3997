// xz, through liblzma: files of one or several streams.
#include <lzma.h>

#include <memory>
#include <new>

#include "traces/unpack.h"

namespace simsched {
namespace {

bool is_xz(ByteSpan bytes) {
  return text_of(bytes).starts_with(
      std::string_view("\xfd"
                       "7zXZ\0",
                       6));
}

constexpr uint64_t kMaxMemory = uint64_t{1} << 30;  // xz -9 takes 65 MB

const char* problem_of(lzma_ret result) {
  switch (result) {
    case LZMA_MEMLIMIT_ERROR:
      return "its dictionary is too large";
    case LZMA_OPTIONS_ERROR:
      return "it is packed in a way that this liblzma does not know";
    default:
      return "the compressed data are damaged";
  }
}

Unpacked unpack_xz(ByteSpan bytes, const std::string& name) {
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_stream_decoder(&stream, kMaxMemory, LZMA_CONCATENATED) != LZMA_OK) throw std::bad_alloc();
  std::unique_ptr<lzma_stream, decltype(&lzma_end)> end(&stream, &lzma_end);
  auto step = [&](ByteSpan input, std::span<std::byte> output, size_t at) -> UnpackStep {
    stream.next_in = reinterpret_cast<const uint8_t*>(input.data());
    stream.avail_in = input.size();
    stream.next_out = reinterpret_cast<uint8_t*>(output.data());
    stream.avail_out = output.size();
    lzma_ret result = lzma_code(&stream, LZMA_FINISH);  // all the input is there
    size_t used = input.size() - stream.avail_in;
    if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR)
      throw Error(at_offset(name, at + used), problem_of(result), "copy it again");
    return {used, output.size() - stream.avail_out, result == LZMA_STREAM_END};
  };
  return unpack_all(bytes, name, kUnpackStep, step);
}

}  // namespace

TracePacking xz_packing() { return {".xz", is_xz, unpack_xz}; }

}  // namespace simsched
