/* SPDX-License-Identifier: Apache-2.0 */
/* See compare_kind.h. */
#include "server/cli/compare_kind.h"

enum {
	MISSED,
	OVERLOOKED,
	UNSEEN,
	LEFT_TO_YOU,
	CREDITED,
	FALSE_ALARM,
	ALARM_NOT_APPLICABLE,
	ALARM_UNDECIDED,
	SETTLED,
};

const struct compare_kind compare_kinds[] = {
	[MISSED] = {"missed", "PASS there, fails here"},
	[OVERLOOKED] = {"overlooked", "not decided there, fails here"},
	[UNSEEN] = {"unseen", "PASS there, could not be seen here"},
	[LEFT_TO_YOU] = {"left_to_you", "PASS there, a person must look here"},
	[CREDITED] = {"credited", "PASS there, does not apply here"},
	[FALSE_ALARM] = {"false_alarm", "WARN there, passes here"},
	[ALARM_NOT_APPLICABLE] = {"alarm_not_applicable", "WARN there, does not apply here"},
	[ALARM_UNDECIDED] = {"alarm_undecided", "WARN there, not decided here"},
	[SETTLED] = {"settled", "not decided there, passes here"},
};
const guint compare_n_kinds = G_N_ELEMENTS(compare_kinds);

enum { SAME = -1 };

/* By what they say: PASS, WARN, INFO or NOTE. */
static const int by_verdict[VERDICT_COUNT][3] = {
	[VERDICT_PASS] = {SAME, FALSE_ALARM, SETTLED},
	[VERDICT_FAIL] = {MISSED, SAME, OVERLOOKED},
	[VERDICT_UNKNOWN] = {UNSEEN, ALARM_UNDECIDED, SAME},
	[VERDICT_MANUAL] = {LEFT_TO_YOU, ALARM_UNDECIDED, SAME},
	[VERDICT_NOT_APPLICABLE] = {CREDITED, ALARM_NOT_APPLICABLE, SAME},
};

const struct compare_kind *compare_kind_of(enum peer_word word, enum verdict verdict)
{
	int column = word == PEER_PASS ? 0 : word == PEER_WARN ? 1 : 2;
	int kind = by_verdict[verdict][column];

	return kind == SAME ? NULL : &compare_kinds[kind];
}
