/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 7 of the flow: the pages, from plain structs to HTML. The server and `plimsoll audit -o
 * html` call the same functions. Everything is borrowed for the call; every string may come from a
 * hostile host except where it says "ours". Pages never fail.
 */
#ifndef PLIMSOLL_SERVER_REPORT_PAGE_H
#define PLIMSOLL_SERVER_REPORT_PAGE_H

#include "checks/score.h"
#include "server/report/fleet_view.h"

/* What surrounds a page. */
struct page_frame {
	bool standalone; /* a file of its own: no links to other pages, no forms */
	int64_t generated_at_s;
	const char *user;       /* who is signed in; NULL = nobody, then without navigation */
	const char *form_token; /* goes into every POST form as "form_token"; NULL = none (ours) */
};

/* One page of the list of hosts. */
GString *page_fleet(const struct page_frame *frame, const struct fleet_view *view);

/* A row of the identity strip; value NULL is left out. */
struct page_fact {
	const char *term; /* ours */
	const char *value;
};

/* A check of the benchmark with what was found; neither is NULL. */
struct check_view {
	const struct benchmark_entry *entry;
	const struct result *result;
	const char *fix; /* on this engine */
};

/* One snapshot: a host and engine under one benchmark. host_view.h fills it from an evaluation. */
struct host_view {
	const char *name;
	const struct engine_link {
		const char *key; /* rootful, rootless:UID, ... */
		bool is_current;
	} * engines; /* shown when there are several: /hosts/ID?engine=KEY */
	guint n_engines;
	enum freshness freshness;
	int64_t taken_at_s; /* 0 = never */
	const char *benchmark_title;
	const char *filter; /* what was asked for, "--only 5.*"; NULL = everything */
	guint n_benchmark;  /* checks of the benchmark, asked for or not */
	const struct page_fact *identity;
	guint n_identity;
	const char *const *notices; /* sentences on top: Docker's warnings, what root would add */
	guint n_notices;
	const struct host_relative {
		const char *words;   /* "It is part of" (ours) */
		const char *host_id; /* made by the server */
		const char *name;
		const char *way; /* "agent" (ours) */
	} * relatives;           /* other hosts that are, or may be, this machine */
	guint n_relatives;
	const struct score *score;
	const struct check_view *checks; /* in the benchmark's order */
	guint n_checks;
};
GString *page_host(const struct page_frame *frame, const struct host_view *view);

/* What a check wants and why. */
struct check_page {
	const struct check *check;
	const struct check_number {
		const char *benchmark_title;
		const struct benchmark_entry *entry;
	} * numbers; /* in every benchmark that has it */
	guint n_numbers;
};
GString *page_check(const struct page_frame *frame, const struct check_page *page);

/*
 * Sign-in: POST /sign-in with the field "token".
 *
 * token    of the one-time link, for a form of one button; NULL asks for it.
 * problem  why the last try did not work; NULL = none.
 */
GString *page_sign_in(const struct page_frame *frame, const char *token, const char *problem);

/* Anything that went another way: status (404, 500, ...), a short title and a sentence (ours). */
GString *page_message(const struct page_frame *frame, guint status, const char *title,
		      const char *text, const char *request_id);

/* Content-Security-Policy for the header of every served page. Static storage. */
const char *page_policy(void);

#endif
