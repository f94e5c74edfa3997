#include "scx_port/host/policies.h"

#include "scx_port/host/file_policies.h"
#include "scx_port/host/hosted.h"
#include "scx_port/host/shipped.h"

namespace simsched {
namespace {

class Shipped final : public ExtPolicy {
 public:
  explicit Shipped(Scheduler scheduler)
      : ExtPolicy(scheduler.name, scheduler.summary), scheduler_(std::move(scheduler)) {}

  std::vector<TunableReader::Info> tunables(const PolicyContext&) const override {
    ext::ExtOptions ext = default_ext_options();
    const std::unique_ptr<SchedulerOptions> options = scheduler_.options();
    return reader(*options, &ext).infos();
  }

  HostedPolicy host(const PolicyContext& context, const Tunables& tunables) const override {
    HostedPolicy policy;
    policy.options = default_ext_options();
    const std::unique_ptr<SchedulerOptions> options = scheduler_.options();
    Tunables given = tunables;
    for (Tunable& tunable : given)
      if (tunable.where.empty()) tunable.where = context.where;
    reader(*options, &policy.options).read(given, name());
    policy.shipped = scheduler_.folder;
    policy.object = bpf::shipped_object(scheduler_.folder);
    policy.variables = bpf::resolve_variables(*policy.object, options->variables(), context.machine.nr_cpus());
    use_user_half(options->user_half(), scheduler_.folder, &policy);
    if (policy.make_user_half) policy.user_options = own(given);
    return policy;
  }

 private:
  static TunableReader reader(SchedulerOptions& options, ext::ExtOptions* ext) {
    TunableReader reader;
    options.bind(reader);
    bind_costs(reader, ext);
    return reader;
  }
  // Without those that every hosted policy has.
  static Tunables own(const Tunables& given) {
    Tunables rest;
    ext::ExtOptions ignored;
    TunableReader reader;
    bind_costs(reader, &ignored);
    reader.bind_rest(&rest);
    reader.read(given, {});
    return rest;
  }

  const Scheduler scheduler_;
};

}  // namespace

Policies scx_policies() {
  Policies list;
  for (Scheduler& scheduler : schedulers()) list.push_back(std::make_unique<Shipped>(std::move(scheduler)));
  for (auto& policy : file_policies()) list.push_back(std::move(policy));
  return list;
}

}  // namespace simsched
