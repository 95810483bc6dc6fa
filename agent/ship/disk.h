/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's own files: a name holds either the old bytes or the new ones, also after a power cut.
 */
#ifndef PLIMSOLL_AGENT_SHIP_DISK_H
#define PLIMSOLL_AGENT_SHIP_DISK_H

#include <glib.h>
#include <stdbool.h>

#include "proto/base.h"

/* Temporary names start with it; whatever a crash has left of them is removed by disk_open_dir().
 */
#define DISK_TEMPORARY_PREFIX ".tmp-"

/*
 * Opens a directory, made with mode 0700 where it does not exist (its parent must), and clears it
 * of temporary files.
 *
 * returns  a file descriptor that the caller closes; -1 with error set to G_FILE_ERROR.
 */
int disk_open_dir(const char *path, GError **error);

/* Replaces a file: temporary name, O_EXCL and 0600, all bytes, fdatasync, rename, fsync of the
 * directory. */
bool disk_write(int dir_fd, const char *name, const void *data, gsize size, GError **error);

/* Reads a regular file of at most max_bytes. error: G_FILE_ERROR; NOENT is an ordinary answer. */
GBytes *disk_read(int dir_fd, const char *name, gsize max_bytes, GError **error);

/* Renames, or with to NULL removes; then fsync of the directory. NOENT counts as done when
 * removing. */
bool disk_move(int dir_fd, const char *from, const char *to, GError **error);

/* Names of the regular files, in byte order; free with g_strfreev(). */
char **disk_list(int dir_fd, GError **error);

#endif
