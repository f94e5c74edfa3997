// Scheduler: a row of the registry of schedulers that come with simsched. Its folder says all there is to say: the
// simulator hosts it by this, and the loader makes its user-space half by it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/tunables.h"
#include "scx_port/schedulers/user_half.h"

namespace simsched {

// Makes user-space halves that are all alike; what their options name is read once.
using UserHalfMaker = std::function<std::unique_ptr<UserHalf>()>;

// What can be set of a scheduler, with its defaults, and what follows from it.
class SchedulerOptions {
 public:
  virtual ~SchedulerOptions() = default;
  virtual void bind(TunableReader& reader) = 0;
  // Globals of the BPF program, as they are set before it starts.
  virtual Tunables variables() const { return {}; }
  // Empty: it has none. Throws Error where an option names a file that is not what it should be.
  virtual UserHalfMaker user_half() const { return {}; }
};

struct Scheduler {
  std::string name, summary;
  std::string folder;  // of NAME/NAME.bpf.c; an export calls the user-space half so
  std::function<std::unique_ptr<SchedulerOptions>()> options;
};
using Schedulers = std::vector<Scheduler>;

// Every folder with a scheduler.cc, which defines `Schedulers FOLDER_schedulers()`.
Schedulers schedulers();

// Of an export: by the folder's name; empty for an empty name. Throws Error for one that is not known, or options that
// it does not have.
UserHalfMaker user_half_maker(const std::string& folder, const Tunables& options);
// One of them; null for an empty name.
std::unique_ptr<UserHalf> make_user_half(const std::string& folder, const Tunables& options);

}  // namespace simsched
