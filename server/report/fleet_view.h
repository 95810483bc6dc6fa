/* SPDX-License-Identifier: Apache-2.0 */
/* What the page of the fleet shows: plain structs, filled by the server. Part of page.h. */
#ifndef PLIMSOLL_SERVER_REPORT_FLEET_VIEW_H
#define PLIMSOLL_SERVER_REPORT_FLEET_VIEW_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* How old the newest report of a host is. */
enum freshness {
	FRESHNESS_CURRENT,
	FRESHNESS_LATE,
	FRESHNESS_SILENT,
	FRESHNESS_WAITING, /* enrolled, never reported */
	FRESHNESS_SCANNED, /* over SSH, when somebody makes a scan: never late, but at last ... */
	FRESHNESS_STALE,
	FRESHNESS_RECORDED, /* imported facts: no further report is due */
	FRESHNESSES
};
const char *freshness_text(enum freshness freshness);

enum { FLEET_PAGE_ROWS = 100 };
#define PAGE_SHOW_CRITICAL "critical"

struct fleet_row {
	const char *host_id; /* [a-z0-9.-]+, made by the server; address of the host page */
	const char *name;
	const char *docker_version; /* NULL = not known */
	const char *way;            /* on which its facts came, "agent" (ours) */
	/* Another host that claims to be the same machine, which is counted instead; NULL = none */
	const char *looks_like_id;
	const char *looks_like; /* its name */
	enum freshness freshness;
	bool has_percent; /* false: nothing counts yet */
	double percent;
	double coverage_percent;
	guint critical; /* failing checks of severity critical */
	guint failing;
	guint unknown;
	int64_t last_report_s; /* 0 = never */
};

/* One page of the list of hosts. */
struct fleet_view {
	const char *benchmark_title;
	int64_t as_of_s;
	const struct fleet_row *rows; /* of this page, in the order to be shown */
	guint n_rows;
	guint first; /* index of rows[0] among all that match */
	guint matching;
	/* Of the whole fleet, like the counts below. Hosts that look like one machine count once,
	 * at the worst that one of them shows. */
	guint hosts;
	guint lookalikes; /* how many were not counted because of that */
	guint by_freshness[FRESHNESSES];
	guint with_critical;        /* hosts with at least one critical failure */
	const char *enroll_command; /* what the empty page tells to run; NULL = not shown (ours) */
	bool has_search;            /* the server answers GET /?q=TEXT&show=WORD&page=N */
	const char
		*show; /* which hosts alone: PAGE_SHOW_CRITICAL, or freshness_text(); NULL = all */
	const char *query; /* q as given; NULL = none */
};

#endif
