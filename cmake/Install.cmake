# cmake --install and packages (cpack). Programs and what they need beside them lie in lib/simsched as in the sources
# (base/shipped_file.h), links to those that people call in bin.
include(GNUInstallDirs)
set(own ${CMAKE_INSTALL_LIBDIR}/simsched)
set(called simsched)
install(TARGETS simsched simsched-guest simsched-upf-load RUNTIME DESTINATION ${own})
foreach(program simsched-loader simsched-collect simsched-record-calls)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${own})
    list(APPEND called ${program})
  endif()
endforeach()
install(PROGRAMS ${CMAKE_BINARY_DIR}/simsched-guest-arm64 DESTINATION ${own} OPTIONAL)

# Headers for schedulers in BPF C, and what those include.
install(DIRECTORY scx_port/include DESTINATION ${own}/scx_port)
install(FILES base/shared_types.h DESTINATION ${own}/base)
install(FILES ml/model/mlp_fixed.h ml/model/mlp_range.h ml/model/nets.h DESTINATION ${own}/ml/model)
install(DIRECTORY scx_port/proof/bad DESTINATION ${own}/scx_port/proof FILES_MATCHING PATTERN "*.bpf.c")
install(DIRECTORY configs DESTINATION ${own} PATTERN learning EXCLUDE)
install(DIRECTORY traces/samples DESTINATION ${own}/traces)
install(PROGRAMS scripts/record scripts/install scripts/fetch-kernels scripts/strip_perf.py scripts/describe_machine.py
        scripts/describe_tasks.py
        DESTINATION ${own}/scripts)
install(FILES scripts/packages DESTINATION ${own}/scripts)
install(DIRECTORY scripts/lib DESTINATION ${own}/scripts)

file(RELATIVE_PATH from_bin /${CMAKE_INSTALL_BINDIR} /${own})
foreach(program ${called})
  list(APPEND links "${program}|${from_bin}/${program}")
endforeach()
list(APPEND links "simsched-record|${from_bin}/scripts/record")
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
foreach(link ${links})
  string(REPLACE "|" ";" link "${link}")
  list(GET link 0 name)
  list(GET link 1 target)
  file(CREATE_LINK ${target} ${CMAKE_BINARY_DIR}/bin/${name} SYMBOLIC)
  install(FILES ${CMAKE_BINARY_DIR}/bin/${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
endforeach()

# Written by the program itself.
set(reference ${CMAKE_BINARY_DIR}/reference)
add_custom_command(OUTPUT ${reference}/simsched.schema.json
  COMMAND simsched reference man -o ${reference}/man1
  COMMAND simsched reference completion -o ${reference}/simsched
  COMMAND simsched reference schema -o ${reference}/simsched.schema.json
  COMMAND simsched reference machine-schema -o ${reference}/simsched-machine.schema.json
  DEPENDS simsched VERBATIM COMMENT "Writing man pages, completion and schemas")
add_custom_target(reference ALL DEPENDS ${reference}/simsched.schema.json)
install(DIRECTORY ${reference}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
install(FILES ${reference}/simsched DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${reference}/simsched.schema.json ${reference}/simsched-machine.schema.json
  DESTINATION ${CMAKE_INSTALL_DATADIR}/simsched)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "the authors of simsched <simsched@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "simulator of multicore scheduling: which policy is best for a workload")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)  # libraries; what is called as a program:
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "clang, gcc, linux-perf, python3, zstd")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "qemu-system-x86, seabios")
include(CPack)
