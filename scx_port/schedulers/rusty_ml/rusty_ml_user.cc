#include "scx_port/schedulers/rusty_ml/rusty_ml_user.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "scx_port/schedulers/rusty_ml/rusty_ml_rules.h"
#include "scx_port/schedulers/user_data.h"

namespace simsched::rusty_ml {
namespace {

static_assert(int{FEATURES} == int{mlp::MLP_INPUTS});

template <class T>
void set(UserHost& host, const std::string& name, const T& value) {
  set_global(host, "rusty_ml", name, value);
}

void set(UserHost& host, const std::string& name, Nanos value) { set(host, name, static_cast<u64>(value.count())); }

constexpr const char* kStats[] = {"decided", "stay",    "move",   "fallback", "wake_stay", "wake_move",
                                  "outside", "crowded", "tokens", "overdue",  "rescued"};

}  // namespace

Places::Places(const Machine& machine) : distances(size_t{RUSTY_MAX_NODES} * RUSTY_MAX_NODES, 10) {
  for (CpuId cpu : machine.cpus()) {
    const Cpu& c = machine.cpu(cpu);
    cpus.push_back({.core = static_cast<u16>(c.core.value()),
                    .cluster = static_cast<u16>(c.cluster.value()),
                    .node = static_cast<u16>(c.node.value()),
                    .capacity = static_cast<u16>(c.kernel_capacity)});
  }
  const size_t nodes = std::min<size_t>(machine.nr_nodes(), RUSTY_MAX_NODES);
  for (size_t a = 0; a < nodes; ++a)
    for (size_t b = 0; b < nodes; ++b)
      distances[a * RUSTY_MAX_NODES + b] =
          static_cast<uint8_t>(std::clamp(machine.distance(NodeId(a), NodeId(b)), 0, 255));
  const Costs& costs = machine.costs();
  const auto cost = [&](Nanos shared) {
    return feature_log(static_cast<u64>((costs.refill_private + shared).count()));
  };
  move_cost[RELATION_CORE] = feature_log(static_cast<u64>(costs.refill_core.count()));
  move_cost[RELATION_CLUSTER] = move_cost[RELATION_LLC] = cost(costs.refill_llc);
  move_cost[RELATION_NODE] = cost(costs.refill_node);
  move_cost[RELATION_REMOTE] = cost(costs.refill_remote);
}

RustyMlUser::RustyMlUser(const Options& options, std::optional<mlp::ModelFile> model,
                         std::vector<mlp::ModelFile> experts)
    : RustyUser(options.rusty), options_(options), experts_(std::move(experts)) {
  if (experts_.empty())
    model_ = std::move(model);
  else
    learner_.emplace(experts_.size(), options.learning, options.epoch);
}

void RustyMlUser::assign(const UserHalf& other) {
  RustyUser::assign(other);
  const auto& half = dynamic_cast<const RustyMlUser&>(other);
  asked_ = half.asked_;
  learner_ = half.learner_;
}

void RustyMlUser::before_start(UserHost& host) {
  RustyUser::before_start(host);
  places_.emplace(host.machine());
  std::array<rusty_ml_cpu, RUSTY_MAX_CPUS> cpus{};
  std::ranges::copy(places_->cpus, cpus.begin());
  std::array<u32, RUSTY_MAX_DOMS> dom_cpus{};
  for (size_t d = 0; d < domains().size(); ++d) dom_cpus[d] = static_cast<u32>(domains().domains[d].cpus.size());
  set(host, "cpu_place", cpus);
  set(host, "dom_cpus", dom_cpus);
  const std::vector<uint8_t>& distances = places_->distances;
  std::ranges::copy(std::as_bytes(std::span(distances)),
                    global_of(host, "rusty_ml", "node_distance", distances.size()).begin());
  set(host, "move_cost", places_->move_cost);

  set(host, "gate_kind", static_cast<u32>(options_.gate_kind()));
  set(host, "sites", u32{options_.wake} << SITE_WAKE | u32{options_.steal} << SITE_STEAL);
  set(host, "ask_own", options_.own);
  set(host, "tolls", !experts_.empty());
  set(host, "deny_permille", static_cast<u32>(options_.deny_permille));
  set(host, "warm_ns", options_.warm);
  set(host, "nest_ns", options_.nest);
  set(host, "max_waiting", static_cast<u32>(options_.max_waiting));
  set(host, "wait_limit_ns", options_.wait_limit);
  set(host, "wait_alone_ns", options_.wait_alone);
  set(host, "wait_max_ns", options_.wait_max);
  set(host, "residency_ns", options_.residency);
  set(host, "token_ns", options_.move_period);
  set(host, "token_burst", static_cast<u32>(options_.move_burst));
}

void RustyMlUser::before_attach(UserHost& host) {
  start_slots(host, "rusty_ml");
  if (model_) fill_slot(host, "rusty_ml", 0, *model_);
  for (u32 i = 0; i < experts_.size(); ++i) fill_slot(host, "rusty_ml", i + 1, experts_[i]);
}

void RustyMlUser::after_start(UserHost& host) {
  RustyUser::after_start(host);
  if (learner_) learner_->start(host);
}

Nanos RustyMlUser::next(Nanos now) const {
  const Nanos next = RustyUser::next(now);
  return learner_ ? std::min(next, learner_->next()) : next;
}

void RustyMlUser::run(UserHost& host) {
  if (learner_) learner_->run(host);
  RustyUser::run(host);
}

const mlp::mlp_model* RustyMlUser::deciding() const {
  if (!learner_) return model_ ? &model_->model : nullptr;
  return learner_->current() == Experts::kHeuristic ? nullptr : &experts_[learner_->current() - 1].model;
}

// ---- The balancer ----

class RustyMlUser::BalanceJudge final : public rusty::Judge {
 public:
  BalanceJudge(RustyMlUser& user, UserHost& host, std::vector<int64_t> runnable)
      : user_(user), host_(host), runnable_(std::move(runnable)) {}

