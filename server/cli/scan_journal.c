/* SPDX-License-Identifier: Apache-2.0 */
/* See scan_journal.h. */
#include "server/cli/scan_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { MAX_BYTES = 256 << 20, FORMAT = 1 };

struct scan_journal {
	int fd;
	char *path;
	GHashTable *rows; /* name -> struct scan_row *; owns them */
};

GQuark scan_journal_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-scan-journal-error");
}

static void free_row(gpointer data)
{
	scan_row_free(data);
}

void scan_journal_close(struct scan_journal *journal)
{
	if (journal == NULL)
		return;
	if (journal->fd >= 0)
		(void)close(journal->fd);
	g_free(journal->path);
	g_hash_table_unref(journal->rows);
	g_free(journal);
}

static bool fail(const struct scan_journal *journal, GError **error, const char *what)
{
	g_set_error(error, SCAN_JOURNAL_ERROR, 0, "'%s' %s", journal->path, what);
	return false;
}

static bool fail_errno(const struct scan_journal *journal, GError **error)
{
	const int code = errno;

	g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(code), "'%s': %s",
		    journal->path, g_strerror(code));
	return false;
}

/* --- writing --- */

/* A full disk: half a line would spoil the next one too. */
static bool take_back(const struct scan_journal *journal, off_t end, GError **error)
{
	fail_errno(journal, error);
	if (end >= 0)
		(void)!ftruncate(journal->fd, end);
	return false;
}

static bool write_line(const struct scan_journal *journal, struct json *value, GError **error)
{
	g_autofree char *json = json_text(value, false);
	g_autofree char *line = g_strconcat(json, "\n", NULL);
	const off_t end = lseek(journal->fd, 0, SEEK_END);
	const size_t size = strlen(line);
	size_t done = 0;

	json_free(value);
	while (done < size) {
		const ssize_t n = write(journal->fd, line + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return take_back(journal, end, error);
		done += (size_t)n;
	}
	return fdatasync(journal->fd) == 0 || fail_errno(journal, error);
}

bool scan_journal_put(struct scan_journal *journal, const struct scan_row *row, GError **error)
{
	return write_line(journal, scan_row_to_json(row), error);
}

static bool begin(const struct scan_journal *journal, const struct scan_mark *mark, GError **error)
{
	struct json *head = json_object_new();

	json_set(head, "plimsoll_sweep", json_new_integer(FORMAT));
	json_set(head, "options", json_new_string(mark->options));
	json_set(head, "targets", json_new_string(mark->targets));
	return write_line(journal, head, error);
}

/* --- reading --- */

static bool check_head(const struct scan_journal *journal, const struct json *head,
		       const struct scan_mark *mark, GError **error)
{
	int64_t format = 0;

	if (!json_as_integer(json_get(head, "plimsoll_sweep"), &format) || format != FORMAT)
		return fail(journal, error, "is no journal of a sweep");
	if (g_strcmp0(json_as_string(json_get(head, "options"), NULL), mark->options) != 0)
		return fail(journal, error,
			    "belongs to a sweep with other options, or by another release; "
			    "repeat its command, or begin a new journal");
	if (g_strcmp0(json_as_string(json_get(head, "targets"), NULL), mark->targets) != 0)
		return fail(journal, error,
			    "belongs to a sweep of other machines; begin a new journal");
	return true;
}

static bool take_line(struct scan_journal *journal, const char *line, size_t size, bool is_head,
		      const struct scan_mark *mark, GError **error)
{
	PLIMSOLL_AUTO(json) *value = json_parse(line, size, NULL, NULL);
	struct scan_row *row = NULL;

	if (value == NULL)
		return fail(journal, error, "is no journal of a sweep");
	if (is_head)
		return check_head(journal, value, mark, error);
	row = scan_row_from_json(value);
	if (row == NULL)
		return fail(journal, error, "has a line that is not of a journal");
	g_hash_table_replace(journal->rows, row->name, row);
	return true;
}

/* Whole lines count; a piece of one at the end was never finished. */
static bool take_lines(struct scan_journal *journal, const char *text, size_t size,
		       const struct scan_mark *mark, GError **error)
{
	const char *at = text;
	const char *newline;

	while ((newline = memchr(at, '\n', size - (size_t)(at - text))) != NULL) {
		if (!take_line(journal, at, (size_t)(newline - at), at == text, mark, error))
			return false;
		at = newline + 1;
	}
	if (at == text && size > 0 && g_strstr_len(text, (gssize)size, "plimsoll_sweep") == NULL)
		return fail(journal, error, "is no journal of a sweep");
	if (ftruncate(journal->fd, (off_t)(at - text)) != 0)
		return fail_errno(journal, error);
	return at != text || begin(journal, mark, error);
}

static bool read_all(struct scan_journal *journal, const struct scan_mark *mark, GError **error)
{
	g_autofree char *text = NULL;
	struct stat now;
	size_t size;
	size_t done = 0;

	if (fstat(journal->fd, &now) != 0)
		return fail_errno(journal, error);
	if (!S_ISREG(now.st_mode) || now.st_size > MAX_BYTES)
		return fail(journal, error, "is no journal of a sweep");
	size = (size_t)now.st_size;
	text = g_malloc(size + 1);
	while (done < size) {
		const ssize_t n = pread(journal->fd, text + done, size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? fail_errno(journal, error)
				     : fail(journal, error, "changes while it is read");
		done += (size_t)n;
	}
	return take_lines(journal, text, size, mark, error);
}

struct scan_journal *scan_journal_open(const char *path, const struct scan_mark *mark,
				       GHashTable **ret_rows, GError **error)
{
	PLIMSOLL_AUTO(scan_journal) *journal = g_new0(struct scan_journal, 1);

	journal->path = g_strdup(path);
	journal->rows = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_row);
	journal->fd =
		open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (journal->fd < 0) {
		fail_errno(journal, error);
		return NULL;
	}
	if (flock(journal->fd, LOCK_EX | LOCK_NB) != 0) {
		fail(journal, error, "is in use by another sweep");
		return NULL;
	}
	if (!read_all(journal, mark, error))
		return NULL;
	*ret_rows = journal->rows;
	return g_steal_pointer(&journal);
}
