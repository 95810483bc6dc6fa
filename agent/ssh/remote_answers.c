/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow, agentless: what one path of the other machine shows. The answers are those of
 * local_answer.c.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "agent/mount_table.h"
#include "agent/ssh/remote_round.h"
#include "agent/ssh/remote_walk.h"

enum { MAX_DIRECTORY_ENTRIES = 100000, NO_FILE = 77 };

/* ---- stat ---- */

/* Folders that are links nearly everywhere: where they lead is asked about in the same trip. */
static const struct {
	const char *link, *target;
} usual_links[] = {
	{"/var/run", "/run"}, {"/lib", "/usr/lib"},   {"/lib64", "/usr/lib64"},
	{"/bin", "/usr/bin"}, {"/sbin", "/usr/sbin"},
};

static void ask_on_the_way(struct remote_round *round, const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		g_autofree char *folder = g_strndup(path, (gsize)(slash - path));

		(void)remote_round_entry(round, folder);
	}
	(void)remote_round_entry(round, path);
}

static void ask_ahead(struct remote_round *round, const char *path)
{
	ask_on_the_way(round, path);
	for (guint i = 0; i < G_N_ELEMENTS(usual_links); i++) {
		size_t length = strlen(usual_links[i].link);
		g_autofree char *led = NULL;

		if (strncmp(path, usual_links[i].link, length) != 0 ||
		    (path[length] != '/' && path[length] != '\0'))
			continue;
		led = g_strconcat(usual_links[i].target, path + length, NULL);
		ask_on_the_way(round, led);
	}
}

/* A name where nobody is waited for; what was found aside stands among the others. */
static const struct remote_entry *look_aside(struct remote_round *round, const char *path)
{
	static const struct remote_entry hangs = {.is_known = true, .errno_value = ETIMEDOUT};
	const struct remote_entry *found = g_hash_table_lookup(round->entries, path);

	if (found != NULL && found->is_known)
		return found;
	g_free(round->wait_for);
	round->wait_for = g_strdup(path);
	return &hangs;
}

static const struct remote_entry *look(const char *path, void *data)
{
	struct remote_round *round = data;
	const struct remote_entry *entry = NULL;
	bool is_suspect = false;

	if (!remote_round_is_suspect(round, path, &is_suspect))
		return NULL;
	if (is_suspect)
		return look_aside(round, path);
	entry = remote_round_entry(round, path);
	if (entry == NULL || entry->errno_value != 0 || !S_ISLNK(entry->mode) ||
	    entry->target != NULL)
		return entry;
	remote_round_ask_target(round, path);
	return NULL;
}

static void copy_entry(const struct remote_entry *entry, struct host_stat *answer)
{
	answer->mode = entry->mode;
	answer->uid = entry->uid;
	answer->gid = entry->gid;
	answer->size = entry->size;
	answer->mtime_s = entry->mtime_s;
	answer->ctime_s = entry->ctime_s;
	answer->inode = entry->inode;
	answer->dev_major = major(entry->device);
	answer->dev_minor = minor(entry->device);
}

/* entry: of what the path leads to; NULL where it leads nowhere. */
static void set_stat(struct remote_round *round, const struct host_path *place,
		     const struct remote_entry *entry, struct host_stat *answer)
{
	struct arena *arena = round->batch->arena;

	answer->real_parent = arena_strdup(arena, place->real_parent);
	answer->link_target = arena_strdup(arena, place->link_target);
	answer->is_link = place->link_target != NULL;
	answer->link_ctime_s = place->link_ctime_s;
	answer->move_ctime_s = place->move_ctime_s;
	answer->state = host_state_from_errno(place->errno_value);
	if (place->errno_value != 0 || entry == NULL) {
		answer->dangling = answer->is_link && place->errno_value == ENOENT;
		return;
	}
	answer->state = host_state_from_errno(entry->errno_value);
	if (entry->errno_value != 0)
		return;
	answer->real = arena_strdup(arena, place->real);
	copy_entry(entry, answer);
}

