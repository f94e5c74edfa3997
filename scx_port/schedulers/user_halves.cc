#include "scx_port/schedulers/user_halves.h"

#include "base/error.h"
#include "scx_port/schedulers/gate/gate_user.h"
#include "scx_port/schedulers/rusty/rusty_user.h"

namespace simsched {

UserHalfMaker user_half_maker(const std::string& name, const Tunables& options) {
  if (name.empty()) return {};
  TunableReader reader;
  if (name == "rusty") {
    rusty::Options rusty;
    rusty.bind(reader);
    reader.read(options, name);
    return [rusty] { return std::make_unique<rusty::RustyUser>(rusty); };
  }
  if (name == "gate") {
    gate::Options gate;
    gate.bind(reader);
    reader.read(options, name);
    return [gate, model = gate.read_model()] { return std::make_unique<gate::GateUser>(gate, model); };
  }
  throw Error(name, "there is no user-space half of this name", "the export is of another version of simsched");
}

std::unique_ptr<UserHalf> make_user_half(const std::string& name, const Tunables& options) {
  const UserHalfMaker make = user_half_maker(name, options);
  return make ? make() : nullptr;
}

std::vector<TunableReader::Info> user_half_options(const std::string& name) {
  TunableReader reader;
  rusty::Options rusty;
  gate::Options gate;
  if (name == "rusty") rusty.bind(reader);
  if (name == "gate") gate.bind(reader);
  return reader.infos();
}

}  // namespace simsched
