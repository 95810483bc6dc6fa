/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the derive_*.c files share: the derivation under way, and the small answers that several of
 * them need. Nothing outside checks/derive* includes it, but their tests.
 */
#ifndef PLIMSOLL_CHECKS_DERIVE_INTERNAL_H
#define PLIMSOLL_CHECKS_DERIVE_INTERNAL_H

#include <stdbool.h>
#include <string.h>

#include "checks/derive/derive.h"
#include "proto/wire.h"

struct derivation {
	const struct evaluate_input *input;
	const Plimsoll__Facts *facts;
	const Plimsoll__Engine *engine;   /* NULL: the API did not answer */
	const Plimsoll__Dockerd *serving; /* NULL unless place.serving_state is ok */
	struct arena *arena;
	Derived__Derived *out;
	const char *const *audit_paths; /* of audit_rule, by ordinal; set by derive_audit() */
};

/* The steps, in the order in which derive() runs them; each may read what stands above it. */
void derive_place_identity(struct derivation *d); /* kind, serving process, config path */
void derive_scope(struct derivation *d);          /* files that are this engine's own */
void derive_settings(struct derivation *d);
void derive_place_paths(struct derivation *d); /* data root, containerd's socket */
void derive_tls(struct derivation *d);
void derive_listeners(struct derivation *d);
void derive_tls_listeners(struct derivation *d);
void derive_gates(struct derivation *d);
void derive_capabilities(struct derivation *d);
void derive_namespaces(struct derivation *d);
void derive_mounts(struct derivation *d);
void derive_publish(struct derivation *d);
void derive_swarm_ports(struct derivation *d);
void derive_audit(struct derivation *d);
void derive_host_files(struct derivation *d); /* which file each host check is about */
void derive_builds(struct derivation *d);

/* --- rows (derive.c) --- */

/* An initialised message in the arena. */
void *derive_new(struct derivation *d, const ProtobufCMessageDescriptor *descriptor);
/* The array with room for one more item than its n; what it held before stays valid. */
void *derive_grow(struct derivation *d, void *items, size_t n);
/* Appends a row to a table of d->out: DERIVE_ADD(d, gate, row). */
#define DERIVE_ADD(d, table, row)                                                                  \
	do {                                                                                       \
		(d)->out->table = derive_grow(d, (d)->out->table, (d)->out->n_##table);            \
		(d)->out->table[(d)->out->n_##table++] = (row);                                    \
	} while (0)
/* A literal as a column: the messages' strings are not const, although nothing writes to them. */
static inline char *derive_constant(const char *text)
{
	return (char *)(uintptr_t)text;
}
/* Text in the arena. */
char *derive_text(struct derivation *d, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* text + (text empty ? "" : separator) + more; NULL text counts as empty. */
char *derive_join(struct derivation *d, const char *text, const char *separator, const char *more);

/* --- reasons (derive_reason.c) --- */

/* Why something is not known or does not apply; code == NULL: it is known. */
struct reason {
	const char *code;
	const char *detail; /* NULL = none */
};
static const struct reason REASON_OK = {NULL, NULL};

/* The three columns of a row: state, detail, and "state|detail". */
void derive_set_state(struct derivation *d, struct reason reason, char **ret_state,
		      char **ret_detail, char **ret_reason);
/* "CODE|detail", "CODE", or NULL. */
char *derive_reason_text(struct derivation *d, struct reason reason);
/* Of the row of Fetch for an Engine call, "GET /info"; a query string is not compared. OK when it
 * succeeded (TRUNCATED counts: the machinery adds that item itself); UK_API when it was not made.
 */
struct reason derive_fetch_reason(struct derivation *d, const char *source);
const Plimsoll__Fetch *derive_fetch(const struct derivation *d, const char *source);
/* Whether a call was made that shows the API to be down. */
bool derive_api_failed(struct derivation *d);
/* Why the API did not answer at all. */
struct reason derive_daemon_down(struct derivation *d);
/* OK where the host's facts are those of the engine's host; else UK_ELSEWHERE. */
struct reason derive_host_reason(struct derivation *d);

/* --- the engine (derive_place.c) --- */

bool derive_version_at_least(const char *version, unsigned major, unsigned minor,
			     bool *ret_answer); /* false: not a version */
/* Nothing answers, all processes were seen, and none is a dockerd: what counts is what would be
 * started. */
bool derive_is_stopped(struct derivation *d);
/* /run, or /run/user/UID; NULL when the engine's user is not known. */
const char *derive_runtime_dir(struct derivation *d);
const Plimsoll__Unit *derive_unit(const struct derivation *d, const char *name);

#endif
