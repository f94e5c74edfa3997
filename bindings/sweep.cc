// Sweeps: all of one on this computer, or single runs of it for whoever asks. Records of runs go by value, so that
// those that other computers make end in the same journal.
#include "sweep/sweep.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/parallel.h"
#include "bindings/interruptible.h"
#include "bindings/module.h"
#include "experiment/policies.h"
#include "sweep/journal.h"
#include "sweep/npz.h"
#include "sweep/results.h"
#include "sweep/simulate.h"

namespace simsched::python {
namespace {

class Sweeping {
 public:
  Sweeping(const std::string& text, const std::string& name, const std::optional<size_t>& seeds)
      : registry_(all_policies()) {
    if (seeds && (*seeds < 1 || *seeds > kMaxSeeds))
      throw Error("seeds", "is " + std::to_string(*seeds), "give 1 to " + std::to_string(kMaxSeeds));
    std::optional<std::vector<uint64_t>> numbers;
    if (seeds) numbers = first_seeds(*seeds);
    const py::gil_scoped_release without_gil;
    sweep_.emplace(SweepFile(text, name), registry_, SIMSCHED_VERSION "-" SIMSCHED_REVISION, numbers);
  }

  size_t size() const { return sweep_->items().size(); }
  std::string output() const { return sweep_->config().output; }
  const std::string& key(size_t run) const { return item(run).key; }

  void check(int jobs) const {
    run_one(checked_jobs(jobs), {}, [&](int threads, const Progress& told) { sweep_->check(threads, told); });
  }

  void open(const std::string& folder) {
    journal_ = std::make_unique<Journal>(folder, "runs.jsonl");
    folder_ = folder;
  }
  void close() { journal_.reset(); }

  std::vector<std::pair<size_t, std::string>> missing() const {
    std::vector<std::pair<size_t, std::string>> missing;
    for (const SweepItem* item : missing_runs(*sweep_, *journal_))
      missing.emplace_back(static_cast<size_t>(item - sweep_->items().data()), item->key);
    return missing;
  }

  void simulate(int jobs, const PyProgress& progress) {
    run_one(checked_jobs(jobs), progress, [&](int threads, const Progress& told) {
      simsched::simulate(*sweep_, missing_runs(*sweep_, *journal_), *journal_, threads, {}, told);
    });
  }

  py::bytes run(size_t run) const {
    std::string record;
    {
      const py::gil_scoped_release without_gil;
      record = sweep_->run(item(run));
    }
    return record;
  }

  void add(const std::string& record) {
    if (key_of_record(record).empty()) throw Error("record", "is no run of a sweep", "add what run() returns");
    journal_->add(record);
  }

  py::dict results() const {
    std::optional<SweepResults> results;
    std::string npz;
    {
      const py::gil_scoped_release without_gil;
      results.emplace(*sweep_, *journal_);
      npz = npz_bytes(results->frame.frame());
      write_file_atomically(folder_ + "/sweep.npz", npz);
    }
    py::dict dict;
    dict["npz"] = py::bytes(npz);
    dict["text"] = results->best.text(Look());
    dict["exit_code"] = results->best.exit_code();
    return dict;
  }

 private:
  const SweepItem& item(size_t run) const {
    if (run >= size()) throw py::index_error("the sweep has " + std::to_string(size()) + " runs");
    return sweep_->items()[run];
  }
  int checked_jobs(int jobs) const {
    if (jobs < 0 || jobs > kMaxJobs) throw Error("jobs", "is " + std::to_string(jobs), "0 is one for each CPU");
    return jobs_or_default(jobs > 0 ? jobs : sweep_->config().jobs);
  }

  const PolicyRegistry registry_;
  std::optional<Sweep> sweep_;
  std::unique_ptr<Journal> journal_;
  std::string folder_;
};

}  // namespace

void bind_sweep(py::module_& module) {
  // check(), then open(), which locks the folder until close(), then what needs it: missing(), simulate(), add(),
  // results(). Any thread may run().
  py::class_<Sweeping, std::shared_ptr<Sweeping>>(module, "Sweep")
      .def(py::init<const std::string&, const std::string&, const std::optional<size_t>&>(), py::arg("text"),
           py::arg("name"), py::arg("seeds"))
      .def("__len__", &Sweeping::size)
      .def_property_readonly("output", &Sweeping::output)
      .def("key", &Sweeping::key, py::arg("run"))
      .def("check", &Sweeping::check, py::arg("jobs"))
      .def("open", &Sweeping::open, py::arg("folder"))
      .def("close", &Sweeping::close)
      .def("missing", &Sweeping::missing)
      .def("simulate", &Sweeping::simulate, py::arg("jobs"), py::arg("progress"))
      .def("run", &Sweeping::run, py::arg("run"))
      .def("add", &Sweeping::add, py::arg("record"))
      .def("results", &Sweeping::results);
}

}  // namespace simsched::python