/* Of a place that was reached without waiting. false: that is still to be asked. */
static bool ask_list(struct remote_round *round, const struct host_path *place,
		     enum remote_list *ret_list)
{
	bool is_suspect = false;
	bool is_asked = place->errno_value != 0 || !round->shell->tools.gnu_ls ||
			g_hash_table_contains(round->lists, place->real);

	if (place->errno_value != 0 || !remote_round_is_suspect(round, place->real, &is_suspect) ||
	    is_suspect)
		return true;
	*ret_list = remote_round_list(round, place->real);
	return is_asked;
}

bool remote_answer_stat(struct remote_round *round, struct host_stat *answer)
{
	HOST_PATH_AUTO place = {.fd = -1};
	g_autofree char *unknown = NULL;
	const struct remote_entry *entry = NULL;
	enum remote_list list = REMOTE_LIST_ASKED;
	bool is_careful = round->batch->suspects->len > 0;
	bool is_known = false;

	answer->state = remote_round_unanswered(round);
	if (answer->path[0] == '/' && !is_careful) {
		ask_ahead(round, answer->path);
		list = remote_round_list(round, answer->path);
	}
	is_known = remote_walk(answer->path, look, round, &place, &unknown);
	if (is_known && place.errno_value == 0)
		entry = look(place.real, round);
	if (!is_known || (place.errno_value == 0 && entry == NULL))
		return false;
	if (is_careful && !ask_list(round, &place, &list))
		return false;
	set_stat(round, &place, entry, answer);
	/* Of a folder the mark may also stand for what new files in it shall get. */
	answer->acl_unknown =
		list == REMOTE_LIST_ASKED || (list == REMOTE_LIST_SOME && S_ISDIR(answer->mode));
	answer->has_acl = !answer->acl_unknown && list == REMOTE_LIST_SOME;
	return true;
}

/* ---- read ---- */

static bool is_of_proc(const char *path)
{
	return g_str_has_prefix(path, "/proc/");
}

static void set_text(struct arena *arena, const char *text, size_t size, struct host_read *answer)
{
	bool is_truncated = size > answer->max_bytes;

	answer->size = MIN(size, answer->max_bytes);
	answer->data = arena_strndup(arena, text, answer->size);
	answer->state = host_state_from_errno(0);
	if (!is_truncated)
		return;
	answer->state.status = PLIMSOLL__FETCH__STATUS__TRUNCATED;
	answer->state.detail =
		arena_printf(arena, "only the first %zu bytes were read", answer->size);
}

/* Times of what the kernel makes up say nothing. */
static void set_times(const struct remote_entry *file, struct host_read *answer)
{
	if (file == NULL || is_of_proc(answer->path))
		return;
	answer->mtime_s = file->mtime_s;
	answer->ctime_s = file->ctime_s;
	answer->inode = file->inode;
}

/* Of these the text holds NULs, or is large. */
static bool is_read_alone(const struct remote_round *round, const char *path)
{
	static const char *const names[] = {"environ", "cmdline", "mountinfo", "tcp",  "tcp6",
					    "udp",     "udp6",    "unix",      "auxv", NULL};

	return !round->shell->tools.gnu_find || !round->shell->tools.gnu_grep ||
	       (g_str_has_prefix(path, "/proc/") && g_strv_contains(names, strrchr(path, '/') + 1));
}

/* 0 = a regular file stands there. */
static int file_error(const struct remote_entry *file)
{
	if (file->errno_value != 0)
		return file->errno_value;
	if (S_ISLNK(file->mode)) /* it leads nowhere */
		return ENOENT;
	if (!S_ISREG(file->mode))
		return EINVAL;
	return file->is_readable ? 0 : EACCES;
}

