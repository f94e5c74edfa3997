// Dataset files. Little-endian:
//
//   magic "SDAT", format 1, encoding of the inputs (FEATURES_ENCODING), CRC-32 of all that follows,
//   rows, number of origins, bytes of their text, 1 where there are outcomes; of each column its bytes; the columns.
//
// A column is one zstd frame: the origins as text (recording, machine, policy, seed; a tab between, a line each), then
// which is a row's (u16), whether it moves (u8), the inputs (u16 each), outcomes (float). A file is read only when all
// of it holds: nothing but Error leaves the reader, whatever the bytes are.
//
// CSV has the same rows with a heading, and a comment above it that names the encoding.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "ml/data/dataset.h"

namespace simsched::ml {

std::string dataset_bytes(const Dataset& dataset);
Dataset parse_dataset(std::span<const std::byte> bytes, const std::string& where);

std::string dataset_csv(const Dataset& dataset);
Dataset parse_dataset_csv(std::string_view text, const std::string& where);

// Either, told by its first bytes.
Dataset read_dataset(const std::string& path);

}  // namespace simsched::ml
