// One run that stops on the way, and goes back.
#include "experiment/simulation.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/duration.h"
#include "base/error.h"
#include "base/suggest.h"
#include "bindings/interruptible.h"
#include "bindings/module.h"
#include "bindings/session.h"

namespace simsched::python {
namespace {

// Of simulated time, between two looks at Ctrl-C.
constexpr Nanos kBetweenLooks = 10_ms;

class Stepper;

// An engine as it was, and what it stands on.
struct Snapshot {
  std::shared_ptr<Stepper> of;
  bool over = false;
  std::unique_ptr<Engine> engine;
};

class Stepper : public std::enable_shared_from_this<Stepper> {
 public:
  Stepper(std::shared_ptr<Session> session, const Experiment& experiment)
      : session_(std::move(session)),
        experiment_(experiment),
        simulation_(experiment, session_->config(), session_->inputs()) {}

  int64_t now() const { return simulation_.engine().now().count(); }
  bool over() const { return over_; }
  uint64_t events() const { return simulation_.engine().nr_events(); }
  std::shared_ptr<Machine> machine() const { return std::make_shared<Machine>(simulation_.machine()); }

  // Whether there is more to come.
  bool run_until(Nanos time) {
    if (time < simulation_.engine().now())
      throw Error("run_until", "the simulation is beyond that time", "go back with restore(snapshot)");
    Nanos at = simulation_.engine().now();
    while (!over_ && at < time) {
      at = time - at > kBetweenLooks ? at + kBetweenLooks : time;
      go_on([&](Engine& engine) { return engine.run_until(at); });
      check_signals();
    }
    return !over_;
  }
  bool step(int64_t events) {
    for (int64_t i = 0; !over_ && i < events; ++i) {
      go_on([](Engine& engine) { return engine.step(); });
      if (i % 1024 == 0) check_signals();
    }
    return !over_;
  }
  void run() {
    while (!over_) {
      go_on([](Engine& engine) { return some_steps(engine); });
      check_signals();
    }
  }
  void stop() {
    go_on([](Engine& engine) { return engine.stop(), false; });
  }

  std::shared_ptr<Snapshot> snapshot() {
    check_sound();
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->of = shared_from_this();
    snapshot->over = over_;
    snapshot->engine = simulation_.new_engine();
    snapshot->engine->assign(simulation_.engine());
    return snapshot;
  }
  void restore(const Snapshot& snapshot) {
    if (snapshot.of.get() != this) throw Error("restore", "the snapshot is one of another simulation", "take its own");
    if (broken_) simulation_.restart();
    simulation_.engine().assign(*snapshot.engine);
    over_ = snapshot.over;
    broken_ = false;
  }

  std::shared_ptr<Outcome> result() const {
    check_sound();
    if (!over_) throw Error("result", "the simulation is not over", "call run() or stop() first");
    return std::make_shared<Outcome>(simulation_.outcome());
  }
  // So far. A copy: the engine goes on writing to its own.
  std::shared_ptr<Outcome> recorded() const {
    if (!experiment_.record) throw Error("timeline", "the simulation is not recorded", "make it with record=True");
    auto outcome = std::make_shared<Outcome>();
    outcome->result.policy = session_->config().policies[experiment_.policy].label;
    outcome->result.machine = simulation_.machine().name();
    outcome->result.seed = experiment_.seed;
    outcome->trace = simulation_.engine().trace();
    outcome->counters = simulation_.engine().counters();
    outcome->machine = simulation_.machine();
    return outcome;
  }

 private:
  void check_sound() const {
    if (broken_)
      throw Error("simulation", "it stopped with an exception, in the middle of an event",
                  "go back with restore(snapshot), or make a new one");
  }
  template <class Function>
  void go_on(const Function& function) {
    check_sound();
    if (over_) return;
    std::optional<py::gil_scoped_release> without_gil;
    if (!session_->calls_python()) without_gil.emplace();
    try {
      over_ = !function(simulation_.engine());
    } catch (...) {
      broken_ = true;
      throw;
    }
  }

  const std::shared_ptr<Session> session_;
  const Experiment experiment_;
  Simulation simulation_;
  bool over_ = false, broken_ = false;
};

size_t index_in(const std::vector<std::string>& names, const std::string& name, const char* what) {
  if (name.empty()) return 0;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw Error(what, "there is no '" + name + "' in the config", suggest(name, names));
  return static_cast<size_t>(found - names.begin());
}

std::shared_ptr<Stepper> make_stepper(const std::shared_ptr<Session>& session, const std::string& policy,
                                      const std::string& machine, const std::optional<uint64_t>& seed, bool record) {
  std::vector<std::string> policies, machines;
  for (const PolicyConfig& config : session->config().policies) policies.push_back(config.label);
  for (size_t i = 0; i < session->inputs().nr_machines(); ++i) machines.push_back(session->inputs().machine(i).name());
  const Experiment experiment{index_in(machines, machine, "machine"), index_in(policies, policy, "policy"),
                              seed.value_or(session->config().seeds.front()), record};
  return std::make_shared<Stepper>(session, experiment);
}

Nanos time_of(const py::object& time) {
  if (!py::isinstance<py::str>(time)) return Nanos(whole_number(time, "the time"));
  return read_duration(time.cast<std::string>(), "the time", 0_ns, Nanos::max(), "run_until");
}

}  // namespace

void bind_simulation(py::module_& module) {
  py::class_<Snapshot, std::shared_ptr<Snapshot>>(module, "Snapshot", "A simulation as it was at a moment.")
      .def_property_readonly("now_ns", [](const Snapshot& snapshot) { return snapshot.engine->now().count(); });
  py::class_<Stepper, std::shared_ptr<Stepper>>(module, "Stepper")
      .def(py::init(&make_stepper), py::arg("session"), py::arg("policy"), py::arg("machine"), py::arg("seed"),
           py::arg("record"))
      .def_property_readonly("now_ns", &Stepper::now)
      .def_property_readonly("over", &Stepper::over)
      .def_property_readonly("events", &Stepper::events)
      .def_property_readonly("machine", &Stepper::machine)
      .def("run_until", [](Stepper& stepper, const py::object& time) { return stepper.run_until(time_of(time)); })
      .def("step", &Stepper::step)
      .def("run", &Stepper::run)
      .def("stop", &Stepper::stop)
      .def("snapshot", &Stepper::snapshot)
      .def("restore", &Stepper::restore)
      .def("result", &Stepper::result)
      .def("recorded", &Stepper::recorded);
}

}  // namespace simsched::python
