include(GoogleTest)

# simsched_room(NAME FOLDER folder LINK targets... WITHOUT folders... TEST_LINK targets...): a static library of FOLDER
# (default: NAME). Its *_test.cc become the executable NAME_test (ctest label `unit`), each *_fuzz.cc a libFuzzer
# executable of its own. Sources in sub-folders belong to the room, but for those WITHOUT: they have targets of their own.
#
# A file may include what its target links, directly or through what that links, and nothing else: rooms.txt in the
# build folder has the lists (NAME FOLDER LINK... for TEST_LINK...), and tests/includes_test.py holds every #include to them.
function(simsched_room name)
  cmake_parse_arguments(ROOM "" "FOLDER" "LINK;WITHOUT;TEST_LINK" ${ARGN})
  if(NOT ROOM_FOLDER)
    set(ROOM_FOLDER ${name})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${ROOM_FOLDER}/*.cc)
  foreach(folder IN LISTS ROOM_WITHOUT)
    list(FILTER sources EXCLUDE REGEX "/${ROOM_FOLDER}/${folder}/")
  endforeach()
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")

  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC simsched_flags Threads::Threads ${ROOM_LINK})
  simsched_may_include(${name} ${ROOM_FOLDER} "${ROOM_LINK}" "${ROOM_TEST_LINK}")

  if(SIMSCHED_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} ${ROOM_TEST_LINK} GTest::gtest GTest::gtest_main GTest::gmock
                                               ${RAPIDCHECK_LIBRARY})
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

# simsched_may_include(NAME FOLDER LINKS TEST_LINKS): a line of rooms.txt, for targets that are no room too.
function(simsched_may_include name folder links test_links)
  string(REPLACE ";" "," links "${links}")
  string(REPLACE ";" "," test_links "${test_links}")
  set_property(GLOBAL APPEND_STRING PROPERTY SIMSCHED_ROOMS "${name}|${folder}|${links}|${test_links}\n")
endfunction()
