#include "ml/data/dataset_file.h"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "ml/model/model_file.h"

namespace simsched::ml {
namespace {

static_assert(std::endian::native == std::endian::little, "columns are written as they are");

constexpr uint32_t kMagic = 0x54414453, kFormat = 1;  // "SDAT"
constexpr int kLevel = 3;
constexpr size_t kMaxText = size_t{1} << 24;

struct Header {
  uint32_t magic = kMagic, format = kFormat, encoding = FEATURES_ENCODING, crc = 0;
  uint64_t rows = 0;
  uint32_t origins = 0, text = 0, outcomes = 0, columns = 0;
};
static_assert(sizeof(Header) == 40);
constexpr size_t kCrcFrom = offsetof(Header, rows);

[[noreturn]] void fail(const std::string& where, const std::string& what, const std::string& remedy = {}) {
  throw Error(where, what, remedy);
}

std::string compress(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kLevel);
  SIMSCHED_CHECK(!ZSTD_isError(size), "the buffer is large enough for any content");
  out.resize(size);
  return out;
}

template <class Number>
std::string_view view(const std::vector<Number>& column) {
  return {reinterpret_cast<const char*>(column.data()), column.size() * sizeof(Number)};
}

std::string origins_text(const std::vector<Origin>& origins) {
  std::string text;
  for (const Origin& origin : origins) {
    for (const std::string* name : {&origin.recording, &origin.machine, &origin.policy}) {
      for (char c : *name) text += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
      text += '\t';
    }
    text += std::to_string(origin.seed) + '\n';
  }
  return text;
}

std::vector<Origin> parse_origins(std::string_view text, size_t count, const std::string& where) {
  std::vector<Origin> origins;
  while (!text.empty()) {
    Origin& origin = origins.emplace_back();
    for (std::string* name : {&origin.recording, &origin.machine, &origin.policy}) {
      const size_t tab = text.find_first_of("\t\n");
      if (tab == text.npos || text[tab] != '\t') fail(where, "the origins of the dataset are damaged");
      *name = text.substr(0, tab);
      text.remove_prefix(tab + 1);
    }
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, origin.seed);
    if (error != std::errc() || stop == end || *stop != '\n') fail(where, "the origins of the dataset are damaged");
    text.remove_prefix(static_cast<size_t>(stop - text.data()) + 1);
  }
  if (origins.size() != count) fail(where, "the dataset has not as many origins as it says");
  return origins;
}

// The columns of a file one behind the other.
class Columns {
 public:
  Columns(std::span<const std::byte> bytes, size_t count, const std::string& where) : where_(where) {
    if (bytes.size() / 8 < count) fail(where, "the dataset is cut off");
    sizes_.resize(count);
    std::memcpy(sizes_.data(), bytes.data(), count * 8);
    bytes_ = bytes.subspan(count * 8);
  }
  void next(void* to, size_t size) {
    const uint64_t packed = sizes_[at_++];
    if (packed > bytes_.size()) fail(where_, "the dataset is cut off");
    const size_t got = ZSTD_decompress(to, size, bytes_.data(), packed);
    if (ZSTD_isError(got) || got != size) fail(where_, "column " + std::to_string(at_) + " of the dataset is damaged");
    bytes_ = bytes_.subspan(packed);
  }
  template <class Number>
  void next(std::vector<Number>& to, size_t rows) {
    if (sizes_[at_] > bytes_.size() || ZSTD_getFrameContentSize(bytes_.data(), sizes_[at_]) != rows * sizeof(Number))
      fail(where_, "column " + std::to_string(at_ + 1) + " of the dataset is damaged");
    to.resize(rows);
    next(to.data(), rows * sizeof(Number));
  }
  bool all_read() const { return at_ == sizes_.size() && bytes_.empty(); }

 private:
  const std::string& where_;
  std::vector<uint64_t> sizes_;
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
};

