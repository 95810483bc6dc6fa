/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fixtures of checks, tests/checks/<check>.yaml:
 *
 *   base: NAME                 # tests/checks/bases/NAME.json, complete facts
 *   check: SLUG                # optional: the file's name says it
 *   variant: NAME              # optional; a case may name its own
 *   cases:
 *     - name: what this case claims
 *       base, variant:         # optional, instead of the file's
 *       facts: {...}           # merged over the base: mappings merge, lists replace, null deletes
 *       set: {"container[0].privileged": true, ...}  # then single values, by path (fixture.h)
 *       observed, parameters: {...}; as_of, taken_at, schema: n
 *       want:
 *         verdict: fail
 *         reason: NA_ABSENT    # optional, of the check: a code, CODE|argument, or the text
 *         count: 3             # optional, of all items
 *         items:               # optional: all that do not pass, and any passing ones of interest
 *           - {item, verdict, discriminator, observed, expected, reason, note, source, subject,
 *              key}
 */
#ifndef PLIMSOLL_TESTS_UNIT_CHECKS_FIXTURE_CASE_H
#define PLIMSOLL_TESTS_UNIT_CHECKS_FIXTURE_CASE_H

#include "tests/unit/checks/fixture.h"

struct fixture_case {
	char *file;                 /* base name of the fixture */
	char *name;                 /* what the case claims */
	char *check;                /* slug */
	const char *variant;        /* NULL = the check's own form */
	const struct json *content; /* of the file, whose document is never freed */
	const struct json *root;
};

/* Every case of every file, in byte order of file names; ends the test on a file that is wrong. */
GPtrArray *fixture_cases_load(void);

/* The case's facts: its base with what the case changes. */
struct fixture *fixture_case_facts(const struct fixture_case *one, GError **error);

/* Whether a result is what the case wants; else appends to report what is wrong, one line each. */
bool fixture_case_holds(const struct fixture_case *one, const struct result *result,
			struct arena *arena, GString *report);

#endif