/* What stands there is looked at only when it is no file, or when its times say something. */
static bool read_alone(struct remote_round *round, struct host_read *answer)
{
	const struct remote_text *text =
		remote_round_text(round, answer->path, answer->max_bytes + 1);
	const struct remote_entry *file = NULL;
	int error = 0;

	if (!is_of_proc(answer->path) || (text != NULL && text->status == NO_FILE)) {
		file = remote_round_file(round, answer->path);
		error = file == NULL ? 0 : file_error(file);
		if (error == 0 && (file == NULL || text == NULL))
			return false;
	}
	if (text == NULL && error == 0)
		return false;
	if (error != 0) {
		answer->state = host_state_from_errno(error);
	} else if (text->status == 0) {
		set_text(round->batch->arena, text->text, text->size, answer);
		set_times(file, answer);
	} else {
		answer->state = host_state_from_errno(
			text->status == NO_FILE
				? EIO
				: remote_errno_last(text->words, strlen(text->words)));
	}
	return true;
}

bool remote_answer_read(struct remote_round *round, struct host_read *answer)
{
	const struct remote_entry *file = NULL;
	int error = 0;

	answer->state = remote_round_unanswered(round);
	if (answer->path[0] != '/') {
		answer->state = host_state_from_errno(EINVAL);
		return true;
	}
	if (is_read_alone(round, answer->path))
		return read_alone(round, answer);
	file = remote_round_file(round, answer->path);
	if (file == NULL)
		return false;
	error = file_error(file);
	if (error == 0 && file->text == NULL)
		return read_alone(round, answer);
	if (error != 0) {
		answer->state = host_state_from_errno(error);
		return true;
	}
	set_text(round->batch->arena, file->text, file->text_size, answer);
	set_times(file, answer);
	return true;
}

/* ---- link ---- */

bool remote_answer_link(struct remote_round *round, struct host_link *answer)
{
	const struct remote_entry *entry = NULL;

	answer->state = remote_round_unanswered(round);
	if (answer->path[0] != '/') {
		answer->state = host_state_from_errno(EINVAL);
		return true;
	}
	entry = look(answer->path, round);
	if (entry == NULL)
		return false;
	answer->state = host_state_from_errno(
		entry->errno_value != 0 || S_ISLNK(entry->mode) ? entry->errno_value : EINVAL);
	if (answer->state.status == PLIMSOLL__FETCH__STATUS__OK && entry->target == NULL)
		answer->state = host_state_from_errno(EIO);
	answer->target = arena_strdup(round->batch->arena, entry->target);
	return true;
}

/* ---- list ---- */

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void set_names(struct arena *arena, const struct remote_names *from,
		      struct host_list *answer)
{
	bool is_complete = !from->is_cut && from->names->len <= MAX_DIRECTORY_ENTRIES;
	guint total = MIN(from->names->len, (guint)MAX_DIRECTORY_ENTRIES);
	guint n = MIN(total, answer->max_names);
	const char **copies = arena_calloc(arena, (size_t)n + 1, sizeof(*copies));

	g_ptr_array_sort(from->names, compare_names);
	for (guint i = 0; i < n; i++)
		copies[i] = arena_strdup(arena, from->names->pdata[i]);
	answer->names = copies;
	answer->n_names = n;
	answer->state = host_state_from_errno(0);
	if (n < total || !is_complete) {
		answer->state.status = PLIMSOLL__FETCH__STATUS__TRUNCATED;
		answer->state.detail = arena_printf(arena, "%u of %s%u names", n,
						    is_complete ? "" : "more than ", total);
	}
}

static int folder_error(const struct remote_entry *file)
{
	if (file->errno_value != 0)
		return file->errno_value;
	if (S_ISLNK(file->mode))
		return ENOENT;
	return S_ISDIR(file->mode) ? 0 : ENOTDIR;
}

bool remote_answer_list(struct remote_round *round, struct host_list *answer)
{
	const struct remote_entry *file = NULL;
	const struct remote_names *names = NULL;
	int error = 0;

	answer->state = remote_round_unanswered(round);
	if (answer->path[0] != '/') {
		answer->state = host_state_from_errno(EINVAL);
		return true;
	}
	file = remote_round_file(round, answer->path);
	names = remote_round_names(round, answer->path);
	error = file == NULL ? 0 : folder_error(file);
	if (error == 0 && (file == NULL || names == NULL))
		return false;
	if (error == 0)
		error = names->errno_value;
	if (error != 0)
		answer->state = host_state_from_errno(error);
	else
		set_names(round->batch->arena, names, answer);
	return true;
}
