// What happened in a simulation or a recording, as arrays over the memory that it lies in.
#include <pybind11/numpy.h>

#include <cstddef>
#include <memory>
#include <type_traits>

#include "bindings/module.h"
#include "experiment/experiment.h"
#include "report/counters.h"
#include "traces/counter_track.h"
#include "traces/perfetto/perfetto_writer.h"
#include "traces/sched_trace.h"

namespace simsched::python {
namespace {

// A record's fields as NumPy's dtype wants them.
class Fields {
 public:
  void add(const char* name, const char* format, size_t offset) {
    names_.append(name);
    formats_.append(py::str(format));
    offsets_.append(offset);
  }
  py::dtype dtype(size_t size) { return py::dtype(names_, formats_, offsets_, static_cast<py::ssize_t>(size)); }

 private:
  py::list names_, formats_, offsets_;
};

py::dtype event_dtype() {
  static_assert(std::is_standard_layout_v<TraceEvent>);
  Fields fields;
  fields.add("time", "i8", offsetof(TraceEvent, time));
  fields.add("value", "i8", offsetof(TraceEvent, value));
  fields.add("pid", "i4", offsetof(TraceEvent, pid));
  fields.add("current", "i4", offsetof(TraceEvent, current));
  fields.add("cpu", "i4", offsetof(TraceEvent, cpu));
  fields.add("other_cpu", "i4", offsetof(TraceEvent, other_cpu));
  fields.add("dest_cpu", "i4", offsetof(TraceEvent, dest_cpu));
  fields.add("name", "u4", offsetof(TraceEvent, name));
  fields.add("state", "u2", offsetof(TraceEvent, state));
  fields.add("prio", "i2", offsetof(TraceEvent, prio));
  fields.add("current_prio", "i2", offsetof(TraceEvent, current_prio));
  fields.add("kind", "u1", offsetof(TraceEvent, kind));
  fields.add("context", "u1", offsetof(TraceEvent, context));
  fields.add("inferred", "?", offsetof(TraceEvent, inferred));
  return fields.dtype(sizeof(TraceEvent));
}

py::dtype power_dtype() {
  static_assert(std::is_standard_layout_v<PowerEvent>);
  Fields fields;
  fields.add("time", "i8", offsetof(PowerEvent, time));
  fields.add("cpu", "i4", offsetof(PowerEvent, cpu));
  fields.add("value", "u4", offsetof(PowerEvent, value));
  fields.add("kind", "u1", offsetof(PowerEvent, kind));
  return fields.dtype(sizeof(PowerEvent));
}

py::dtype sample_dtype() {
  using Sample = CounterTrack::Sample;
  static_assert(std::is_standard_layout_v<Sample>);
  Fields fields;
  fields.add("time", "i8", offsetof(Sample, time));
  fields.add("value", "i8", offsetof(Sample, value));
  return fields.dtype(sizeof(Sample));
}

// No copy: `owner` keeps the memory, and nobody may write to it.
template <class Record>
py::array view_of(const std::vector<Record>& records, const py::dtype& dtype, const py::object& owner) {
  py::array array(dtype, {static_cast<py::ssize_t>(records.size())}, {}, records.data(), owner);
  array.attr("flags").attr("writeable") = false;
  return array;
}

// None unless recorded.
std::shared_ptr<SchedTrace> trace_of(const std::shared_ptr<Outcome>& run) {
  return run->machine ? std::shared_ptr<SchedTrace>(run, &run->trace) : nullptr;
}

py::list counters_of(const std::shared_ptr<Outcome>& run) {
  static const char* const kKinds[] = {"named", "frequency", "idle"};
  py::list list;
  for (const CounterTrack& track : run->counters) {
    py::dict dict;
    dict["kind"] = kKinds[static_cast<size_t>(track.kind)];
    dict["cpu"] = track.cpu.value();
    dict["name"] = track.name;
    dict["samples"] = view_of(track.samples, sample_dtype(), py::cast(run));
    list.append(dict);
  }
  return list;
}

py::bytes perfetto_of(const Outcome& run) {
  std::vector<CounterTrack> counters = nr_running_counters(run.trace);
  counters.insert(counters.end(), run.counters.begin(), run.counters.end());
  return perfetto_bytes(run.trace, counters, places(run.trace, *run.machine));
}

}  // namespace

void bind_timeline(py::module_& module) {
  py::enum_<TraceKind>(module, "TraceKind", "What an event of a trace is: docs/python.md has the fields of each.")
      .value("switch", TraceKind::kSwitch)
      .value("waking", TraceKind::kWaking)
      .value("wakeup_new", TraceKind::kWakeupNew)
      .value("migrate", TraceKind::kMigrate)
      .value("stat_runtime", TraceKind::kStatRuntime)
      .value("fork", TraceKind::kFork)
      .value("exec", TraceKind::kExec)
      .value("comm", TraceKind::kComm)
      .value("exit", TraceKind::kExit)
      .value("lost", TraceKind::kLost);
  py::class_<SchedTrace, std::shared_ptr<SchedTrace>>(module, "Trace", "Events of a scheduler, in order of time.")
      .def_property_readonly("events",
                             [](const std::shared_ptr<SchedTrace>& trace) {
                               return view_of(trace->events, event_dtype(), py::cast(trace));
                             })
      .def_property_readonly("power",
                             [](const std::shared_ptr<SchedTrace>& trace) {
                               return view_of(trace->power, power_dtype(), py::cast(trace));
                             })
      .def_property_readonly("names", [](const SchedTrace& trace) { return trace.names; })
      .def_property_readonly("nr_cpus", [](const SchedTrace& trace) { return trace.nr_cpus; })
      .def_property_readonly("duration_ns", [](const SchedTrace& trace) { return trace.duration().count(); })
      .def_property_readonly("notes", [](const SchedTrace& trace) { return trace.notes; })
      .def_property_readonly("kernel", [](const SchedTrace& trace) { return trace.circumstances.kernel; });
  module.def("trace_of", &trace_of, py::arg("run"));
  module.def("counters_of", &counters_of, py::arg("run"));
  module.def("perfetto_of", &perfetto_of, py::arg("run"));
  module.def(
      "machine_of", [](const Outcome& run) { return std::make_shared<Machine>(*run.machine); }, py::arg("run"));
}

}  // namespace simsched::python
