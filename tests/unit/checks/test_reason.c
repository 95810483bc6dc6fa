/* SPDX-License-Identifier: Apache-2.0 */
/* Reason codes become texts that a reader understands. */
#include "checks/reason.h"
#include "proto/arena.h"

static void reasons_have_texts(void)
{
	static const struct {
		const char *reason, *code, *text;
		enum verdict verdict;
	} reasons[] = {
		{"UK_PERM|/etc/docker", "UK_PERM", "no permission to read /etc/docker",
		 VERDICT_UNKNOWN},
		{"NA_ABSENT|/x", "NA_ABSENT", "/x does not exist", VERDICT_NOT_APPLICABLE},
		{"NA_ABSENT", "NA_ABSENT", "the file does not exist", VERDICT_NOT_APPLICABLE},
		{"NA|unit is masked", "NA", "unit is masked", VERDICT_NOT_APPLICABLE},
		{"UK|why", "UK", "why", VERDICT_UNKNOWN},
		{"UK_TIMEOUT|GET /info", "UK_TIMEOUT", "GET /info not answered in time",
		 VERDICT_UNKNOWN},
		{"UK_STALE|log-level is now debug", "UK_STALE",
		 "daemon.json changed after dockerd started; the loaded value is not visible "
		 "(log-level is now "
		 "debug)",
		 VERDICT_UNKNOWN},
		{"words", "UK", "words", VERDICT_UNKNOWN},
		{"NAUGHT", "UK", "NAUGHT", VERDICT_UNKNOWN},
		{NULL, NULL, NULL, VERDICT_UNKNOWN},
	};
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);

	for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
		g_assert_cmpstr(reason_code(arena, reasons[i].reason), ==, reasons[i].code);
		g_assert_cmpstr(reason_text(arena, reasons[i].reason), ==, reasons[i].text);
		g_assert_cmpint((int)reason_verdict(reasons[i].reason), ==,
				(int)reasons[i].verdict);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reason/texts", reasons_have_texts);
	return g_test_run();
}
