# What talks to a running kernel's BPF. It needs a libbpf that attaches struct_ops through links (1.4), linked statically;
# scripts/fetch-libbpf brings it. Without it the simulator is built all the same.
set(SIMSCHED_LIBBPF ${PROJECT_SOURCE_DIR}/build/libbpf CACHE PATH "libbpf >= 1.4: include/ and lib/libbpf.a")
if(NOT EXISTS ${SIMSCHED_LIBBPF}/lib/libbpf.a)
  message(WARNING "no libbpf in ${SIMSCHED_LIBBPF}: simsched-loader is not built; run scripts/fetch-libbpf")
  return()
endif()

add_library(libbpf_static INTERFACE)
target_include_directories(libbpf_static SYSTEM BEFORE INTERFACE ${SIMSCHED_LIBBPF}/include)
target_link_libraries(libbpf_static INTERFACE ${SIMSCHED_LIBBPF}/lib/libbpf.a elf z)
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  # What LIBBPF_OPTS() expands to.
  target_compile_options(libbpf_static INTERFACE -Wno-gnu-statement-expression -Wno-c99-extensions)
endif()

# Objects, programs and maps in the kernel; the user-space halves of policies. Of the rooms before it only what needs no
# library that cannot be linked statically.
set(port ${PROJECT_SOURCE_DIR}/scx_port)
file(GLOB live_sources CONFIGURE_DEPENDS ${port}/live/*.cc ${port}/model/*.cc ${port}/user/*.cc ${port}/user/*/*.cc)
list(FILTER live_sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")
add_library(scx_live STATIC ${live_sources} ${PROJECT_SOURCE_DIR}/topology/machine.cc
                            ${PROJECT_SOURCE_DIR}/policies/tunables.cc)
target_link_libraries(scx_live PUBLIC base Boost::headers nlohmann_json::nlohmann_json libbpf_static)

# simsched_live_program(NAME FOLDER): a static executable of scx_port/FOLDER/*.cc.
function(simsched_live_program name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${port}/${folder}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE scx_live)
  if(NOT SIMSCHED_SANITIZE)
    target_link_options(${name} PRIVATE -static)
  endif()
endfunction()

# simsched_live_test(NAME FOLDER): scx_port/FOLDER/*_test.cc, which load programs into this machine's kernel. They need
# root and BPF, say so where there is neither, and have the label `bpf`.
function(simsched_live_test name folder)
  file(GLOB tests CONFIGURE_DEPENDS ${port}/${folder}/*_test.cc)
  if(SIMSCHED_TESTS AND tests)
    add_executable(${name} ${tests})
    target_link_libraries(${name} PRIVATE scx_live GTest::gtest GTest::gtest_main GTest::gmock)
    target_compile_definitions(${name} PRIVATE SIMSCHED_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    gtest_discover_tests(${name} PROPERTIES LABELS bpf DISCOVERY_MODE PRE_TEST)
  endif()
endfunction()

simsched_live_test(scx_live_test live)
if(TARGET scx_live_test)
  foreach(program parity slots)
    simsched_bpf_object(scx_live_test ${program} ${port}/live/programs/${program}.bpf.c)
  endforeach()
endif()
