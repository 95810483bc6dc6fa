/* SPDX-License-Identifier: Apache-2.0 */
/* Reads `-o json` as a program would that trusts nothing but the list of checks. */
#ifndef PLIMSOLL_TESTS_UNIT_SERVER_REPORT_JSON_H
#define PLIMSOLL_TESTS_UNIT_SERVER_REPORT_JSON_H

#include "proto/json.h"

/* The integer at a dotted path; fails the test when there is none. */
int64_t report_json_integer(const struct json *object, const char *path);

/* Computes every score of the document anew from its checks and compares. */
void report_json_assert_scores(const char *document);

#endif
