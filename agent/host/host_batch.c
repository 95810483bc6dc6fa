/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow: the wants of one batch. The same want twice is asked once. */
#include "agent/host_batch.h"

#include <errno.h>
#include <string.h>

#include "agent/host/batch_private.h"

const char *const host_no_names[1] = {NULL};

static const struct host_state not_tried = {.status = PLIMSOLL__FETCH__STATUS__NOT_TRIED};

struct host_batch *host_batch_new(struct arena *arena)
{
	struct host_batch *batch = g_new0(struct host_batch, 1);

	batch->arena = arena;
	batch->suspects = g_array_new(FALSE, FALSE, sizeof(struct host_device));
	for (guint i = 0; i < HOST_WANT_KINDS; i++) {
		batch->wants[i] = g_ptr_array_new();
		batch->by_path[i] = g_hash_table_new(g_str_hash, g_str_equal);
	}
	return batch;
}

void host_batch_free(struct host_batch *batch)
{
	if (batch == NULL)
		return;
	for (guint i = 0; i < HOST_WANT_KINDS; i++) {
		g_ptr_array_unref(batch->wants[i]);
		g_hash_table_unref(batch->by_path[i]);
	}
	g_array_unref(batch->suspects);
	g_free(batch);
}

void host_batch_suspect(struct host_batch *batch, int64_t dev_major, int64_t dev_minor)
{
	struct host_device device = {(uint32_t)dev_major, (uint32_t)dev_minor};

	g_array_append_val(batch->suspects, device);
}

/* One spelling per path: no doubled slashes, none at the end. Dots stay: a link may stand before
 * "..". */
static char *clean_path(struct arena *arena, const char *path)
{
	char *clean = arena_calloc(arena, strlen(path) + 2, 1);
	size_t length = 0;

	for (const char *from = path; *from != '\0'; from++) {
		if (*from == '/' && length > 0 && clean[length - 1] == '/')
			continue;
		clean[length++] = *from;
	}
	if (length > 1 && clean[length - 1] == '/')
		clean[length - 1] = '\0';
	return clean;
}

static void *find(struct host_batch *batch, enum host_want kind, const char *path,
		  const char **ret_path)
{
	char *clean = clean_path(batch->arena, path);

	*ret_path = clean;
	return g_hash_table_lookup(batch->by_path[kind], clean);
}

static void *add(struct host_batch *batch, enum host_want kind, const char *path, size_t size)
{
	void *answer = arena_calloc(batch->arena, 1, size);

	g_ptr_array_add(batch->wants[kind], answer);
	g_hash_table_insert(batch->by_path[kind], arena_strdup(batch->arena, path), answer);
	return answer;
}

const struct host_stat *host_want_stat(struct host_batch *batch, const char *path)
{
	struct host_stat *answer = find(batch, HOST_WANT_STAT, path, &path);

	if (answer == NULL) {
		answer = add(batch, HOST_WANT_STAT, path, sizeof(*answer));
		answer->state = not_tried;
		answer->path = path;
	}
	return answer;
}

const struct host_read *host_want_read(struct host_batch *batch, const char *path, size_t max_bytes)
{
	struct host_read *answer = find(batch, HOST_WANT_READ, path, &path);

	if (answer == NULL) {
		answer = add(batch, HOST_WANT_READ, path, sizeof(*answer));
		answer->state = not_tried;
		answer->path = path;
		answer->data = "";
	}
	answer->max_bytes = MAX(answer->max_bytes, max_bytes);
	return answer;
}

const struct host_link *host_want_link(struct host_batch *batch, const char *path)
{
	struct host_link *answer = find(batch, HOST_WANT_LINK, path, &path);

	if (answer == NULL) {
		answer = add(batch, HOST_WANT_LINK, path, sizeof(*answer));
		answer->state = not_tried;
		answer->path = path;
	}
	return answer;
}

const struct host_list *host_want_list(struct host_batch *batch, const char *path, guint max_names)
{
	struct host_list *answer = find(batch, HOST_WANT_LIST, path, &path);

	if (answer == NULL) {
		answer = add(batch, HOST_WANT_LIST, path, sizeof(*answer));
		answer->state = not_tried;
		answer->path = path;
		answer->names = host_no_names;
	}
	answer->max_names = MAX(answer->max_names, max_names);
	return answer;
}

const struct host_peer *host_want_peer(struct host_batch *batch, const char *socket_path)
{
	const char *path = NULL;
	struct host_peer *answer = find(batch, HOST_WANT_PEER, socket_path, &path);

	if (answer == NULL) {
		answer = add(batch, HOST_WANT_PEER, path, sizeof(*answer));
		answer->state = not_tried;
		answer->path = path;
		answer->pid = answer->uid = answer->gid = -1;
	}
	return answer;
}

const struct host_process_table *host_want_processes(struct host_batch *batch)
{
	if (batch->processes == NULL) {
		batch->processes = arena_calloc(batch->arena, 1, sizeof(*batch->processes));
		batch->processes->state = not_tried;
		batch->processes->pidns = -1;
	}
	return batch->processes;
}

const struct host_audit *host_want_audit(struct host_batch *batch)
{
	if (batch->audit == NULL) {
		batch->audit = arena_calloc(batch->arena, 1, sizeof(*batch->audit));
		batch->audit->state = not_tried;
		batch->audit->source = PLIMSOLL__AUDIT_STATUS__SOURCE__NONE;
		batch->audit->daemon_pid = -1;
	}
	return batch->audit;
}

const struct host_self *host_want_self(struct host_batch *batch)
{
	if (batch->self == NULL) {
		batch->self = arena_calloc(batch->arena, 1, sizeof(*batch->self));
		batch->self->state = not_tried;
		batch->self->uid = batch->self->caps = batch->self->pidns = -1;
	}
	return batch->self;
}

void host_read_wipe(const struct host_read *read)
{
	/* The content lies in the batch's arena, which is ours to write to. */
	if (read->size > 0)
		explicit_bzero((void *)(uintptr_t)read->data, read->size);
}

struct host_state host_state_from_errno(int errno_value)
{
	struct host_state state = {.errno_value = errno_value};

	switch (errno_value) {
	case 0:
		state.status = PLIMSOLL__FETCH__STATUS__OK;
		break;
	case ENOENT:
	case ENOTDIR: /* a component is a file: there is no such path */
	case ESRCH:   /* a process that has ended */
		state.status = PLIMSOLL__FETCH__STATUS__ABSENT;
		break;
	case EACCES:
	case EPERM:
		state.status = PLIMSOLL__FETCH__STATUS__PERMISSION;
		break;
	case ETIMEDOUT:
		state.status = PLIMSOLL__FETCH__STATUS__TIMEOUT;
		break;
	default:
		state.status = PLIMSOLL__FETCH__STATUS__HTTP_ERROR;
	}
	return state;
}
