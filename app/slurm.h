// A sweep as a job array of Slurm.
#pragma once

#include <string>

namespace simsched {

// A script for sbatch: `shards` jobs that share the folder, and what to do when they are done. `seeds`: as on the
// command line, 0 for none.
std::string slurm_script(const std::string& config, const std::string& folder, int shards, int seeds);

}  // namespace simsched
