#include "policies/registry.h"

#include <algorithm>

#include "base/error.h"
#include "base/suggest.h"
#include "policies/fair/fair.h"
#include "policies/rt.h"
#include "policies/stop.h"

namespace simsched {
namespace {

// What a policy is made from, and where its tunables are read from; null when only their names are asked for.
struct Request {
  const Tunables* tunables;
  const KernelParams& kernel;
  size_t nr_cpus;
  std::string policy;
  std::vector<TunableReader::Info> infos;

  void read(const TunableReader& reader) {
    infos = reader.infos();
    if (tunables) reader.read(*tunables, policy);
  }
};

ClassStack with_fair(Request& request, fair::Discipline discipline) {
  fair::Params params(discipline, request.kernel, request.nr_cpus);
  TunableReader reader;
  params.bind(reader);
  request.read(reader);
  ClassStack stack;
  stack.push_back(std::make_unique<StopClass>());
  stack.push_back(std::make_unique<RtClass>());
  stack.push_back(std::make_unique<FairClass>(params));
  return stack;
}

struct Entry {
  const char *name, *summary;
  ClassStack (*make)(Request&);
};

const Entry kPolicies[] = {
    {"eevdf", "the kernel's own since 6.6: earliest eligible virtual deadline first",
     [](Request& r) { return with_fair(r, fair::Discipline::kEevdf); }},
    {"cfs", "the kernel's own until 6.5: completely fair, least virtual run time first",
     [](Request& r) { return with_fair(r, fair::Discipline::kCfs); }},
};

}  // namespace

const std::vector<PolicyInfo>& policy_infos() {
  static const std::vector<PolicyInfo> infos = [] {
    std::vector<PolicyInfo> list;
    for (const Entry& entry : kPolicies) {
      KernelParams kernel;
      Request request{nullptr, kernel, 8, entry.name, {}};
      entry.make(request);
      list.push_back({entry.name, entry.summary, request.infos});
    }
    return list;
  }();
  return infos;
}

ClassStack make_policy(const std::string& name, const Tunables& tunables, const KernelParams& kernel,
                       const Machine& machine, const std::string& where) {
  std::vector<std::string> names;
  for (const Entry& entry : kPolicies) {
    if (name == entry.name) {
      Request request{&tunables, kernel, machine.nr_cpus(), name, {}};
      return entry.make(request);
    }
    names.push_back(entry.name);
  }
  throw Error(where, "no policy is called '" + name + "'", suggest(name, names));
}

}  // namespace simsched
