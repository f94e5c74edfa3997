// Decisions to learn from, in columns: the fifteen inputs of ml/model/features.h, what was decided, and, where somebody
// found out, what came of it; and from which recording, machine, policy and seed each is, so that what is tested on can
// be kept apart from what was learned.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ml/model/features.h"
#include "ml/model/nets.h"

namespace simsched::ml {

// Where decisions come from.
struct Origin {
  std::string recording;  // or the generator's name
  std::string machine, policy;
  uint64_t seed = 0;
  friend auto operator<=>(const Origin&, const Origin&) = default;
};

struct Dataset {
  std::vector<Origin> origins;
  // By decision; all as long, but for `outcome`, which may be empty.
  std::vector<uint16_t> origin;
  std::vector<uint8_t> moves;  // 0, 1
  std::array<std::vector<uint16_t>, FEATURES> inputs;
  std::vector<float>
      outcome;  // finite; above 0: moving was better (of the logarithms of the costs, staying less going)

  size_t rows() const { return moves.size(); }
  void reserve(size_t rows);
  void add(const mlp::Features& features, bool moved, size_t from);
  mlp::Features row(size_t i) const;
  std::array<size_t, 2> count() const;  // of those that stay, and that move
  friend bool operator==(const Dataset&, const Dataset&) = default;
};

inline constexpr size_t kMaxRows = size_t{1} << 24;
inline constexpr size_t kMaxOrigins = 65535;
const char* feature_name(size_t feature);  // "src_queue"

// What one has, behind the other. Throws Error (where: `where`) where that is more than a file holds, or one has
// outcomes and the other none.
void append(Dataset& to, const Dataset& more, const std::string& where);

// That many of those that stay and of those that move, chosen at random, in the order that they had. Throws Error
// where there are too few.
Dataset sample(const Dataset& from, size_t stay, size_t move, uint64_t seed, const std::string& where);

}  // namespace simsched::ml
