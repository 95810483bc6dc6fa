/* SPDX-License-Identifier: Apache-2.0 */
/* The names of verdicts and severities, as every machine format writes them. */
#include <string.h>

#include "checks/evaluate.h"

static const char *const verdict_names[VERDICT_COUNT] = {
	[VERDICT_PASS] = "pass",
	[VERDICT_FAIL] = "fail",
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_MANUAL] = "manual",
	[VERDICT_NOT_APPLICABLE] = "not_applicable",
};

static const char *const severity_names[SEVERITY_COUNT] = {
	[SEVERITY_LOW] = "low",
	[SEVERITY_MEDIUM] = "medium",
	[SEVERITY_HIGH] = "high",
	[SEVERITY_CRITICAL] = "critical",
};

/* Index of text in names, or -1. */
static int find_name(const char *const names[], int n, const char *text)
{
	for (int i = 0; text != NULL && i < n; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return -1;
}

const char *verdict_text(enum verdict verdict)
{
	return verdict_names[verdict];
}

bool verdict_parse(const char *text, enum verdict *ret_verdict)
{
	int i = find_name(verdict_names, VERDICT_COUNT, text);

	if (i >= 0)
		*ret_verdict = (enum verdict)i;
	return i >= 0;
}

const char *severity_text(enum severity severity)
{
	return severity_names[severity];
}

bool severity_parse(const char *text, enum severity *ret_severity)
{
	int i = find_name(severity_names, SEVERITY_COUNT, text);

	if (i >= 0)
		*ret_severity = (enum severity)i;
	return i >= 0;
}
