/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sweep writes while it goes on: documents of all machines (-o json, ndjson), and a file for
 * each (-o html=DIR/, --save-facts DIR). Nothing of a machine stays in memory.
 */
#ifndef PLIMSOLL_SERVER_CLI_SCAN_OUTPUT_H
#define PLIMSOLL_SERVER_CLI_SCAN_OUTPUT_H

#include "server/cli/scan_options.h"
#include "server/cli/scan_row.h"

struct scan_output;

/*
 * Opens files and makes folders before any machine is touched.
 *
 * is_resumed  what was written before is continued.
 * gives       free with scan_output_close(). NULL: said, with ret_exit set.
 */
struct scan_output *scan_output_open(const struct scan_options *options, bool is_resumed,
				     int *ret_exit);

/* One machine. report and collection are NULL when there is none. False: something could not be
 * written, and that is said. */
bool scan_output_put(struct scan_output *output, const struct scan_row *row,
		     const struct ssh_target *target, const struct report *report,
		     const struct collection *collection);

/* --save-facts: a file for what one machine showed. The same. */
bool scan_output_save_facts(const struct scan_options *options, const char *name,
			    const struct collection *collection);

/* Ends the documents; the table and the summary. The same. */
bool scan_output_end(struct scan_output *output, const GPtrArray *rows);
void scan_output_close(struct scan_output *output);
PLIMSOLL_AUTOPTR(scan_output, scan_output_close)

/* A target's name as a file's: its letters, digits, ".", "-" and "_"; where others were in it, or
 * it is long, with a mark of its own behind. gives: g_free(). */
char *scan_output_file_name(const char *target, const char *extension);

#endif
