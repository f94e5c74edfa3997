# The Python module: bindings/*.cc become simsched._core, beside the package's own files, in build/python/package. It is
# Debian's Python unless -DPython_EXECUTABLE names another, which needs numpy and pandas of its own.
set(Python_EXECUTABLE /usr/bin/python3 CACHE FILEPATH "The Python that the module is for")
set(PYBIND11_FINDPYTHON ON)
find_package(Python 3.9 REQUIRED COMPONENTS Interpreter Development.Module)
find_package(pybind11 2.10 REQUIRED CONFIG)

set(package ${PROJECT_BINARY_DIR}/package/simsched)
file(GLOB binding_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bindings/*.cc)
pybind11_add_module(bindings NO_EXTRAS ${binding_sources})
target_link_libraries(bindings PRIVATE report_page sweep ml_collect ml_learn ml_search topology_draw simsched_flags)
target_compile_definitions(bindings PRIVATE SIMSCHED_VERSION="${PROJECT_VERSION}")
target_compile_options(bindings PRIVATE -O1)  # what is called here is optimised
set_target_properties(bindings PROPERTIES OUTPUT_NAME _core LIBRARY_OUTPUT_DIRECTORY ${package})
simsched_owns(bindings bindings)

file(GLOB package_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bindings/simsched/*.py
     ${PROJECT_SOURCE_DIR}/bindings/simsched/*.pyi ${PROJECT_SOURCE_DIR}/bindings/simsched/py.typed)
foreach(file IN LISTS package_files)
  get_filename_component(name ${file} NAME)
  add_custom_command(OUTPUT ${package}/${name} COMMAND ${CMAKE_COMMAND} -E copy ${file} ${package}/${name} DEPENDS ${file}
                     VERBATIM)
  list(APPEND packaged ${package}/${name})
endforeach()
# What exports and proofs hand over lies beside the module, as it does beside the command.
foreach(program simsched-loader simsched-guest)
  if(TARGET ${program})
    add_custom_command(OUTPUT ${package}/${program} COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:${program}> ${package}/${program}
                       DEPENDS ${program} VERBATIM)
    list(APPEND packaged ${package}/${program})
  endif()
endforeach()
add_custom_target(python_package ALL DEPENDS ${packaged} bindings)

if(SIMSCHED_TESTS)
  file(GLOB binding_tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bindings/tests/*_test.py)
  foreach(file IN LISTS binding_tests)
    get_filename_component(name ${file} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    add_test(NAME python.${name} COMMAND ${Python_EXECUTABLE} -B ${file})
    set(label "unit;python")
    if(name STREQUAL notebooks OR name STREQUAL wheel)
      set(label ${name})
    endif()
    set_tests_properties(python.${name} PROPERTIES LABELS "${label}" TIMEOUT 600 ENVIRONMENT
      "PYTHONPATH=${PROJECT_BINARY_DIR}/package;SIMSCHED=$<TARGET_FILE:simsched>;SIMSCHED_SOURCE=${PROJECT_SOURCE_DIR};MPLBACKEND=Agg")
  endforeach()
endif()
