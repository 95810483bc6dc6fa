/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow, agentless: see remote_records.h. Names are chosen by whoever runs there. */
#include "agent/ssh/remote_records.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *text;
	int errno_value;
} errors[] = {
	{"No such file or directory", ENOENT},
	{"Permission denied", EACCES},
	{"Operation not permitted", EPERM},
	{"Not a directory", ENOTDIR},
	{"Too many levels of symbolic links", ELOOP},
	{"Symbolic link loop", ELOOP},
	{"No such process", ESRCH},
	{"Invalid argument", EINVAL},
	{"File name too long", ENAMETOOLONG},
	{"Filename too long", ENAMETOOLONG},
	{"Is a directory", EISDIR},
	{"Stale file handle", ESTALE},
	{"Connection timed out", ETIMEDOUT},
	{"Operation timed out", ETIMEDOUT},
	{"Transport endpoint is not connected", ENOTCONN},
	{"Socket not connected", ENOTCONN},
	{"Required key not available", ENOKEY},
	{"Operation not supported", EOPNOTSUPP},
	{"Not supported", EOPNOTSUPP},
	{"No such device or address", ENXIO},
	{"No such device", ENODEV},
};

void remote_entry_free(struct remote_entry *entry)
{
	if (entry == NULL)
		return;
	g_free(entry->target);
	g_free(entry->text);
	g_free(entry);
}

/* ---- numbers and fields ---- */

static bool take_number(const char **at, guint base, uint64_t *ret_number)
{
	char *end = NULL;

	*at += strspn(*at, " ");
	if (!g_ascii_isxdigit(**at))
		return false;
	*ret_number = g_ascii_strtoull(*at, &end, base);
	if (end == *at)
		return false;
	*at = end;
	return true;
}

static bool take_int(const char **at, int64_t *ret_number)
{
	uint64_t number = 0;
	bool is_negative = false;

	*at += strspn(*at, " ");
	is_negative = **at == '-';
	*at += is_negative ? 1 : 0;
	if (!take_number(at, 10, &number) || number > INT64_MAX)
		return false;
	*ret_number = is_negative ? -(int64_t)number : (int64_t)number;
	return true;
}

/* "1795313527.1952632190", or without a fraction. */
static bool take_time(const char **at, int64_t *ret_s, int64_t *ret_ns)
{
	int64_t scale = 100000000;

	*ret_ns = -1;
	if (!take_int(at, ret_s))
		return false;
	if (**at != '.')
		return true;
	*ret_ns = 0;
	for (++*at; g_ascii_isdigit(**at); ++*at, scale /= 10)
		*ret_ns += (**at - '0') * scale;
	return true;
}

const char *remote_record_field(const char **at, const char *end)
{
	const char *field = *at;
	const char *nul = field == end ? NULL : memchr(field, '\0', (size_t)(end - field));

	if (nul == NULL)
		return NULL;
	*at = nul + 1;
	return field;
}

static uint32_t type_bits(char letter)
{
	static const struct {
		char letter;
		uint32_t bits;
	} types[] = {
		{'f', S_IFREG}, {'d', S_IFDIR}, {'l', S_IFLNK},  {'c', S_IFCHR},
		{'b', S_IFBLK}, {'p', S_IFIFO}, {'s', S_IFSOCK},
	};

	for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
		if (types[i].letter == letter)
			return types[i].bits;
	}
	return 0;
}

/* ---- records ---- */

static bool read_entry(const char *text, struct remote_entry *entry)
{
	uint64_t rights = 0;

	entry->mode = type_bits(text[0]);
	if (entry->mode == 0 || text[1] != ' ')
		return false;
	text++;
	if (!take_number(&text, 8, &rights) || !take_int(&text, &entry->uid) ||
	    !take_int(&text, &entry->gid) || !take_int(&text, &entry->size) ||
	    !take_number(&text, 10, &entry->inode) || !take_number(&text, 10, &entry->device) ||
	    !take_time(&text, &entry->mtime_s, &entry->mtime_ns) ||
	    !take_time(&text, &entry->ctime_s, &entry->ctime_ns) || *text != '\0')
		return false;
	entry->mode |= (uint32_t)rights & 07777;
	entry->is_known = true;
	return true;
}

bool remote_record_entry(const char **at, const char *end, struct remote_entry *ret_entry,
			 const char **ret_path)
{
	const char *text = remote_record_field(at, end);
	const char *path = text == NULL ? NULL : remote_record_field(at, end);
	const char *target = path == NULL ? NULL : remote_record_field(at, end);

	*ret_entry = (struct remote_entry){0};
	if (target == NULL || !read_entry(text, ret_entry))
		return false;
	if (target[0] != '\0')
		ret_entry->target = g_strdup(target);
	*ret_path = path;
	return true;
}

bool remote_record_aside(const char *text, struct remote_entry *ret_entry)
{
	const char *feed = strchr(text, '\n');
	g_autofree char *line = g_strndup(text, feed == NULL ? strlen(text) : (gsize)(feed - text));
	struct remote_entry entry = {0};

	if (!read_entry(line, &entry))
		return false;
	if (S_ISLNK(entry.mode) && feed != NULL)
		entry.target = g_strdup(feed + 1);
	*ret_entry = entry;
	return true;
}

