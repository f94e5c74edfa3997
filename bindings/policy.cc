// The row of a class of Python in the registry of policies.
#include "bindings/policy.h"

#include <deque>
#include <variant>

#include "base/error.h"
#include "bindings/module.h"
#include "policies/ext/stack.h"
#include "scx_port/host/hosted.h"

namespace simsched::python {
namespace {

using Value = std::variant<bool, int64_t, Nanos, std::string>;

// A keyword of the class, with its default. Whole numbers whose name ends in _ns are times.
struct Parameter {
  std::string name;
  Value value;
};
using Parameters = std::deque<Parameter>;  // a reader refers to their values

std::string text_of(const py::handle& object) { return py::str(object).cast<std::string>(); }

Value value_of(const std::string& policy, const std::string& name, const py::handle& value) {
  if (py::isinstance<py::bool_>(value)) return value.cast<bool>();
  if (py::isinstance<py::int_>(value)) {
    if (name.ends_with("_ns")) return Nanos(value.cast<int64_t>());
    return value.cast<int64_t>();
  }
  if (py::isinstance<py::str>(value)) return value.cast<std::string>();
  throw Error("policies['" + policy + "']", "the default of '" + name + "' is " + text_of(py::repr(value)),
              "give a whole number, True, False or text: what a config can set");
}

Parameters parameters_of(const std::string& policy, const py::object& type) {
  Parameters parameters;
  const auto found = py::module_::import("simsched._policy").attr("parameters")(policy, type).cast<py::list>();
  for (const py::handle item : found) {
    const auto pair = item.cast<py::tuple>();
    const auto name = pair[0].cast<std::string>();
    parameters.push_back({name, value_of(policy, name, pair[1])});
  }
  return parameters;
}

TunableReader reader_of(Parameters& parameters, ext::ExtOptions* options) {
  TunableReader reader;
  for (Parameter& parameter : parameters) {
    const std::string& name = parameter.name;
    if (auto* flag = std::get_if<bool>(&parameter.value)) reader.bind(name, flag, "");
    if (auto* number = std::get_if<int64_t>(&parameter.value)) reader.bind(name, number, INT64_MIN, INT64_MAX, "");
    if (auto* time = std::get_if<Nanos>(&parameter.value)) reader.bind(name, time, 0_ns, 3600_s, "");
    if (auto* text = std::get_if<std::string>(&parameter.value)) reader.bind(name, text, "");
  }
  bind_costs(reader, options);
  return reader;
}

py::dict keywords_of(const Parameters& parameters) {
  py::dict keywords;
  for (const Parameter& parameter : parameters) {
    const py::str name(parameter.name);
    if (const auto* flag = std::get_if<bool>(&parameter.value)) keywords[name] = *flag;
    if (const auto* number = std::get_if<int64_t>(&parameter.value)) keywords[name] = *number;
    if (const auto* time = std::get_if<Nanos>(&parameter.value)) keywords[name] = time->count();
    if (const auto* text = std::get_if<std::string>(&parameter.value)) keywords[name] = *text;
  }
  return keywords;
}

class PythonPolicy final : public Policy {
 public:
  PythonPolicy(const std::string& name, const py::object& type)
      : Policy(name, "written in Python"), type_(share(type)), defaults_(parameters_of(name, type)) {}

  std::vector<TunableReader::Info> tunables(const PolicyContext& /*context*/) const override {
    Parameters parameters = defaults_;
    ext::ExtOptions options = default_ext_options();
    return reader_of(parameters, &options).infos();
  }

  ClassStack make(const PolicyContext& context, const Tunables& tunables) const override {
    Parameters parameters = defaults_;
    ext::ExtOptions options = default_ext_options();
    reader_of(parameters, &options).read(tunables, name());
    FairClass* fair = nullptr;
    ClassStack stack = default_classes(context.kernel, context.machine, &fair);
    auto make_ops = [type = type_, parameters = std::move(parameters)]() -> std::unique_ptr<ext::Ops> {
      return std::make_unique<PythonOps>((*type)(**keywords_of(parameters)));
    };
    ext::add_class(std::make_unique<ext::ExtClass>(std::move(make_ops), *fair, options), context.kernel, &stack);
    return stack;
  }

 private:
  const SharedObject type_;
  const Parameters defaults_;
};

}  // namespace

SharedObject share(py::object object) {
  return {new py::object(std::move(object)), [](py::object* held) {
            const py::gil_scoped_acquire gil;
            delete held;
          }};
}

std::unique_ptr<Policy> python_policy(const std::string& name, const py::object& type) {
  return std::make_unique<PythonPolicy>(name, type);
}

}  // namespace simsched::python
