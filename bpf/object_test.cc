#include "bpf/object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "bpf/compile.h"
#include "bpf/compile_cache.h"
#include "bpf/testing/mini_vm.h"

namespace simsched::bpf {
namespace {

// What vmlinux.h and bpf_helpers.h would give.
constexpr const char* kPrelude =
    R"(typedef unsigned long long u64; typedef unsigned int u32; typedef int s32; typedef unsigned char u8;
#define SEC(n) __attribute__((section(n), used))
#define __ksym __attribute__((section(".ksyms")))
#define __kconfig __attribute__((section(".kconfig")))
#define __weak __attribute__((weak))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
#define __array(name, val) typeof(val) *name[]
#define noinline __attribute__((noinline))
static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*bpf_loop)(u32 n, void *callback, void *ctx, u64 flags) = (void *)181;
char LICENSE[] SEC("license") = "GPL";
#line 1 "policy.bpf.c"
)";

std::string write_policy(const std::string& name, const std::string& text) {
  // Named by what is in it: tests run side by side, from several clones too.
  const std::string folder = testing::TempDir() + "simsched-object-test/" + content_key(kPrelude + text);
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/" + name + ".bpf.c";
  write_file_atomically(path, kPrelude + text);
  return path;
}
CompileOptions options() {
  CompileOptions result;
  result.cache = testing::TempDir() + "simsched-object-test";
  return result;
}
std::shared_ptr<const BpfObject> load(const std::string& name, const std::string& text) {
  return load_bpf(write_policy(name, text), options());
}
size_t number(const BpfObject& object, const std::string& function) {
  const int32_t found = object.function(function);
  EXPECT_GE(found, 0) << function;
  return static_cast<size_t>(found);
}
uint64_t address(const BpfObject& object, const std::string& variable) {
  const BpfVariable* found = object.variable(variable);
  EXPECT_NE(found, nullptr) << variable;
  return found == nullptr ? 0 : object.sections[found->section].address + found->offset;
}

TEST(Object, maps_have_all_their_attributes) {
  const auto object = load("maps", R"(
struct pair { u64 a; u32 b; };
struct queue { __uint(type, 22); __uint(max_entries, 10); __type(value, u32); } q0 SEC(".maps"), q1 SEC(".maps");
struct { __uint(type, 12); __uint(max_entries, 5); __uint(key_size, 4); __array(values, struct queue); } outer
  SEC(".maps") = {.values = {[0] = &q0, [3] = &q1}};
struct { __uint(type, 1); __uint(max_entries, 7); __type(key, struct pair); __type(value, u64); __uint(map_flags, 1); }
  hash SEC(".maps");
struct { __uint(type, 27); __uint(max_entries, 4096); } ring SEC(".maps");
SEC("syscall") int main_prog(void *ctx) { u32 key = 1; return bpf_map_lookup_elem(&outer, &key) == 0; }
)");
  ASSERT_EQ(object->maps.size(), 6u);
  const BpfMap* outer = object->map("outer");
  ASSERT_NE(outer, nullptr);
  EXPECT_EQ(outer->type, 12u);
  EXPECT_EQ(outer->max_entries, 5u);
  EXPECT_EQ(outer->key_size, 4u);
  ASSERT_GE(outer->inner, 0);
  const BpfMap& inner = object->maps[static_cast<size_t>(outer->inner)];
  EXPECT_TRUE(inner.is_inner_template);
  EXPECT_EQ(inner.type, 22u);
  EXPECT_EQ(inner.max_entries, 10u);
  EXPECT_EQ(inner.value_size, 4u);
  const auto index = [&](const char* name) { return static_cast<int32_t>(object->map(name) - object->maps.data()); };
  EXPECT_THAT(outer->values, testing::ElementsAre(index("q0"), -1, -1, index("q1")));
  const BpfMap* hash = object->map("hash");
  EXPECT_EQ(hash->key_size, 16u);
  EXPECT_EQ(hash->value_size, 8u);
  EXPECT_EQ(hash->flags, 1u);
  EXPECT_EQ(object->btf.name_of(hash->key_type), "pair");
  EXPECT_EQ(object->map("ring")->max_entries, 4096u);
  EXPECT_EQ(object->license, "GPL");
  for (size_t i = 0; i < object->maps.size(); ++i) {
    EXPECT_EQ(object->maps[i].address, object->maps[0].address + 64 * i);
    EXPECT_LT(object->maps[i].address, object->end_address());
  }
  MiniVm vm(*object);
  static uint64_t seen_map;
  vm.set_call(0, [](struct vm* machine, uint64_t map, uint64_t key, uint64_t, uint64_t, uint64_t) {
    seen_map = map;
    return static_cast<uint64_t>(machine->mem[key - VM_BASE] == 1 ? 0 : 5);
  });
  EXPECT_EQ(vm.call(number(*object, "main_prog")), 1u);
  EXPECT_EQ(seen_map, outer->address);
}

