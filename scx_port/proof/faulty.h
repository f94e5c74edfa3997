// Schedulers with a fault (bad/*.bpf.c), exported, for a kernel to end or refuse.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace simsched {

// Writes one folder each into `folder`; (path in the guest, folder) as BootOptions::others wants them.
std::vector<std::pair<std::string, std::string>> write_faulty_schedulers(const std::string& folder);

}  // namespace simsched
