#include <scx/common.bpf.h>

char _license[] SEC("license") = "GPL";

__attribute__((noinline)) u64 twice(u64 value)
{
	return 2 * value;
}
