# SPDX-License-Identifier: Apache-2.0
#
# What an installation holds: headers; libmica.so; libmica.a, sealed: one object in which every name but the mica_
# functions is local, so that nothing in it can clash with a name of the application; libmica_devtools.a, the same with
# the reading of profiles in it (link one or the other); pkg-config and CMake packages; the program.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

add_library(mica_shared SHARED $<TARGET_OBJECTS:mica_objects>)
set_target_properties(mica_shared PROPERTIES OUTPUT_NAME mica VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR} LINK_FLAGS "-Wl,-z,defs -Wl,-Bsymbolic-functions")
target_link_libraries(mica_shared PRIVATE Threads::Threads m)

# sealed(NAME TARGET…): libNAME.a of the static libraries TARGET…
function(sealed name)
  list(TRANSFORM ARGN REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE parts)
  separate_arguments(linker NATIVE_COMMAND "${CMAKE_EXE_LINKER_FLAGS}")
  if(CMAKE_C_COMPILER_TARGET)
    list(PREPEND linker --target=${CMAKE_C_COMPILER_TARGET})
  endif()
  set(library ${CMAKE_BINARY_DIR}/lib${name}.a)
  set(object ${CMAKE_BINARY_DIR}/${name}.o)
  add_custom_command(OUTPUT ${library}
    COMMAND ${CMAKE_C_COMPILER} ${linker} -r -nostdlib -o ${object} -Wl,--whole-archive ${parts}
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${object}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${library}
    COMMAND ${CMAKE_AR} rcs ${library} ${object}
    DEPENDS ${ARGN} VERBATIM)
  add_custom_target(${name}_sealed ALL DEPENDS ${library})
  install(FILES ${library} DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()
sealed(mica mica)
if(MICA_TOOLS)
  sealed(mica_devtools mica mica_devtools)
  install(TARGETS mica_tool)
  install(FILES docs/mica.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

install(TARGETS mica_shared)
install(DIRECTORY include/mica DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

# Both packages find their files beside themselves: an installed tree may be moved.
file(RELATIVE_PATH mica_prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/mica.pc.in mica.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/mica.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(mica_package ${CMAKE_INSTALL_LIBDIR}/cmake/mica)
configure_package_config_file(cmake/micaConfig.cmake.in micaConfig.cmake INSTALL_DESTINATION ${mica_package}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(micaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/micaConfig.cmake ${CMAKE_BINARY_DIR}/micaConfigVersion.cmake DESTINATION ${mica_package})

# Tests of what a user gets: they build with the installed files and the compilers of this machine.
if(BUILD_TESTING AND NOT CMAKE_CROSSCOMPILING)
  set(package_tests ${CMAKE_SOURCE_DIR}/tests/package)
  add_test(NAME package_symbols COMMAND sh ${package_tests}/symbols.sh $<TARGET_FILE:mica_shared>
    ${CMAKE_BINARY_DIR}/libmica.a ${CMAKE_SOURCE_DIR})
  add_test(NAME package_headers COMMAND sh ${package_tests}/headers.sh ${CMAKE_C_COMPILER} ${CMAKE_SOURCE_DIR})
  add_test(NAME package_install COMMAND sh ${package_tests}/install.sh ${CMAKE_C_COMPILER} ${CMAKE_COMMAND}
    ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR})
endif()
