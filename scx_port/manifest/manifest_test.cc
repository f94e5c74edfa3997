#include "scx_port/manifest/manifest.h"

#include <gmock/gmock.h>

#include <cstring>

#include "base/error.h"

namespace simsched {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Manifest full() {
  Manifest manifest;
  manifest.policy = "scx_rusty";
  manifest.ops = "rusty_ops";
  manifest.license = "GPL";
  manifest.object_sha256 = std::string(64, 'a');
  manifest.variables = {{"options.slice_ns", "20ms", {std::byte{0x01}, std::byte{0xfe}}}};
  manifest.map_entries = {{"tasks", 4096}};
  LoaderSettings& loader = manifest.loader;
  loader.ops = {{"flags", OpsMember::Kind::kNumber, uint64_t{1} << 63, ""},
                {"name", OpsMember::Kind::kText, 0, "mine"},
                {"tick", OpsMember::Kind::kFunction, 0, ""}};
  loader.entries = {{"cores", "manifest.json", {std::byte{1}}, {std::byte{2}, std::byte{3}}, ""},
                    {"outer", "manifest.json", {std::byte{0}}, {}, "inner"}};
  loader.filled = {"maps"};
  ProgramRun next{"use", "manifest.json", {std::byte{5}}, CpuId(0), {}, Nanos(0), {}, {{8, 0, 1}}, {}};
  loader.runs = {
      {"set_up", "manifest.json", std::vector<std::byte>(16), CpuId(1), {}, Nanos(0), {{8, {7, 9}}}, {}, {next}},
      {"tell", "manifest.json", {}, CpuId(0), 1_ms, 2_ms, {}, {}, {}}};
  loader.report = {"nr_calls"};
  manifest.user_half = "rusty";
  manifest.user_options = {{"balancer", "as_coded", ""}};
  manifest.model = Manifest::Model{"model.bin", 7, 0xdeadbeef};
  manifest.experts = {{"expert-1.bin", 8, 1}, {"expert-2.bin", 9, 2}};
  manifest.costs = {{"enqueue", Nanos(123)}};
  manifest.costs_from = "measured";
  manifest.machine = {"epyc", 128, 64, 16, 2};
  manifest.results = R"([{"policy":"scx_rusty","metrics":{"makespan_ns":5}}])";
  manifest.version = "0.1.0";
  manifest.revision = "abc";
  return manifest;
}

TEST(Manifest, ComesBackAsItWas) {
  const std::string text = manifest_to_json(full());
  const Manifest manifest = manifest_from_json(text, "manifest.json");
  EXPECT_EQ(manifest_to_json(manifest), text);
  EXPECT_EQ(manifest.variables.at(0).bytes.at(1), std::byte{0xfe});
  EXPECT_EQ(manifest.costs.at(0).second, Nanos(123));
  EXPECT_EQ(manifest.model->crc, 0xdeadbeef);
  EXPECT_EQ(manifest.experts.at(1).version, 9u);
  EXPECT_EQ(manifest.user_options.at(0).value, "as_coded");
}

// One line that names the file, and what to do.
struct Wrong {
  const char* from;
  const char* to;
  const char* message;
};
class WrongManifest : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongManifest, IsRefused) {
  std::string text = manifest_to_json(full());
  const size_t at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, std::strlen(GetParam().from), GetParam().to);
  EXPECT_THAT([&] { manifest_from_json(text, "d/manifest.json"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("d/manifest.json: "), HasSubstr(GetParam().message))));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongManifest,
    ::testing::Values(Wrong{"simsched-export/2", "simsched-export/9", "is of schema 'simsched-export/9'"},
                      Wrong{"\"policy\": \"scx_rusty\"", "\"policy\": \"../etc\"", "'policy' is not a name"},
                      Wrong{"\"policy\": \"scx_rusty\"", "\"police\": 1", "has no 'policy'"},
                      Wrong{"\"01fe\"", "\"01f\"", "'bytes' is not hexadecimal"},
                      Wrong{"\"01fe\"", "\"01FE\"", "'bytes' is not hexadecimal"},
                      Wrong{"4096", "-1", "'entries' is not a number from 0"},
                      Wrong{"\"model.bin\"", "\"/etc/passwd\"", "'model' names a file outside"},
                      Wrong{"\"expert-2.bin\"", "\"../x\"", "'experts' names a file outside"},
                      Wrong{"\"ns\": 123", "\"ns\": 1e30", "'ns' is not a number"},
                      Wrong{"{", "[", "is not a manifest"}));

TEST(Sha256, IsTheStandardOne) {  // FIPS 180-2, appendix B.1
  const std::string text = "abc";
  EXPECT_EQ(sha256(std::as_bytes(std::span(text))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace simsched
