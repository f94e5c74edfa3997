// The user-space halves that policies name, by name.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/tunables.h"
#include "scx_port/schedulers/user_half.h"

namespace simsched {

// Makes user-space halves that are all alike; what their options name is read once. Empty for an empty name. Throws
// Error for one that is not known, or options that it does not have.
using UserHalfMaker = std::function<std::unique_ptr<UserHalf>()>;
UserHalfMaker user_half_maker(const std::string& name, const Tunables& options);
// One of them; null for an empty name.
std::unique_ptr<UserHalf> make_user_half(const std::string& name, const Tunables& options);

// What can be set of it.
std::vector<TunableReader::Info> user_half_options(const std::string& name);

}  // namespace simsched
