# SPDX-License-Identifier: Apache-2.0
# plimsoll_compile_catalogue(TARGET): compiles the YAML of checks/catalogue and checks/benchmarks into TARGET, as
# catalogue_builtin of checks/catalogue_file.h, by the program compile_catalogue. Names stay paths of the repository,
# for errors. The generated initialisers are positional: a member that they lack must not compile.
function(plimsoll_compile_catalogue target)
  file(GLOB files CONFIGURE_DEPENDS RELATIVE "${CMAKE_SOURCE_DIR}"
    "${CMAKE_SOURCE_DIR}/checks/catalogue/*.yaml" "${CMAKE_SOURCE_DIR}/checks/benchmarks/*.yaml")
  list(SORT files)
  list(TRANSFORM files PREPEND "${CMAKE_SOURCE_DIR}/" OUTPUT_VARIABLE paths)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/catalogue_tables.c")
  add_custom_command(
    OUTPUT "${out}"
    COMMAND compile_catalogue "${out}" ${files}
    DEPENDS compile_catalogue ${paths}
    WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}"
    COMMENT "Compiling the catalogue"
    VERBATIM)
  target_sources(${target} PRIVATE "${out}")
  set_source_files_properties("${out}" PROPERTIES
    COMPILE_OPTIONS "-Wno-overlength-strings;-Werror=missing-field-initializers;-Wfatal-errors")
endfunction()
