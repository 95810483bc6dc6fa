/* SPDX-License-Identifier: Apache-2.0 */
/* See spool.h. A file is a header (magic, size, SHA-256) and the zstd-compressed report. */
#include "agent/ship/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "agent/ship/disk.h"
#include "proto/limits.h"
#include "proto/wire.h"

#define SPOOL_DIR    "spool"
#define BAD_DIR      "bad"
#define SEQUENCE     "sequence"
#define ACKNOWLEDGED "acknowledged"
#define OBSERVED     "observed"
#define SUFFIX       ".report"

enum { LONGEST_NAME = 64, SEQUENCE_DIGITS = 20 };

struct header {
	char magic[8];
	uint64_t size; /* of what follows; this machine's byte order, the file never leaves it */
	uint8_t sha256[WIRE_SHA256_BYTES];
};
static const char magic[8] = "plmspl1";

struct spool {
	int state_fd; /* holds the lock */
	int dir_fd, bad_fd;
	guint dropped;
};

GQuark spool_error_quark(void)
{
	return g_quark_from_static_string("plimsoll-spool-error");
}

static void name_of(uint64_t sequence, char ret_name[static LONGEST_NAME])
{
	g_snprintf(ret_name, LONGEST_NAME, "%0*" G_GUINT64_FORMAT SUFFIX, SEQUENCE_DIGITS,
		   sequence);
}

static bool sequence_of(const char *name, uint64_t *ret_sequence)
{
	g_autofree char *digits = NULL;

	if (strlen(name) != SEQUENCE_DIGITS + strlen(SUFFIX) || !g_str_has_suffix(name, SUFFIX))
		return false;
	digits = g_strndup(name, SEQUENCE_DIGITS);
	return g_ascii_string_to_unsigned(digits, 10, 0, UINT64_MAX, ret_sequence, NULL);
}

/* ---------------------------------------------------------------- opening */

static bool lock(int state_fd, const char *state_dir, GError **error)
{
	if (flock(state_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK)
		g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_LOCKED,
			    "another plimsoll-agent is at work in '%s'", state_dir);
	else
		g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
			    "cannot lock '%s': %s", state_dir, g_strerror(errno));
	return false;
}

struct spool *spool_open(const char *state_dir, GError **error)
{
	PLIMSOLL_AUTO(spool) *spool = g_new0(struct spool, 1);
	g_autofree char *dir = g_build_filename(state_dir, SPOOL_DIR, NULL);
	g_autofree char *bad = g_build_filename(state_dir, SPOOL_DIR, BAD_DIR, NULL);

	spool->dir_fd = spool->bad_fd = -1;
	spool->state_fd = disk_open_dir(state_dir, error);
	if (spool->state_fd < 0 || !lock(spool->state_fd, state_dir, error))
		return NULL;
	spool->dir_fd = disk_open_dir(dir, error);
	if (spool->dir_fd >= 0)
		spool->bad_fd = disk_open_dir(bad, error);
	return spool->bad_fd < 0 ? NULL : g_steal_pointer(&spool);
}

void spool_free(struct spool *spool)
{
	if (spool == NULL)
		return;
	plimsoll_auto_close(&spool->bad_fd);
	plimsoll_auto_close(&spool->dir_fd);
	plimsoll_auto_close(&spool->state_fd);
	g_free(spool);
}

/* ---------------------------------------------------------------- the sequence number */

/* Absent: 0. A file that is no number is an error: guessing could make a new report older than an
 * old one. */
static bool read_sequence(struct spool *spool, uint64_t *ret_sequence, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GBytes) bytes = disk_read(spool->state_fd, SEQUENCE, LONGEST_NAME, &cause);
	g_autofree char *text = NULL;

	*ret_sequence = 0;
	if (bytes == NULL && g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		return true;
	if (bytes == NULL) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
	return g_ascii_string_to_unsigned(g_strchomp(text), 10, 0, INT64_MAX, ret_sequence, error);
}

static bool write_sequence(struct spool *spool, uint64_t sequence, GError **error)
{
	g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT "\n", sequence);

	return disk_write(spool->state_fd, SEQUENCE, text, strlen(text), error);
}

bool spool_next_sequence(struct spool *spool, uint64_t *ret_sequence, GError **error)
{
	uint64_t sequence = 0;

	if (!read_sequence(spool, &sequence, error) || !write_sequence(spool, sequence + 1, error))
		return false;
	*ret_sequence = sequence + 1;
	return true;
}

