// Links BPF objects into one, as libbpf does: a policy of several sources.
#pragma once

#include <string>
#include <vector>

namespace simsched::bpf {

// Throws Error with libbpf's message: a symbol that two define, types that do not agree. `output` is a new file in a
// folder where others may be made, too.
void link_bpf(const std::vector<std::string>& objects, const std::string& output);

}  // namespace simsched::bpf
