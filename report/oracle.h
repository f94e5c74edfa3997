// A kernel and its simulation side by side, for people and for programs.
#pragma once

#include <string>

#include "experiment/oracle.h"
#include "report/table.h"

namespace simsched {

std::string oracle_table(const OracleResult& result, const Look& look);
std::string oracle_json(const OracleResult& result);

}  // namespace simsched
