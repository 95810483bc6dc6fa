/* SPDX-License-Identifier: Apache-2.0 */
/* See last_run.h. */
#include "agent/ship/last_run.h"

#include <fcntl.h>
#include <string.h>

#include "agent/ship/disk.h"
#include "proto/json.h"
#include "proto/limits.h"

#define LAST_RUN "last-run.json"

void last_run_read(const char *state_dir, struct last_run *ret_run)
{
	PLIMSOLL_AUTO_FD dir_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_autoptr(GBytes) bytes =
		dir_fd < 0 ? NULL : disk_read(dir_fd, LAST_RUN, LIMIT_REPLY_BYTES, NULL);
	PLIMSOLL_AUTO(json) *document = NULL;

	*ret_run = (struct last_run){0};
	if (bytes != NULL)
		document = json_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), NULL,
				      NULL);
	(void)json_as_integer(json_get(document, "attempted_at"), &ret_run->attempted_at_s);
	(void)json_as_integer(json_get(document, "delivered_at"), &ret_run->delivered_at_s);
	ret_run->error = g_strdup(json_as_string(json_get(document, "error"), NULL));
}

bool last_run_write(const char *state_dir, const struct last_run *run, GError **error)
{
	PLIMSOLL_AUTO(json) *document = json_object_new();
	g_autofree char *text = NULL;
	PLIMSOLL_AUTO_FD dir_fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	json_set(document, "attempted_at", json_new_integer(run->attempted_at_s));
	json_set(document, "delivered_at", json_new_integer(run->delivered_at_s));
	json_set(document, "error", json_new_string(run->error));
	text = json_text(document, true);
	return disk_write(dir_fd, LAST_RUN, text, strlen(text), error);
}

void last_run_done(struct last_run *run)
{
	g_clear_pointer(&run->error, g_free);
}