bool remote_record_file(const char **at, const char *end, struct remote_entry *ret_entry,
			const char **ret_path)
{
	struct remote_entry entry = {.is_known = true};
	const char *text = remote_record_field(at, end);
	const char *path = text == NULL ? NULL : remote_record_field(at, end);

	if (path == NULL || text[0] == '\0' || text[1] != ' ' || text[2] == '\0')
		return false;
	entry.is_readable = text[0] == 'r';
	entry.mode = type_bits(text[2]);
	text += 3;
	if (!take_int(&text, &entry.size) || !take_number(&text, 10, &entry.inode) ||
	    !take_time(&text, &entry.mtime_s, &entry.mtime_ns) ||
	    !take_time(&text, &entry.ctime_s, &entry.ctime_ns) || *text != '\0')
		return false;
	*ret_entry = entry;
	*ret_path = path;
	return true;
}

bool remote_record_plain(const char **at, const char *end, struct remote_entry *ret_entry,
			 char **ret_path)
{
	struct remote_entry entry = {.is_known = true, .is_readable = true};
	const char *feed = *at == end ? NULL : memchr(*at, '\n', (size_t)(end - *at));
	g_autofree char *line = feed == NULL ? NULL : g_strndup(*at, (gsize)(feed - *at));
	const char *text = line;
	uint64_t mode = 0;

	if (line == NULL)
		return false;
	*at = feed + 1;
	if (!take_number(&text, 16, &mode) || !take_int(&text, &entry.uid) ||
	    !take_int(&text, &entry.gid) || !take_int(&text, &entry.size) ||
	    !take_number(&text, 10, &entry.inode) || !take_number(&text, 10, &entry.device) ||
	    !take_time(&text, &entry.mtime_s, &entry.mtime_ns) ||
	    !take_time(&text, &entry.ctime_s, &entry.ctime_ns) || *text != ' ')
		return false;
	entry.mode = (uint32_t)mode;
	*ret_entry = entry;
	*ret_path = g_strdup(text + 1);
	return true;
}

/* ---- complaints ---- */

int remote_errno(const char *text, size_t size)
{
	for (guint i = 0; i < G_N_ELEMENTS(errors); i++) {
		if (strlen(errors[i].text) == size && memcmp(errors[i].text, text, size) == 0)
			return errors[i].errno_value;
	}
	return EIO;
}

int remote_errno_last(const char *words, size_t size)
{
	const char *colon = NULL;

	while (size > 0 && words[size - 1] == '\n')
		size--;
	for (size_t i = 0; i + 1 < size; i++) {
		if (words[i] == ':' && words[i + 1] == ' ')
			colon = words + i;
	}
	return colon == NULL ? EIO : remote_errno(colon + 2, size - (size_t)(colon + 2 - words));
}

/* The first " '" of a line, as in "can't stat '/a'"; NULL: none. */
static const char *opening_quote(const char *line, const char *end)
{
	const char *found = memmem(line, (size_t)(end - line), " '", 2);

	return found == NULL ? NULL : found + 1;
}

/* The last "': " of a line; NULL: none. */
static const char *closing_quote(const char *line, const char *end)
{
	for (const char *at = end - 3; at > line; at--) {
		if (at[0] == '\'' && at[1] == ':' && at[2] == ' ')
			return at;
	}
	return NULL;
}

GHashTable *remote_complaints(const char *words, size_t size)
{
	GHashTable *errnos = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const char *end = words + size;

	for (const char *line = words; line < end;) {
		const char *feed = memchr(line, '\n', (size_t)(end - line));
		const char *stop = feed == NULL ? end : feed;
		const char *opened = opening_quote(line, stop);
		const char *closed =
			opened == NULL || stop - opened < 4 ? NULL : closing_quote(opened, stop);

		if (closed != NULL)
			g_hash_table_insert(errnos,
					    g_strndup(opened + 1, (gsize)(closed - opened - 1)),
					    GINT_TO_POINTER(remote_errno(
						    closed + 3, (size_t)(stop - closed - 3))));
		line = stop + 1;
	}
	return errnos;
}

char *remote_quoted(const char *path, char quote)
{
	static const char controls[] = "\a\b\f\n\r\t\v";
	static const char letters[] = "abfnrtv";
	GString *quoted = g_string_new(NULL);

	for (const char *at = path; *at != '\0'; at++) {
		const char *control = strchr(controls, *at);

		if (*at == quote || *at == '\\')
			g_string_append_printf(quoted, "\\%c", *at);
		else if (control != NULL)
			g_string_append_printf(quoted, "\\%c", letters[control - controls]);
		else if (g_ascii_isprint(*at))
			g_string_append_c(quoted, *at);
		else
			g_string_append_printf(quoted, "\\%03o", (guint)(guchar)*at);
	}
	return g_string_free(quoted, FALSE);
}

bool remote_is_plain(const char *path)
{
	for (const char *at = path; *at != '\0'; at++) {
		if (!g_ascii_isprint(*at) || strchr("'\"\\", *at) != NULL)
			return false;
	}
	return true;
}