void check(const Dataset& dataset, const std::string& where) {
  if (std::ranges::any_of(dataset.moves, [](uint8_t m) { return m > 1; }))
    fail(where, "a decision is neither to stay nor to move");
  if (std::ranges::any_of(dataset.origin, [&](uint16_t o) { return o >= dataset.origins.size(); }))
    fail(where, "a decision has an origin that there is not");
  if (std::ranges::any_of(dataset.outcome, [](float o) { return !std::isfinite(o); }))
    fail(where, "an outcome is no finite number");
}

size_t columns_of(bool outcomes) { return 3 + FEATURES + (outcomes ? 1 : 0); }

}  // namespace

std::string dataset_bytes(const Dataset& dataset) {
  const std::string text = origins_text(dataset.origins);
  Header header;
  header.rows = dataset.rows();
  header.origins = static_cast<uint32_t>(dataset.origins.size());
  header.text = static_cast<uint32_t>(text.size());
  header.outcomes = dataset.outcome.empty() ? 0 : 1;
  header.columns = static_cast<uint32_t>(columns_of(header.outcomes));
  std::vector<std::string> columns = {compress(text), compress(view(dataset.origin)), compress(view(dataset.moves))};
  for (const auto& input : dataset.inputs) columns.push_back(compress(view(input)));
  if (header.outcomes) columns.push_back(compress(view(dataset.outcome)));
  std::string bytes(sizeof(Header) + 8 * columns.size(), '\0');
  std::memcpy(bytes.data(), &header, sizeof(header));
  for (size_t c = 0; c < columns.size(); ++c) {
    const uint64_t size = columns[c].size();
    std::memcpy(bytes.data() + sizeof(Header) + 8 * c, &size, 8);
    bytes += columns[c];
  }
  const uint32_t crc = mlp::crc32(std::as_bytes(std::span(bytes)).subspan(kCrcFrom));
  std::memcpy(bytes.data() + offsetof(Header, crc), &crc, sizeof(crc));
  return bytes;
}

Dataset parse_dataset(std::span<const std::byte> bytes, const std::string& where) {
  Header header;
  if (bytes.size() < 4 || std::memcmp(bytes.data(), &header.magic, 4) != 0)
    fail(where, "not a dataset", "it would begin with SDAT; simsched dataset writes one");
  if (bytes.size() < sizeof(Header)) fail(where, "the dataset is cut off");
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.format != kFormat)
    fail(where, "a dataset of format " + std::to_string(header.format) + ", not " + std::to_string(kFormat),
         "use the program that belongs to it, or collect it again");
  if (header.encoding != FEATURES_ENCODING)
    fail(where,
         "its inputs are of encoding " + std::to_string(header.encoding) + ", not " + std::to_string(FEATURES_ENCODING),
         "collect it again");
  if (header.crc != mlp::crc32(bytes.subspan(kCrcFrom)))
    fail(where, "the dataset is damaged or cut off: its check sum is wrong", "get it again");
  if (header.rows > kMaxRows || header.origins > kMaxOrigins || header.text > kMaxText || header.outcomes > 1 ||
      header.columns != columns_of(header.outcomes))
    fail(where, "the sizes of the dataset are out of range");

  Columns columns(bytes.subspan(sizeof(Header)), header.columns, where);
  Dataset dataset;
  std::vector<char> text;
  columns.next(text, header.text);
  dataset.origins = parse_origins({text.data(), text.size()}, header.origins, where);
  columns.next(dataset.origin, header.rows);
  columns.next(dataset.moves, header.rows);
  for (auto& input : dataset.inputs) columns.next(input, header.rows);
  if (header.outcomes) columns.next(dataset.outcome, header.rows);
  if (!columns.all_read()) fail(where, "something follows the dataset");
  check(dataset, where);
  return dataset;
}

Dataset read_dataset(const std::string& path) {
  const Bytes bytes = read_file(path);
  return bytes.text().starts_with('#') ? parse_dataset_csv(bytes.text(), path) : parse_dataset(bytes.span(), path);
}

}  // namespace simsched::ml
