/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See known_hosts.h. The files' text is kept as it is and searched line by line, since a sweep asks
 * for few names and a file may have many. What a line means follows sshd(8), "SSH_KNOWN_HOSTS FILE
 * FORMAT", and hostfile.c and match.c of OpenSSH 9.2 where the manual is silent.
 */
#include "agent/ssh/known_hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "agent/ssh_target.h"
#include "proto/limits.h"

enum {
	DEFAULT_PORT = 22,
	SALT_BYTES = 20,
	PATTERN_BYTES = 1024,
	KEY_BYTES = 16 << 10,
	LOCK_TRIES = 150,
	LOCK_PAUSE_US = 20000
};

struct known_file {
	char *path;
	char *text; /* NUL-terminated; may hold further NULs */
	gsize size;
};

struct known_hosts {
	GPtrArray *files; /* of struct known_file */
};

struct slice {
	const char *start;
	size_t size;
};

enum marker { MARKER_NONE, MARKER_AUTHORITY, MARKER_REVOKED };

struct line {
	enum marker marker;
	struct slice names, type, key;
};

struct place {
	const struct known_file *file;
	size_t offset;
	guint number;
};

static void file_free(void *data)
{
	struct known_file *file = data;

	g_free(file->path);
	g_free(file->text);
	g_free(file);
}

static bool slice_is(struct slice slice, const char *text)
{
	return slice.size == strlen(text) && memcmp(slice.start, text, slice.size) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the next word off the front of rest. */
static struct slice take_word(struct slice *rest)
{
	struct slice word = {0};

	while (rest->size > 0 && is_blank(rest->start[0])) {
		rest->start++;
		rest->size--;
	}
	word.start = rest->start;
	while (word.size < rest->size && !is_blank(word.start[word.size]))
		word.size++;
	rest->start += word.size;
	rest->size -= word.size;
	return word;
}

/* The next line of a file, without its end; a NUL ends it as well, as it does for ssh. */
static bool next_line(struct place *place, struct slice *ret_line)
{
	const char *start = place->file->text + place->offset;
	size_t left = place->file->size - place->offset;
	const char *end = NULL;

	if (left == 0)
		return false;
	end = memchr(start, '\n', left);
	ret_line->start = start;
	ret_line->size = end == NULL ? left : (size_t)(end - start);
	place->offset += ret_line->size + (end == NULL ? 0 : 1);
	place->number++;
	ret_line->size = strnlen(ret_line->start, ret_line->size);
	return true;
}

/* The type that a key names itself by, as it goes over the wire; empty: it is no key. */
static struct slice wire_type(const uint8_t *key, size_t size)
{
	size_t length = 0;

	if (size < 4)
		return (struct slice){0};
	length = (size_t)key[0] << 24 | (size_t)key[1] << 16 | (size_t)key[2] << 8 | key[3];
	if (length == 0 || length > size - 4)
		return (struct slice){0};
	return (struct slice){(const char *)key + 4, length};
}

static bool is_base64(struct slice text)
{
	size_t padding = 0;

	for (size_t i = 0; i < text.size; i++) {
		if (text.start[i] == '=')
			padding++;
		else if (padding > 0 || (!g_ascii_isalnum(text.start[i]) && text.start[i] != '+' &&
					 text.start[i] != '/'))
			return false;
	}
	return text.size > 0 && text.size % 4 == 0 && padding <= 2;
}

/* gives: bytes, g_free(); NULL: no base64 of at most max_bytes. */
static uint8_t *decode(struct slice text, size_t max_bytes, gsize *ret_size)
{
	g_autofree char *copy = NULL;

	if (text.size / 4 * 3 > max_bytes + 2 || !is_base64(text))
		return NULL;
	copy = g_strndup(text.start, text.size);
	return g_base64_decode(copy, ret_size);
}

/* gives: the key of a line as it goes over the wire, g_free(); NULL: it cannot be read. */
static uint8_t *line_key(const struct line *line, gsize *ret_size)
{
	g_autofree uint8_t *key = decode(line->key, KEY_BYTES, ret_size);
	struct slice type = {0};

	if (key == NULL)
		return NULL;
	type = wire_type(key, *ret_size);
	if (type.size == 0 || type.size != line->type.size ||
	    memcmp(type.start, line->type.start, type.size) != 0)
		return NULL;
	return g_steal_pointer(&key);
}

/* false: blank, a comment, or not to be read; only the words are looked at, not yet the key. */
static bool read_line(struct slice text, struct line *ret)
{
	*ret = (struct line){.names = take_word(&text)};

	if (ret->names.size == 0 || ret->names.start[0] == '#')
		return false;
	if (ret->names.start[0] == '@') {
		if (slice_is(ret->names, "@revoked"))
			ret->marker = MARKER_REVOKED;
		else if (slice_is(ret->names, "@cert-authority"))
			ret->marker = MARKER_AUTHORITY;
		else
			return false;
		ret->names = take_word(&text);
		if (ret->names.size > 0 && ret->names.start[0] == '@')
			return false; /* one marker at most */
	}
	ret->type = take_word(&text);
	ret->key = take_word(&text);
	return ret->key.size > 0;
}

/* match.c of OpenSSH: * and ? only; both in lower case. */
static bool matches_pattern(const char *text, struct slice pattern)
{
	const char *retry_text = NULL;
	size_t at = 0, retry_at = 0;

	while (*text != '\0') {
		if (at < pattern.size && pattern.start[at] == '*') {
			retry_at = ++at;
			retry_text = text;
		} else if (at < pattern.size && (pattern.start[at] == '?' ||
						 g_ascii_tolower(pattern.start[at]) == *text)) {
			at++;
			text++;
		} else if (retry_text != NULL) {
			at = retry_at;
			text = ++retry_text;
		} else {
			return false;
		}
	}
	while (at < pattern.size && pattern.start[at] == '*')
		at++;
	return at == pattern.size;
}

/* A pattern that begins with ! and matches makes the whole line another host's. */
static bool matches_list(const char *name, struct slice list)
{
	bool found = false;

	for (size_t i = 0; i <= list.size; i++) {
		struct slice one = {list.start + i, 0};
		bool negated = i < list.size && list.start[i] == '!';

		while (i < list.size && list.start[i] != ',')
			i++;
		one.size = (size_t)(list.start + i - one.start);
		if (negated) {
			one.start++;
			one.size--;
		}
		if (one.size >= PATTERN_BYTES)
			return false;
		if (!matches_pattern(name, one))
			continue;
		if (negated)
			return false;
		found = true;
	}
	return found;
}

static void hash_name(const char *name, const uint8_t salt[SALT_BYTES], uint8_t hash[SALT_BYTES])
{
	gsize size = SALT_BYTES;
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA1, salt, SALT_BYTES);

	g_hmac_update(hmac, (const guchar *)name, (gssize)strlen(name));
	g_hmac_get_digest(hmac, hash, &size);
	g_hmac_unref(hmac);
}

