/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report made by hand that shows every state once: failures with many items, unknown with and
 * without items, manual, pass, not applicable. With `poison` every string that a host may write
 * tries to break out.
 */
#ifndef PLIMSOLL_TESTS_UNIT_SERVER_SAMPLE_REPORT_H
#define PLIMSOLL_TESTS_UNIT_SERVER_SAMPLE_REPORT_H

#include "server/format/format.h"

struct sample;

struct sample *sample_new(bool poison);
void sample_free(struct sample *sample);
PLIMSOLL_AUTOPTR(sample, sample_free)

const struct report *sample_report(const struct sample *sample);
struct arena *sample_arena(struct sample *sample);
/* text, or with poison the same text behind an attempt to break out; in the sample's arena. */
const char *sample_foreign(struct sample *sample, const char *text);

#endif
