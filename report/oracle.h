// A kernel and its simulation side by side, for people and for programs.
#pragma once

#include <string>

#include "experiment/oracle.h"

namespace simsched {

std::string oracle_table(const OracleResult& result, bool colour);
std::string oracle_json(const OracleResult& result);

}  // namespace simsched