  bool migrate(const rusty::Proposal& proposal) override {
    u32 verdict = MLP_UNSURE;
    rusty_ml_task task{};
    const s32 pid = proposal.task.pid;
    if (host_.map_lookup("ml_tasks", std::as_bytes(std::span(&pid, 1)), std::as_writable_bytes(std::span(&task, 1))) &&
        task.id == proposal.task.id)
      verdict = ask(proposal, task);
    ++(verdict == MLP_STAY ? user_.asked_.stay : verdict == MLP_MOVE ? user_.asked_.move : user_.asked_.fallback);
    return verdict != MLP_STAY;
  }

 private:
  u32 ask(const rusty::Proposal& proposal, const rusty_ml_task& task) {
    const u64 now = static_cast<u64>(host_.now().count());
    switch (user_.options_.gate_kind()) {
      case GATE_DENY:
        return denied(task.id, now, static_cast<u64>(user_.options_.deny_permille)) ? MLP_STAY : MLP_UNSURE;
      case GATE_WARM_STAY:
        return now - task.stopped_at < static_cast<u64>(user_.options_.warm.count()) ? MLP_STAY : MLP_UNSURE;
      case GATE_MODEL:
        return user_.deciding() ? ask_model(*user_.deciding(), proposal, task, now) : u32{MLP_UNSURE};
      default:
        return MLP_UNSURE;
    }
  }

  u32 ask_model(const mlp_model& model, const rusty::Proposal& proposal, const rusty_ml_task& task, u64 now) {
    const Places& places = *user_.places_;
    const auto& domains = user_.domains().domains;
    // Of the domain that it comes to nothing but the first CPU is known.
    const size_t src = std::min<size_t>(task.cpu, places.cpus.size() - 1);
    const size_t dst = domains[proposal.to].cpus.first_cpu().index();
    const rusty_ml_cpu &from = places.cpus[src], &to = places.cpus[dst];
    const u32 relation = relation_of(&from, &to, src == dst, false);
    std::array<u16, MLP_ROW> in{};
    describe_task(&task, now, in.data());
    in[FEATURE_SRC_QUEUE] = queue(proposal.from);
    in[FEATURE_DST_QUEUE] = queue(proposal.to);
    in[FEATURE_SRC_IDLE] = idle(proposal.from);
    in[FEATURE_DST_IDLE] = idle(proposal.to);
    in[FEATURE_RELATION] = static_cast<u16>(relation);
    in[FEATURE_DISTANCE] = feature_distance(places.distances[from.node * size_t{RUSTY_MAX_NODES} + to.node]);
    in[FEATURE_CAPACITY] = feature_capacity(to.capacity, from.capacity);
    in[FEATURE_HOME] = static_cast<u16>(home_of(task.home, from.node, to.node));
    in[FEATURE_COST] = places.move_cost[relation];
    in[FEATURE_SITE] = SITE_BALANCE;
    if (mlp_outside(&model, in.data()) > MAX_OUTSIDE) {
      ++user_.asked_.outside;
      return MLP_UNSURE;
    }
    return mlp_verdict_of(mlp_logit(&model, in.data()), model.tau);
  }

  u16 queue(uint32_t domain) const {
    const int64_t cpus = nr_cpus(domain);
    return feature_queue(static_cast<u64>(std::max<int64_t>(runnable_[domain] - cpus, 0)), static_cast<u64>(cpus));
  }
  u16 idle(uint32_t domain) const {
    const int64_t cpus = nr_cpus(domain);
    return feature_share(static_cast<u64>(std::max<int64_t>(cpus - runnable_[domain], 0)), static_cast<u64>(cpus));
  }
  int64_t nr_cpus(uint32_t domain) const { return static_cast<int64_t>(user_.domains().domains[domain].cpus.size()); }

  RustyMlUser& user_;
  UserHost& host_;
  std::vector<int64_t> runnable_;
};

std::unique_ptr<rusty::Judge> RustyMlUser::judge(UserHost& host, const std::vector<int64_t>& runnable) {
  if (!options_.balance || options_.gate_kind() == GATE_OFF || options_.gate_kind() == GATE_NEST) return nullptr;
  return std::make_unique<BalanceJudge>(*this, host, runnable);
}

std::vector<std::pair<std::string, int64_t>> RustyMlUser::counters(UserHost& host) {
  std::vector<std::pair<std::string, int64_t>> all = RustyUser::counters(host);
  add_counters(host, "ml_stats", kStats, all);
  add_counters(host, "model_fallbacks", kModelFallbacks, all);
  all.emplace_back("lb_stay", asked_.stay);
  all.emplace_back("lb_move", asked_.move);
  all.emplace_back("lb_fallback", asked_.fallback);
  all.emplace_back("lb_outside", asked_.outside);
  if (learner_) learner_->add_counters(all);
  return all;
}

}  // namespace simsched::rusty_ml
