# simsched_rows(TARGET FUNCTION SUFFIX TYPE HEADER FILES...): a registry whose rows stand in their own folders. Each of
# FILES is .../FOLDER/x.cc and defines `TYPE simsched::FOLDER_SUFFIX()`, a vector of rows; the generated
# `TYPE simsched::FUNCTION()`, declared in HEADER, has them all, folder by folder. A new folder needs no line anywhere.
function(simsched_rows target function suffix type header)
  set(declarations "")
  set(calls "")
  foreach(file IN LISTS ARGN)
    get_filename_component(folder ${file} DIRECTORY)
    get_filename_component(folder ${folder} NAME)
    string(APPEND declarations "${type} ${folder}_${suffix}();\n")
    string(APPEND calls "  for (auto& row : ${folder}_${suffix}()) all.push_back(std::move(row));\n")
  endforeach()
  set(output ${PROJECT_BINARY_DIR}/${function}.cc)
  file(CONFIGURE OUTPUT ${output} CONTENT "#include <utility>

#include \"@header@\"

namespace simsched {

@declarations@
@type@ @function@() {
  @type@ all;
@calls@  return all;
}

}  // namespace simsched
" @ONLY)
  target_sources(${target} PRIVATE ${output})
endfunction()
