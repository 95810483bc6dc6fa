/* SPDX-License-Identifier: Apache-2.0 */
/* The one function that a fuzz target defines; libFuzzer or replay.c calls it. */
#ifndef PLIMSOLL_TESTS_FUZZ_FUZZ_H
#define PLIMSOLL_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
