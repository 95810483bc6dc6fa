/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the derive_*.c files share: the derivation under way, and the small answers that several of
 * them need. Nothing outside checks/derive* includes it, but their tests.
 */
#ifndef PLIMSOLL_CHECKS_DERIVE_INTERNAL_H
#define PLIMSOLL_CHECKS_DERIVE_INTERNAL_H

#include <stdbool.h>
#include <string.h>

#include "checks/derive.h"
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

/* --- paths (derive_path.c) --- */

enum path_relation { PATH_UNRELATED, PATH_EQUAL, PATH_ABOVE, PATH_BELOW };

/* Without "//", "." and ".."; NULL for what is not absolute. Lexical: links are not followed. */
char *derive_path_clean(struct derivation *d, const char *path);
/* What path is to entry, component by component: "/run" is ABOVE "/run/docker.sock". Both clean. */
enum path_relation derive_path_relation(const char *path, const char *entry);
/* As derive_path_clean(), but with the realpath of the longest parent that facts.file knows. */
const char *derive_path_real(struct derivation *d, const char *path);
/* The row of facts.file with that role whose path or realpath is path; -1 = none. */
int64_t derive_file_find(struct derivation *d, Plimsoll__File__Role role, const char *path);

/* Whether a row of facts.file concerns this engine and not another one beside it (derive_scope.c).
 */
bool derive_is_own_file(struct derivation *d, const Plimsoll__File *file);

/* --- daemon options (derive_setting.c) --- */

struct option_pair {
	const char *key;   /* of k=v lists */
	const char *value; /* NULL = masked */
};
enum option_place { OPTION_NOWHERE, OPTION_ARGV, OPTION_EXECSTART, OPTION_FILE, OPTION_DEFAULT };
/* What one place says about one option. */
struct option_value {
	enum option_place place;
	const char *text; /* scalars */
	struct option_pair *pairs;
	guint n_pairs;
	const char *trouble; /* it is there, but says nothing usable: why */
};

/* The row of an option; never NULL for the names of derive_setting.c's table. */
const Derived__Setting *derive_setting(const struct derivation *d, const char *name);
bool derive_setting_is(const struct derivation *d, const char *name, const char *value);
/* What the configuration shows now: argv of the serving dockerd, else ExecStart; file; default. */
struct option_value derive_setting_configured(struct derivation *d, const char *name);
/* Why the configuration file's content is not known: OK, also when it is known to be absent. */
struct reason derive_config_reason(struct derivation *d);
const char *derive_option_place_text(enum option_place place);

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
