# simsched_embed(TARGET NAME FILES...): compiles text files into TARGET. The generated source defines
# simsched::embedded_NAME(), see base/embedded.h: (file name without extension, content) by name.
function(simsched_embed target name)
  set(files ${ARGN})
  list(SORT files)
  set(output ${PROJECT_BINARY_DIR}/embedded_${name}.cc)
  string(REPLACE ";" "," joined "${files}")
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} "-DFILES=${joined}" -DOUTPUT=${output}
            -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    DEPENDS ${files} ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    COMMENT "Embedding ${name}"
    VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()

# Run as a script, at build time.
if(CMAKE_SCRIPT_MODE_FILE)
  string(REPLACE "," ";" FILES "${FILES}")
  set(entries "")
  foreach(file IN LISTS FILES)
    get_filename_component(stem "${file}" NAME_WE)
    file(READ "${file}" content)
    string(APPEND entries "    {\"${stem}\", R\"embedded(${content})embedded\"},\n")
  endforeach()
  file(WRITE "${OUTPUT}" "#include \"base/embedded.h\"

#pragma GCC diagnostic ignored \"-Woverlength-strings\"  // compilers that matter take longer ones than the standard asks for

namespace simsched {
namespace {
constexpr EmbeddedFile kFiles[] = {
${entries}};
}  // namespace

std::span<const EmbeddedFile> embedded_${NAME}() { return kFiles; }

}  // namespace simsched
")
endif()
