#include "workloads/upf_keys.h"

#include "workloads/packets.h"

namespace simsched {
namespace {

using Kind = ConfigKey::Kind;

constexpr int64_t kMostPackets = 1'000'000, kMostWorkers = 10'000, kMostHeaders = 1000, kMostPicoseconds = 1'000'000'000;

constexpr ConfigKey kCost[] = {
    {"fixed", Kind::kDuration, "work of a packet, whatever its size"},
    {"per_byte_ps", Kind::kInteger, "picoseconds of each byte", 0, kMostPicoseconds},
    {"encrypted_byte_ps", Kind::kInteger, "more, of each byte of an encrypted flow", 0, kMostPicoseconds},
};
constexpr ConfigKey kRings[] = {
    {"cpus", Kind::kText, "a ring for each of them, which interrupts that CPU"},
    {"capacity", Kind::kInteger, "packets of a ring", 1, kMostPackets},
    {"cost", Kind::kMap, "of taking a packet off the ring", 0, 0, {}, packet_cost_keys},
    {"threaded", Kind::kBoolean, "a thread of its own polls each"},
};
constexpr ConfigKey kNetdev[] = {
    {"budget", Kind::kInteger, "netdev_budget: packets of a soft interrupt", 1, kMostPackets},
    {"budget_time", Kind::kDuration, "netdev_budget_usecs: time of a soft interrupt"},
    {"weight", Kind::kInteger, "packets of a poll", 1, 65'535},
    {"interrupt", Kind::kDuration, "work of an interrupt"},
};
constexpr ConfigKey kClass[] = {
    {"name", Kind::kText, "as figures are called"},
    {"five_qi", Kind::kInteger, "standardised 5QI, which gives the budget", 1, 255},
    {"sla", Kind::kDuration, "what is promised: later is counted"},
    {"budget", Kind::kDuration, "packet delay budget of the core network: later is counted"},
    {"cost", Kind::kMap, "of its packets", 0, 0, {}, packet_cost_keys},
    {"workers", Kind::kInteger, "tasks that take its packets; 0: polling does all", 0, kMostWorkers},
    {"queue", Kind::kInteger, "packets of its queue", 1, kMostPackets},
    {"nice", Kind::kInteger, "of its workers", -20, 19},
    {"cpus", Kind::kText, "where they may run, as \"0-3,8\""},
    {"task", Kind::kText, "name of its workers"},
};
constexpr ConfigKey kFlow[] = {
    {"class", Kind::kText, "name of its class"},
    {"qfi", Kind::kInteger, "QoS flow identifier", 0, kMostQfi},
    {"rate", Kind::kInteger, "packets a second, on the average", 1, kMostPacketRate},
    {"rates", Kind::kText, "in its place a file of lines: ms,packets a second"},
    {"arrivals", Kind::kChoice, "when packets come", 0, 0, kArrivalNames},
    {"burst", Kind::kDuration, "of bursty arrivals: mean length of a burst"},
    {"pause", Kind::kDuration, "of bursty arrivals: mean time between two"},
    {"sizes", Kind::kNamed, "bytes, or a range of them, and how often"},
    {"encrypted", Kind::kBoolean, "its bytes cost encrypted_byte_ps more"},
    {"headers", Kind::kInteger, "bytes of the tunnel around each packet", 0, kMostHeaders},
    {"count", Kind::kInteger, "so many of that rate, one ring after the other", 1, kMostFlows},
    {"ring", Kind::kInteger, "the ring at which it comes", 0, kMostFlows},
};
constexpr ConfigKey kTask[] = {
    {"name", Kind::kText, "of the tasks"},
    {"count", Kind::kInteger, "how many", 1, kMostWorkers},
    {"period", Kind::kDuration, "how often each works"},
    {"work", Kind::kDuration, "each time"},
};
constexpr ConfigKey kUpf[] = {
    {"preset", Kind::kText, "classes and flows: talk, or deadlines"},
    {"classes", Kind::kList, "in place of a preset", 0, 0, {}, packet_class_keys},
    {"flows", Kind::kList, "in place of a preset", 0, 0, {}, packet_flow_keys},
    {"cost", Kind::kMap, "of classes without their own", 0, 0, {}, packet_cost_keys},
    {"headers", Kind::kInteger, "of flows without their own: bytes of the tunnel around each packet", 0, kMostHeaders},
    {"workers", Kind::kInteger, "of classes without their own", 0, kMostWorkers},
    {"queue", Kind::kInteger, "of classes without their own: packets", 1, kMostPackets},
    {"load", Kind::kInteger, "percent of all rates", 1, 100'000},
    {"rings", Kind::kMap, "where packets come in", 0, 0, {}, ring_keys},
    {"netdev", Kind::kMap, "limits of soft interrupts", 0, 0, {}, netdev_keys},
    {"tasks", Kind::kList, "what else works there periodically", 0, 0, {}, upf_task_keys},
};

}  // namespace

ConfigKeys upf_keys() { return kUpf; }
ConfigKeys packet_cost_keys() { return kCost; }
ConfigKeys ring_keys() { return kRings; }
ConfigKeys netdev_keys() { return kNetdev; }
ConfigKeys packet_class_keys() { return kClass; }
ConfigKeys packet_flow_keys() { return kFlow; }
ConfigKeys upf_task_keys() { return kTask; }

}  // namespace simsched
