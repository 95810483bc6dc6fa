/* SPDX-License-Identifier: Apache-2.0 */
/* What a check and a benchmark are: the catalogue's YAML as structs, read-only once loaded. */
#ifndef PLIMSOLL_CHECKS_CHECK_H
#define PLIMSOLL_CHECKS_CHECK_H

#include <glib.h>
#include <stdbool.h>

enum severity { SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL, SEVERITY_COUNT };

/* How a check can end, RULES 0.12. The letter is the YAML value of `mode`. */
enum mode {
	MODE_AUTOMATIC = 'A',
	MODE_ONE_SIDED = 'O',
	MODE_PARAMETER = 'P',
	MODE_MANUAL = 'M',
	MODE_OBSOLETE = 'N'
};

/* A scalar of the YAML with the place it came from. text == NULL: the key was not given. */
struct sourced {
	const char *text;
	const char *file;
	unsigned line;
	unsigned column;
};

/* Where something stands in its file. */
struct place {
	unsigned line;
	unsigned column;
};

/* What differs in one form of a check. Unset members fall back to the check's own. */
struct check_variant {
	const char *name; /* as benchmarks name it */
	struct sourced applies;
	struct sourced fail;
	struct sourced items;
	struct sourced observed;
	struct sourced expected;
};

struct check {
	const char *name;  /* slug: container-privileged */
	const char *title; /* generic title; benchmarks carry their own */
	enum severity severity;
	enum mode mode;
	const char *section; /* host, daemon, files, images, containers, operations, swarm,
				community, enterprise */
	const char *
		subject; /* container, image, network, service, node, cluster, file, daemon, host */
	const char *gate;      /* row of the derived table gate that must be "ok"; NULL = none */
	const char *parameter; /* mode P: column of the table parameter that must be set */
	struct sourced applies;
	struct sourced where; /* condition over the subject's table: which subjects are in scope */
	const char *empty;    /* no subject in scope: "pass", or a reason code; NULL = by subject */
	struct sourced fail;  /* expression per subject: 1 fail, 0 pass, NULL unknown */
	struct sourced items; /* or a query that states a verdict for every item */
	struct sourced observed;
	struct sourced expected;
	struct sourced reason; /* why fail is NULL: a reason code, or "CODE|argument" */
	struct sourced note;
	struct sourced source;
	const char *retired; /* "DATE: why": what the control relies on is gone; NULL = it is not */
	const char *why;
	const char *fix;
	const char *fix_rootless;
	const char *impact;
	const char *differs;                /* from docker-bench-security's verdict, and why */
	const char *const *decides_without; /* "table.column" that may be NULL and still pass;
					       NULL-terminated */
	const struct check_variant *variants;
	guint n_variants;
	bool custom;    /* from checks.d: bounded */
	bool dbs_score; /* moves docker-bench-security's score, unless a benchmark's entry differs
			 */
	const char *file;
	unsigned line;
};

struct benchmark_entry {
	const char *id; /* "5.5" */
	const char *title;
	const char *section; /* "5" */
	const char *status;  /* Automated, Manual, Scored, Not Scored */
	unsigned level;      /* 1 or 2; 0 = the source does not say */
	unsigned groups; /* CIS Controls v8 implementation groups: bit 0 = IG1 ... bit 2 = IG3 */
	bool has_groups; /* false = the source does not say */
	bool dbs_score;  /* moves docker-bench-security's score of this version */
	const struct check *check;
	const struct check_variant *variant; /* NULL = the check's own form */
	bool inherits_title;                 /* from its check, and so does the next */
	bool inherits_dbs_score;
	struct place check_place; /* of the check's name in the benchmark's file */
	struct place variant_place;
};

struct benchmark_section {
	const char *id;
	const char *title;
};

struct benchmark {
	const char *name;                      /* "cis-docker-1.6.0" */
	const char *title;                     /* "CIS Docker Benchmark 1.6.0" */
	const struct benchmark_entry *entries; /* in the order of the benchmark's numbering */
	guint n_entries;
	const struct benchmark_section *sections;
	guint n_sections;
	bool has_dbs_score; /* docker-bench-security's release for this version knew a score */
	const char *file;
};

#endif
