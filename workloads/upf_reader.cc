#include "workloads/upf_reader.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "base/embedded.h"
#include "base/error.h"
#include "base/files.h"
#include "base/int128.h"
#include "base/suggest.h"
#include "base/yaml/yaml_values.h"
#include "workloads/five_qi.h"
#include "workloads/rates.h"
#include "workloads/upf_keys.h"

namespace simsched {

std::span<const EmbeddedFile> embedded_packets();  // configs/packets/*, by name; see CMakeLists.txt

namespace {

constexpr Nanos kLongest = 3600_s;
constexpr int32_t kTunnelHeaders = 44;  // IPv4 20, UDP 8, GTP-U 8 and 4, PDU session container 4

using Names = std::vector<std::string>;

class UpfReader {
 public:
  UpfReader(const YAML::Node& node, const std::string& file) : file_(file), map_(node, file, "upf", names_of(upf_keys())) {}

  UpfPlan read() {
    YAML::Node classes, flows;
    std::string preset_file = file_;
    const bool own = map_.has("classes") || map_.has("flows");
    if (own && map_.has("preset"))
      throw Error(map_.where("preset"), "a preset has classes and flows of its own", "leave out one of them");
    if (own) {
      for (const char* key : {"classes", "flows"})
        if (!map_.has(key))
          throw Error(map_.where(), std::string("has no ") + key, "give both classes and flows, or a preset");
      classes = map_.at("classes");
      flows = map_.at("flows");
    } else {
      const std::string name = map_.has("preset") ? map_.text("preset") : "talk";
      preset_file = name + ".yaml";
      const YAML::Node preset = YAML::Load(std::string(preset_text(name)));
      classes = preset["classes"];
      flows = preset["flows"];
    }
    const bool costs = map_.has("cost");
    if (costs) cost_ = read_cost(map_.at("cost"), cost_);
    overhead_ = static_cast<int32_t>(integer_or(map_, upf_keys(), "headers", kTunnelHeaders));
    workers_ = integer_or(map_, upf_keys(), "workers", 2);
    queue_ = integer_or(map_, upf_keys(), "queue", 512);
    load_percent_ = integer_or(map_, upf_keys(), "load", 100);
    read_rings();
    read_netdev();
    read_classes(classes, preset_file);
    read_flows(flows, preset_file);
    read_tasks();
    return std::move(plan_);
  }

 private:
  std::string_view preset_text(const std::string& name) const {
    Names names;
    for (const EmbeddedFile& each : embedded_packets()) {
      if (std::string_view(each.name) == "five_qi") continue;
      if (std::string_view(each.name) == name) return each.content;
      names.emplace_back(each.name);
    }
    throw Error(map_.where("preset"), "there is no preset '" + name + "'", suggest(name, names));
  }

  static Nanos duration_or(const YamlMap& map, const std::string& key, Nanos low, Nanos high, Nanos otherwise) {
    return map.has(key) ? yaml_duration(map, key, low, high) : otherwise;
  }
  static std::vector<YAML::Node> list(const YAML::Node& node, const std::string& file, const std::string& what) {
    if (!node.IsSequence() || node.size() == 0)
      throw Error(yaml_where(node, file), what + " is not a list", "write one entry a line, after '-'");
    return std::vector<YAML::Node>(node.begin(), node.end());
  }

  PacketCost read_cost(const YAML::Node& node, PacketCost cost) const {
    YamlMap map(node, file_of_, "cost", names_of(packet_cost_keys()));
    cost.fixed = Work(duration_or(map, "fixed", 0_ns, 1_s, Nanos(cost.fixed.count())).count());
    cost.per_byte_ps = integer_or(map, packet_cost_keys(), "per_byte_ps", cost.per_byte_ps);
    cost.encrypted_byte_ps = integer_or(map, packet_cost_keys(), "encrypted_byte_ps", cost.encrypted_byte_ps);
    return cost;
  }

  void read_rings() {
    CpuSet on = CpuSet::single(CpuId(0));
    PacketRing ring;
    ring.capacity = 1024;
    ring.cost = {Work(1500), 0, 0};
    if (map_.has("rings")) {
      YamlMap map(map_.at("rings"), file_, "rings", names_of(ring_keys()));
      if (map.has("cpus")) on = yaml_cpus(map.at("cpus"), map.file(), "cpus");
      ring.capacity = static_cast<uint32_t>(integer_or(map, ring_keys(), "capacity", ring.capacity));
      if (map.has("cost")) ring.cost = read_cost(map.at("cost"), ring.cost);
      if (map.has("threaded")) plan_.threaded = map.boolean("threaded");
    }
    for (CpuId cpu : on) {
      ring.cpu = cpu;
      plan_.packets.rings.push_back(ring);
    }
  }

