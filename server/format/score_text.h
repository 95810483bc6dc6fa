/* SPDX-License-Identifier: Apache-2.0 */
/* A score in words, the same in every format that people read. */
#ifndef PLIMSOLL_SERVER_FORMAT_SCORE_TEXT_H
#define PLIMSOLL_SERVER_FORMAT_SCORE_TEXT_H

#include "server/format/format.h"

/* Each gives a text; free with g_free(). dot stands between the parts. */

/* "70.0 %, 35 of 50, coverage 100.0 %", or that there is none. */
char *score_text_percent(const struct score *score, const char *dot);
/* "37 pass, 15 fail, 0 unknown, 6 manual, 25 n/a". */
char *score_text_counts(const struct score *score, const char *dot);
/* "1 critical, 3 high, 2 low": the checks of one verdict; NULL = there are none. */
char *score_text_severities(const struct score *score, enum verdict verdict);
/* "83 checks"; of a filtered report "31 of 83 checks". */
char *score_text_checks(const struct report *report, const struct report_benchmark *benchmark);

#endif
