// Which of the BPF programs are attached to the running kernel, and what that lets one see.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scx_port/live/kernel_object.h"

namespace simsched::collect {

// What to do without although the kernel may have it.
struct Without {
  bool fexit = false, kprobe = false;
};

class Hooks {
 public:
  // Before the object is loaded: leaves out what this kernel cannot have.
  Hooks(live::KernelObject& object, Without without);

  // After it: attaches the best that works and tells the programs. Throws Error when outcomes cannot be seen.
  void attach();
  void detach() { links_.clear(); }

  // A line each for placement, balancing and outcomes; with the reason where it is not the best.
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  struct Destroy {
    void operator()(bpf_link* link) const;
  };

  // What hinders fexit on a function; empty: nothing.
  std::string fexit_obstacle(const char* function) const;
  bool attach(const char* program, std::string& obstacle);
  void attach_or_throw(const char* program);
  void attach_placement();
  void attach_balancing();

  live::KernelObject& object_;
  Without without_;
  std::string placement_obstacle_, balancing_obstacle_;
  std::vector<std::unique_ptr<bpf_link, Destroy>> links_;
  std::vector<std::string> lines_;
};

}  // namespace simsched::collect
