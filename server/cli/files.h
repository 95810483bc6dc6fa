/* SPDX-License-Identifier: Apache-2.0 */
/* Files that an operator names on the command line. */
#ifndef PLIMSOLL_SERVER_CLI_FILES_H
#define PLIMSOLL_SERVER_CLI_FILES_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Saved facts are JSON: several times a packed report. */
enum { FILES_FACTS_BYTES = 256 << 20 };
/* A report of -o json -a. */
enum { FILES_REPORT_BYTES = 256 << 20 };

/*
 * Reads a whole file; "-" is standard input.
 *
 * gives  NUL-terminated bytes; free with g_free().
 * error  G_FILE_ERROR; FBIG past max_bytes.
 */
char *files_read(const char *path, size_t max_bytes, size_t *ret_size, GError **error);

/* Writes a result with the permissions of the umask. error: G_FILE_ERROR. */
bool files_write(const char *path, const char *text, size_t size, GError **error);

enum files_mode { FILES_APPEND, FILES_REPLACE };

/* Writes a log whose name nobody gave, perhaps in a folder that others write to: never through a
 * link. error: G_FILE_ERROR. */
bool files_write_log(const char *path, const char *text, size_t size, enum files_mode mode,
		     GError **error);

/*
 * Writes what only its owner may read: mode 0600, and never through a link or into a file that
 * somebody else laid out. It appears whole under its name or not at all.
 *
 * error  G_FILE_ERROR; LOOP when path is a link, EXIST (as G_FILE_ERROR_EXIST) when it is no file.
 */
bool files_write_private(const char *path, const char *text, size_t size, GError **error);

#endif
