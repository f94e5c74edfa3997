// manifest.json of an exported scheduler: what a loader needs, and what an administrator wants to know. Written by
// `simsched export`, read by simsched-loader and `simsched verify`; docs/port.md describes every key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/tunables.h"
#include "base/units.h"
#include "scx_port/manifest/loader_settings.h"

namespace simsched {

inline constexpr const char* kManifestSchema = "simsched-export/1";
// One whose loader has more to do than a loader of the first schema knows.
inline constexpr const char* kManifestSchemaWithLoader = "simsched-export/2";
inline constexpr const char* kManifestFile = "manifest.json";
inline constexpr const char* kObjectFile = "policy.bpf.o";
inline constexpr const char* kModelFile = "model.bin";
inline constexpr const char* kModelOption = "model";      // of a user-space half that has one: its path
inline constexpr const char* kExpertsOption = "experts";  // ... that has several, of which one decides at a time

struct Manifest {
  struct Variable {
    std::string name, text;        // as the config has it: "options.slice_ns", "20ms"
    std::vector<std::byte> bytes;  // the whole variable, as the loader writes it
  };
  struct Model {
    std::string file;
    uint32_t version = 0, crc = 0;
  };
  // The machine that it was simulated on.
  struct Shape {
    std::string name;
    size_t cpus = 0, cores = 0, llcs = 0, nodes = 0;
  };

  std::string policy;   // "scx_rusty"; of a file: its name
  std::string ops;      // the struct_ops variable
  std::string license;  // the object's
  std::string object_sha256;
  std::vector<Variable> variables;
  std::vector<std::pair<std::string, uint32_t>> map_entries;  // sizes
  LoaderSettings loader;
  std::string user_half;
  Tunables user_options;
  std::optional<Model> model;
  std::vector<Model> experts;                        // in the order of their slots, from 1 on
  std::vector<std::pair<std::string, Nanos>> costs;  // by op: what was charged in simulation, or measured
  std::string costs_from;                            // how they were found
  Shape machine;
  std::string results;   // JSON: the simulated results that justified it; empty: none
  std::string version;   // of simsched
  std::string revision;  // of its source
};

// The same manifest gives the same bytes.
std::string manifest_to_json(const Manifest& manifest);
// Throws Error (where: `name`) for anything that is not such a file.
Manifest manifest_from_json(std::string_view text, const std::string& name);

// Whether the kernel gives sched_ext's functions to a program of this licence (include/linux/license.h).
bool is_gpl_compatible(std::string_view license);

// Of the model in that slot, where there are several: "expert-1.bin".
std::string expert_file(size_t slot);

// Lower-case hexadecimal.
std::string sha256(std::span<const std::byte> bytes);

// An exported folder, read and checked: object and model are those that the manifest names. Throws Error.
struct ExportedFolder {
  std::string path;
  Manifest manifest;
  std::vector<std::byte> object;

  std::string model_path() const;  // empty: the policy has none
  std::vector<std::string> expert_paths() const;
  Tunables user_options() const;  // the manifest's, and where the model is
};
ExportedFolder read_exported_folder(const std::string& path);

}  // namespace simsched
