/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an interrupted sweep had done: a file of lines, JSON each, the first of which says which
 * sweep it is. A machine that was audited is in it once its outputs are on disk.
 */
#ifndef PLIMSOLL_SERVER_CLI_SCAN_JOURNAL_H
#define PLIMSOLL_SERVER_CLI_SCAN_JOURNAL_H

#include "server/cli/scan_row.h"

/* Which sweep it is: digests of what is asked, and of whom. */
struct scan_mark {
	const char *options, *targets;
};

struct scan_journal;

/*
 * Makes the file, readable by its owner only, or goes on with it. What was torn off when the last
 * run ended in the middle of a line is taken away.
 *
 * ret_rows  name -> struct scan_row *, of machines that are done; borrowed from the journal.
 * error     SCAN_JOURNAL_ERROR: another sweep's, or no journal; G_FILE_ERROR.
 */
struct scan_journal *scan_journal_open(const char *path, const struct scan_mark *mark,
				       GHashTable **ret_rows, GError **error);
void scan_journal_close(struct scan_journal *journal);
PLIMSOLL_AUTOPTR(scan_journal, scan_journal_close)

/* On disk when this returns. */
bool scan_journal_put(struct scan_journal *journal, const struct scan_row *row, GError **error);

#define SCAN_JOURNAL_ERROR (scan_journal_error_quark())
GQuark scan_journal_error_quark(void);

#endif
