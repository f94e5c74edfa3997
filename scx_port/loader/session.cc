#include "scx_port/loader/session.h"

#include <sstream>

#include "base/error.h"
#include "scx_port/live/bytes.h"
#include "scx_port/live/host_machine.h"
#include "scx_port/live/kernel_check.h"
#include "scx_port/schedulers/known_variables.h"
#include "scx_port/schedulers/scheduler.h"

namespace simsched::live {
namespace {

// CPUs that come or go between opening and attaching must be noticed: the kernel compares this number.
std::optional<uint64_t> number_of(const std::string& text) {
  uint64_t value = 0;
  if (std::istringstream(text) >> value) return value;
  return std::nullopt;
}

}  // namespace

Session::Session(const ExportedFolder& folder, const SessionOptions& options)
    : folder_(folder),
      options_(options),
      machine_(host_machine()),
      object_(folder.object, folder.manifest.policy),
      host_(object_, machine_),
      set_up_(folder.manifest.loader, object_, options.say),
      half_(make_user_half(folder.manifest.user_half, user_options())) {
  const Manifest& manifest = folder.manifest;
  if (!manifest.experts.empty() && !options.model.empty())
    throw Error(options.model, "this policy chooses among models of its own", "leave --model out");
  if (!is_gpl_compatible(manifest.license)) {
    throw Error(folder.path + "/" + kObjectFile,
                "its licence is '" + manifest.license + "'; sched_ext's functions are for GPL-compatible ones only",
                "give the source a GPL-compatible licence");
  }
  for (const auto& [map, entries] : manifest.map_entries) object_.set_map_entries(map, entries);
  set_up_.before_load(manifest.ops);
  make_room_for_dump(object_, manifest.ops);
  set_variables();
  if (half_) {
    half_->before_start(host_);
    set_variables();  // the manifest has the last word
  }
  if (options.timeout_ms) {
    auto member = object_.ops_member(manifest.ops, "timeout_ms");
    if (member.empty()) throw Error(manifest.policy, "its scheduler has no timeout_ms", "leave --timeout out");
    set_integer(member, *options.timeout_ms);
  }
  if (!options.decisions.empty()) DecisionLog::enable(object_);
  if (auto member = object_.ops_member(manifest.ops, "hotplug_seq"); !member.empty())
    if (auto sequence = number_of(hotplug_sequence())) set_integer(member, *sequence);
  object_.load();
  set_up_.before_attach();
  if (half_) half_->before_attach(host_);
  if (ModelSlots::has_slots(object_)) slots_ = std::make_unique<ModelSlots>(object_);
  // Golden vectors are computed in this kernel, too.
  if (slots_ && !model_path().empty()) reload_model();
  uint32_t slot = 0;
  for (const std::string& path : folder.expert_paths())
    if (slots_) slots_->check(++slot, mlp::read_model(path), path);
  if (!options.decisions.empty()) log_ = std::make_unique<DecisionLog>(object_, options.decisions);
}

std::string Session::model_path() const { return options_.model.empty() ? folder_.model_path() : options_.model; }

Tunables Session::user_options() const {
  Tunables options = folder_.user_options();
  for (Tunable& option : options)
    if (option.key == kModelOption) option.value = model_path();
  return options;
}

std::string Session::reload_model() {
  if (!slots_ || model_path().empty()) throw Error(folder_.manifest.policy, "the policy has no model");
  slots_->install(mlp::read_model(model_path()), model_path());
  return "model version " + std::to_string(slots_->active_version()) + " of " + model_path();
}

void Session::set_variables() {
  const Manifest& manifest = folder_.manifest;
  for (const KnownVariable& known : known_variables(machine_)) {
    if (!object_.has_variable(known.name)) continue;
    const std::span<std::byte> memory = object_.variable(known.name);
    if (memory.size() > sizeof(uint64_t) || (known.only_if_zero && get_integer(memory) != 0)) continue;
    set_integer(memory, known.value);
  }
  for (const Manifest::Variable& variable : manifest.variables) {
    const std::span<std::byte> memory = object_.variable(variable.name.substr(0, variable.name.find('.')));
    if (variable.bytes.size() > memory.size())
      throw Error(folder_.path + "/" + kManifestFile, "variable '" + variable.name + "' does not fit the object");
    std::copy(variable.bytes.begin(), variable.bytes.end(), memory.begin());
  }
}

void Session::attach() {
  hotplug_ = hotplug_sequence();
  object_.attach(folder_.manifest.ops);
  enabled_as_ = enable_sequence();
  attached_at_ = host_.now();
  set_up_.attached(attached_at_);
  if (half_) half_->after_start(host_);
}

ExitInfo Session::exit_info() {
  ExitInfo info = read_exit_info(object_);
  if (info.ended() || enabled_as_.empty()) return info;
  // In this order: a scheduler is recorded as ended before the state says so.
  const bool gone = sched_ext_state() == "disabled" || enable_sequence() != enabled_as_;
  if (!gone) return info;
  info = read_exit_info(object_);
  return info.ended() ? info : unrecorded_exit(hotplug_sequence() != hotplug_);
}

Nanos Session::next() const {
  const Nanos now = host_.now();
  return std::min({half_ ? half_->next(now) : Nanos::max(), log_ ? now + DecisionLog::kPeriod : Nanos::max(),
                   set_up_.next()});
}

void Session::work() {
  if (log_) log_->drain();
  set_up_.work(host_.now());
  if (half_ && half_->next(host_.now()) <= host_.now()) half_->run(host_);
}

Statistics Session::statistics() {
  Statistics statistics;
  statistics.policy = folder_.manifest.policy;
  statistics.uptime_ms = (host_.now() - attached_at_).count() / 1'000'000;
  statistics.counters = set_up_.reported();
  const Counters own = policy_counters(object_, host_, half_.get());
  statistics.counters.insert(statistics.counters.end(), own.begin(), own.end());
  statistics.events = kernel_events();
  if (options_.costs) statistics.costs = program_costs(object_);
  if (log_) {
    statistics.extra.emplace_back("decisions_logged", static_cast<int64_t>(log_->records()));
    statistics.extra.emplace_back("decisions_lost", static_cast<int64_t>(log_->lost()));
  }
  if (slots_) statistics.extra.emplace_back("model_version", slots_->active_version());
  return statistics;
}

}  // namespace simsched::live
