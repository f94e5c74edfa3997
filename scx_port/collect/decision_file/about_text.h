// The text at the end of a decision file: lines of a key and its values, for any program that can split at spaces. It
// names the columns, so that the rows can be read without this code.
#pragma once

#include <string>
#include <string_view>

#include "scx_port/collect/decision_file/decision_file.h"

namespace simsched::collect {

std::string about_text(const About& about);
// Throws Error, in the name of file `name`. Keys it does not know are for later versions.
About parse_about(std::string_view text, const std::string& name);

}  // namespace simsched::collect
