#include "ml/model/model_file.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "base/rng.h"
#include "ml/model/features.h"

namespace simsched::mlp {
namespace {

static_assert(std::endian::native == std::endian::little, "model files are mapped as they are");
static_assert(sizeof(mlp_golden) == 36 && offsetof(mlp_model, int8) == 224 && sizeof(mlp_q21) == 1160 &&
                  sizeof(mlp_int8) == 784 && sizeof(mlp_tree) == 128 && sizeof(mlp_model) == 1384,
              "the layout is part of the format");

constexpr size_t kCrcFrom = offsetof(mlp_model, kind);
constexpr int32_t kMaxBias = 1 << 30;  // with the products, sums stay below 2^31
constexpr int32_t kMaxLeaf = 1 << 30;
constexpr int32_t kMaxWeight = 1 << 27;  // 64.0: with 16 inputs, sums stay below 2^63

[[noreturn]] void fail(const std::string& where, const std::string& what, const std::string& remedy = {}) {
  throw Error(where, what, remedy);
}

template <class Range>
bool within(const Range& values, int64_t low, int64_t high) {
  return std::ranges::all_of(values, [&](int64_t v) { return low <= v && v <= high; });
}

bool zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{}; });
}

// That the unpacked net packs to the same bytes again says that nothing else is in them.
template <class Net>
bool canonical(const Net& net) {
  const Net again = pack(unpack(net));
  return std::memcmp(&again, &net, sizeof(Net)) == 0;
}

void check_net(const mlp_int8& net, const std::string& where) {
  if (net.shift1 > 31 || net.shift2 > 31) fail(where, "a shift of the model is not within 0 and 31");
  if (!within(net.b1, -kMaxBias, kMaxBias) || net.b2 < -kMaxBias || net.b2 > kMaxBias)
    fail(where, "a bias of the model is beyond 2^30");
  if (!canonical(net)) fail(where, "a weight of the model is not one of 8 bits");
}

void check_net(const mlp_q21& net, const std::string& where) {
  for (const auto& row : net.w1) {
    if (!within(row, -kMaxWeight, kMaxWeight)) fail(where, "a weight of the model is beyond 64.0");
  }
  if (!within(net.w2, -kMaxWeight, kMaxWeight)) fail(where, "a weight of the model is beyond 64.0");
  if (!canonical(net)) fail(where, "unused bytes of the model are not zero");
}

void check_net(const mlp_tree& tree, const std::string& where) {
  if (!within(tree.input, 0, MLP_INPUTS - 1)) fail(where, "a node of the tree asks for an input that there is not");
  if (!within(tree.leaf, -kMaxLeaf, kMaxLeaf)) fail(where, "a leaf of the tree is beyond 2^30");
  if (!canonical(tree)) fail(where, "unused bytes of the model are not zero");
}

void check_ranges(const mlp_model& model, const std::string& where) {
  for (size_t i = 0; i < MLP_ROW; ++i) {
    const bool used = i < MLP_INPUTS, scaled = used && model.kind != MLP_TREE;
    if (used && model.lo[i] >= model.hi[i])
      fail(where, "the range of input " + std::to_string(i) + " is empty", "lo must be below hi");
    const uint64_t scale = scaled ? mlp_scale(model.lo[i], model.hi[i], static_cast<mlp_kind>(model.kind)) : 0;
    if (model.scale[i] != scale || (!used && (model.lo[i] != 0 || model.hi[i] != 0)))
      fail(where, "the scale of input " + std::to_string(i) + " is not that of its range");
  }
}

// Calls f with the net of the model's kind.
void with_net(const mlp_model& model, const std::string& where, const auto& f) {
  switch (model.kind) {
    case MLP_INT8:
      return f(model.int8);
    case MLP_Q21:
      return f(model.q21);
    case MLP_TREE:
      return f(model.tree);
    default:
      fail(where, "a model of unknown kind " + std::to_string(model.kind), "1 is int8, 2 is Q11.21, 3 is a tree");
  }
}

void check(const ModelFile& file, const std::string& where) {
  const mlp_model& model = file.model;
  with_net(model, where, [](const auto&) {});
  if (model.version == 0) fail(where, "the model's version is 0", "number versions from 1");
  if (model.tau <= 0) fail(where, "the model's tau is not positive");
  if (file.golden.empty()) fail(where, "the model has no golden vectors", "it could not be checked before it is used");
  if (model.encoding > FEATURES_ENCODING)
    fail(where, "the model's inputs are of encoding " + std::to_string(model.encoding) + ", which is unknown here");
  check_ranges(model, where);
  const std::span<const std::byte> bytes = std::as_bytes(std::span(&model, 1));
  with_net(model, where, [&](const auto& net) {
    if (!zero(bytes.subspan(offsetof(mlp_model, int8) + sizeof(net))))
      fail(where, "unused bytes of the model are not zero");
    check_net(net, where);
  });
  for (size_t i = 0; i < file.golden.size(); ++i) {
    const mlp_golden& golden = file.golden[i];
    const int32_t answer = golden.in[MLP_INPUTS] == 0 ? mlp_logit(&model, golden.in) : ~golden.logit;
    if (answer != golden.logit) {
      fail(where,
           "golden vector " + std::to_string(i) + " says " + std::to_string(golden.logit) + ", the model " +
               std::to_string(answer),
           "use a file that was written for this format");
    }
  }
}

