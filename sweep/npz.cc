#include "sweep/npz.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "base/error.h"

namespace simsched {
namespace {

static_assert(std::endian::native == std::endian::little, "columns are written as they are");

// numpy/lib/format.py, version 1.0: what is before the numbers is a multiple of 64 bytes.
std::string header(const std::string& type, size_t rows) {
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({},), }}", type, rows);
  constexpr size_t kBefore = 10;
  text.append(63 - (kBefore + text.size()) % 64, ' ');
  text += '\n';
  const std::string length = {static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  return std::string("\x93NUMPY\x01\x00", 8) + length + text;
}

template <class Number>
std::string array(const std::string& type, const std::vector<Number>& values, size_t rows) {
  std::string bytes = header(type, rows);
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Number));
  return bytes;
}

// Of UTF-8; a byte that is none becomes a question mark.
std::u32string code_points(const std::string& text) {
  std::u32string points;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    const int more = lead < 0x80                   ? 0
                     : lead >= 0xf0 && lead < 0xf5 ? 3
                     : lead >= 0xe0 && lead < 0xf0 ? 2
                     : lead >= 0xc2 && lead < 0xe0 ? 1
                                                   : -1;
    char32_t point = more <= 0 ? lead : lead & (0x3f >> more);
    bool good = more >= 0;
    for (int k = 0; k < more && good; ++k) {
      good = i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
      if (good) point = point << 6 | (static_cast<unsigned char>(text[i++]) & 0x3f);
    }
    points += good ? point : U'?';
  }
  return points;
}

std::string text_array(const Frame::Column& column, size_t rows) {
  std::vector<std::u32string> texts(rows);
  size_t width = 1;
  for (size_t row = 0; row < column.texts.size(); ++row) {
    texts[row] = code_points(column.texts[row]);
    width = std::max(width, texts[row].size());
  }
  std::vector<char32_t> all(rows * width);
  for (size_t row = 0; row < rows; ++row)
    std::ranges::copy(texts[row], all.begin() + static_cast<std::ptrdiff_t>(row * width));
  return array(fmt::format("<U{}", width), all, rows);
}

std::string array_of(const Frame::Column& column, size_t rows) {
  if (column.text) return text_array(column, rows);
  const bool whole = column.there.size() == rows && std::ranges::find(column.there, false) == column.there.end();
  if (whole) return array("<i8", column.numbers, rows);
  std::vector<double> values(rows, std::numeric_limits<double>::quiet_NaN());
  for (size_t row = 0; row < column.there.size(); ++row)
    if (column.there[row]) values[row] = static_cast<double>(column.numbers[row]);
  return array("<f8", values, rows);
}

}  // namespace

std::string npz_bytes(const Frame& frame) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* const target = zip_source_buffer_create(nullptr, 0, 0, &error);
  SIMSCHED_CHECK(target != nullptr, "there is memory for it");
  zip_source_keep(target);
  zip_t* const zip = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  SIMSCHED_CHECK(zip != nullptr, zip_error_strerror(&error));
  std::vector<std::string> arrays;  // libzip reads them at the end
  arrays.reserve(frame.columns().size());
  for (const Frame::Column& column : frame.columns()) {
    const std::string& bytes = arrays.emplace_back(array_of(column, frame.rows()));
    zip_source_t* const source = zip_source_buffer(zip, bytes.data(), bytes.size(), 0);
    const zip_int64_t at = zip_file_add(zip, (column.name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
    SIMSCHED_CHECK(at >= 0, zip_strerror(zip));
    constexpr zip_uint16_t kDate = 1 << 5 | 1;  // 1980-01-01: files do not differ by when they were made
    const auto index = static_cast<zip_uint64_t>(at);
    zip_set_file_compression(zip, index, ZIP_CM_DEFLATE, 6);
    zip_file_set_dostime(zip, index, 0, kDate, 0);
  }
  SIMSCHED_CHECK(zip_close(zip) == 0, zip_strerror(zip));
  std::string bytes;
  if (zip_source_open(target) == 0) {
    zip_stat_t stat;
    SIMSCHED_CHECK(zip_source_stat(target, &stat) == 0, "a buffer has a size");
    bytes.resize(stat.size);
    const zip_int64_t got = zip_source_read(target, bytes.data(), bytes.size());
    SIMSCHED_CHECK(got == static_cast<zip_int64_t>(bytes.size()), "a buffer is read whole");
    zip_source_close(target);
  }
  zip_source_free(target);
  return bytes;
}

}  // namespace simsched
