// The key `loader` of a manifest: LoaderSettings; docs/port.md describes it.
#pragma once

#include "scx_port/manifest/json_reader.h"
#include "scx_port/manifest/loader_settings.h"

namespace simsched {

// Empty when there are no settings.
Json loader_to_json(const LoaderSettings& settings);
LoaderSettings loader_from_json(const Json& json, const JsonReader& reader);

}  // namespace simsched
