// The course of a search as SVG: what candidates were worth in each generation, and the archive.
#pragma once

#include <string>

#include "ml/search/search.h"

namespace simsched::search {

std::string search_svg(const Search& search);

}  // namespace simsched::search