bool spool_raise_sequence(struct spool *spool, uint64_t at_least, GError **error)
{
	uint64_t sequence = 0;

	if (!read_sequence(spool, &sequence, error))
		return false;
	return sequence >= at_least || at_least > INT64_MAX - 1 ||
	       write_sequence(spool, at_least, error);
}

/* ---------------------------------------------------------------- files */

static GBytes *encode(GBytes *report)
{
	g_autoptr(GBytes) payload =
		wire_compress(g_bytes_get_data(report, NULL), g_bytes_get_size(report));
	GByteArray *file = g_byte_array_new();
	struct header header = {.size = g_bytes_get_size(payload)};
	gsize size = 0;
	const guint8 *data = g_bytes_get_data(payload, &size);

	memcpy(header.magic, magic, sizeof(magic));
	wire_sha256(data, size, header.sha256);
	g_byte_array_append(file, (const guint8 *)&header, sizeof(header));
	g_byte_array_append(file, data, (guint)size);
	return g_byte_array_free_to_bytes(file);
}

static GBytes *decode(GBytes *file, GError **error)
{
	struct header header;
	uint8_t sha256[WIRE_SHA256_BYTES];
	gsize size = 0;
	const uint8_t *data = g_bytes_get_data(file, &size);

	if (size >= sizeof(header)) {
		memcpy(&header, data, sizeof(header));
		wire_sha256(data + sizeof(header), size - sizeof(header), sha256);
		if (memcmp(header.magic, magic, sizeof(magic)) == 0 &&
		    header.size == size - sizeof(header) &&
		    memcmp(header.sha256, sha256, sizeof(sha256)) == 0)
			return wire_decompress(data + sizeof(header), size - sizeof(header),
					       LIMIT_REPORT_BYTES, error);
	}
	g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BAD, "not what had been written");
	return NULL;
}

/* Keeps the newest few; what they are called does not matter, when they came does by their number.
 */
static void bound_bad(struct spool *spool)
{
	g_auto(GStrv) names = disk_list(spool->bad_fd, NULL);
	guint n = names == NULL ? 0 : g_strv_length(names);

	for (guint i = 0; i + LIMIT_SPOOL_BAD < n; i++)
		(void)unlinkat(spool->bad_fd, names[i], 0);
}

static bool move_to_bad(struct spool *spool, const char *name, GError **error)
{
	if (renameat(spool->dir_fd, name, spool->bad_fd, name) != 0 || fsync(spool->dir_fd) != 0) {
		g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno),
			    "cannot set '%s' aside: %s", name, g_strerror(errno));
		return false;
	}
	bound_bad(spool);
	return true;
}

static GBytes *get(struct spool *spool, const char *name, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GBytes) file = disk_read(spool->dir_fd, name, LIMIT_SPOOL_BYTES, &cause);
	GBytes *report = file == NULL ? NULL : decode(file, &cause);

	if (report != NULL)
		return report;
	if (file == NULL) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
	if (move_to_bad(spool, name, error))
		g_set_error(error, SPOOL_ERROR, SPOOL_ERROR_BAD, "spool file '%s' set aside: %s",
			    name, cause->message);
	return NULL;
}

GBytes *spool_get(struct spool *spool, uint64_t sequence, GError **error)
{
	char name[LONGEST_NAME];

	name_of(sequence, name);
	return get(spool, name, error);
}

/* What is kept for one engine; the first of a host, which most have alone, goes without its key. */
static char *name_for(const char *kind, const char *engine_key)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789:";

	if (engine_key == NULL || engine_key[0] == '\0' || strcmp(engine_key, "rootful") == 0 ||
	    engine_key[strspn(engine_key, letters)] != '\0' || strlen(engine_key) > LONGEST_NAME)
		return g_strdup(kind);
	return g_strconcat(kind, ".", engine_key, NULL);
}

