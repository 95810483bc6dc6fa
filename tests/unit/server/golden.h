/* SPDX-License-Identifier: Apache-2.0 */
/* Whole outputs compared with files of tests/data/golden; PLIMSOLL_BLESS=1 writes them anew. */
#ifndef PLIMSOLL_TESTS_UNIT_SERVER_GOLDEN_H
#define PLIMSOLL_TESTS_UNIT_SERVER_GOLDEN_H

/* Fails the test at the first line that differs and shows both. */
void golden_assert(const char *name, const char *text);

#endif