TEST(Object, variables_are_found_and_data_is_linked) {
  const auto object = load("variables", R"(
const volatile u32 limit = 5;
u64 counter; static u64 hidden = 7; u64 *pointer = &counter; int initial[3] = {1, 2, 3};
static noinline u64 twice(u64 x) { return 2 * x; }
u64 (*function)(u64) = twice;
SEC("syscall") int prog(u64 *ctx) { hidden += limit; *pointer += hidden; return initial[ctx[0] & 1] + twice(ctx[1]); }
)");
  EXPECT_EQ(object->name, "variables");
  MiniVm vm(*object);
  const uint64_t context = vm.sp - 4096;
  vm.write<uint64_t>(context, 1);
  vm.write<uint64_t>(context + 8, 20);
  EXPECT_EQ(vm.call(number(*object, "prog"), {context}), 42u);
  EXPECT_EQ(vm.read<uint64_t>(address(*object, "counter")), 12u);
  EXPECT_EQ(vm.read<uint64_t>(address(*object, "hidden")), 12u);
  EXPECT_EQ(vm.read<uint64_t>(address(*object, "pointer")), address(*object, "counter"));
  EXPECT_EQ(vm.read<uint64_t>(address(*object, "function")), VM_FUNC_BASE + 16 * number(*object, "twice"));
  EXPECT_EQ(object->btf.kind_of(object->variable("limit")->btf_type), "int");
  EXPECT_EQ(object->variable("initial")->size, 12u);
  EXPECT_FALSE(object->sections[object->variable("limit")->section].writable);
  EXPECT_EQ(object->variable("nothing"), nullptr);
}

// As libbpf moves them: by name, as wide as the kernel's; what the kernel lacks is not there.
TEST(Object, members_of_flavours_lie_where_the_kernel_has_them) {
  const auto object = load("flavours", R"(
#define ours __attribute__((preserve_access_index))
struct load { u64 sum; u64 list[4]; };
struct rq { u32 lock; u64 pad[3]; struct { u64 first; u32 clock_task; s32 below; }; struct load load; } kernels;
struct load___local { u64 list[4]; } ours;
struct rq___local { u64 clock_task; struct load___local load; u64 gone; } ours;
struct rq___changed { long long below; u64 load; struct { u64 list[9]; } lock; u64 bit : 3; u64 pad[9]; } ours;
struct none___local { u64 a, b; } ours;
SEC("syscall") u64 reads(struct rq___local *q) { return q->clock_task * 1000 + q->load.list[2]; }
SEC("syscall") u64 asks(void *context) {
  struct rq___local *q = 0;
  return __builtin_preserve_field_info(q->clock_task, 2) * 100 + __builtin_preserve_field_info(q->gone, 2) * 10 +
         __builtin_preserve_field_info(q->clock_task, 1);
}
SEC("syscall") u64 cannot(struct rq___local *q) { return q->gone; }
SEC("syscall") u64 cannot_sign(struct rq___changed *q) { return q->below; }
SEC("syscall") u64 stores(struct rq___local *q) { q->clock_task = 0x500000009; return 0; }
SEC("syscall") u64 others(void *context) {
  struct rq___changed *q = 0;
  struct none___local *none = 0;
  return __builtin_preserve_field_info(q->load, 2) + __builtin_preserve_field_info(q->lock, 2) +
         __builtin_preserve_field_info(q->bit, 2) + __builtin_preserve_field_info(q->pad[5], 2) +
         __builtin_preserve_field_info(none->b, 2);
}
SEC("syscall") u64 other(struct none___local *q) { return q->b; }
)");
  MiniVm vm(*object);
  const uint64_t rq = address(*object, "kernels");
  const auto member = [&](const char* path) { return object->btf.member("rq", path)->offset; };
  for (uint64_t at = 0; at < object->btf.struct_size("rq"); at += 8) vm.write<uint64_t>(rq + at, ~uint64_t{0});
  vm.write<uint32_t>(rq + member("clock_task"), 7);
  vm.write<uint64_t>(rq + member("load") + 8 + 2 * 8, 5);
  vm.write<uint64_t>(rq + 8, 42);
  EXPECT_EQ(vm.call(number(*object, "reads"), {rq}), 7005u);
  EXPECT_EQ(vm.call(number(*object, "asks"), {rq}), 104u);
  EXPECT_EQ(vm.call(number(*object, "other"), {rq}), 42u) << "without a structure of the kernel it is as declared";
  EXPECT_EQ(vm.call(number(*object, "others"), {rq}), 0u) << "of another kind, beyond the end, or not there";
  vm.write<uint32_t>(rq + member("below"), 3);
  vm.call(number(*object, "stores"), {rq});
  EXPECT_EQ(vm.read<uint32_t>(rq + member("clock_task")), 9u);
  EXPECT_EQ(vm.read<uint32_t>(rq + member("below")), 3u);
  for (const char* name : {"cannot", "cannot_sign"})
    EXPECT_TRUE(std::ranges::any_of(object->functions[number(*object, name)].code,
                                    [](const BpfInsn& insn) { return insn.ref == BpfInsn::Ref::kBad; }))
        << name;
}

