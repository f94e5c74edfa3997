# What talks to a running kernel's BPF. It needs a libbpf that attaches struct_ops through links (1.4), linked statically;
# scripts/fetch-libbpf brings it. Without it the simulator is built all the same.
set(port ${PROJECT_SOURCE_DIR}/scx_port)

# Recordings of decisions: read without any kernel.
simsched_room(decision_file FOLDER scx_port/collect/decision_file LINK base)

set(SIMSCHED_LIBBPF ${PROJECT_SOURCE_DIR}/build/libbpf CACHE PATH "libbpf >= 1.4: include/ and lib/libbpf.a")
if(NOT EXISTS ${SIMSCHED_LIBBPF}/lib/libbpf.a)
  message(WARNING "no libbpf in ${SIMSCHED_LIBBPF}: simsched-loader is not built; run scripts/fetch-libbpf")
  return()
endif()

add_library(libbpf_static INTERFACE)
target_include_directories(libbpf_static SYSTEM BEFORE INTERFACE ${SIMSCHED_LIBBPF}/include)
# LIBBPF_OPTS is a statement expression, which clang notes where it is used.
target_compile_options(libbpf_static INTERFACE
                       $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression;-Wno-c99-extensions>)
target_link_libraries(libbpf_static INTERFACE ${SIMSCHED_LIBBPF}/lib/libbpf.a elf z)

# Objects, programs and maps in the kernel. Of the rooms before it only what needs no library that cannot be linked
# statically.
file(GLOB live_sources CONFIGURE_DEPENDS ${port}/live/*.cc)
list(FILTER live_sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")
add_library(scx_live STATIC ${live_sources})
target_link_libraries(scx_live PUBLIC scx_schedulers scx_manifest libbpf_static)
simsched_owns(scx_live scx_port/live)

# simsched_live_program(NAME FOLDER): a static executable of scx_port/FOLDER/*.cc.
function(simsched_live_program name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${port}/${folder}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE scx_live)
  if(NOT SIMSCHED_SANITIZE)
    target_link_options(${name} PRIVATE -static -s)
  endif()
endfunction()

# simsched_live_test(NAME FOLDER): scx_port/FOLDER/*_test.cc, which load programs into this machine's kernel. They need
# root and BPF, say so where there is neither, and have the label `bpf`.
function(simsched_live_test name folder)
  file(GLOB tests CONFIGURE_DEPENDS ${port}/${folder}/*_test.cc)
  if(SIMSCHED_TESTS AND tests)
    add_executable(${name} ${tests})
    target_link_libraries(${name} PRIVATE scx_live GTest::gtest GTest::gtest_main GTest::gmock)
    simsched_source_dir(${tests})
    gtest_discover_tests(${name} PROPERTIES LABELS bpf DISCOVERY_MODE PRE_TEST)
  endif()
endfunction()

simsched_live_test(scx_live_test live)
if(TARGET scx_live_test)
  foreach(program parity slots)
    simsched_bpf_object(scx_live_test ${program} ${port}/live/programs/${program}.bpf.c)
  endforeach()
endif()
simsched_live_program(simsched-loader loader)
target_link_libraries(simsched-loader PRIVATE CLI11::CLI11)
simsched_owns(simsched-loader scx_port/loader)

# simsched-collect: its parts are a library, so that tests can use them.
simsched_room(scx_collect FOLDER scx_port/collect LINK scx_live decision_file WITHOUT decision_file kernel)
simsched_bpf_object(scx_collect decisions ${port}/collect/decisions.bpf.c)
add_executable(simsched-collect ${port}/collect/main.cc)
target_link_libraries(simsched-collect PRIVATE scx_collect)
if(NOT SIMSCHED_SANITIZE)
  target_link_options(simsched-collect PRIVATE -static)
endif()
if(SIMSCHED_TESTS)
  # One at a time: they count what is attached, and each other.
  file(GLOB collect_kernel_tests CONFIGURE_DEPENDS ${port}/collect/kernel/*_test.cc)
  add_executable(collect_kernel_test ${collect_kernel_tests})
  target_link_libraries(collect_kernel_test PRIVATE scx_collect GTest::gtest GTest::gtest_main GTest::gmock)
  target_compile_definitions(collect_kernel_test PRIVATE SIMSCHED_COLLECT="$<TARGET_FILE:simsched-collect>")
  add_dependencies(collect_kernel_test simsched-collect)
  gtest_discover_tests(collect_kernel_test PROPERTIES LABELS bpf RESOURCE_LOCK collector DISCOVERY_MODE PRE_TEST)
endif()

# simsched-record-calls: the calls by which programs talk, beside perf's recording of the scheduler.
simsched_room(traces_record FOLDER traces/record LINK scx_live traces WITHOUT kernel)
simsched_bpf_object(traces_record calls ${PROJECT_SOURCE_DIR}/traces/record/calls.bpf.c)
add_executable(simsched-record-calls ${PROJECT_SOURCE_DIR}/traces/record/main.cc)
target_link_libraries(simsched-record-calls PRIVATE traces_record)
if(SIMSCHED_TESTS)
  file(GLOB record_kernel_tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/traces/record/kernel/*_test.cc)
  add_executable(record_kernel_test ${record_kernel_tests})
  target_link_libraries(record_kernel_test PRIVATE traces_record GTest::gtest GTest::gtest_main)
  gtest_discover_tests(record_kernel_test PROPERTIES LABELS bpf DISCOVERY_MODE PRE_TEST)
endif()