/* "|1|SALT|HASH", both base64 of 20 bytes. */
static bool matches_hashed(const char *name, struct slice text)
{
	const char *bar = NULL;
	struct slice salt_text = {0}, hash_text = {0};
	gsize salt_size = 0, hash_size = 0;
	uint8_t want[SALT_BYTES];

	if (text.size < 3 || memcmp(text.start, "|1|", 3) != 0)
		return false;
	bar = memchr(text.start + 3, '|', text.size - 3);
	if (bar == NULL)
		return false;
	salt_text = (struct slice){text.start + 3, (size_t)(bar - text.start) - 3};
	hash_text = (struct slice){bar + 1, (size_t)(text.start + text.size - bar) - 1};
	g_autofree uint8_t *salt = decode(salt_text, SALT_BYTES, &salt_size);
	g_autofree uint8_t *hash = decode(hash_text, SALT_BYTES, &hash_size);
	if (salt == NULL || hash == NULL || salt_size != SALT_BYTES || hash_size != SALT_BYTES)
		return false;
	hash_name(name, salt, want);
	return memcmp(want, hash, SALT_BYTES) == 0;
}

static bool names_host(const struct line *line, const char *name)
{
	return line->names.start[0] == '|' ? matches_hashed(name, line->names)
					   : matches_list(name, line->names);
}

/* What a host is called there: in lower case, as "[host]:port" unless the port is 22. */
static char *name_of(const char *host, guint port)
{
	g_autofree char *lower = g_ascii_strdown(host, -1);

	if (port == 0 || port == DEFAULT_PORT)
		return g_steal_pointer(&lower);
	return g_strdup_printf("[%s]:%u", lower, port);
}

/*
 * Calls visit for every line that names the host and has a key that can be read, in the order of
 * the files, until it returns false.
 */
