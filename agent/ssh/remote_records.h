/* SPDX-License-Identifier: Apache-2.0 */
/* What programs of another machine print about paths: records, and complaints. Pure. */
#ifndef PLIMSOLL_AGENT_REMOTE_RECORDS_H
#define PLIMSOLL_AGENT_REMOTE_RECORDS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What stands at a path. */
struct remote_entry {
	bool is_known;   /* it was answered; false: asked about only */
	int errno_value; /* 0 = it is there */
	uint32_t mode;   /* with its type bits */
	int64_t uid, gid, size;
	int64_t mtime_s, ctime_s;
	int64_t mtime_ns, ctime_ns; /* -1 = the program does not tell */
	uint64_t inode;
	uint64_t device;  /* as st_dev */
	bool is_readable; /* of files only */
	bool is_target_asked;
	char *target; /* of a link; NULL: none, or it was not seen; g_free() */
	char *text;   /* of a small file; NULL: not seen; g_free() */
	size_t text_size;
};
void remote_entry_free(struct remote_entry *entry);

/*
 * Each reads one record of the output and moves behind it; false: no record stands there. A NUL
 * ends a field, so that no name can hold the end of its record.
 *
 * ret_path  a borrow of the output
 */
bool remote_record_entry(const char **at, const char *end, struct remote_entry *ret_entry,
			 const char **ret_path);
bool remote_record_file(const char **at, const char *end, struct remote_entry *ret_entry,
			const char **ret_path);
/* A line of `stat -c`, whose paths hold no line feed; ret_path: g_free(). */
bool remote_record_plain(const char **at, const char *end, struct remote_entry *ret_entry,
			 char **ret_path);
/* An entry's text, and behind a line feed where it leads. */
bool remote_record_aside(const char *text, struct remote_entry *ret_entry);
/* One field, NUL-terminated; NULL: none is whole. */
const char *remote_record_field(const char **at, const char *end);

/* The errno that a text of strerror(3) in the C locale stands for, of glibc or musl; EIO = another
 * text. */
int remote_errno(const char *text, size_t size);

/* The errno in the last complaint of a program about a single path; EIO = none can be read. */
int remote_errno_last(const char *words, size_t size);

/*
 * Complaints like "find: '/a/b': Permission denied" by what stands in quotes.
 *
 * gives  free with g_hash_table_unref(); text -> errno
 */
GHashTable *remote_complaints(const char *words, size_t size);

/* How GNU programs quote a path in the C locale, without the outer quotes. gives: g_free(). */
char *remote_quoted(const char *path, char quote);
/* Whether every program prints the path as it is. */
bool remote_is_plain(const char *path);

#endif
