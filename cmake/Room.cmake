include(GoogleTest)

# simsched_room(NAME LINK targets... WITHOUT folders...): a static library of the folder NAME. Its *_test.cc become the
# executable NAME_test (ctest label `unit`), each *_fuzz.cc a libFuzzer executable of its own.
# Sources in sub-folders belong to the room, but for those WITHOUT names: they have targets of their own.
function(simsched_room name)
  cmake_parse_arguments(ROOM "" "" "LINK;WITHOUT" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name}/*.cc)
  foreach(folder IN LISTS ROOM_WITHOUT)
    list(FILTER sources EXCLUDE REGEX "/${name}/${folder}/")
  endforeach()
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")

  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC simsched_flags Threads::Threads ${ROOM_LINK})

  if(SIMSCHED_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} GTest::gtest GTest::gtest_main GTest::gmock ${RAPIDCHECK_LIBRARY})
    target_include_directories(${name}_test SYSTEM PRIVATE ${RAPIDCHECK_INCLUDE})
    target_compile_options(${name}_test PRIVATE -O1)  # tests are many and short: what they test is optimised
    target_compile_definitions(${name}_test PRIVATE SIMSCHED_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    gtest_discover_tests(${name}_test PROPERTIES LABELS unit DISCOVERY_MODE PRE_TEST)
  endif()

  if(SIMSCHED_FUZZ)
    foreach(source ${fuzzers})
      get_filename_component(fuzzer ${source} NAME_WE)
      add_executable(${fuzzer} ${source})
      target_link_libraries(${fuzzer} PRIVATE ${name})
      target_compile_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()
