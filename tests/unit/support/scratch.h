/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of a test's own, and what is in files. */
#ifndef PLIMSOLL_TESTS_UNIT_SUPPORT_SCRATCH_H
#define PLIMSOLL_TESTS_UNIT_SUPPORT_SCRATCH_H

#include "proto/base.h"

/* gives: its path; scratch_free() removes it with everything below. */
char *scratch_new(void);
void scratch_free(char *dir);

char *scratch_path(const char *dir, const char *name);
void scratch_write(const char *dir, const char *name, const char *text, gssize size);
/* gives: the text; asserts that the file is there. */
char *scratch_read(const char *dir, const char *name);
/* The names in a directory below dir, in byte order, joined by blanks. */
char *scratch_list(const char *dir, const char *name);

#endif
