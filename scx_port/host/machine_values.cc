#include "scx_port/host/machine_values.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/suggest.h"
#include "scx_port/host/machine_facts.h"

namespace simsched::bpf {
namespace {

constexpr size_t kMostValues = 1'000'000;  // in all: a mask for each of many CPUs is a square

std::string_view take_word(std::string_view* rest) {
  const size_t first = std::min(rest->find_first_not_of(' '), rest->size());
  const size_t end = std::min(rest->find(' ', first), rest->size());
  const std::string_view word = rest->substr(first, end - first);
  rest->remove_prefix(end);
  return word;
}

class Resolver {
 public:
  Resolver(const Machine& machine, const Btf& btf) : machine_(machine), btf_(btf) {}

  Tunables resolve(const Tunables& settings) {
    Tunables resolved;
    for (const Tunable& setting : settings)
      resolved.push_back({setting.key, resolve(setting.value, setting.where), setting.where});
    return resolved;
  }

 private:
  TunableValue resolve(const TunableValue& value, const std::string& where) {
    if (value.list()) {
      TunableValue::List items;
      for (const TunableValue& item : *value.list()) add(item, where, &items);
      return TunableValue(std::move(items));
    }
    if (const Tunables* const map = value.map()) {
      if (!find(*map, "each") && !find(*map, "when")) return TunableValue(resolve(*map));
      TunableValue::List items;
      add(value, where, &items);
      return TunableValue(std::move(items));
    }
    return value.text()->starts_with('$') ? evaluate(*value.text(), where) : value;
  }

  static const Tunable* find(const Tunables& map, const std::string& key) {
    const auto found = std::ranges::find(map, key, &Tunable::key);
    return found == map.end() ? nullptr : &*found;
  }

  // An item of a list, which may stand for several, or none.
  void add(const TunableValue& item, const std::string& where, TunableValue::List* items) {
    const Tunable* const each = item.map() ? find(*item.map(), "each") : nullptr;
    if (each == nullptr) return add_one(item, where, items);
    const auto thing = std::ranges::find(kThings, each->value.str());
    if (thing == std::end(kThings)) {
      throw Error(each->where, "'each' takes no '" + each->value.str() + "'", "one of cpu, core, llc, node");
    }
    std::optional<size_t>& current = current_[static_cast<size_t>(thing - kThings)];
    const std::optional<size_t> before = current;
    for (size_t i = 0; i < nr_things(machine_, static_cast<Thing>(thing - kThings)); ++i) {
      current = i;
      add_one(item, where, items);
    }
    current = before;
  }

  void add_one(const TunableValue& item, const std::string& where, TunableValue::List* items) {
    if (!item.map()) return items->push_back(resolve(item, where));
    Tunables rest;
    for (const Tunable& member : *item.map()) {
      if (member.key == "when") {
        const std::string value = resolve(member.value, member.where).str();
        if (value == "0" || value == "false") return;
      } else if (member.key != "each") {
        rest.push_back(member);
      }
    }
    items->push_back(TunableValue(resolve(rest)));
  }

  TunableValue evaluate(std::string_view text, const std::string& where) {
    std::string_view rest = text.substr(1);
    const std::string_view name = take_word(&rest);
    if (name == "sizeof") return number(size_of(std::string(take_word(&rest)), where));
    TunableValue value = named(std::string(name), where);
    for (std::string_view op = take_word(&rest); !op.empty(); op = take_word(&rest)) {
      const std::string_view operand = take_word(&rest);
      int64_t right = 0;
      const auto [end, failed] = std::from_chars(operand.data(), operand.data() + operand.size(), right);
      if (failed != std::errc() || end != operand.data() + operand.size())
        throw Error(where, "'" + std::string(text) + "' is no value", "write '$NAME', or '$NAME OPERATOR NUMBER'");
      value = apply(value, op, right, where);
    }
    return value;
  }