  void read_netdev() {
    NetdevParams& netdev = plan_.packets.netdev;
    netdev.interrupt = Work(1000);
    if (!map_.has("netdev")) return;
    YamlMap map(map_.at("netdev"), file_, "netdev", names_of(netdev_keys()));
    netdev.budget = static_cast<int32_t>(integer_or(map, netdev_keys(), "budget", netdev.budget));
    netdev.weight = static_cast<int32_t>(integer_or(map, netdev_keys(), "weight", netdev.weight));
    netdev.budget_time = duration_or(map, "budget_time", 1_us, 1_s, netdev.budget_time);
    netdev.interrupt = Work(duration_or(map, "interrupt", 0_ns, 1_ms, Nanos(netdev.interrupt.count())).count());
  }

  void read_classes(const YAML::Node& nodes, const std::string& file) {
    file_of_ = file;
    for (const YAML::Node& node : list(nodes, file, "classes")) {
      YamlMap map(node, file, "a class", names_of(packet_class_keys()));
      if (!map.has("name")) throw Error(map.where(), "a class has no name", "add name: NAME");
      PacketClass each;
      each.name = map.text("name");
      const bool word = !each.name.empty() && std::all_of(each.name.begin(), each.name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      });
      if (!word || each.name == "all")
        throw Error(map.where("name"), "a class cannot be called '" + each.name + "'",
                    "take letters, digits and '_', not 'all'");
      if (std::any_of(plan_.packets.classes.begin(), plan_.packets.classes.end(),
                      [&](const PacketClass& other) { return other.name == each.name; }))
        throw Error(map.where("name"), "two classes are called '" + each.name + "'", "give one another name");
      if (map.has("five_qi")) {
        const FiveQi* known = find_five_qi(integer_of(map, packet_class_keys(), "five_qi"));
        if (known == nullptr)
          throw Error(map.where("five_qi"), "5QI " + map.text("five_qi") + " is not standardised",
                      "take one of configs/packets/five_qi.csv, or give a budget instead");
        each.budget = known->core_budget;
      }
      each.sla = duration_or(map, "sla", 1_ns, kLongest, Nanos(0));
      each.budget = duration_or(map, "budget", 1_ns, kLongest, each.budget);
      each.cost = map.has("cost") ? read_cost(map.at("cost"), cost_) : cost_;
      UpfWorkers workers;
      workers.name = map.has("task") ? map.text("task") : "upf-" + each.name;
      workers.count = integer_or(map, packet_class_keys(), "workers", workers_);
      workers.nice = static_cast<int8_t>(integer_or(map, packet_class_keys(), "nice", 0));
      if (map.has("cpus")) workers.cpus = yaml_cpus(map.at("cpus"), map.file(), "cpus");
      plan_.queue.push_back(static_cast<uint32_t>(integer_or(map, packet_class_keys(), "queue", queue_)));
      plan_.workers.push_back(std::move(workers));
      plan_.packets.classes.push_back(std::move(each));
    }
  }

  void read_flows(const YAML::Node& nodes, const std::string& file) {
    for (const YAML::Node& node : list(nodes, file, "flows")) {
      YamlMap map(node, file, "a flow", names_of(packet_flow_keys()));
      PacketFlow flow;
      flow.packet_class = class_of(map);
      flow.qfi = static_cast<uint8_t>(integer_or(map, packet_flow_keys(), "qfi", 0));
      flow.overhead = static_cast<int32_t>(integer_or(map, packet_flow_keys(), "headers", overhead_));
      if (map.has("encrypted")) flow.encrypted = map.boolean("encrypted");
      read_sizes(map, flow);
      read_arrivals(map, flow.arrivals);
      const int64_t count = integer_or(map, packet_flow_keys(), "count", 1);
      if (plan_.packets.flows.size() + static_cast<size_t>(count) > kMostFlows)
        throw Error(map.where(), "there are more than " + std::to_string(kMostFlows) + " flows",
                    "take fewer, at higher rates");
      const size_t rings = plan_.packets.rings.size();
      const bool bound = map.has("ring");
      const auto ring = static_cast<size_t>(map.integer_or("ring", 0, static_cast<int64_t>(rings) - 1, 0));
      // One with a count of 1 comes at every ring, a part of its rate each: as many users do that a card spreads.
      if (!bound && !map.has("count") && rings > 1) {
        spread(flow, map);
        continue;
      }
      for (int64_t i = 0; i < count; ++i) {
        flow.ring = RingId(bound ? ring : plan_.packets.flows.size() % rings);
        plan_.packets.flows.push_back(flow);
      }
    }
  }

