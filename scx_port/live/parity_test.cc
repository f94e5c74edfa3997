// The decision functions in this machine's kernel and in C++: the same, to the bit.
#include "scx_port/live/programs/parity.h"

#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/rng.h"
#include "ml/model/reference.h"
#include "scx_port/live/kernel_object.h"
#include "scx_port/live/testing.h"

extern "C" const unsigned char parity_bpf_object[];
extern "C" const unsigned long parity_bpf_object_size;

namespace simsched::live {
namespace {

using namespace rusty;  // NOLINT: the records' types
using mlp::MLP_INPUTS;

constexpr int kBatches = 2;  // of 65,536 records

// An array map whose records user space writes in place.
template <class Record>
class Records {
 public:
  Records(const KernelObject& object, const std::string& map) {
    static_assert(sizeof(Record) % 8 == 0, "records lie one behind the other");
    memory_ = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, object.map_fd(map), 0);
    if (memory_ == MAP_FAILED) throw std::runtime_error("cannot map " + map);
  }
  ~Records() { munmap(memory_, kBytes); }
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;
  std::span<Record> all() { return {static_cast<Record*>(memory_), PARITY_BATCH}; }

 private:
  static constexpr size_t kBytes = PARITY_BATCH * sizeof(Record);
  void* memory_;
};

class Parity : public testing::LiveTest {
 protected:
  void SetUp() override {
    testing::LiveTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    object.emplace(std::as_bytes(std::span(parity_bpf_object, parity_bpf_object_size)), "parity");
    object->load();
  }
  // All records of a batch.
  void decide(const char* program) {
    parity_call call{.count = PARITY_BATCH, .pad = 0};
    ASSERT_EQ(object->run(program, std::as_writable_bytes(std::span(&call, 1))), uint32_t{PARITY_BATCH});
  }
  void put_net(uint32_t index, const mlp::mlp_model& model) {
    ASSERT_EQ(bpf_map_update_elem(object->map_fd("nets"), &index, &model, BPF_ANY), 0);
  }

  std::optional<KernelObject> object;
  Rng rng{20260301};

