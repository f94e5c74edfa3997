#include "app/slurm.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/files.h"

namespace simsched {
namespace {

namespace fs = std::filesystem;

// As one word of a shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string{c};
  return out + "'";
}

}  // namespace

std::string slurm_script(const std::string& config, const std::string& folder, int shards, int seeds) {
  const std::string command = fmt::format(
      "{} sweep {} -o {}{}", quoted(own_folder() + "/simsched"), quoted(fs::absolute(config).string()),
      quoted(fs::absolute(folder).lexically_normal().string()), seeds > 0 ? fmt::format(" --seeds {}", seeds) : "");
  return fmt::format(R"(#!/bin/bash
# A sweep in {0} shards. All nodes must see the same files. A job that is killed or requeued goes on where it was.
#   job=$(sbatch --parsable THIS_FILE)
#   sbatch --dependency=afterok:$job THIS_FILE merge
#SBATCH --job-name=simsched-sweep
#SBATCH --array=1-{0}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --mem-per-cpu=1G
#SBATCH --time=4:00:00
#SBATCH --requeue
set -eu
cd {2}
if [ "${{1-}}" = merge ]; then
  if [ "${{SLURM_ARRAY_TASK_ID-1}}" = 1 ]; then
    {1} --merge
  fi
  exit
fi
{1} --shard "$SLURM_ARRAY_TASK_ID/{0}" --jobs "${{SLURM_CPUS_PER_TASK-1}}" --quiet
)",
                     shards, command, quoted(fs::current_path().string()));
}

}  // namespace simsched