  void spread(PacketFlow flow, const YamlMap& map) {
    const auto rings = static_cast<int64_t>(plan_.packets.rings.size());
    Arrivals& arrivals = flow.arrivals;
    const bool recorded = arrivals.kind == Arrivals::Kind::kRecorded;
    if (recorded) {
      for (uint32_t i = 0; i < arrivals.nr_steps; ++i) plan_.packets.steps[arrivals.first_step + i].rate /= rings;
    } else if (arrivals.rate < rings) {
      throw Error(map.where("rate"), "less than one packet a second for each ring", "name its ring: 0");
    } else {
      arrivals.rate /= rings;
      check_burst(map, arrivals);
    }
    for (int64_t ring = 0; ring < rings; ++ring) {
      flow.ring = RingId(static_cast<size_t>(ring));
      plan_.packets.flows.push_back(flow);
    }
  }

  PacketClassId class_of(const YamlMap& map) const {
    if (!map.has("class")) throw Error(map.where(), "a flow has no class", "add class: NAME");
    const std::string name = map.text("class");
    Names names;
    for (size_t i = 0; i < plan_.packets.classes.size(); ++i) {
      names.push_back(plan_.packets.classes[i].name);
      if (names.back() == name) return PacketClassId(i);
    }
    throw Error(map.where("class"), "there is no class '" + name + "'", suggest(name, names));
  }

