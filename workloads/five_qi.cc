#include "workloads/five_qi.h"

#include <algorithm>

#include "base/embedded.h"
#include "workloads/packet_lines.h"

namespace simsched {

std::span<const EmbeddedFile> embedded_packets();  // configs/packets/*, by name; see CMakeLists.txt

std::vector<FiveQi> parse_five_qi(std::string_view text, const std::string& file) {
  std::vector<FiveQi> table;
  FieldLines lines(text, file, ';');
  for (bool head = true; lines.next(); head = false) {
    const auto& fields = lines.fields();
    if (fields.size() != 6)
      throw Error(lines.where(), "has " + std::to_string(fields.size()) + " fields",
                  "write 5qi;type;priority;budget_ms;cn_ms;services");
    if (head) continue;
    FiveQi row;
    row.number = static_cast<int32_t>(lines.integer(0, "5qi", 1, 255));
    row.type = fields[1];
    row.priority = static_cast<int32_t>(lines.integer(2, "priority", 1, 127));
    row.budget = Nanos(lines.integer(3, "budget_ms", 1, 100'000) * 1'000'000);
    row.core_budget = Nanos(lines.integer(4, "cn_ms", 1, 100'000) * 1'000'000);
    row.services = fields[5];
    if (std::any_of(table.begin(), table.end(), [&](const FiveQi& other) { return other.number == row.number; }))
      throw Error(lines.where(), "5QI " + std::to_string(row.number) + " is there twice", "keep one");
    table.push_back(std::move(row));
  }
  return table;
}

const std::vector<FiveQi>& five_qi_table() {
  static const std::vector<FiveQi> kTable = [] {
    for (const EmbeddedFile& file : embedded_packets())
      if (std::string_view(file.name) == "five_qi") return parse_five_qi(file.content, "five_qi.csv");
    return std::vector<FiveQi>();
  }();
  return kTable;
}

const FiveQi* find_five_qi(int64_t number) {
  const auto& table = five_qi_table();
  auto found = std::find_if(table.begin(), table.end(), [&](const FiveQi& row) { return row.number == number; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace simsched
