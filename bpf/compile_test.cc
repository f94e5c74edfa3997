#include "bpf/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "base/temporary_folder.h"
#include "bpf/compile_cache.h"
#include "bpf/process.h"
#include "bpf/testing/mini_vm.h"

namespace simsched::bpf {
namespace {
namespace fs = std::filesystem;

constexpr const char* kPolicy = R"(#define SEC(n) __attribute__((section(n), used))
char LICENSE[] SEC("license") = "GPL";
unsigned long long x;
SEC("syscall") int prog(unsigned long long *ctx) { return ANSWER; }
)";

class Compile : public testing::Test {
 protected:
  void SetUp() override { options_.cache = folder_ + "/cache"; }
  std::string write(const std::string& name, const std::string& text) {
    write_file_atomically(folder_ + "/" + name, text);
    return folder_ + "/" + name;
  }
  std::string policy(const std::string& answer, const std::string& name = "p.bpf.c") {
    return write(name, "#define ANSWER " + answer + "\n" + kPolicy);
  }
  static uint64_t run(const BpfObject& object) {
    MiniVm vm(object);
    return vm.call(static_cast<size_t>(object.function("prog")), {VM_BASE});
  }
  size_t cached() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(options_.cache), fs::directory_iterator()));
  }
  Error failure(const std::string& path) const {
    try {
      load_bpf(path, options_);
    } catch (const Error& error) {
      return error;
    }
    return Error("", "none");
  }

  const TemporaryFolder temporary_{"simsched-compile"};
  const std::string folder_ = temporary_.path();
  CompileOptions options_;
};

TEST_F(Compile, results_are_kept_by_content) {
  EXPECT_EQ(run(*load_bpf(policy("7"), options_)), 7u);
  EXPECT_EQ(cached(), 2u);
  EXPECT_EQ(run(*load_bpf(policy("7"), options_)), 7u);
  EXPECT_EQ(cached(), 2u);
  EXPECT_EQ(run(*load_bpf(policy("8"), options_)), 8u);
  EXPECT_EQ(cached(), 4u);
}

TEST_F(Compile, a_header_that_changes_is_seen) {
  write("answer.h", "#define NUMBER 1\n");
  const std::string path = write("p.bpf.c", std::string("#include \"answer.h\"\n#define ANSWER NUMBER\n") + kPolicy);
  EXPECT_EQ(run(*load_bpf(path, options_)), 1u);
  write("answer.h", "#define NUMBER 2\n");
  EXPECT_EQ(run(*load_bpf(path, options_)), 2u);
}

TEST_F(Compile, folders_to_include_are_searched) {
  fs::create_directories(folder_ + "/with space");
  write("with space/answer.h", "#define ANSWER 3\n");
  const std::string path = write("p.bpf.c", std::string("#include <answer.h>\n") + kPolicy);
  EXPECT_THAT(failure(path).what(), testing::HasSubstr("p.bpf.c:1: 'answer.h' file not found"));
  EXPECT_THAT(failure(path).remedy(), testing::HasSubstr("folder"));
  options_.include = {folder_ + "/with space"};
  EXPECT_EQ(run(*load_bpf(path, options_)), 3u);
}

TEST_F(Compile, the_first_error_is_told_with_its_line) {
  const Error error = failure(write("p.bpf.c", "int x;\nint f(void) { return y; }\nint g(void) { return z; }\n"));
  EXPECT_THAT(error.where(), testing::EndsWith("p.bpf.c:2"));
  EXPECT_EQ(error.problem(), "use of undeclared identifier 'y'");
  EXPECT_EQ(fs::exists(options_.cache) ? cached() : 0, 0u);
}

TEST_F(Compile, errors_of_the_code_generator_are_told_too) {
  const Error error = failure(write("p.bpf.c", "int f(char *); int g(void) { char b[4000]; f(b); return b[9]; }\n"));
  EXPECT_NE(error.problem(), "none");
  EXPECT_THAT(error.what(), testing::HasSubstr("p.bpf.c"));
}

TEST_F(Compile, a_file_that_is_missing_or_foreign_is_refused) {
  EXPECT_THAT(failure(folder_ + "/none.bpf.c").what(), testing::HasSubstr("none.bpf.c"));
  EXPECT_THAT(failure(write("x.bpf.o", "text")).problem(), testing::HasSubstr("not an ELF file"));
}

TEST_F(Compile, names_are_never_given_to_a_shell) {
  const std::string path = policy("5", "$(touch gone); 'x' \"y\" -o.bpf.c");
  EXPECT_EQ(run(*load_bpf(path, options_)), 5u);
  EXPECT_FALSE(fs::exists("gone"));
}

TEST_F(Compile, objects_load_like_their_sources) {
  const auto bytes = compile_bpf(policy("9"), options_);
  const std::string path = write("p.bpf.o", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  EXPECT_EQ(run(*load_bpf(path, options_)), 9u);
}

TEST_F(Compile, many_at_once_do_not_disturb_each_other) {
  const std::string path = policy("11");
  std::vector<std::thread> threads;
  std::vector<uint64_t> results(8);
  for (uint64_t& result : results) threads.emplace_back([&] { result = run(*load_bpf(path, options_)); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(results, testing::Each(11u));
  EXPECT_EQ(cached(), 2u);
}

TEST_F(Compile, a_damaged_entry_of_the_cache_is_made_again) {
  load_bpf(policy("12"), options_);
  for (const auto& entry : fs::directory_iterator(options_.cache)) {
    if (entry.path().extension() == ".so") fs::resize_file(entry.path(), 100);
  }
  EXPECT_EQ(run(*load_bpf(policy("12"), options_)), 12u);
}

TEST_F(Compile, without_a_compiler_the_remedy_is_told) {
  const std::string path = std::getenv("PATH");
  setenv("PATH", folder_.c_str(), 1);
  const Error error = failure(policy("1"));
  setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(error.problem(), testing::HasSubstr("no clang"));
  EXPECT_THAT(error.remedy(), testing::HasSubstr("install"));
}

TEST_F(Compile, the_folder_of_headers_can_be_elsewhere) {
  fs::create_directories(folder_ + "/ours");
  write("ours/answer.h", "#define ANSWER 4\n");
  setenv("SIMSCHED_INCLUDE", (folder_ + "/ours").c_str(), 1);
  const std::string path = write("p.bpf.c", std::string("#include <answer.h>\n") + kPolicy);
  EXPECT_EQ(run(*load_bpf(path, options_)), 4u);
  unsetenv("SIMSCHED_INCLUDE");
}

TEST(Cache, keys_differ) {
  EXPECT_EQ(content_key("a").size(), 32u);
  EXPECT_EQ(content_key("a"), content_key("a"));
  EXPECT_NE(content_key("a"), content_key("b"));
  EXPECT_NE(content_key("ab"), content_key("ba"));
  EXPECT_NE(content_key(""), content_key(std::string(1, '\0')));
}

TEST(Process, a_program_is_found_by_its_name_and_by_its_path) {
  const auto found = find_program({"no-such-program", "sh"});
  ASSERT_TRUE(found);
  EXPECT_EQ(find_program({"/no/such/program", *found}), found);
  EXPECT_FALSE(find_program({"/no/such/program"}));
}

TEST(Process, output_and_status_come_back) {
  const ProcessResult result = run_process({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_EQ(run_process({"sh", "-c", "kill -9 $$"}).status, 137);
  EXPECT_EQ(run_process({"no-such-program-here"}).status, 127);
  EXPECT_EQ(run_process({"head", "-c", "1000000", "/dev/zero"}).out.size(), 1000000u);
}

}  // namespace
}  // namespace simsched::bpf
