/* SPDX-License-Identifier: Apache-2.0 */
/* What pages and `plimsoll hosts` read: hosts, engines, and what was judged last. */
#ifndef PLIMSOLL_SERVER_STORE_FLEET_H
#define PLIMSOLL_SERVER_STORE_FLEET_H

#include "server/store/store.h"

/* Who speaks for a host; of two, the later stands for both. */
enum host_source {
	HOST_RECORDED,  /* imported facts: no further report is due */
	HOST_AGENTLESS, /* scans over SSH, when somebody makes one */
	HOST_AGENT
};
enum host_source host_source_of(const char *word); /* as the table host has it */
/* What people call the way on which facts came: "agent", "SSH (libssh2)", ... Static storage. */
const char *host_way_text(enum host_source source, const char *transport);

/*
 * A host with its worst engine: most critical failures, then most failures. Hosts that were merged
 * into it are part of it: its own report of an engine counts, theirs where it has none.
 */
struct fleet_host {
	char *id;
	char *name;           /* NULL until the first report */
	char *engine_version; /* NULL: not known */
	guint engines;
	int64_t created_at_s;
	enum host_source source; /* of those whose reports count */
	bool has_own_report;     /* false: none, or of parts only */
	char *transport;         /* of the worst engine; NULL: no report */
	int64_t retired_at_s;    /* 0 = not */
	char *merged_into;       /* NULL: stands for itself */
	/*
	 * Another of the list that says it is the same boot of the same machine; NULL: none. That
	 * is claimed, not proved. It is never an agent that looks like an agent, and what another
	 * one looks like looks like none.
	 */
	const struct fleet_host *looks_like;
	char *machine_id; /* NULL: not known; as is the next */
	char *boot_id;
	/* When the newest report of any engine came; without an agent: was taken. 0 = never */
	int64_t last_report_s;
	bool has_score; /* all below is unset without */
	guint numerator;
	guint denominator;
	guint known; /* pass + fail inside the denominator */
	guint critical;
	guint failing;
	guint unknown;
};

enum fleet_which {
	FLEET_ACTIVE, /* all that stand for themselves and are not retired */
	FLEET_ALL,    /* also the retired ones */
	FLEET_PARTS,  /* only those that were merged into another */
};
/* Hosts in order of id. gives: free with g_ptr_array_unref(). */
GPtrArray *fleet_list(struct store *store, const char *benchmark, enum fleet_which which,
		      GError **error);

/* A host's engine with the identity of its newest report. */
struct fleet_engine {
	int64_t id;
	char *key;
	int64_t sequence; /* of the newest report; has_report false: none yet */
	bool has_report;
	int64_t taken_at_s;
	int64_t received_at_s;
	guint schema;
	char *agent_version;
	char *transport;
	enum host_source source; /* of the host */
	guint critical;          /* failing checks under the benchmark */
	guint failing;
};
/* Engines of a host by key. gives: free with g_ptr_array_unref(). */
GPtrArray *fleet_engines(struct store *store, const char *host_id, const char *benchmark,
			 GError **error);
/* A host's labels, key -> value; empty for a host that is not there. gives:
 * g_hash_table_unref(). */
GHashTable *fleet_labels(struct store *store, const char *host_id, GError **error);
bool fleet_has_host(struct store *store, const char *host_id, bool *ret_has, GError **error);

/* The newest report of an engine; members are NULL when not there. */
struct fleet_snapshot {
	GBytes *facts; /* compressed, as are these three */
	GBytes *observed;
	GBytes *evaluation; /* evaluation_blob.h */
	GBytes *cost;       /* packed Cost, not compressed */
};
bool fleet_read_snapshot(struct store *store, int64_t engine, struct fleet_snapshot *ret_snapshot,
			 GError **error);
void fleet_snapshot_done(struct fleet_snapshot *snapshot);

/* How a verdict's open findings stand, for tests and pages: open intervals of a host. */
struct fleet_finding {
	char *check;
	char *variant;
	char *subject_kind;
	char *subject_key;
	char *discriminator;
	char *label;
	int verdict; /* enum verdict */
	int64_t opened_at_s;
	int64_t opened_sequence;
	int opened_changed;  /* enum store_cause */
	int64_t closed_at_s; /* 0 = open */
	char *closed_as;
	int closed_changed;
};
/* All intervals, open and closed, of a host's engines, oldest first. */
GPtrArray *fleet_findings(struct store *store, const char *host_id, GError **error);

#endif
