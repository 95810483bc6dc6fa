# SPDX-License-Identifier: Apache-2.0
# plimsoll_embed(TARGET SYMBOL FILE): compiles FILE into TARGET as
#   extern const char SYMBOL[];        with a NUL behind its last byte
#   extern const size_t SYMBOL_size;   without that NUL
# Also the script that does it: cmake -DSYMBOL= -DINPUT= -DOUTPUT= -P PlimsollEmbed.cmake
set(plimsoll_embed_script "${CMAKE_CURRENT_LIST_FILE}")

function(plimsoll_embed target symbol file)
  set(out "${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c")
  add_custom_command(
    OUTPUT "${out}"
    COMMAND "${CMAKE_COMMAND}" "-DSYMBOL=${symbol}" "-DINPUT=${file}" "-DOUTPUT=${out}" -P "${plimsoll_embed_script}"
    DEPENDS "${file}" "${plimsoll_embed_script}"
    VERBATIM)
  target_sources(${target} PRIVATE "${out}")
  set_source_files_properties("${out}" PROPERTIES COMPILE_OPTIONS "-w")
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  file(READ "${INPUT}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "((0x..,){20})" "\\1\n" bytes "${bytes}")
  file(WRITE "${OUTPUT}"
    "#include <stddef.h>\nextern const char ${SYMBOL}[];\nextern const size_t ${SYMBOL}_size;\n"
    "const char ${SYMBOL}[] = {\n${bytes}0x00};\nconst size_t ${SYMBOL}_size = sizeof(${SYMBOL}) - 1;\n")
endif()
