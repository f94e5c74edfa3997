include(GoogleTest)

# simsched_room(NAME FOLDER folder LINK targets... WITHOUT folders... TEST_LINK targets...): a static library of FOLDER
# (default: NAME), of headers alone where it has no sources. Its *_test.cc become the executable NAME_test (ctest label
# `unit`), each *_fuzz.cc a libFuzzer executable of its own. Sources in sub-folders belong to the room, but for those
# WITHOUT: they have targets of their own.
#
# A file may include what its target links, directly or through what that links, and nothing else:
# tests/includes_test.py holds every #include to what simsched_rooms() writes down.
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

  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC simsched_flags Threads::Threads ${ROOM_LINK})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ROOM_LINK})
  endif()
  simsched_owns(${name} ${ROOM_FOLDER})

  if(SIMSCHED_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} ${ROOM_TEST_LINK} GTest::gtest GTest::gtest_main GTest::gmock
                                               rapidcheck)
    target_compile_options(${name}_test PRIVATE -O1)  # tests are many and short: what they test is optimised
    simsched_source_dir(${tests})
    gtest_discover_tests(${name}_test NO_PRETTY_VALUES PROPERTIES LABELS unit DISCOVERY_MODE PRE_TEST)
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

# simsched_source_dir(FILES...): defines SIMSCHED_SOURCE_DIR for those of the files that use it, by themselves or through
# a header for tests. No others, so that clones in other places share what ccache has of them.
function(simsched_source_dir)
  foreach(file IN LISTS ARGN)
    file(STRINGS ${file} uses REGEX "SIMSCHED_SOURCE_DIR|/testing/simulation\\.h" LIMIT_COUNT 1)
    if(uses)
      set_property(SOURCE ${file} APPEND PROPERTY COMPILE_DEFINITIONS SIMSCHED_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    endif()
  endforeach()
endfunction()

# simsched_owns(TARGET FOLDER): the sources there are TARGET's, but for those in a folder further down that another owns.
# FOLDER may be a single file. For targets that are no room.
function(simsched_owns target folder)
  set_property(GLOBAL APPEND PROPERTY SIMSCHED_OWNED "${target}|${folder}")
endfunction()

# Writes rooms.txt into the build folder, once all targets are there: TARGET|FOLDER|LINKS|LINKS OF TARGET_test.
function(simsched_rooms)
  get_property(owned GLOBAL PROPERTY SIMSCHED_OWNED)
  set(text "")
  foreach(entry IN LISTS owned)
    string(REGEX REPLACE "\\|.*" "" target "${entry}")
    string(APPEND text "${entry}")
    foreach(linker ${target} ${target}_test)
      set(links "")
      if(TARGET ${linker})
        get_target_property(links ${linker} LINK_LIBRARIES)
        if(NOT links)  # of headers alone
          get_target_property(links ${linker} INTERFACE_LINK_LIBRARIES)
        endif()
      endif()
      string(APPEND text "|${links}")
    endforeach()
    string(APPEND text "\n")
  endforeach()
  file(WRITE ${PROJECT_BINARY_DIR}/rooms.txt "${text}")
endfunction()
