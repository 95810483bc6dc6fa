# SPDX-License-Identifier: Apache-2.0
# Language, warnings, hardening and instrumentation, as interface targets:
#   plimsoll_flags      every source of ours
#   plimsoll_generated  generated protobuf-c code: no warnings
option(PLIMSOLL_WERROR "Treat warnings as errors" OFF)
option(PLIMSOLL_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(PLIMSOLL_FUZZ "Build libFuzzer targets (clang)" OFF)
option(PLIMSOLL_COVERAGE "Instrument for gcov" OFF)
option(PLIMSOLL_TESTS "Build the tests" ON)
option(PLIMSOLL_ANALYZER "Run gcc's -fanalyzer while compiling" OFF)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
find_program(PLIMSOLL_CCACHE ccache)
if(PLIMSOLL_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${PLIMSOLL_CCACHE}")
endif()

set(common_definitions _GNU_SOURCE _FILE_OFFSET_BITS=64 GLIB_VERSION_MIN_REQUIRED=GLIB_VERSION_2_74
    GLIB_VERSION_MAX_ALLOWED=GLIB_VERSION_2_74 G_LOG_DOMAIN="plimsoll")

set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wmissing-prototypes
    -Wmissing-declarations -Wstrict-prototypes -Wold-style-definition -Wwrite-strings -Wcast-qual -Wpointer-arith
    -Wundef -Wvla -Walloca -Wnull-dereference -Wswitch-enum -Wdouble-promotion -Wdate-time -Wimplicit-fallthrough)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  list(APPEND warnings -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Wformat-signedness
       -Wformat-overflow=2 -Wcast-align=strict -Wimplicit-fallthrough=5 -Wtrampolines -Wbidi-chars=any -Walloc-zero
       -Wstringop-overflow=4 -Wstack-usage=16384)
elseif(CMAKE_C_COMPILER_ID MATCHES "Clang")
  list(APPEND warnings -Wcomma -Wassign-enum -Wconditional-uninitialized -Wmissing-variable-declarations
       -Wunreachable-code-aggressive -Wdocumentation)
endif()
if(PLIMSOLL_WERROR)
  list(APPEND warnings -Werror)
endif()

set(options -fno-common -fvisibility=hidden -fno-strict-aliasing)
set(link_options -Wl,--as-needed)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  list(APPEND options -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
       -fcf-protection=full)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND options -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr)
  endif()
  list(APPEND link_options -pie -Wl,-z,relro,-z,now,-z,noexecstack)
  set(CMAKE_C_FLAGS_RELEASE "-O2 -g -DNDEBUG")
endif()
if(PLIMSOLL_SANITIZE)
  set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  list(APPEND options ${sanitizers})
  list(APPEND link_options ${sanitizers})
endif()
if(PLIMSOLL_FUZZ)
  list(APPEND options -fsanitize=fuzzer-no-link)
endif()
if(PLIMSOLL_COVERAGE)
  list(APPEND options --coverage)
  list(APPEND link_options --coverage)
endif()

add_library(plimsoll_generated INTERFACE)
target_compile_definitions(plimsoll_generated INTERFACE ${common_definitions})
target_compile_options(plimsoll_generated INTERFACE ${options} -w)
target_link_options(plimsoll_generated INTERFACE ${link_options})
target_include_directories(plimsoll_generated SYSTEM INTERFACE "${CMAKE_BINARY_DIR}/generated")

add_library(plimsoll_flags INTERFACE)
target_compile_definitions(plimsoll_flags INTERFACE ${common_definitions} PLIMSOLL_VERSION="${PROJECT_VERSION}")
target_compile_options(plimsoll_flags INTERFACE ${options} ${warnings})
target_link_options(plimsoll_flags INTERFACE ${link_options})
target_include_directories(plimsoll_flags INTERFACE "${CMAKE_SOURCE_DIR}")
target_include_directories(plimsoll_flags SYSTEM INTERFACE "${CMAKE_BINARY_DIR}/generated")
if(PLIMSOLL_ANALYZER)
  target_compile_options(plimsoll_flags INTERFACE -fanalyzer)
endif()
