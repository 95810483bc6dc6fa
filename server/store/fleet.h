/* SPDX-License-Identifier: Apache-2.0 */
/* What pages and `plimsoll hosts` read: hosts, engines, and what was judged last. */
#ifndef PLIMSOLL_SERVER_STORE_FLEET_H
#define PLIMSOLL_SERVER_STORE_FLEET_H

#include "server/store/store.h"

/* A host with its worst engine: most critical failures, then most failures. */
struct fleet_host {
	char *id;
	char *name;           /* NULL until the first report */
	char *engine_version; /* NULL: not known */
	guint engines;
	int64_t created_at_s;
	bool is_recorded;     /* only imported facts speak for it */
	int64_t retired_at_s; /* 0 = not */
	/* When the newest report of any engine came; of a recorded host: was taken. 0 = never */
	int64_t last_report_s;
	bool has_score; /* all below is unset without */
	guint numerator;
	guint denominator;
	guint known; /* pass + fail inside the denominator */
	guint critical;
	guint failing;
	guint unknown;
};

/* Every host that is not retired (or all), in order of id. gives: free with g_ptr_array_unref(). */
GPtrArray *fleet_list(struct store *store, const char *benchmark, bool with_retired,
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
	bool is_recorded; /* of the host */
	guint critical;   /* failing checks under the benchmark */
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