  // ---- numbers: small, any, and at the edges ----
  enum Range { kUsual, kAny, kEdges };
  static Range range(size_t i) { return static_cast<Range>(i % 3); }
  int32_t word(Range range, int usual_bits) {
    static constexpr int32_t kWords[] = {INT32_MIN, INT32_MIN + 1, INT32_MAX, 0,       1,         -1,
                                         255,       256,           1 << 20,   1 << 21, -(1 << 21)};
    if (range == kEdges) return kWords[rng.below(std::size(kWords))];
    const uint64_t bits = rng.next();
    return range == kAny ? static_cast<int32_t>(bits)
                         : static_cast<int32_t>(static_cast<int64_t>(bits) >> (64 - usual_bits));
  }
  mlp::Int8Net int8_net(Range range) {
    mlp::Int8Net net;
    auto weight = [&] {
      return static_cast<int8_t>(range == kEdges ? (rng.below(2) != 0 ? 127 : -128) : rng.between(-128, 127));
    };
    for (auto& row : net.w1) std::ranges::generate(row, weight);
    std::ranges::generate(net.w2, weight);
    for (int32_t& b : net.b1) b = word(range, 16);
    net.b2 = word(range, 16);
    net.shift1 = static_cast<uint32_t>(range == kUsual ? rng.between(6, 12) : rng.between(0, 31));
    net.shift2 = static_cast<uint32_t>(rng.between(0, range == kUsual ? 4 : 31));
    return net;
  }
  mlp::Q21Net q21_net(Range range) {
    mlp::Q21Net net;
    auto number = [&] { return word(range, 23); };
    for (auto& row : net.w1) std::ranges::generate(row, number);
    std::ranges::generate(net.b1, number);
    std::ranges::generate(net.w2, number);
    net.b2 = number();
    return net;
  }
  mlp::Tree tree(Range range) {
    mlp::Tree tree;
    for (uint8_t& i : tree.input) i = static_cast<uint8_t>(rng.below(MLP_INPUTS));
    for (uint16_t& t : tree.threshold)
      t = static_cast<uint16_t>(range == kEdges ? rng.below(2) * 65535 : rng.below(65536));
    for (int32_t& leaf : tree.leaf) leaf = word(range, 16);
    return tree;
  }
  mlp::Ranges ranges() {
    mlp::Ranges ranges;
    for (size_t i = 0; i < ranges.lo.size(); ++i) {
      ranges.lo[i] = static_cast<uint16_t>(rng.below(65535) >> rng.below(16));
      const int64_t span = std::max<int64_t>(static_cast<int64_t>(rng.below(65535) >> rng.below(16)), 1);
      ranges.hi[i] = static_cast<uint16_t>(std::min<int64_t>(ranges.lo[i] + span, 65535));
    }
    return ranges;
  }
};

TEST_F(Parity, NetsOf8BitsDecideAsThePlainReference) {
  Records<parity_net> records(*object, "net_records");
  for (int batch = 0; batch < kBatches; ++batch) {
    std::vector<mlp::Int8Net> nets;
    for (uint32_t n = 0; n < PARITY_NETS; ++n) {
      nets.push_back(int8_net(range(n)));
      put_net(n, mlp::make_model(nets.back(), ranges(), 1, 1));
    }
    for (size_t i = 0; i < PARITY_BATCH; ++i) {
      parity_net& record = records.all()[i] = {};
      record.net = static_cast<uint32_t>(rng.below(PARITY_NETS));
      for (s32& x : record.x) x = static_cast<s32>(range(i) == kEdges ? rng.below(2) * 255 : rng.below(256));
    }
    decide("int8_nets");
    for (const parity_net& record : records.all()) {
      std::array<uint8_t, MLP_INPUTS> x;
      std::ranges::transform(record.x, x.begin(), [](s32 v) { return static_cast<uint8_t>(v); });
      ASSERT_EQ(record.out, mlp::reference::logit(nets[record.net], x));
    }
  }
}

TEST_F(Parity, NetsOfQ21DecideAsThePlainReference) {
  Records<parity_net> records(*object, "net_records");
  for (int batch = 0; batch < kBatches; ++batch) {
    std::vector<mlp::Q21Net> nets;
    for (uint32_t n = 0; n < PARITY_NETS; ++n) {
      nets.push_back(q21_net(range(n)));
      put_net(n, mlp::make_model(nets.back(), ranges(), 1, 1));
    }
    size_t clipped = 0;
    for (size_t i = 0; i < PARITY_BATCH; ++i) {
      parity_net& record = records.all()[i] = {};
      record.net = static_cast<uint32_t>(rng.below(PARITY_NETS));
      for (s32& x : record.x) x = word(range(i), 24);
    }
    decide("q21_nets");
    for (const parity_net& record : records.all()) {
      std::array<int32_t, MLP_INPUTS> x;
      std::ranges::copy(record.x, x.begin());
      ASSERT_EQ(record.out, mlp::reference::logit(nets[record.net], x));
      clipped += record.out == INT32_MIN || record.out == INT32_MAX;
    }
    EXPECT_GT(clipped, 1000u);  // saturation was among it
  }
}

TEST_F(Parity, ModelsDecideAsThePlainReference) {
  Records<parity_net> records(*object, "net_records");
  for (int batch = 0; batch < kBatches; ++batch) {
    std::vector<mlp::mlp_model> models;
    for (uint32_t n = 0; n < PARITY_NETS; ++n) {
      const int32_t tau = std::max(word(range(n), 12), 1);
      models.push_back(n % 3 == 0   ? mlp::make_model(int8_net(range(n / 3)), ranges(), tau, 1)
                       : n % 3 == 1 ? mlp::make_model(q21_net(range(n / 3)), ranges(), tau, 1)
                                    : mlp::make_model(tree(range(n / 3)), ranges(), tau, 1));
      put_net(n, models.back());
    }
    for (size_t i = 0; i < PARITY_BATCH; ++i) {
      parity_net& record = records.all()[i] = {};
      record.net = static_cast<uint32_t>(rng.below(PARITY_NETS));
      for (s32& x : record.x) x = static_cast<s32>(range(i) == kEdges ? rng.below(2) * 65535 : rng.below(65536));
    }
    decide("models");
    size_t verdicts[3] = {};
    for (const parity_net& record : records.all()) {
      mlp::Features features;
      std::ranges::transform(record.x, features.begin(), [](s32 v) { return static_cast<uint16_t>(v); });
      const mlp::mlp_model& model = models[record.net];
      ASSERT_EQ(record.out, mlp::reference::logit(model, features));
      ASSERT_EQ(record.verdict, static_cast<u32>(record.out >= model.tau    ? mlp::MLP_MOVE
                                                 : record.out <= -model.tau ? mlp::MLP_STAY
                                                                            : mlp::MLP_UNSURE));
      ++verdicts[record.verdict];
    }
    for (size_t count : verdicts) EXPECT_GT(count, 1000u);
  }
}

// ---- scx_rusty ----

class RustyParity : public Parity {
 protected:
  u64 number() {
    static constexpr u64 kNumbers[] = {
        0,         1,          2,          99,           100,       10000,        1u << 20,
        INT32_MAX, UINT32_MAX, 1000000000, u64{1} << 32, INT64_MAX, u64{1} << 63, UINT64_MAX};
    if (rng.below(4) == 0) return kNumbers[rng.below(std::size(kNumbers))];
    return rng.next() >> rng.below(64);
  }
  parity_rusty record(parity_function function) {
    parity_rusty r{};
    r.function = function;
    for (u64* v : {&r.a.val, &r.a.val_at, &r.a.old, &r.a.cur, &r.b.val, &r.b.val_at, &r.b.old, &r.b.cur}) *v = number();
    for (u64& v : r.in) v = number();
    if (function <= PARITY_LEAVE) {
      // A half-life of 0 is no input: C++ has no quotient for it.
      r.in[2] = std::max(rng.below(2) != 0 ? u64{1000000000} : number(), u64{1});
      // Every other time within a few windows, as in life.
      if (rng.below(2) != 0) {
        r.a.val_at = number() >> 1;
        r.in[1] = r.a.val_at + rng.below(4) * r.in[2] + rng.below(r.in[2]);
      }
    }
    return r;
  }
};

TEST_F(RustyParity, EveryFunctionIsTheSame) {
  Records<parity_rusty> records(*object, "rusty_records");
  for (u32 function = 0; function < PARITY_FUNCTIONS; ++function) {
    for (int batch = 0; batch < kBatches; ++batch) {
      std::vector<parity_rusty> expected;
      for (parity_rusty& r : records.all()) {
        r = record(static_cast<parity_function>(function));
        expected.push_back(r);
        parity_decide(&expected.back());
      }
      decide("rusty");
      const std::span<const parity_rusty> got = records.all();
      for (size_t i = 0; i < got.size(); ++i) {
        ASSERT_EQ(std::memcmp(&got[i], &expected[i], sizeof(parity_rusty)), 0)
            << "function " << function << ", record " << i << ": " << got[i].out << " in the kernel, "
            << expected[i].out << " here";
      }
    }
  }
}

}  // namespace
}  // namespace simsched::live