struct visitor {
	bool (*visit)(struct visitor *visitor, const struct line *line, const struct place *place,
		      const uint8_t *key, gsize key_size);
};

static void visit_lines(const struct known_hosts *known, const char *name, struct visitor *visitor)
{
	for (guint i = 0; i < known->files->len; i++) {
		struct place place = {.file = g_ptr_array_index(known->files, i)};
		struct slice text = {0};
		struct line line = {0};

		while (next_line(&place, &text)) {
			gsize size = 0;

			if (!read_line(text, &line) || !names_host(&line, name))
				continue;
			g_autofree uint8_t *key = line_key(&line, &size);
			if (key != NULL && !visitor->visit(visitor, &line, &place, key, size))
				return;
		}
	}
}

/* ---- reading ---- */

static bool refuse_file(const char *path, int problem, GError **error)
{
	g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(problem),
		    "cannot read '%s': %s", path, g_strerror(problem));
	return false;
}

/* A device (/dev/null is what some configurations name) has no lines. */
static bool read_text(const char *path, struct known_file *file, GError **error)
{
	PLIMSOLL_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	gsize room = 0;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		file->text = g_strdup("");
		return true;
	}
	if (fd < 0 || fstat(fd, &status) != 0)
		return refuse_file(path, errno, error);
	if (S_ISDIR(status.st_mode))
		return refuse_file(path, EISDIR, error);
	if (status.st_size > (off_t)LIMIT_KNOWN_HOSTS_BYTES)
		return refuse_file(path, EFBIG, error);
	room = S_ISREG(status.st_mode) ? (gsize)status.st_size : 0;
	file->text = g_malloc0(room + 1);
	while (file->size < room) {
		ssize_t got = read(fd, file->text + file->size, room - file->size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return refuse_file(path, errno, error);
		if (got == 0)
			break;
		file->size += (gsize)got;
	}
	return true;
}

/* A key that is revoked must not count because of a slip in its line. */
static bool revoked_lines_can_be_read(const struct known_file *file, GError **error)
{
	struct place place = {.file = file};
	struct slice text = {0};

	while (next_line(&place, &text)) {
		struct slice rest = text, word = take_word(&rest);
		struct line line = {0};
		gsize size = 0;

		if (word.size < strlen("@revoked") ||
		    memcmp(word.start, "@revoked", strlen("@revoked")) != 0)
			continue;
		g_autofree uint8_t *key = read_line(text, &line) ? line_key(&line, &size) : NULL;
		if (key != NULL)
			continue;
		g_set_error(error, SSH_ERROR, SSH_ERROR_CONFIG,
			    "%s:%u: a line with @revoked that cannot be read", file->path,
			    place.number);
		return false;
	}
	return true;
}

struct known_hosts *known_hosts_read(const char *const *files, GError **error)
{
	PLIMSOLL_AUTO(known_hosts) *known = g_new0(struct known_hosts, 1);

	known->files = g_ptr_array_new_with_free_func(file_free);
	for (size_t i = 0; files != NULL && files[i] != NULL; i++) {
		struct known_file *file = g_new0(struct known_file, 1);

		file->path = g_strdup(files[i]);
		g_ptr_array_add(known->files, file);
		if (!read_text(files[i], file, error) || !revoked_lines_can_be_read(file, error))
			return NULL;
	}
	return g_steal_pointer(&known);
}

void known_hosts_free(struct known_hosts *known)
{
	if (known == NULL)
		return;
	g_ptr_array_unref(known->files);
	g_free(known);
}

/* ---- which key types ---- */

struct type_visitor {
	struct visitor base;
	GPtrArray *types;
	bool has_authority;
};

static bool visit_type(struct visitor *visitor, const struct line *line, const struct place *place,
		       const uint8_t *key, gsize key_size)
{
	struct type_visitor *self = (struct type_visitor *)visitor;
	g_autofree char *type = g_strndup(line->type.start, line->type.size);
	const char *kept = NULL;

	(void)place, (void)key, (void)key_size;
	if (line->marker == MARKER_AUTHORITY)
		self->has_authority = true;
	if (line->marker != MARKER_NONE)
		return true;
	kept = g_intern_string(type);
	if (!g_ptr_array_find(self->types, kept, NULL))
		g_ptr_array_add(self->types, (gpointer)(uintptr_t)kept);
	return true;
}

