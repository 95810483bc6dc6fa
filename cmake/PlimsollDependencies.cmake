# SPDX-License-Identifier: Apache-2.0
# Every library the project links, once, as imported targets PkgConfig::NAME; all headers count as SYSTEM.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(GLIB REQUIRED IMPORTED_TARGET glib-2.0>=2.74)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c>=1.4)
pkg_check_modules(YAJL REQUIRED IMPORTED_TARGET yajl>=2.1)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl>=3.0)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.38)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(EVENT REQUIRED IMPORTED_TARGET libevent>=2.1 libevent_openssl>=2.1 libevent_pthreads>=2.1)
pkg_check_modules(SSH2 REQUIRED IMPORTED_TARGET libssh2>=1.10)
find_library(AUDIT_LIBRARY audit REQUIRED)
find_program(PROTOC_C protoc-c REQUIRED)

# Generates NAME.pb-c.{c,h} of SOURCE_DIR/NAME.proto as an object library: plimsoll_add_proto(target folder name)
function(plimsoll_add_proto target folder name)
  set(out "${CMAKE_BINARY_DIR}/generated/${folder}")
  file(MAKE_DIRECTORY "${out}")
  add_custom_command(
    OUTPUT "${out}/${name}.pb-c.c" "${out}/${name}.pb-c.h"
    COMMAND ${PROTOC_C} --c_out=${out} --proto_path=${CMAKE_SOURCE_DIR}/${folder} ${CMAKE_SOURCE_DIR}/${folder}/${name}.proto
    DEPENDS "${CMAKE_SOURCE_DIR}/${folder}/${name}.proto"
    VERBATIM)
  add_library(${target} STATIC "${out}/${name}.pb-c.c")
  target_link_libraries(${target} PRIVATE plimsoll_generated PUBLIC PkgConfig::PROTOBUF_C)
  add_custom_target(${target}_headers DEPENDS "${out}/${name}.pb-c.h")
endfunction()
