#include "scx_port/host/set_variables.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/duration.h"
#include "base/suggest.h"
#include "policies/ext/constants.h"
#include "scx_port/schedulers/known_variables.h"

namespace simsched::bpf {
namespace {

struct Number {
  bool negative = false;
  uint64_t magnitude = 0;
};

std::string_view trim(std::string_view text) {
  size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : text.substr(first, last - first + 1);
}

// Decimal or hexadecimal, with a sign or not.
std::optional<Number> parse_number(std::string_view rest) {
  Number number;
  if (rest.starts_with('-') || rest.starts_with('+')) {
    number.negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  int base = 10;
  if (rest.starts_with("0x") || rest.starts_with("0X")) {
    base = 16;
    rest.remove_prefix(2);
  }
  auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), number.magnitude, base);
  if (failed != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  return number;
}

// Nanoseconds in the unit that a variable's name says: "slice_ns", "slice_us_lag". 0: none.
int64_t unit_of_name(std::string_view name) {
  int64_t found = 0;
  while (!name.empty()) {
    size_t end = std::min(name.find('_'), name.size());
    if (int64_t word = nanos_in(name.substr(0, end)); word != 0 && name.substr(0, end) != "s") found = word;
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return found;
}

// Constants of the kernel's: a policy's types may lack them, and compilers before clang 15 cut enumerators in BTF to 32
// bits.
std::optional<uint64_t> constant(const std::string& name) {
  static const std::pair<const char*, uint64_t> kConstants[] = {
      {"SCX_SLICE_DFL", ext::kSliceDfl},
      {"SCX_SLICE_INF", ext::kSliceInf},
      {"SCX_OPS_NAME_LEN", 128},
      {"SCX_DSQ_FLAG_BUILTIN", ext::kDsqFlagBuiltin},
      {"SCX_DSQ_FLAG_LOCAL_ON", ext::kDsqFlagLocalOn},
      {"SCX_DSQ_INVALID", ext::kDsqInvalid},
      {"SCX_DSQ_GLOBAL", ext::kDsqGlobal},
      {"SCX_DSQ_LOCAL", ext::kDsqLocal},
      {"SCX_DSQ_LOCAL_ON", ext::kDsqLocalOn},
      {"SCX_DSQ_LOCAL_CPU_MASK", ext::kDsqLocalCpuMask},
      {"SCX_OPS_KEEP_BUILTIN_IDLE", ext::kOpsKeepBuiltinIdle},
      {"SCX_OPS_ENQ_LAST", ext::kOpsEnqLast},
      {"SCX_OPS_ENQ_EXITING", ext::kOpsEnqExiting},
      {"SCX_OPS_SWITCH_PARTIAL", ext::kOpsSwitchPartial},
      {"SCX_OPS_ENQ_MIGRATION_DISABLED", ext::kOpsEnqMigrationDisabled},
      {"SCX_OPS_ALLOW_QUEUED_WAKEUP", ext::kOpsAllowQueuedWakeup},
      {"SCX_OPS_BUILTIN_IDLE_PER_NODE", ext::kOpsBuiltinIdlePerNode},
      {"SCX_PICK_IDLE_CORE", ext::kPickIdleCore},
      {"SCX_PICK_IDLE_IN_NODE", ext::kPickIdleInNode},
      {"SCX_DEQ_SLEEP", ext::kDeqSleep},
      {"SCX_DEQ_CORE_SCHED_EXEC", ext::kDeqCoreSchedExec},
      {"SCX_RQ_ONLINE", 1 << 0},
      {"SCX_RQ_CAN_STOP_TICK", 1 << 1},
      {"SCX_RQ_BAL_PENDING", 1 << 2},
      {"SCX_RQ_BAL_KEEP", 1 << 3},
      {"SCX_RQ_BYPASSING", 1 << 4},
      {"SCX_RQ_CLK_VALID", 1 << 5},
      {"SCX_RQ_IN_WAKEUP", 1 << 16},
      {"SCX_RQ_IN_BALANCE", 1 << 17},
      {"SCX_TASK_STATE_SHIFT", 8},
      {"SCX_TASK_STATE_BITS", 2},
      {"SCX_TASK_STATE_MASK", 3 << 8},
      {"SCX_TASK_QUEUED", ext::kTaskQueued},
      {"SCX_TASK_RESET_RUNNABLE_AT", ext::kTaskResetRunnableAt},
      {"SCX_TASK_DEQD_FOR_SLEEP", ext::kTaskDeqdForSleep},
      {"SCX_KICK_IDLE", ext::kKickIdle},
      {"SCX_KICK_PREEMPT", ext::kKickPreempt},
      {"SCX_KICK_WAIT", ext::kKickWait},
      {"SCX_ENQ_WAKEUP", ext::kEnqWakeup},
      {"SCX_ENQ_HEAD", ext::kEnqHead},
      {"SCX_ENQ_CPU_SELECTED", ext::kEnqCpuSelected},
      {"SCX_ENQ_PREEMPT", ext::kEnqPreempt},
      {"SCX_ENQ_REENQ", ext::kEnqReenq},
      {"SCX_ENQ_LAST", ext::kEnqLast},
      {"SCX_ENQ_CLEAR_OPSS", ext::kEnqClearOpss},
      {"SCX_ENQ_DSQ_PRIQ", ext::kEnqDsqPriq},
  };
  for (const auto& [known, value] : kConstants)
    if (name == known) return value;
  return std::nullopt;
}

// Writes one value, or the array of them.
class Setter {
 public:
  Setter(const Btf& btf, std::string name, std::string where)
      : btf_(btf), name_(std::move(name)), where_(std::move(where)) {}

  void set(std::span<std::byte> to, uint32_t type, const TunableValue& value) const {
    std::string kind = btf_.kind_of(type);
    if (kind == "array") {
      set_array(to, btf_.element_of(type), value);
    } else if (kind != "int" && kind != "bool" && kind != "enum") {
      fail("is of a kind that cannot be set as a whole (" + kind + ")",
           "set its members: '" + name_ + ": {MEMBER: VALUE}'");
    } else if (value.text()) {
      set_scalar(to, type, kind, trim(*value.text()));
    } else {
      fail("is one number, not '" + value.str() + "'", "write '" + name_ + ": NUMBER'");
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& remedy) const {
    throw Error(where_, "variable '" + name_ + "' " + what, remedy);
  }

  void set_array(std::span<std::byte> to, uint32_t element, const TunableValue& value) const {
    size_t size = btf_.size_of(element);
    if (size == 0 || to.size() < size) fail("is an array of unknown size", "set it in the policy's source");
    if (value.text() && size == 1 && btf_.kind_of(element) == "int") return set_text(to, trim(*value.text()));
    if (!value.list()) fail("is an array", "write its elements as [1, 2, 3]");
    for (size_t i = 0; i < value.list()->size(); ++i) {
      if ((i + 1) * size > to.size()) fail("has " + std::to_string(to.size() / size) + " elements", "give it no more");
      set(to.subspan(i * size, size), element, (*value.list())[i]);
    }
  }

  void set_text(std::span<std::byte> to, std::string_view text) const {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    if (text.size() >= to.size())
      fail("holds " + std::to_string(to.size() - 1) + " characters", "shorten '" + std::string(text) + "'");
    std::fill(to.begin(), to.end(), std::byte{0});
    std::memcpy(to.data(), text.data(), text.size());
  }

  void set_scalar(std::span<std::byte> to, uint32_t type, const std::string& kind, std::string_view text) const {
    Number number;
    if (text == "true" || text == "false") {
      number.magnitude = text == "true";
    } else if (auto known = constant(std::string(text))) {
      number.magnitude = *known;
    } else if (auto enumerator = btf_.enum_value(std::string(text))) {
      // Enumerators of 64 bits come as the bits that they are.
      number.negative = *enumerator < 0 && btf_.is_signed(type);
      number.magnitude = number.negative ? -static_cast<uint64_t>(*enumerator) : static_cast<uint64_t>(*enumerator);
    } else if (auto parsed = parse_number(text)) {
      number = *parsed;
    } else if (auto duration = parse_duration(text)) {
      number.magnitude = in_own_unit(*duration, text);
    } else {
      fail("takes no '" + std::string(text) + "'",
           "give it a number" + std::string(kind == "bool" ? ", true or false" : ""));
    }
    if (kind == "bool" && (number.negative || number.magnitude > 1))
      fail("is true or false", "not " + std::string(text));
    size_t bits = std::min<size_t>(to.size(), 8) * 8;
    bool is_signed = btf_.is_signed(type);
    uint64_t most = ~uint64_t{0} >> (64 - bits) >> (is_signed ? 1 : 0);
    if (number.negative ? number.magnitude > (is_signed ? most + 1 : 0) : number.magnitude > most)
      fail("cannot hold " + std::string(text),
           "it is from " + (is_signed ? "-" + std::to_string(most + 1) : "0") + " to " + std::to_string(most));
    uint64_t value = number.negative ? -number.magnitude : number.magnitude;
    std::memcpy(to.data(), &value, std::min<size_t>(to.size(), sizeof value));
  }

  // A duration, in the unit that the variable's name says.
  uint64_t in_own_unit(Nanos duration, std::string_view text) const {
    const int64_t own = unit_of_name(name_);
    if (own == 0) fail("does not say its unit", "give '" + std::string(text) + "' as a plain number");
    if (duration.count() % own != 0) fail("cannot hold " + std::string(text) + " exactly", "its unit is coarser");
    return static_cast<uint64_t>(duration.count() / own);
  }

  const Btf& btf_;
  const std::string name_, where_;
};

}  // namespace

Error unknown_variable(const BpfObject& object, const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const BpfVariable& variable : object.variables)
    if (!variable.name.starts_with("_") && variable.name.find('.') == std::string::npos) names.push_back(variable.name);
  return Error(where, object.name + " has no variable '" + name + "'", suggest(name, names));
}

namespace {

// As the object has it before anything is set.
std::vector<std::byte> first_bytes(const BpfObject& object, const BpfVariable& variable, size_t nr_cpus) {
  const BpfSection& section = object.sections[variable.section];
  const std::vector<std::byte>& data = section.data;
  std::vector<std::byte> bytes(section.element != 0 ? section.size_for(nr_cpus) : variable.size);
  const size_t known = data.size() > variable.offset ? std::min(data.size() - variable.offset, bytes.size()) : 0;
  std::copy_n(data.begin() + static_cast<ptrdiff_t>(variable.offset), known, bytes.begin());
  return bytes;
}

// Sets `part` of type `type`; each value that is no map or list of maps is a setting of its own, which `done` hears of.
using Done = std::function<void(const std::string& name, const std::string& text)>;
void resolve(const Btf& btf, std::span<std::byte> part, uint32_t type, const Tunable& setting, const Done& done) {
  const std::string kind = btf.kind_of(type);
  const TunableValue& value = setting.value;
  const bool array = kind == "array", structure = kind == "struct" || kind == "union";
  const size_t size = array ? btf.size_of(btf.element_of(type)) : 0;
  const auto element = [&](size_t i, const TunableValue& to, const std::string& where) {
    if (size == 0 || i >= part.size() / size) {
      throw Error(
          where,
          "variable '" + setting.key + "' has " + std::to_string(size == 0 ? 0 : part.size() / size) + " elements",
          "give it no more");
    }
    resolve(btf, part.subspan(i * size, size), btf.element_of(type),
            {setting.key + "[" + std::to_string(i) + "]", to, where}, done);
  };
  const auto is_map = [](const TunableValue& item) { return item.map() != nullptr; };
  if (array && value.list() && std::any_of(value.list()->begin(), value.list()->end(), is_map)) {
    for (size_t i = 0; i < value.list()->size(); ++i) element(i, (*value.list())[i], setting.where);
  } else if (array && value.map()) {
    for (const Tunable& given : *value.map()) {
      const auto index = parse_number(trim(given.key));
      if (!index || index->negative) {
        throw Error(given.where, "'" + given.key + "' is no index into variable '" + setting.key + "'",
                    "write {0: VALUE}");
      }
      element(index->magnitude, given.value, given.where);
    }
  } else if (structure && value.map()) {
    for (const Tunable& given : *value.map()) {
      const auto member = btf.member_of(type, given.key);
      if (!member || member->offset + member->size > part.size())
        throw Error(given.where, "variable '" + setting.key + "' has no member '" + given.key + "'",
                    "see the policy's source");
      resolve(btf, part.subspan(member->offset, member->size), member->type,
              {setting.key + "." + given.key, given.value, given.where}, done);
    }
  } else {
    Setter(btf, setting.key, setting.where).set(part, type, value);
    done(setting.key, value.str());
  }
}

// "layers[0].kind: 1" is {layers: {0: {kind: 1}}}.
Tunable nested(const Tunable& given) {
  const size_t end = given.key.find_first_of("[.");
  if (end == std::string::npos || end == 0) return given;
  std::vector<std::string> path;
  for (size_t at = 0; at < given.key.size();) {
    at = given.key.find_first_not_of("[].", at);
    if (at == std::string::npos) break;
    const size_t next = std::min(given.key.find_first_of("[].", at), given.key.size());
    path.push_back(given.key.substr(at, next - at));
    at = next;
  }
  TunableValue value = given.value;
  for (size_t i = path.size(); i-- > 1;) value = TunableValue(Tunables{{path[i], value, given.where}});
  return {path[0], value, given.where};
}

}  // namespace

void set_typed(const Btf& btf, std::span<std::byte> to, uint32_t type, const Tunable& value) {
  resolve(btf, to, type, value, [](const std::string&, const std::string&) {});
}

std::vector<VariableSetting> resolve_variables(const BpfObject& object, const Tunables& variables, size_t nr_cpus) {
  std::vector<VariableSetting> settings;
  std::map<std::string, std::vector<std::byte>> whole;  // settings of a variable add up
  for (const Tunable& setting : variables) {
    const Tunable given = nested(setting);
    const BpfVariable* variable = object.variable(given.key);
    if (variable == nullptr || variable->size == 0) throw unknown_variable(object, given.key, given.where);
    if (variable->btf_type == 0)
      throw Error(given.where, "the type of variable '" + given.key + "' is not known",
                  "set it in the policy's source");
    if (!whole.contains(given.key)) whole[given.key] = first_bytes(object, *variable, nr_cpus);
    std::vector<std::byte>& bytes = whole[given.key];
    resolve(object.btf, bytes, variable->btf_type, given, [&](const std::string& name, const std::string& text) {
      settings.push_back({name, text, bytes});
    });
  }
  return settings;
}

void write_variable(Vm& vm, const VariableSetting& setting, const std::string& where) {
  const std::string name = setting.name.substr(0, setting.name.find_first_of(".["));
  const std::span<std::byte> memory = vm.variable(name);
  if (memory.empty()) throw unknown_variable(vm.object(), name, where);
  if (setting.bytes.size() > memory.size())
    throw Error(where, "variable '" + name + "' does not fit the object", "export the policy again");
  std::copy(setting.bytes.begin(), setting.bytes.end(), memory.begin());
}

void set_known_variables(Vm& vm, const Machine& machine) {
  const BpfObject& object = vm.object();
  auto set = [&](const std::string& name, uint64_t value) {
    const BpfVariable* variable = object.variable(name);
    std::span<std::byte> bytes = vm.variable(name);
    if (variable == nullptr || bytes.empty() || bytes.size() > sizeof value) return;
    std::string kind = object.btf.kind_of(variable->btf_type);
    if (kind == "int" || kind == "bool" || kind == "enum") std::memcpy(bytes.data(), &value, bytes.size());
  };
  for (const KnownVariable& known : known_variables(machine)) {
    const std::span<std::byte> bytes = vm.variable(known.name);
    const auto is_zero = [](std::byte b) { return b == std::byte{0}; };
    if (!known.only_if_zero || std::all_of(bytes.begin(), bytes.end(), is_zero)) set(known.name, known.value);
  }
  for (const BpfVariable& variable : object.variables) {
    if (!variable.name.starts_with("__SCX_")) continue;
    std::string name = variable.name.substr(2);
    if (auto known = constant(name))
      set(variable.name, *known);
    else if (auto value = object.btf.enum_value(name))
      set(variable.name, static_cast<uint64_t>(*value));
  }
}

}  // namespace simsched::bpf