const char **known_hosts_types(const struct known_hosts *known, const char *host, guint port,
			       bool *ret_has_authority)
{
	struct type_visitor visitor = {{visit_type}, g_ptr_array_new(), false};
	g_autofree char *name = name_of(host, port);
	g_autofree char *plain = name_of(host, DEFAULT_PORT);

	visit_lines(known, name, &visitor.base);
	if (visitor.types->len == 0 && strcmp(name, plain) != 0)
		visit_lines(known, plain, &visitor.base);
	g_ptr_array_add(visitor.types, NULL);
	*ret_has_authority = visitor.has_authority;
	return (const char **)(uintptr_t)g_ptr_array_free(visitor.types, FALSE);
}

/* ---- one key ---- */

struct key_visitor {
	struct visitor base;
	const uint8_t *key;
	size_t key_size;
	enum known_hosts_verdict verdict;
	char *place, *known;
};

static void decide(struct key_visitor *self, enum known_hosts_verdict verdict,
		   const struct place *place, const uint8_t *key, gsize key_size)
{
	g_free(self->place);
	g_free(self->known);
	self->verdict = verdict;
	self->place = g_strdup_printf("%s:%u", place->file->path, place->number);
	self->known = verdict == KNOWN_HOSTS_CHANGED || verdict == KNOWN_HOSTS_OTHER_TYPE
			      ? known_hosts_fingerprint(key, key_size)
			      : NULL;
}

/* A revoked key stays so whatever other lines say; of lines with other keys the first decides. */
static bool visit_key(struct visitor *visitor, const struct line *line, const struct place *place,
		      const uint8_t *key, gsize key_size)
{
	struct key_visitor *self = (struct key_visitor *)visitor;
	bool is_same = key_size == self->key_size && memcmp(key, self->key, key_size) == 0;
	struct slice type = wire_type(self->key, self->key_size);

	if (line->marker == MARKER_AUTHORITY)
		return true;
	if (line->marker == MARKER_REVOKED) {
		if (is_same)
			decide(self, KNOWN_HOSTS_REVOKED, place, key, key_size);
		return !is_same;
	}
	if (self->verdict == KNOWN_HOSTS_MATCH)
		return true;
	if (is_same)
		decide(self, KNOWN_HOSTS_MATCH, place, key, key_size);
	else if (type.size == line->type.size &&
		 memcmp(type.start, line->type.start, type.size) == 0) {
		if (self->verdict != KNOWN_HOSTS_CHANGED)
			decide(self, KNOWN_HOSTS_CHANGED, place, key, key_size);
	} else if (self->verdict == KNOWN_HOSTS_UNKNOWN) {
		decide(self, KNOWN_HOSTS_OTHER_TYPE, place, key, key_size);
	}
	return true;
}

static void key_visitor_done(struct key_visitor *visitor)
{
	g_free(visitor->place);
	g_free(visitor->known);
}

/*
 * As ssh does, a host on another port than 22 may be known by its plain name: that decides where
 * the name with the port has no line and the key is the same. Another key there says nothing, but
 * one that was revoked there stays revoked.
 */
enum known_hosts_verdict known_hosts_check(const struct known_hosts *known, const char *host,
					   guint port, const uint8_t *key, size_t key_size,
					   char **ret_place, char **ret_known)
{
	struct key_visitor with_port = {{visit_key},         key,  key_size,
					KNOWN_HOSTS_UNKNOWN, NULL, NULL};
	struct key_visitor plain = with_port, *decided = &with_port;
	g_autofree char *name = name_of(host, port);
	g_autofree char *plain_name = name_of(host, DEFAULT_PORT);

	visit_lines(known, name, &with_port.base);
	if (strcmp(name, plain_name) != 0) {
		visit_lines(known, plain_name, &plain.base);
		if (plain.verdict == KNOWN_HOSTS_REVOKED ||
		    (plain.verdict == KNOWN_HOSTS_MATCH &&
		     with_port.verdict == KNOWN_HOSTS_UNKNOWN))
			decided = &plain;
	}
	*ret_place = g_steal_pointer(&decided->place);
	*ret_known = g_steal_pointer(&decided->known);
	key_visitor_done(&with_port);
	key_visitor_done(&plain);
	return decided->verdict;
}