  static TunableValue apply(const TunableValue& left, std::string_view op, int64_t right, const std::string& where) {
    if (left.text()) return number(apply(static_cast<int64_t>(std::stoull(*left.text())), op, right, where));
    TunableValue::List items;
    for (const TunableValue& item : *left.list()) items.push_back(apply(item, op, right, where));
    return TunableValue(std::move(items));
  }

  static TunableValue number(int64_t value) { return TunableValue(std::to_string(value)); }

  int64_t size_of(const std::string& type, const std::string& where) {
    const auto size = btf_.struct_size(type);
    if (!size) throw Error(where, "the scheduler has no struct '" + type + "'", "see its source");
    return static_cast<int64_t>(*size);
  }

  static int64_t apply(int64_t left, std::string_view op, int64_t right, const std::string& where) {
    const auto a = static_cast<uint64_t>(left), b = static_cast<uint64_t>(right);  // wraps
    if (op == "*") return static_cast<int64_t>(a * b);
    if (op == "+") return static_cast<int64_t>(a + b);
    if (op == "-") return static_cast<int64_t>(a - b);
    if (op == "/" && right > 0) return left / right;
    if (op == "==") return left == right;
    if (op == "!=") return left != right;
    if (op == "<") return left < right;
    if (op == ">") return left > right;
    if (op == "min") return std::min(left, right);
    if (op == "max") return std::max(left, right);
    throw Error(where, "'" + std::string(op) + " " + std::to_string(right) + "' is nothing to do with a number",
                "one of * / + - == != < > min max, and no division by 0");
  }

  TunableValue named(const std::string& name, const std::string& where) {
    const size_t dot = name.find('.');
    const std::string thing = dot == std::string::npos ? "machine" : name.substr(0, dot);
    const std::string member = dot == std::string::npos ? name : name.substr(dot + 1);
    for (const MachineFact& fact : machine_facts()) {
      if (thing != kThings[static_cast<size_t>(fact.thing)] || member != fact.name) continue;
      std::optional<size_t> current = current_[static_cast<size_t>(fact.thing)];
      if (fact.thing == Thing::kMachine) current = 0;
      if (current) return one(fact, *current, where);
      TunableValue::List items;
      for (size_t i = 0; i < nr_things(machine_, fact.thing); ++i) items.push_back(one(fact, i, where));
      return TunableValue(std::move(items));
    }
    std::vector<std::string> names;
    for (const MachineFact& fact : machine_facts()) {
      const std::string prefix = kThings[static_cast<size_t>(fact.thing)];
      names.push_back("$" + (fact.thing == Thing::kMachine ? "" : prefix + ".") + fact.name);
    }
    throw Error(where, "nothing of the machine is called '$" + name + "'", suggest("$" + name, names));
  }

  TunableValue one(const MachineFact& fact, size_t id, const std::string& where) {
    const std::vector<int64_t> numbers = fact.read(machine_, id);
    if ((values_ += numbers.size()) > kMostValues) {
      throw Error(where, "the settings have more than " + std::to_string(kMostValues) + " values for this machine",
                  "leave masks out, or use a smaller one");
    }
    const auto item = [&](int64_t value) {
      return fact.form == MachineFact::Form::kNumber ? number(value)
                                                     : TunableValue(std::to_string(static_cast<uint64_t>(value)));
    };
    if (fact.form != MachineFact::Form::kList) return item(numbers.front());
    TunableValue::List items;
    for (int64_t value : numbers) items.push_back(item(value));
    return TunableValue(std::move(items));
  }

  const Machine& machine_;
  const Btf& btf_;
  std::optional<size_t> current_[std::size(kThings)];
  size_t values_ = 0;
};

}  // namespace

Tunables resolve_machine_values(const Tunables& settings, const Machine& machine, const Btf& btf) {
  return Resolver(machine, btf).resolve(settings);
}

}  // namespace simsched::bpf
