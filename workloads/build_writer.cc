#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "base/duration.h"
#include "workloads/build_words.h"
#include "workloads/build_yaml.h"

namespace simsched {
namespace {

using Kind = BuildStep::Kind;

// Three digits are more than one recording tells.
std::string time_text(int64_t nanos) {
  int64_t unit = 1;
  while (nanos / unit >= 1000) unit *= 10;
  return duration_text(Nanos((nanos + unit / 2) / unit * unit));
}

class Writer {
 public:
  std::string write(const BuildModel& model) {
    model_ = &model;
    text_ = "# A build, as simsched fit found it in a recording: docs/workloads.md says what stands here.\nformat: 1\n";
    text_ += "recorded: " + quoted(model.recorded) + "\njobs: " + std::to_string(model.jobs) +
             "\nmake: " + quoted(model.make) + "\n";
    if (model.session) text_ += "session: true\n";
    text_ +=
        "io_work: " + distribution(model.io_work) + "\n\n# What make, or a script, starts with one command.\nkinds:";
    text_ += model.kinds.empty() ? " {}\n" : "\n";
    for (const BuildJob& job : model.kinds) write(job);
    text_ += "\n# The makes and what each starts, in order; 'then': when all before it is done.\nroot:\n";
    write(model.root, 1);
    text_ += "\n# Kernel threads and daemons: they sleep, work a little, again.\nbackground:";
    if (model.background.empty()) text_ += " []";
    text_ += "\n";
    for (const BuildBackground& thread : model.background) {
      text_ += "  - {name: " + quoted(thread.name) + ", tasks: " + std::to_string(thread.tasks) +
               (thread.cpu >= 0 ? ", cpu: " + std::to_string(thread.cpu) : "") + (thread.tick ? ", tick: true" : "") +
               elsewhere(thread.elsewhere) + (thread.user ? ", user: true" : "") +
               ",\n     sleep: " + distribution(thread.sleep) + ",\n     work: " + distribution(thread.work) + "}\n";
    }
    return std::move(text_);
  }

 private:
  static std::string quoted(const std::string& text) {
    YAML::Emitter emitter;
    emitter << YAML::DoubleQuoted << text;
    return emitter.c_str();
  }

  static std::string distribution(const Distribution& d) {
    if (d.quantiles.empty()) return time_text(d.mean);
    std::string text = "{mean: " + time_text(d.mean) + ", quantiles: [";
    for (size_t i = 0; i < d.quantiles.size(); ++i) text += (i > 0 ? ", " : "") + time_text(d.quantiles[i]);
    return text + "]}";
  }

  static std::string elsewhere(int32_t percent) { return percent > 0 ? ", elsewhere: " + std::to_string(percent) : ""; }

  static std::string step(const BuildStep& step) {
    if (step.kind == Kind::kWork) return std::to_string(step.value);
    for (const build::StepWord& known : build::kStepWords) {
      if (known.kind != step.kind) continue;
      if (!known.has_value) return known.word;
      return std::string(known.word) + " " +
             (step.value == BuildStep::kStarter ? build::kStarterWord : std::to_string(step.value));
    }
    return "";
  }

  std::string runs(const BuildRuns& runs) const {
    return (runs.times != 1 ? std::to_string(runs.times) + " " : "") + model_->kinds[runs.job].name;
  }

  void write(const BuildJob& job) {
    text_ += "  " + job.name + ":\n";
    if (job.object) text_ += "    object: true\n";
    if (job.vfork) text_ += "    vfork: true\n";
    text_ += "    processes:\n";
    for (const BuildProcess& process : job.processes) {
      text_ += "      - name: " + quoted(process.name) + "\n        work: " + distribution(process.work) + "\n";
      if (process.follows != 0) text_ += "        follows: " + std::to_string(process.follows) + "\n";
      if (process.io_times != 0)
        text_ += "        io: {per_1000: " + std::to_string(process.io_times) +
                 (process.io_by_kernel ? ", by_kernel: true" : "") + elsewhere(process.io_elsewhere) +
                 ", time: " + distribution(process.io) + "}\n";
      text_ += "        do: [";
      for (size_t i = 0; i < process.steps.size(); ++i) text_ += (i > 0 ? ", " : "") + step(process.steps[i]);
      text_ += "]\n";
      if (process.loop.empty()) continue;
      text_ += "        loop: [";
      for (size_t i = 0; i < process.loop.size(); ++i) text_ += (i > 0 ? ", " : "") + runs(process.loop[i]);
      text_ += "]\n";
    }
  }

  std::string head(const BuildMake& make) const {
    return "start: " + time_text(make.start) + ", each: " + time_text(make.each) + ", end: " + time_text(make.end);
  }

  // A line for one that starts no others.
  void write(const BuildMake& make, int depth) {
    const std::string indent(static_cast<size_t>(2 * depth), ' ');
    text_ += indent + "start: " + time_text(make.start) + "\n" + indent + "each: " + time_text(make.each) + "\n" +
             indent + "end: " + time_text(make.end) + "\n";
    text_ += indent + "do:" + (make.items.empty() ? " []" : "") + "\n";
    for (const BuildItem& item : make.items) {
      const std::string then = item.then ? "then " : "";
      if (item.make.empty()) {
        text_ += indent + "  - " + then + runs(item.runs) + "\n";
        continue;
      }
      const BuildMake& inner = item.make[0];
      const bool leaf =
          std::all_of(inner.items.begin(), inner.items.end(), [](const BuildItem& i) { return i.make.empty(); });
      text_ += indent + "  - " + then + "make:";
      if (!leaf) {
        text_ += "\n";
        write(inner, depth + 3);
        continue;
      }
      text_ += " {" + head(inner) + ", do: [";
      for (size_t i = 0; i < inner.items.size(); ++i)
        text_ += std::string(i > 0 ? ", " : "") + (inner.items[i].then ? "then " : "") + runs(inner.items[i].runs);
      text_ += "]}\n";
    }
  }

  const BuildModel* model_ = nullptr;
  std::string text_;
};

}  // namespace

std::string build_to_yaml(const BuildModel& model) { return Writer().write(model); }

}  // namespace simsched