char *known_hosts_fingerprint(const uint8_t *key, size_t key_size)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	uint8_t digest[32];
	gsize size = sizeof(digest);
	g_autofree char *text = NULL;

	g_checksum_update(sum, key, (gssize)key_size);
	g_checksum_get_digest(sum, digest, &size);
	text = g_base64_encode(digest, size);
	return g_strdup_printf("SHA256:%.*s", (int)strcspn(text, "="), text);
}

/* ---- adding ---- */

/* What may stand in a line as a name without meaning anything else there. */
static bool is_plain_name(const char *host)
{
	for (const char *c = host; *c != '\0'; c++)
		if (!g_ascii_isalnum(*c) && strchr(".-_:%", *c) == NULL)
			return false;
	return host[0] != '\0';
}

static char *hashed_name(const char *name)
{
	uint8_t salt[SALT_BYTES], hash[SALT_BYTES];

	if (getrandom(salt, sizeof(salt), 0) != (ssize_t)sizeof(salt))
		return NULL;
	hash_name(name, salt, hash);
	g_autofree char *salt_text = g_base64_encode(salt, sizeof(salt));
	g_autofree char *hash_text = g_base64_encode(hash, sizeof(hash));
	return g_strdup_printf("|1|%s|%s", salt_text, hash_text);
}

static bool fail_to_add(const char *file, GError **error)
{
	int problem = errno;

	g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(problem),
		    "cannot add the host key to '%s': %s", file, g_strerror(problem));
	return false;
}

/* The text of the line; a file whose last line has no end gets one first. */
static bool append(int fd, const char *line)
{
	struct stat status;
	char last = '\n';

	if (fstat(fd, &status) != 0)
		return false;
	if (S_ISREG(status.st_mode) && status.st_size > 0 &&
	    pread(fd, &last, 1, status.st_size - 1) != 1)
		return false;
	g_autofree char *text = g_strconcat(last == '\n' ? "" : "\n", line, NULL);
	ssize_t size = (ssize_t)strlen(text), written = write(fd, text, (size_t)size);
	if (written >= 0 && written < size)
		errno = ENOSPC;
	return written == size;
}

/* The lock is the file's own, so that several connections of this process and others wait; not for
 * ever. */
static bool lock(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		g_usleep(LOCK_PAUSE_US);
	}
	return false;
}

/* Nobody else writes now: what was put there since known_hosts_read() counts. */
static enum known_hosts_verdict look_again(const char *file, const char *host, guint port,
					   const uint8_t *key, size_t key_size)
{
	const char *const files[] = {file, NULL};
	PLIMSOLL_AUTO(known_hosts) *known = known_hosts_read(files, NULL);
	g_autofree char *place = NULL;
	g_autofree char *other = NULL;

	if (known == NULL)
		return KNOWN_HOSTS_CHANGED;
	return known_hosts_check(known, host, port, key, key_size, &place, &other);
}

bool known_hosts_add(const char *file, bool hashed, const char *host, guint port,
		     const uint8_t *key, size_t key_size, GError **error)
{
	g_autofree char *name = name_of(host, port);
	g_autofree char *shown = hashed ? hashed_name(name) : g_strdup(name);
	g_autofree char *encoded = g_base64_encode(key, key_size);
	g_autofree char *folder = g_path_get_dirname(file);
	g_autofree char *line = NULL;
	struct slice type = wire_type(key, key_size);
	PLIMSOLL_AUTO_FD fd = -1;

	if (!is_plain_name(host) || type.size == 0) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_CONFIG,
			    "'%s' cannot stand in a file of known hosts", host);
		return false;
	}
	if (shown == NULL)
		return fail_to_add(file, error);
	line = g_strdup_printf("%s %.*s %s\n", shown, (int)type.size, type.start, encoded);
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return fail_to_add(file, error);
	fd = open(file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0 || !lock(fd))
		return fail_to_add(file, error);
	switch (look_again(file, host, port, key, key_size)) {
	case KNOWN_HOSTS_MATCH:
		return true;
	case KNOWN_HOSTS_UNKNOWN:
		return append(fd, line) || fail_to_add(file, error);
	case KNOWN_HOSTS_OTHER_TYPE:
	case KNOWN_HOSTS_CHANGED:
	case KNOWN_HOSTS_REVOKED:
		break;
	}
	g_set_error(error, SSH_ERROR, SSH_ERROR_KEY_CHANGED,
		    "another key of '%s' came into '%s' in the meantime", host, file);
	return false;
}