TEST(Object, kernel_configuration_comes_from_the_caller) {
  const std::string path = write_policy("kconfig", R"(
extern u32 LINUX_KERNEL_VERSION __kconfig; extern u32 CONFIG_HZ __kconfig __weak; extern u8 CONFIG_NONE __kconfig __weak;
SEC("syscall") long prog(void *ctx) { return ((u64)LINUX_KERNEL_VERSION << 32) + CONFIG_HZ + CONFIG_NONE; }
)");
  CompileOptions o = options();
  o.object.hz = 1000;
  const auto object = load_bpf(path, o);
  MiniVm vm(*object);
  EXPECT_EQ(vm.call(number(*object, "prog")), (uint64_t{(6 << 16) | (18 << 8)} << 32) + 1000);
}

TEST(Object, struct_ops_name_functions_numbers_and_text) {
  const auto object = load("ops", R"(
struct sched_ext_ops { s32 (*select)(u64); void (*init)(void); void (*missing)(void); u64 flags; u32 timeout; char name[128]; };
SEC("struct_ops/select") int my_select(u64 *ctx) { return ctx[0] + 1; }
SEC("struct_ops.s/init") int my_init(u64 *ctx) { return 0; }
SEC(".struct_ops.link") struct sched_ext_ops my_ops =
  {.select = (void *)my_select, .init = (void *)my_init, .flags = 1ull << 40, .name = "mine"};
)");
  ASSERT_EQ(object->struct_ops.size(), 1u);
  const StructOps& ops = object->struct_ops[0];
  EXPECT_EQ(ops.variable, "my_ops");
  EXPECT_EQ(ops.type, "sched_ext_ops");
  EXPECT_EQ(ops.members.size(), 4u);
  EXPECT_EQ(ops.members.at("select").function, object->function("my_select"));
  EXPECT_EQ(ops.members.at("init").function, object->function("my_init"));
  EXPECT_EQ(ops.members.at("flags").value, uint64_t{1} << 40);
  EXPECT_EQ(ops.members.at("name").text, "mine");
  EXPECT_EQ(object->functions[number(*object, "my_init")].section, "struct_ops.s/init");
  EXPECT_EQ(object->btf.member("sched_ext_ops", "timeout")->offset, 32u);
}

