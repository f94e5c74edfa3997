#include "topology/draw/core_type_charts.h"

#include <algorithm>
#include <bit>
#include <vector>

namespace simsched {
namespace {

using svg::box;
using svg::label;
using svg::Size;

constexpr int kBarWidth = 44, kBarGap = 8, kChartHeight = 110;
constexpr int kRowHeight = 20, kNameWidth = 96, kDoubling = 14;  // of idle states: a step to the right doubles the time
constexpr int kHeading = 24, kAxis = 34, kBetween = 28, kBelow = 20;

bool is_drawn(const CoreType& type) { return !type.opps.empty() || !type.idle_states.empty(); }

std::string watts(int64_t microwatts) {
  if (microwatts >= 10'000'000) return std::to_string(microwatts / 1'000'000) + " W";
  if (microwatts >= 1'000'000)
    return std::to_string(microwatts / 1'000'000) + "." + std::to_string(microwatts / 100'000 % 10) + " W";
  return std::to_string(microwatts / 1000) + " mW";
}

std::string duration(Nanos time) {
  if (time >= 10_ms) return std::to_string(time / 1_ms) + " ms";
  return time >= 10_us || time % 1_us == Nanos(0) ? std::to_string(time / 1_us) + " us"
                                                  : std::to_string(time.count()) + " ns";
}

// 0 for less than 64 ns.
int doublings(Nanos time) {
  return std::max(0, static_cast<int>(std::bit_width(static_cast<uint64_t>(time.count()))) - 6);
}

Size opps_size(const CoreType& type) {
  return {static_cast<int>(type.opps.size()) * (kBarWidth + kBarGap), kChartHeight + kAxis};
}

Size idle_size(const CoreType& type) {
  int longest = 0;
  for (const IdleState& state : type.idle_states) longest = std::max(longest, doublings(state.target_residency));
  return {kNameWidth + longest * kDoubling + 80, static_cast<int>(type.idle_states.size()) * kRowHeight};
}

Size panel_size(const CoreType& type) {
  const Size opps = opps_size(type), idle = type.idle_states.empty() ? Size{} : idle_size(type);
  const int between = opps.width > 0 && idle.width > 0 ? kBetween : 0;
  return {opps.width + between + idle.width,
          kHeading + (type.opps.empty() ? idle.height : std::max(opps.height, idle.height))};
}

std::string opps(const CoreType& type, Size at) {
  int64_t most = 1;
  for (const OperatingPoint& opp : type.opps) most = std::max(most, opp.cpu_uw + opp.shared_uw);
  const auto height_of = [](int64_t value, int64_t full) {
    return static_cast<int>(value * (kChartHeight - 14) / full);
  };
  std::string text, points;
  const int bottom = at.height + kChartHeight;
  for (size_t i = 0; i < type.opps.size(); ++i) {
    const OperatingPoint& opp = type.opps[i];
    const int x = at.width + static_cast<int>(i) * (kBarWidth + kBarGap), middle = x + kBarWidth / 2;
    const int core = height_of(opp.cpu_uw, most), shared = height_of(opp.shared_uw, most);
    const std::string title = std::to_string(opp.mhz) + " MHz: core " + watts(opp.cpu_uw) + ", shared " +
                              watts(opp.shared_uw) + ", capacity " + std::to_string(opp.capacity);
    text += box("core-power", {x, bottom - core}, {kBarWidth, core}, {}, title);
    if (shared > 0) text += box("shared-power", {x, bottom - core - shared}, {kBarWidth, shared}, {}, title);
    if (opp.cpu_uw > 0) text += label("tiny mid", middle, bottom - core - shared - 3, watts(opp.cpu_uw));
    text += label("tiny mid", middle, bottom + 13, std::to_string(opp.mhz));
    text += label("tiny mid faint", middle, bottom + 25, std::to_string(opp.capacity));
    points += std::to_string(middle) + "," + std::to_string(bottom - height_of(opp.capacity, kCapacityScale)) + " ";
  }
  text += "<polyline class=\"capacity\" points=\"" + points + "\"/>\n";
  return text + label("tiny faint", at.width + opps_size(type).width, bottom + 13, "MHz") +
         label("tiny faint", at.width + opps_size(type).width, bottom + 25, "of 1024");
}

// A bar from the exit latency to the residency; time doubles with each step to the right.
std::string idle_states(const CoreType& type, Size at) {
  std::string text;
  for (size_t i = 0; i < type.idle_states.size(); ++i) {
    const IdleState& state = type.idle_states[i];
    const int y = at.height + static_cast<int>(i) * kRowHeight, x = at.width + kNameWidth;
    const int from = doublings(state.exit_latency) * kDoubling, to = doublings(state.target_residency) * kDoubling;
    const std::string title = state.name + ": " + duration(state.exit_latency) + " to leave, pays from " +
                              duration(state.target_residency) + " on, core " + watts(state.cpu_uw) + ", shared " +
                              watts(state.shared_uw);
    text += label("small", at.width, y + 14, state.name);
    text += box("leaving", {x, y + 4}, {std::max(from, 2), 12}, {}, title);
    text += box("sleeping", {x + std::max(from, 2), y + 4}, {std::max(to - from, 2), 12}, {}, title);
    text += label("tiny", x + std::max(from, 2) + std::max(to - from, 2) + 5, y + 14, duration(state.exit_latency));
  }
  return text;
}

}  // namespace

svg::Size core_type_charts_size(const Machine& machine) {
  Size size;
  for (const CoreType& type : machine.spec().core_types) {
    if (!is_drawn(type)) continue;
    const Size panel = panel_size(type);
    size = {std::max(size.width, panel.width + 50), size.height + panel.height + kBelow};
  }
  return size;
}

std::string core_type_charts(const Machine& machine, svg::Size at) {
  std::string text;
  for (size_t i = 0; i < machine.spec().core_types.size(); ++i) {
    const CoreType& type = machine.spec().core_types[i];
    if (!is_drawn(type)) continue;
    CpuSet cpus;
    for (CpuId cpu : machine.cpus())
      if (machine.cpu(cpu).type == CoreTypeId(i)) cpus.add(cpu);
    text += label("name", at.width, at.height + 12, "core type " + type.name + ", CPUs " + cpus.str());
    const int x = at.width + (type.opps.empty() ? 0 : opps_size(type).width + kBetween + 30);
    if (!type.opps.empty()) text += opps(type, {at.width, at.height + kHeading});
    text += idle_states(type, {x, at.height + kHeading});
    at.height += panel_size(type).height + kBelow;
  }
  return text;
}

std::string core_type_styles() {
  return ".tiny { font-size: 10px }\n.faint { fill: #7b8794 }\n.core-power { fill: #f0b429 }\n"
         ".shared-power { fill: #fce588 }\n.capacity { fill: none; stroke: #2f6f8f; stroke-width: 2 }\n"
         ".leaving { fill: #9aa5b1 }\n.sleeping { fill: #bcd7ee }\n";
}

}  // namespace simsched
