// Model files: a struct mlp_model as policies hold it, and golden vectors (struct mlp_golden) behind it: inputs and
// what the model answers to them. Little-endian, no padding but zeros:
//
//   magic "SMLP", format 1, CRC-32 of all that follows, kind, version, tau, number of golden vectors, encoding,
//   lo, hi, scale (16 each), the numbers of its kind, zeros up to the size of the largest kind; then the golden vectors.
//
// A file is read only when all of it holds: the size, the check sum, ranges of all numbers, unused bytes that are zero,
// and each golden vector, computed here.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ml/model/nets.h"

namespace simsched::mlp {

struct ModelFile {
  mlp_model model;
  std::vector<mlp_golden> golden;
};

// Throws Error with `where` when the bytes are not a model file of this format.
ModelFile parse_model(std::span<const std::byte> bytes, const std::string& where);
ModelFile read_model(const std::string& path);
// Throws Error when its inputs are others: a policy knows which it computes.
void check_encoding(const mlp_model& model, uint32_t encoding, const std::string& where);

// Fills in what can be computed (check sum, number of golden vectors). Throws Error as parse_model() would.
std::vector<std::byte> model_bytes(const ModelFile& file, const std::string& where);
void write_model(const ModelFile& file, const std::string& path);

// Golden vectors of a model: the corners of its ranges, and `count` random inputs.
std::vector<mlp_golden> golden_vectors(const mlp_model& model, uint64_t seed, size_t count);

// A model of random numbers, for tests and until there is a trained one; the same for the same seed on any machine.
// Its version is the seed's lower half (1 for 0). Over inputs spread evenly over their ranges it moves, stays and is
// unsure a third of the time each.
constexpr Ranges kBytes = [] {
  Ranges ranges;
  ranges.hi.fill(255);
  return ranges;
}();
ModelFile random_model(uint64_t seed, mlp_kind kind = MLP_INT8, const Ranges& ranges = kBytes);

uint32_t crc32(std::span<const std::byte> bytes);  // zlib's

}  // namespace simsched::mlp
