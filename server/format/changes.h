/* SPDX-License-Identifier: Apache-2.0 */
/* What changed since a baseline, as formats show it; server/diff/baseline.h fills it. */
#ifndef PLIMSOLL_SERVER_FORMAT_CHANGES_H
#define PLIMSOLL_SERVER_FORMAT_CHANGES_H

#include "server/format/format.h"

/* What became of a finding: an item of a check that failed in the baseline or fails now. */
enum change {
	CHANGE_NEW,    /* fails, and did not in the baseline */
	CHANGE_GONE,   /* failed in the baseline and does not any more */
	CHANGE_STILL,  /* fails in both */
	CHANGE_UNSEEN, /* failed in the baseline; now it could not be looked at */
	CHANGE_UNASKED /* failed in the baseline; its check is not part of this audit */
};
enum { CHANGE_COUNT = CHANGE_UNASKED + 1 };

struct changed_finding {
	enum change change;
	const char *check;
	const char *subject; /* of these four all but the item may be NULL, and all are foreign */
	const char *item;
	const char *key;
	const char *discriminator;
};

struct changes {
	const char *host;         /* of the baseline, foreign; NULL = it does not say */
	const char *collected_at; /* foreign; NULL */
	const char *const *notes; /* sentences: why the two may not compare; foreign */
	guint n_notes;
	guint counts[CHANGE_COUNT];
	guint unlisted; /* of the new ones: items that no list names, so nothing can be compared */
	const struct changed_finding *findings; /* new ones first, then in the order of the enum */
	guint n_findings;
};

/* "new", "gone", "still", "unseen", "unasked". */
const char *change_text(enum change change);
/* "2 new, 1 gone, 12 still failing"; free with g_free(). */
char *changes_summary(const struct changes *changes, const char *dot);

#endif