  // {64: 40, 64-576: 20, 1400: 40}: bytes, or a range of them, and how often.
  void read_sizes(const YamlMap& map, PacketFlow& flow) {
    auto& sizes = plan_.packets.sizes;
    flow.first_size = static_cast<uint32_t>(sizes.size());
    if (!map.has("sizes")) throw Error(map.where(), "a flow has no sizes", "add sizes: {1400: 1}");
    const YAML::Node node = map.at("sizes");
    if (!node.IsMap() || node.size() == 0)
      throw Error(map.where("sizes"), "sizes is not a mapping", "write bytes and how often: {64: 3, 1400: 1}");
    uint32_t sum = 0;
    for (const auto& entry : node) {
      const std::string text = yaml_text(entry.first, map.file(), "a size");
      const size_t dash = text.find('-');
      auto bytes = [&](std::string_view part) {
        int32_t value = 0;
        auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), value);
        if (failed == std::errc() && end == part.data() + part.size() && value >= 1 && value <= kMostPacketBytes)
          return value;
        throw Error(yaml_where(entry.first, map.file()), "a size is '" + std::string(part) + "'",
                    "take a whole number from 1 to " + std::to_string(kMostPacketBytes));
      };
      SizeRange range;
      range.low = bytes(text.substr(0, dash));
      range.high = dash == std::string::npos ? range.low : bytes(text.substr(dash + 1));
      if (range.high < range.low)
        throw Error(yaml_where(entry.first, map.file()), "the sizes '" + text + "' are none",
                    "put the smaller one first");
      sum += static_cast<uint32_t>(yaml_integer(entry.second, map.file(), "how often", 1, 1'000'000));
      range.up_to = sum;
      sizes.push_back(range);
      if (++flow.nr_sizes > 1000) throw Error(map.where("sizes"), "there are more than 1000 sizes", "take ranges");
    }
  }

  void read_arrivals(const YamlMap& map, Arrivals& arrivals) {
    const std::string kind = map.has("arrivals") ? map.text("arrivals") : map.has("rates") ? "recorded" : "poisson";
    const Names kinds(std::begin(kArrivalNames), std::end(kArrivalNames));
    auto found = std::find(kinds.begin(), kinds.end(), kind);
    if (found == kinds.end())
      throw Error(map.where("arrivals"), "there are no arrivals '" + kind + "'", suggest(kind, kinds));
    arrivals.kind = static_cast<Arrivals::Kind>(found - kinds.begin());
    const bool recorded = arrivals.kind == Arrivals::Kind::kRecorded, bursty = arrivals.kind == Arrivals::Kind::kBursty;
    for (const auto& [key, wanted] :
         {std::pair{"rates", recorded}, {"rate", !recorded}, {"burst", bursty}, {"pause", bursty}}) {
      if (map.has(key) != wanted)
        throw Error(map.where(key), kind + " arrivals " + (wanted ? "have no " : "take no ") + key,
                    wanted ? std::string("add ") + key : std::string("leave ") + key + " out");
    }
    if (recorded) return read_rates(map, arrivals);
    const int64_t rate = integer_of(map, packet_flow_keys(), "rate");
    arrivals.rate = static_cast<int64_t>(static_cast<Int128>(rate) * load_percent_ / 100);
    if (arrivals.rate < 1 || arrivals.rate > kMostPacketRate)
      throw Error(map.where("rate"), "with a load of " + std::to_string(load_percent_) + "% its rate is out of range",
                  "take 1 to 1000000000 packets a second");
    if (!bursty) return;
    arrivals.on = yaml_duration(map, "burst", 1_us, kLongest);
    arrivals.off = yaml_duration(map, "pause", 1_us, kLongest);
    check_burst(map, arrivals);
  }

  static void check_burst(const YamlMap& map, const Arrivals& arrivals) {
    if (arrivals.kind != Arrivals::Kind::kBursty) return;
    const Int128 packets = static_cast<Int128>(arrivals.rate) * (arrivals.on + arrivals.off).count();
    if (packets < 1'000'000'000)
      throw Error(map.where("burst"), "a burst at one ring has less than one packet on the average",
                  "take longer bursts, or a higher rate");
    if (packets / arrivals.on.count() > kMostPacketRate)
      throw Error(map.where("burst"), "its bursts have more than 1000000000 packets a second", "take longer bursts");
  }

  void read_rates(const YamlMap& map, Arrivals& arrivals) {
    const std::string path = map.text("rates");
    std::filesystem::path beside = std::filesystem::path(file_).parent_path() / path;
    std::error_code ignored;
    if (!std::filesystem::exists(beside, ignored)) beside = path;
    if (!std::filesystem::exists(beside, ignored))
      throw Error(map.where("rates"), "there is no file " + path,
                  "give its path from the config's folder or from the current one");
    std::vector<RateStep> steps = parse_rates(read_file(beside.string()).text(), beside.string());
    auto& all = plan_.packets.steps;
    arrivals.first_step = static_cast<uint32_t>(all.size());
    arrivals.nr_steps = static_cast<uint32_t>(steps.size());
    for (RateStep& step : steps) {
      step.rate =
          static_cast<int64_t>(std::min<Int128>(kMostPacketRate, static_cast<Int128>(step.rate) * load_percent_ / 100));
      all.push_back(step);
    }
  }

  void read_tasks() {
    if (!map_.has("tasks")) return;
    for (const YAML::Node& node : list(map_.at("tasks"), file_, "tasks")) {
      YamlMap map(node, file_, "a task", names_of(upf_task_keys()));
      UpfTask task;
      for (const char* key : {"name", "period", "work"})
        if (!map.has(key)) throw Error(map.where(), std::string("a task has no ") + key, std::string("add ") + key);
      task.name = map.text("name");
      task.count = integer_or(map, upf_task_keys(), "count", 1);
      task.period = yaml_duration(map, "period", 1_us, kLongest);
      task.work = Work(yaml_duration(map, "work", 1_ns, kLongest).count());
      plan_.tasks.push_back(std::move(task));
    }
  }

  const std::string file_;
  std::string file_of_ = file_;  // of what is being read: a preset's, or the config
  YamlMap map_;
  UpfPlan plan_;
  PacketCost cost_{Work(10'000), 2'000, 1'000};
  int32_t overhead_ = kTunnelHeaders;
  int64_t workers_ = 2, queue_ = 512, load_percent_ = 100;
};

}  // namespace

UpfPlan read_upf(const YAML::Node& node, const std::string& file) {
  const bool none = !node.IsDefined() || node.IsNull();
  return UpfReader(none ? YAML::Node(YAML::NodeType::Map) : node, file).read();
}

}  // namespace simsched
