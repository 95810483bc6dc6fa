# SPDX-License-Identifier: Apache-2.0
# plimsoll_embed_catalogue(TARGET): compiles the YAML of checks/catalogue and checks/benchmarks into TARGET, and the
# list catalogue_embedded[] of checks/catalogue_file.h over them. Names stay paths of the repository, for errors.
include(PlimsollEmbed)

function(plimsoll_embed_catalogue target)
  file(GLOB files CONFIGURE_DEPENDS RELATIVE "${CMAKE_SOURCE_DIR}"
    "${CMAKE_SOURCE_DIR}/checks/catalogue/*.yaml" "${CMAKE_SOURCE_DIR}/checks/benchmarks/*.yaml")
  list(SORT files)
  set(rows "")
  set(declarations "")
  foreach(file ${files})
    string(MAKE_C_IDENTIFIER "embedded_${file}" symbol)
    plimsoll_embed(${target} ${symbol} "${CMAKE_SOURCE_DIR}/${file}")
    string(APPEND declarations "extern const char ${symbol}[];\nextern const size_t ${symbol}_size;\n")
    string(APPEND rows "\t{\"${file}\", ${symbol}, &${symbol}_size},\n")
  endforeach()
  set(out "${CMAKE_CURRENT_BINARY_DIR}/catalogue_embedded.c")
  file(CONFIGURE OUTPUT "${out}" CONTENT
    "#include \"checks/catalogue_file.h\"\n${declarations}\nconst struct embedded_file catalogue_embedded[] = {\n${rows}\t{NULL, NULL, NULL},\n};\n")
  target_sources(${target} PRIVATE "${out}")
  set_source_files_properties("${out}" PROPERTIES COMPILE_OPTIONS "-w")
endfunction()
