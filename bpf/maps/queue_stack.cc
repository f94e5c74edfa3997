// BPF_MAP_TYPE_QUEUE and STACK (kernel/bpf/queue_stack_maps.c). The values are the host's: none has an address.
#include <linux/bpf.h>

#include <cstring>
#include <deque>

#include "base/error.h"
#include "bpf/maps/map.h"

namespace simsched::bpf {
namespace {

class QueueStackMap : public Map {
 public:
  QueueStackMap(Vm& vm, uint32_t index) : Map(vm, index), stack_(spec_.type == BPF_MAP_TYPE_STACK) {
    if (spec_.key_size != 0 || spec_.value_size == 0 || spec_.max_entries == 0) {
      throw Error(vm.object().name, "queue or stack " + spec_.name + " has keys, or no values or entries",
                  "set value and max_entries only");
    }
  }

  void assign(const Map& other) override { values_ = static_cast<const QueueStackMap&>(other).values_; }
  int64_t push(const std::byte* value, uint64_t flags) override {
    if ((flags & kNoExist) != 0 || flags > kExist) return -EINVAL;
    if (values_.size() >= spec_.max_entries) {
      if ((flags & kExist) == 0) return -E2BIG;
      values_.pop_front();  // the oldest makes room, in a stack, too
    }
    values_.emplace_back(value, value + spec_.value_size);
    return 0;
  }
  int64_t pop(std::byte* value) override { return take(value, true); }
  int64_t peek(std::byte* value) override { return take(value, false); }
  int64_t update(const std::byte*, const std::byte*, uint64_t) override { return -EINVAL; }
  int64_t erase(const std::byte*) override { return -EINVAL; }

 private:
  int64_t take(std::byte* value, bool remove) {
    if (values_.empty()) {
      std::memset(value, 0, spec_.value_size);
      return -ENOENT;
    }
    const auto& from = stack_ ? values_.back() : values_.front();
    std::memcpy(value, from.data(), spec_.value_size);
    if (remove) stack_ ? values_.pop_back() : values_.pop_front();
    return 0;
  }

  bool stack_;
  std::deque<std::vector<std::byte>> values_;
};

}  // namespace

std::unique_ptr<Map> make_queue_stack(Vm& vm, uint32_t index) { return std::make_unique<QueueStackMap>(vm, index); }

}  // namespace simsched::bpf