Features random_features(Rng& rng, const mlp_model& model) {
  Features features;
  // A tenth of the values lie out of range.
  for (size_t i = 0; i < MLP_INPUTS; ++i) {
    features[i] = static_cast<uint16_t>(rng.below(10) == 0 ? rng.below(65536) : rng.between(model.lo[i], model.hi[i]));
  }
  return features;
}

}  // namespace

uint32_t crc32(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

ModelFile parse_model(std::span<const std::byte> bytes, const std::string& where) {
  ModelFile file{};
  uint32_t magic = 0;
  if (bytes.size() >= sizeof(magic)) std::memcpy(&magic, bytes.data(), sizeof(magic));
  if (magic != MLP_MAGIC) fail(where, "not a model file", "it would begin with SMLP");
  if (bytes.size() < sizeof(mlp_model)) fail(where, "the model file is cut off");
  std::memcpy(&file.model, bytes.data(), sizeof(mlp_model));
  const mlp_model& model = file.model;
  if (model.format != MLP_FORMAT) {
    fail(where, "a model file of format " + std::to_string(model.format) + ", not " + std::to_string(MLP_FORMAT),
         "use the program that belongs to it, or write it again");
  }
  if (model.nr_golden > MLP_MAX_GOLDEN) fail(where, "the model file has too many golden vectors");
  const size_t size = sizeof(mlp_model) + model.nr_golden * sizeof(mlp_golden);
  if (bytes.size() != size) {
    fail(where, "the model file has " + std::to_string(bytes.size()) + " bytes, not " + std::to_string(size),
         "it is cut off, or something was added");
  }
  if (model.crc != crc32(bytes.subspan(kCrcFrom)))
    fail(where, "the model file is damaged: its check sum is wrong", "get it again");
  file.golden.resize(model.nr_golden);
  std::ranges::copy(bytes.subspan(sizeof(mlp_model)), std::as_writable_bytes(std::span(file.golden)).begin());
  check(file, where);
  return file;
}

void check_encoding(const mlp_model& model, uint32_t encoding, const std::string& where) {
  if (model.encoding == encoding) return;
  fail(where,
       "a model whose inputs are of encoding " + std::to_string(model.encoding) + ", not " + std::to_string(encoding),
       "train one for this policy");
}

ModelFile read_model(const std::string& path) { return parse_model(read_file(path).span(), path); }

std::vector<std::byte> model_bytes(const ModelFile& file, const std::string& where) {
  check(file, where);
  SIMSCHED_CHECK(file.golden.size() <= MLP_MAX_GOLDEN, "golden vectors");
  mlp_model model = file.model;
  model.magic = MLP_MAGIC;
  model.format = MLP_FORMAT;
  model.nr_golden = static_cast<uint32_t>(file.golden.size());
  std::vector<std::byte> bytes(sizeof(mlp_model) + file.golden.size() * sizeof(mlp_golden));
  std::memcpy(bytes.data(), &model, sizeof(model));
  std::memcpy(bytes.data() + sizeof(model), file.golden.data(), file.golden.size() * sizeof(mlp_golden));
  const uint32_t crc = crc32(std::span(bytes).subspan(kCrcFrom));
  std::memcpy(bytes.data() + offsetof(mlp_model, crc), &crc, sizeof(crc));
  return bytes;
}

void write_model(const ModelFile& file, const std::string& path) {
  const std::vector<std::byte> bytes = model_bytes(file, path);
  write_file_atomically(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::vector<mlp_golden> golden_vectors(const mlp_model& model, uint64_t seed, size_t count) {
  std::vector<mlp_golden> golden;
  auto add = [&](const Features& features) {
    mlp_golden& vector = golden.emplace_back();
    std::ranges::copy(features, vector.in);
    vector.logit = mlp_logit(&model, vector.in);
  };
  Features lo, hi, most;
  std::copy_n(model.lo, MLP_INPUTS, lo.begin());
  std::copy_n(model.hi, MLP_INPUTS, hi.begin());
  most.fill(65535);
  for (const Features& corner : {lo, hi, Features{}, most}) add(corner);
  Rng rng(seed);
  for (size_t i = 0; i < count; ++i) add(random_features(rng, model));
  return golden;
}

}  // namespace simsched::mlp
