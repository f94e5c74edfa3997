#include "scx_port/schedulers/scheduler.h"

#include "base/error.h"

namespace simsched {

UserHalfMaker user_half_maker(const std::string& folder, const Tunables& options) {
  if (folder.empty()) return {};
  for (const Scheduler& scheduler : schedulers()) {
    if (scheduler.folder != folder) continue;
    const std::unique_ptr<SchedulerOptions> own = scheduler.options();
    TunableReader reader;
    own->bind(reader);
    reader.read(options, scheduler.name);
    if (UserHalfMaker half = own->user_half()) return half;
  }
  throw Error(folder, "there is no user-space half of this name", "the export is of another version of simsched");
}

std::unique_ptr<UserHalf> make_user_half(const std::string& folder, const Tunables& options) {
  const UserHalfMaker make = user_half_maker(folder, options);
  return make ? make() : nullptr;
}

}  // namespace simsched