GBytes *spool_acknowledged(struct spool *spool, const char *engine_key, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *name = name_for(ACKNOWLEDGED, engine_key);
	GBytes *report = get(spool, name, &cause);

	if (report == NULL && !g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		g_propagate_error(error, g_steal_pointer(&cause));
	return report;
}

/* ---------------------------------------------------------------- the queue */

static int newest_first(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? 1 : one > other ? -1 : 0;
}

static gsize size_of(struct spool *spool, const char *name)
{
	struct stat found;

	return fstatat(spool->dir_fd, name, &found, AT_SYMLINK_NOFOLLOW) == 0 ? (gsize)found.st_size
									      : 0;
}

bool spool_list(struct spool *spool, struct spool_state *ret_state, GError **error)
{
	g_auto(GStrv) names = disk_list(spool->dir_fd, error);
	g_auto(GStrv) bad = names == NULL ? NULL : disk_list(spool->bad_fd, error);
	struct spool_state state = {.dropped = spool->dropped};

	if (bad == NULL)
		return false;
	state.bad = g_strv_length(bad);
	state.sequences = g_new(uint64_t, g_strv_length(names) + 1);
	for (guint i = 0; names[i] != NULL; i++) {
		if (!sequence_of(names[i], &state.sequences[state.n_sequences]))
			continue;
		state.n_sequences++;
		state.bytes += size_of(spool, names[i]);
	}
	qsort(state.sequences, state.n_sequences, sizeof(*state.sequences), newest_first);
	*ret_state = state;
	return true;
}

bool spool_peek(const char *state_dir, struct spool_state *ret_state, GError **error)
{
	g_autofree char *dir = g_build_filename(state_dir, SPOOL_DIR, NULL);
	g_autofree char *bad = g_build_filename(state_dir, SPOOL_DIR, BAD_DIR, NULL);
	PLIMSOLL_AUTO(spool) *spool = g_new0(struct spool, 1);

	spool->state_fd = -1;
	spool->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	spool->bad_fd = open(bad, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*ret_state = (struct spool_state){0};
	return (spool->bad_fd < 0 && errno == ENOENT) || spool_list(spool, ret_state, error);
}

void spool_state_done(struct spool_state *state)
{
	g_clear_pointer(&state->sequences, g_free);
}

/* The newest report is worth most, so the oldest goes; one always stays. */
static bool drop_beyond_limits(struct spool *spool, GError **error)
{
	struct spool_state state;
	bool done = true;

	if (!spool_list(spool, &state, error))
		return false;
	while (done && state.n_sequences > 1 &&
	       (state.n_sequences > LIMIT_SPOOL_REPORTS || state.bytes > LIMIT_SPOOL_BYTES)) {
		char name[LONGEST_NAME];
		name_of(state.sequences[--state.n_sequences], name);
		state.bytes -= MIN(state.bytes, size_of(spool, name));
		done = disk_move(spool->dir_fd, name, NULL, error);
		spool->dropped++;
	}
	spool_state_done(&state);
	return done;
}

bool spool_put(struct spool *spool, uint64_t sequence, GBytes *report, GError **error)
{
	g_autoptr(GBytes) file = encode(report);
	char name[LONGEST_NAME];

	name_of(sequence, name);
	return disk_write(spool->dir_fd, name, g_bytes_get_data(file, NULL), g_bytes_get_size(file),
			  error) &&
	       drop_beyond_limits(spool, error);
}

bool spool_acknowledge(struct spool *spool, uint64_t sequence, const char *kept_for, GError **error)
{
	g_autofree char *kept = kept_for == NULL ? NULL : name_for(ACKNOWLEDGED, kept_for);
	char name[LONGEST_NAME];

	name_of(sequence, name);
	return disk_move(spool->dir_fd, name, kept, error);
}

bool spool_read_observed(struct spool *spool, const char *engine_key,
			 uint8_t ret_digest[static WIRE_SHA256_BYTES])
{
	g_autofree char *name = name_for(OBSERVED, engine_key);
	g_autoptr(GBytes) bytes = disk_read(spool->dir_fd, name, WIRE_SHA256_BYTES, NULL);

	if (bytes == NULL || g_bytes_get_size(bytes) != WIRE_SHA256_BYTES)
		return false;
	memcpy(ret_digest, g_bytes_get_data(bytes, NULL), WIRE_SHA256_BYTES);
	return true;
}

bool spool_write_observed(struct spool *spool, const char *engine_key,
			  const uint8_t digest[static WIRE_SHA256_BYTES], GError **error)
{
	g_autofree char *name = name_for(OBSERVED, engine_key);

	return disk_write(spool->dir_fd, name, digest, WIRE_SHA256_BYTES, error);
}

bool spool_set_aside(struct spool *spool, uint64_t sequence, GError **error)
{
	char name[LONGEST_NAME];

	name_of(sequence, name);
	return move_to_bad(spool, name, error);
}

bool spool_empty(struct spool *spool, GError **error)
{
	const int dirs[] = {spool->dir_fd, spool->bad_fd};

	for (size_t d = 0; d < G_N_ELEMENTS(dirs); d++) {
		g_auto(GStrv) names = disk_list(dirs[d], error);
		if (names == NULL)
			return false;
		for (guint i = 0; names[i] != NULL; i++)
			if (!disk_move(dirs[d], names[i], NULL, error))
				return false;
	}
	return true;
}
