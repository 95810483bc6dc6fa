/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts for tests, from JSON or YAML text, whole or in part:
 *   { facts: {...}, observed: {...}, parameters: {...}, as_of: n, taken_at: n, schema: n }
 * An object without the key `facts` is the facts themselves.
 */
#ifndef PLIMSOLL_TESTS_UNIT_CHECKS_FIXTURE_H
#define PLIMSOLL_TESTS_UNIT_CHECKS_FIXTURE_H

#include "checks/evaluate_internal.h"
#include "proto/json.h"

struct fixture {
	struct arena *arena;
	struct evaluate_input input;
};

/* Reads one YAML document (JSON is YAML). Plain scalars are typed: null, true, 12, 0o644, 1.5.
 * error: "FILE:LINE:COLUMN: ...". gives: free with json_free(). */
struct json *fixture_yaml(const char *name, const char *text, GError **error);

/* Mappings merge, lists and scalars replace, null deletes. gives: a new value. */
struct json *fixture_merge(const struct json *base, const struct json *overlay);

/*
 * A copy of base with the value at a path replaced; a JSON null deletes it. A member of a list is
 * named by its index ("container[0].name", "container.0.name"; one past the end appends), by a
 * field
 * ("file[role=daemon_json].mode"), or "[+]": the value, or each value of a list, at the end.
 */
struct json *fixture_set(const struct json *base, const char *path, const struct json *value);

struct fixture *fixture_new(const struct json *root, GError **error);
void fixture_free(struct fixture *fixture);
PLIMSOLL_AUTOPTR(fixture, fixture_free)

/* A base of the fixtures, "default.json"; ends the test on any error. */
#define FIXTURE_BASES "tests/checks/bases"
struct fixture *fixture_base(const char *name);
/* From YAML text; ends the test on any error. */
struct fixture *fixture_text(const char *text);
/* A catalogue of this YAML alone, and an evaluator for it; end the test on any error. */
struct catalogue *fixture_catalogue(const char *yaml);
struct catalogue *fixture_custom_catalogue(const char *yaml); /* as from checks.d */
struct evaluator *fixture_evaluator(const struct catalogue *catalogue);

/* NULL: not evaluated. variant NULL = the check's own form. */
const struct result *fixture_find(const struct evaluation *evaluation, const char *check,
				  const char *variant);

/* One line per item: "fail web | observed | expected | reason text | note", for messages and
 * goldens. */
char *fixture_describe(const struct result *result);

#endif