TEST(Object, subprograms_callbacks_and_switches_run) {
  const auto object = load("calls", R"(
u64 sum;
static noinline u64 inner(u64 x) { sum += x; return x + 1; }
noinline u64 outer(u64 x) { return inner(x) * 2; }
static int each(u32 i, u64 *ctx) { sum += i * *ctx; return 0; }
SEC("tp_btf/a") int loop(u64 *ctx) { u64 factor = ctx[0]; bpf_loop(4, each, &factor, 0); return outer(ctx[1]); }
SEC("tp_btf/b") int choose(u64 *ctx) {
  switch (ctx[0]) { case 0: return 11; case 1: return 5; case 2: return outer(7); case 3: return 81; case 4: return 9;
    case 9: return inner(1); default: return -1; }
}
SEC("tp_btf/b") int second(u64 *ctx) { return inner(ctx[0]); }
)");
  MiniVm vm(*object);
  static const vm_code* code;
  code = object->code;
  vm.set_call(0, [](struct vm* machine, uint64_t n, uint64_t callback, uint64_t context, uint64_t, uint64_t) {
    for (uint64_t i = 0; i < n; ++i) code->functions[(callback - VM_FUNC_BASE) / 16](machine, i, context, 0, 0, 0);
    return n;
  });
  const uint64_t context = vm.sp - 6000 / 8 * 8;
  const auto run = [&](const char* name, uint64_t a, uint64_t b) {
    vm.write(context, a);
    vm.write(context + 8, b);
    return static_cast<int32_t>(vm.call(number(*object, name), {context}));
  };
  EXPECT_EQ(run("loop", 10, 3), 8);
  EXPECT_EQ(vm.read<uint64_t>(address(*object, "sum")), 63u);
  EXPECT_EQ(run("choose", 0, 0), 11);
  EXPECT_EQ(run("choose", 2, 0), 16);
  EXPECT_EQ(run("choose", 9, 0), 2);
  EXPECT_EQ(run("choose", 77, 0), -1);
  EXPECT_EQ(run("second", 41, 0), 42);
  EXPECT_EQ(vm.trap, VM_TRAP_NONE);
}

TEST(Object, a_function_of_another_file_is_none_of_the_kernels) {
  try {
    load("two", "extern int helper_slice(int pid); SEC(\"syscall\") int prog(u64 *ctx) { return helper_slice(3); }");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.problem(), testing::HasSubstr("calls helper_slice(), which no kernel has"));
    EXPECT_THAT(error.remedy(), testing::HasSubstr("another .bpf.c"));
  }
}

TEST(Object, kfuncs_are_called_by_name_and_weak_ones_may_be_missing) {
  const auto object = load("kfuncs", R"(
extern u64 scx_strong(u64 x) __ksym; extern u64 scx_new___compat(u64 x) __ksym __weak;
SEC("syscall") int prog(u64 *ctx) { return scx_new___compat ? scx_new___compat(3) : scx_strong(4); }
)");
  const auto find = [&](const char* name) {
    size_t i = 0;
    while (i < object->calls.size() && object->calls[i].name != name) ++i;
    EXPECT_LT(i, object->calls.size()) << name;
    return i;
  };
  EXPECT_TRUE(object->calls[find("scx_new")].weak);
  EXPECT_FALSE(object->calls[find("scx_strong")].weak);
  MiniVm vm(*object);
  const auto answer = [](struct vm*, uint64_t x, uint64_t, uint64_t, uint64_t, uint64_t) { return 10 * x; };
  vm.set_call(find("scx_strong"), answer);
  EXPECT_EQ(vm.call(number(*object, "prog")), 40u);
  vm.set_call(find("scx_new"), answer);
  EXPECT_EQ(vm.call(number(*object, "prog")), 30u);
}

TEST(Object, arrays_alone_in_their_section_grow_without_moving_anything) {
  const auto object = load("resizable", R"(
u64 cpus[1] SEC(".data.cpus"); const volatile u32 order[1] SEC(".rodata.order") = {9}; u64 two[2] SEC(".data.two"); u64 after;
SEC("syscall") int prog(u64 *ctx) { after = 1; *(volatile u64 *)((char *)cpus + 8 * ctx[0]) = 5; return order[0] + two[1]; }
)");
  const BpfSection& cpus = object->sections[object->variable("cpus")->section];
  EXPECT_EQ(cpus.element, 8u);
  EXPECT_EQ(cpus.size_for(100), 800u);
  EXPECT_EQ(cpus.data.size(), 8u);
  EXPECT_EQ(object->sections[object->variable("order")->section].element, 4u);
  EXPECT_EQ(object->sections[object->variable("two")->section].element, 0u);
  for (const BpfSection& other : object->sections) {
    EXPECT_TRUE(other.address <= cpus.address || other.address >= cpus.address + 4096 * 8 + 4096);
  }
  for (const uint64_t nr_cpus : {1, 64, 4096}) {
    MiniVm vm(*object, nr_cpus);
    const uint64_t context = vm.sp - 4096;
    vm.write(context, nr_cpus - 1);
    EXPECT_EQ(vm.call(number(*object, "prog"), {context}), 9u);
    EXPECT_EQ(vm.trap, VM_TRAP_NONE);
    vm.write(context, uint64_t{4096});
    vm.call(number(*object, "prog"), {context});
    EXPECT_EQ(vm.trap, VM_TRAP_STORE);
  }
}

