# Policies as BPF C, compiled with the project: clang makes the BPF object that a kernel would load, bpfc translates
# its code to C for this machine, and both become part of a target.
find_program(SIMSCHED_CLANG NAMES clang clang-19 clang-16 clang-14 REQUIRED)

# Debian keeps asm/types.h in a folder of the machine's, which clang does not look into for -target bpf.
set(bpf_flags -target bpf -g -O2 -mcpu=v3 -Wall -Wno-compare-distinct-pointer-types -I${PROJECT_SOURCE_DIR}/scx_port/include
              -ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -fdebug-compilation-dir=.)
if(CMAKE_LIBRARY_ARCHITECTURE)
  list(APPEND bpf_flags -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
endif()
# Where a kprobe finds a function's arguments depends on the machine; libbpf's headers ask for it like this.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  list(APPEND bpf_flags -D__TARGET_ARCH_arm64)
else()
  list(APPEND bpf_flags -D__TARGET_ARCH_x86)
endif()
if(SIMSCHED_WERROR)
  list(APPEND bpf_flags -Werror)
endif()

# The translator as a program, for policies that are compiled in.
add_executable(bpfc ${PROJECT_SOURCE_DIR}/bpf/bpfc/main.cc)
target_link_libraries(bpfc PRIVATE bpf)
simsched_owns(bpfc bpf/bpfc)

# Sets folder and object, in the caller.
macro(simsched_bpf_compile name source)
  set(folder ${PROJECT_BINARY_DIR}/bpf)
  file(MAKE_DIRECTORY ${folder})
  set(object ${folder}/${name}.bpf.o)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${SIMSCHED_CLANG} ${bpf_flags} -MD -MT ${object} -MF ${object}.d -c ${source} -o ${object}
    DEPENDS ${source}
    DEPFILE ${object}.d
    COMMENT "Compiling BPF program ${name}"
    VERBATIM)
endmacro()

# simsched_bpf_object(TARGET NAME SOURCE): a BPF object that only a kernel runs. Its bytes become part of TARGET as
# `extern "C" const unsigned char NAME_bpf_object[]` and `const unsigned long NAME_bpf_object_size`.
function(simsched_bpf_object target name source)
  simsched_bpf_compile(${name} ${source})
  add_custom_command(
    OUTPUT ${folder}/${name}_object.S
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DOBJECT=${object} -DOUTPUT=${folder}/${name}_object.S
            -P ${PROJECT_SOURCE_DIR}/cmake/Incbin.cmake
    DEPENDS ${object} ${PROJECT_SOURCE_DIR}/cmake/Incbin.cmake
    VERBATIM)
  set_source_files_properties(${folder}/${name}_object.S PROPERTIES OBJECT_DEPENDS ${object})
  target_sources(${target} PRIVATE ${folder}/${name}_object.S)
endfunction()

# simsched_bpf_policy(TARGET NAME SOURCE): NAME is the source's name without .bpf.c.
function(simsched_bpf_policy target name source)
  simsched_bpf_compile(${name} ${source})
  add_custom_command(
    OUTPUT ${folder}/${name}.native.c
    COMMAND bpfc ${object} ${folder}/${name}.native.c
    DEPENDS ${object} bpfc
    COMMENT "Translating policy ${name}"
    VERBATIM)
  target_sources(${target} PRIVATE ${folder}/${name}.native.c)
  # Policies run as fast in a debugger's build.
  set_source_files_properties(${folder}/${name}.native.c PROPERTIES COMPILE_OPTIONS -O2)
  set_property(TARGET ${target} APPEND PROPERTY SIMSCHED_BPF_POLICIES ${name})
endfunction()

# simsched_bpf_registry(TARGET): defines simsched::bpf::shipped_policies(), after the last policy.
function(simsched_bpf_registry target)
  get_target_property(names ${target} SIMSCHED_BPF_POLICIES)
  set(declarations "")
  set(entries "")
  if(names)
    list(SORT names)
    foreach(name IN LISTS names)
      string(MAKE_C_IDENTIFIER "vm_code_${name}" code)
      string(APPEND declarations "extern const vm_code ${code};\nextern const unsigned char ${code}_object[];\n"
             "extern const unsigned long ${code}_object_size;\n")
      string(APPEND entries "      {\"${name}\", &${code}, ${code}_object, ${code}_object_size},\n")
    endforeach()
  endif()
  if(entries)
    set(body "  static const ShippedPolicy kPolicies[] = {\n${entries}  };\n  return kPolicies;\n")
  else()
    set(body "  return {};\n")
  endif()
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/bpf/shipped_policies.cc CONTENT "#include \"scx_port/host/shipped.h\"

extern \"C\" {
@declarations@}

namespace simsched::bpf {

std::span<const ShippedPolicy> shipped_policies() {
@body@}

}  // namespace simsched::bpf
" @ONLY)
  target_sources(${target} PRIVATE ${PROJECT_BINARY_DIR}/bpf/shipped_policies.cc)
endfunction()
