// How the programs of the project end: one meaning for each number, in the command, in the loader and in results.
#pragma once

namespace simsched {

enum ExitCode : int {
  kExitOk = 0,
  kExitOutside = 1,        // a regression, or outside of a tolerance
  kExitBadInput = 2,       // bad input or usage
  kExitStall = 42,         // a policy let a runnable task wait for too long
  kExitPolicyError = 43,   // any other error of a policy
  kExitDispatchLoop = 44,  // a callback of a policy never returned
};

}  // namespace simsched