TEST(Object, traps_are_placed_by_line) {
  const auto object = load("lines", R"(
int table[8]; u64 sum;
SEC("syscall") int wild(u64 *ctx) {
  sum += 1;
  return *(volatile int *)ctx[0];
}
SEC("syscall") int beyond(u64 *ctx) {
  return table[ctx[0]];
}
static noinline int again(u64 x) { if (x == 1234567) return x; return again(x + 1) + again(x + 2); }
SEC("syscall") int recursive(u64 *ctx) { return again(ctx[0]); }
SEC("syscall") int endless(u64 *ctx) { for (volatile int i = 0;; i++) sum++; }
)");
  const auto trap = [&](const char* name, uint64_t argument) {
    MiniVm vm(*object);
    const uint64_t context = vm.sp - 4096;
    vm.write(context, argument);
    vm.call(number(*object, name), {context});
    return std::pair(static_cast<vm_trap_kind>(vm.trap), object->where(vm.trap_function, vm.trap_insn));
  };
  EXPECT_EQ(trap("wild", 16), std::pair(VM_TRAP_LOAD, std::string("policy.bpf.c:5")));
  EXPECT_EQ(trap("beyond", 7).first, VM_TRAP_NONE);
  EXPECT_EQ(trap("beyond", 8), std::pair(VM_TRAP_BOUNDS, std::string("policy.bpf.c:8")));
  EXPECT_EQ(trap("recursive", 0), std::pair(VM_TRAP_DEPTH, std::string("policy.bpf.c:10")));
  EXPECT_EQ(trap("endless", 0), std::pair(VM_TRAP_BUDGET, std::string("policy.bpf.c:12")));
  EXPECT_EQ(object->where(9999, 0), "lines");
}

// ---- what is refused ----
std::string problem(const std::vector<std::byte>& bytes) {
  try {
    read_bpf_object(bytes, "x.bpf.o");
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "x.bpf.o");
    return error.problem();
  }
  return "none";
}
std::vector<std::byte> sample() {
  return compile_bpf(write_policy("sample", "u64 x = 1;\nSEC(\"syscall\") int prog(void *ctx) { return x++; }\n"),
                     options());
}

TEST(Object, foreign_files_are_refused) {
  EXPECT_THAT(problem({}), testing::HasSubstr("not an ELF file"));
  EXPECT_THAT(problem(std::vector<std::byte>(1000)), testing::HasSubstr("not an ELF file"));
  const Bytes self = read_file("/proc/self/exe");
  EXPECT_THAT(problem({self.span().begin(), self.span().end()}), testing::HasSubstr("another machine"));
}

TEST(Object, damaged_files_are_refused_or_read) {
  const std::vector<std::byte> whole = sample();
  EXPECT_EQ(problem(whole), "none");
  for (size_t size = 0; size < whole.size(); size += 7) {
    EXPECT_NE(problem({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size)}), "none") << size;
  }
  for (size_t at = 0; at < whole.size(); at += 3) {
    for (const int value : {0, 0x7f, 0xff}) {
      std::vector<std::byte> damaged = whole;
      damaged[at] = static_cast<std::byte>(value);
      problem(damaged);
    }
  }
}

TEST(Object, no_types_no_object) {
  std::vector<std::byte> bytes = sample();
  const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (size_t at = text.find(".BTF"); at != std::string::npos; at = text.find(".BTF", at + 1))
    bytes[at] = std::byte{'x'};
  EXPECT_THAT(problem(bytes), testing::HasSubstr("no type information"));
}

TEST(Object, names_of_policies) {
  EXPECT_EQ(policy_name("a/b/scx_simple.bpf.c"), "scx_simple");
  EXPECT_EQ(policy_name("x.bpf.o"), "x");
  EXPECT_EQ(policy_name("plain"), "plain");
}

}  // namespace
}  // namespace simsched::bpf
