/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: a file system of a program (FUSE) or of another machine (NFS) can hold back
 * whoever asks it for as long as it likes, past every signal. Such paths are asked about by a child
 * that shares nothing with this process but a pipe: when it hangs, it is left behind.
 */
#include "agent/host/local_aside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/host/local_answer.h"
#include "proto/limits.h"

/* What the child writes for one path, in front of its texts. */
struct record {
	guint index;           /* among those asked */
	struct host_stat stat; /* without its pointers */
	guint32 lengths[3];    /* of real, real_parent, link_target; 0 = NULL */
};

/* A child that hung when it was last looked at: there is never more than one. */
static pid_t left_behind;

static GPtrArray *stopped(const struct host_batch *batch)
{
	GPtrArray *stats = g_ptr_array_new();

	for (guint i = 0; i < batch->wants[HOST_WANT_STAT]->len; i++) {
		struct host_stat *stat = batch->wants[HOST_WANT_STAT]->pdata[i];

		if (stat->state.status == PLIMSOLL__FETCH__STATUS__TIMEOUT)
			g_ptr_array_add(stats, stat);
	}
	return stats;
}

/* ---- the child ---- */

static bool write_all(int fd, const void *data, size_t size)
{
	const char *from = data;

	while (size > 0) {
		ssize_t written = write(fd, from, size);

		if (written < 0 && errno != EINTR)
			return false;
		if (written > 0) {
			from += written;
			size -= (size_t)written;
		}
	}
	return true;
}

static bool write_record(int fd, guint index, const struct host_stat *stat)
{
	const char *const texts[] = {stat->real, stat->real_parent, stat->link_target};
	struct record record = {.index = index, .stat = *stat};
	bool is_good = true;

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		record.lengths[i] = texts[i] == NULL ? 0 : (guint32)strlen(texts[i]);
	is_good = write_all(fd, &record, sizeof(record));
	for (guint i = 0; is_good && i < G_N_ELEMENTS(texts); i++)
		is_good = write_all(fd, texts[i], record.lengths[i]);
	return is_good;
}

static void close_between(guint first, guint last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return;
	for (guint fd = first; fd <= MIN(last, 65535u); fd++)
		(void)close((int)fd);
}

/* A child that stays must hold nothing open: no lock, no pipe that somebody reads to its end. */
static void close_all_but(int one, int other)
{
	guint low = (guint)MIN(one, other);
	guint high = (guint)MAX(one, other);

	if (low > 0)
		close_between(0, low - 1);
	close_between(low + 1, high - 1);
	close_between(high + 1, ~0u);
}

static void answer_in_child(int root_fd, struct arena *arena, const GPtrArray *stats, int out)
{
	bool is_good = true;

	close_all_but(root_fd, out);
	for (guint i = 0; is_good && i < stats->len; i++) {
		local_answer_stat(root_fd, NULL, arena, stats->pdata[i]);
		is_good = write_record(out, i, stats->pdata[i]);
	}
	_exit(0);
}

/* ---- this process ---- */

static void take_record(const struct record *record, const char *texts, struct arena *arena,
			struct host_stat *stat)
{
	const char **places[] = {&stat->real, &stat->real_parent, &stat->link_target};
	const char *path = stat->path;

	*stat = record->stat;
	stat->path = path;
	stat->state = host_state_from_errno(record->stat.state.errno_value);
	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		guint32 length = record->lengths[i];

		*places[i] = length == 0 ? NULL : arena_strndup(arena, texts, length);
		texts += length;
	}
}

static void take_records(const GByteArray *bytes, struct arena *arena, const GPtrArray *stats)
{
	struct record record;

	for (size_t at = 0; bytes->len - at >= sizeof(record);) {
		size_t size = 0;

		memcpy(&record, bytes->data + at, sizeof(record));
		for (guint i = 0; i < G_N_ELEMENTS(record.lengths); i++)
			size += record.lengths[i];
		at += sizeof(record);
		if (bytes->len - at < size || record.index >= stats->len)
			return;
		take_record(&record, (const char *)bytes->data + at, arena,
			    stats->pdata[record.index]);
		at += size;
	}
}

/* Returns whether the child came to its end. */
static bool read_until(int fd, int64_t deadline_us, GByteArray *bytes)
{
	for (;;) {
		int64_t left_ms = (deadline_us - g_get_monotonic_time()) / 1000;
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		guint8 part[4096];
		ssize_t size = 0;

		if (left_ms <= 0)
			return false;
		if (poll(&ready, 1, (int)MIN(left_ms, LIMIT_HOST_ASIDE_MS)) <= 0)
			continue;
		size = read(fd, part, sizeof(part));
		if (size == 0)
			return true;
		if (size > 0)
			g_byte_array_append(bytes, part, (guint)size);
		else if (errno != EINTR)
			return false;
	}
}

static void run_child(int root_fd, struct arena *arena, const GPtrArray *stats, int64_t deadline_us)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	int ends[2];
	pid_t child;
	bool has_ended;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	child = fork();
	if (child == 0)
		answer_in_child(root_fd, arena, stats, ends[1]);
	(void)close(ends[1]);
	has_ended = child > 0 && read_until(ends[0], deadline_us, bytes);
	(void)close(ends[0]);
	take_records(bytes, arena, stats);
	if (child <= 0)
		return;
	(void)kill(child, SIGKILL);
	if (waitpid(child, NULL, has_ended ? 0 : WNOHANG) == 0)
		left_behind = child;
}

void local_aside(int root_fd, struct host_batch *batch, int64_t deadline_us)
{
	int64_t own_deadline_us = g_get_monotonic_time() + LIMIT_HOST_ASIDE_MS * INT64_C(1000);
	g_autoptr(GPtrArray) stats = NULL;

	if (batch->suspects->len == 0)
		return;
	stats = stopped(batch);
	if (stats->len == 0)
		return;
	if (left_behind != 0 && waitpid(left_behind, NULL, WNOHANG) == 0)
		return;
	left_behind = 0;
	run_child(root_fd, batch->arena, stats, MIN(own_deadline_us, deadline_us));
}
