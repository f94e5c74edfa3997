// Policy: a row of the registry. It says what it is called, what it does and what can be set of it, and makes the
// classes that schedule by it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/tunables.h"
#include "policies/stack.h"
#include "sim/kernel_params.h"
#include "topology/machine.h"

namespace simsched {

// What a policy is made for. Defaults of tunables may depend on kernel and machine.
struct PolicyContext {
  const KernelParams& kernel;
  const Machine& machine;
  std::string where = {};  // "file:line" where a config names the policy
};

class Policy {
 public:
  Policy(std::string name, std::string summary) : name_(std::move(name)), summary_(std::move(summary)) {}
  virtual ~Policy() = default;
  const std::string& name() const { return name_; }
  const std::string& summary() const { return summary_; }

  virtual std::vector<TunableReader::Info> tunables(const PolicyContext& context) const = 0;
  // Throws Error for a tunable that it does not have, or a value that does not fit. Any thread may ask.
  virtual ClassStack make(const PolicyContext& context, const Tunables& tunables) const = 0;

  // The machine as a scheduler of this policy is shown it, where that is not as it is: the switchers of big.LITTLE. It
  // is what make() is asked for then, too.
  virtual std::optional<Machine> machine(const PolicyContext& /*context*/, const Tunables& /*tunables*/) const {
    return std::nullopt;
  }

  // Linux major.minor, with which it came: what says that it is an older kernel cannot have it. 0.0: always.
  struct Since {
    int major = 0, minor = 0;
  };
  Since since() const { return since_; }
  void came_with(Since since) { since_ = since; }

  // Not one policy but any that a file holds: a config writes {NAME: FILE, ...}, not {NAME: {...}}.
  virtual bool is_file() const { return false; }
  virtual bool opens(const std::string& /*path*/) const { return false; }  // files that it knows by their name

 private:
  std::string name_, summary_;
  Since since_;
};
using Policies = std::vector<std::unique_ptr<Policy>>;

// A policy in C++ with parameters in a struct: `defaults` makes them, Params::bind(TunableReader&) names them, and
// `make` builds the classes from what the config made of them; `show` is for Policy::machine().
template <class Params>
std::unique_ptr<Policy> make_policy_row(
    std::string name, std::string summary, std::function<Params(const PolicyContext&)> defaults,
    std::function<ClassStack(const Params&, const PolicyContext&)> make,
    std::function<std::optional<Machine>(const Params&, const Machine&)> show = {}) {
  struct Row final : Policy {
    using Policy::Policy;
    std::vector<TunableReader::Info> tunables(const PolicyContext& context) const override {
      Params params = defaults(context);
      TunableReader reader;
      params.bind(reader);
      return reader.infos();
    }
    ClassStack make(const PolicyContext& context, const Tunables& given) const override {
      return build(read(context, given), context);
    }
    std::optional<Machine> machine(const PolicyContext& context, const Tunables& given) const override {
      return show ? show(read(context, given), context.machine) : std::nullopt;
    }
    Params read(const PolicyContext& context, const Tunables& given) const {
      Params params = defaults(context);
      TunableReader reader;
      params.bind(reader);
      reader.read(given, name());
      return params;
    }
    std::function<Params(const PolicyContext&)> defaults;
    std::function<ClassStack(const Params&, const PolicyContext&)> build;
    std::function<std::optional<Machine>(const Params&, const Machine&)> show;
  };
  auto row = std::make_unique<Row>(std::move(name), std::move(summary));
  row->defaults = std::move(defaults);
  row->build = std::move(make);
  row->show = std::move(show);
  return row;
}

}  // namespace simsched
