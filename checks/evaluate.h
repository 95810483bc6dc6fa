/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 5 of the flow: facts in, verdicts out. Pure: no clock, no network, no files.
 *
 * An evaluator owns one in-memory SQLite connection with the facts as read-only virtual tables and
 * the catalogue's prepared statements. It is used by one thread at a time; make one per thread.
 */
#ifndef PLIMSOLL_CHECKS_EVALUATE_H
#define PLIMSOLL_CHECKS_EVALUATE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "checks/catalogue.h"
#include "checks/derived.pb-c.h"
#include "checks/subject_filter.h"
#include "proto/plimsoll.pb-c.h"

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_UNKNOWN,
	VERDICT_MANUAL,
	VERDICT_NOT_APPLICABLE,
	VERDICT_COUNT,
};

/* "pass", "fail", "unknown", "manual", "not_applicable". */
const char *verdict_text(enum verdict verdict);
bool verdict_parse(const char *text, enum verdict *ret_verdict);

/* What an evaluation reads. All borrowed; only facts may not be NULL. */
struct evaluate_input {
	const Plimsoll__Facts *facts;
	const Plimsoll__Observed *observed;
	const Derived__Parameter *parameters;
	uint32_t schema;                     /* of the agent; 0 = SCHEMA_CURRENT */
	int64_t as_of_s;                     /* now, for ages */
	int64_t taken_at_s;                  /* of the report */
	const struct subject_filter *filter; /* NULL = every container and image */
};

/* What was seen of one subject or a part of it. Strings live as long as the evaluation. */
struct item {
	enum verdict verdict;
	const char *subject;     /* kind: container, image, network, service, ... */
	const char *subject_id;  /* container id, image id, path, ... */
	const char *subject_key; /* survives redeploys: "compose:project/service/1", "service:NAME",
				    "name:NAME", path, setting */
	const char *label;       /* what a person reads */
	const char *discriminator; /* tells several items of one subject apart: "80/tcp", "/etc";
				      NULL = one item */
	const char *observed;
	const char *expected;
	const char *reason;      /* reason code of RULES 0.1: UK_..., NA_...; or NULL */
	const char *reason_text; /* the same for people, with its argument filled in */
	const char *note;
	const char *source;
};

struct result {
	const struct check *check;           /* borrowed from the catalogue */
	const struct check_variant *variant; /* NULL = the check's only form */
	enum verdict verdict;
	const char *reason; /* why not_applicable or unknown as a whole; else NULL */
	const char *reason_text;
	const struct item
		*items; /* sorted by severity of verdict, then label, then discriminator */
	guint n_items;
	guint counts[VERDICT_COUNT]; /* of items, before the row cap */
	bool has_parameter;          /* mode P: its site parameter is set, so it counts */
};

struct evaluation {
	const struct result
		*results; /* one per (check, variant) of the catalogue, in catalogue order */
	guint n_results;
	struct arena *arena;
};

struct evaluator;

/*
 * Prepares every statement of the catalogue.
 *
 * catalogue  keeps a borrow until evaluator_free().
 * error      EVALUATE_ERROR, "file:line:column: check NAME: ...", where one does not prepare.
 */
struct evaluator *evaluator_new(const struct catalogue *catalogue, GError **error);

/* As evaluator_new(), for what `needs` asks for and for the site's own checks; runs only these. */
struct evaluator *evaluator_new_for(const struct catalogue *catalogue,
				    bool (*needs)(const struct check *check,
						  const struct check_variant *variant, void *data),
				    void *data, GError **error);
void evaluator_free(struct evaluator *evaluator);
PLIMSOLL_AUTOPTR(evaluator, evaluator_free)

/*
 * Judges one snapshot by every check of the catalogue, or by those that `wanted` answers true for
 * (NULL = all).
 *
 * gives  an evaluation that owns all its strings; free with evaluation_free(). A query that fails
 * at run time makes that check unknown with the error as reason, never pass.
 */
struct evaluation *evaluator_run(struct evaluator *evaluator, const struct evaluate_input *input,
				 bool (*wanted)(const struct check *check, void *data), void *data,
				 GError **error);
void evaluation_free(struct evaluation *evaluation);
PLIMSOLL_AUTOPTR(evaluation, evaluation_free)

/* The result of a check in the variant that a benchmark asks for; NULL = not evaluated. */
const struct result *evaluation_find(const struct evaluation *evaluation,
				     const struct benchmark_entry *entry);

#define EVALUATE_ERROR (evaluate_error_quark())
GQuark evaluate_error_quark(void);

#endif
