// What a page is made of, as it lies in report/page/.
#pragma once

#include <string_view>

namespace simsched {

std::string_view page_file(std::string_view name);  // without extension

}  // namespace simsched
