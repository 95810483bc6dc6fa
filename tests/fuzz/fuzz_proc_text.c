/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of /proc: names in them are chosen by whoever runs on the host. */
#include <string.h>

#include "agent/proc_text.h"
#include "tests/fuzz/fuzz.h"

static void use_socket(const struct proc_socket *socket, void *data)
{
	size_t *total = data;

	*total += strlen(socket->address);
}

static bool use_id(const char *id, void *data)
{
	size_t *total = data;

	*total += (size_t)id[PROC_CONTAINER_ID_CHARS - 1];
	return true;
}

static void parse_mounts(const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		struct proc_mount mount = {0};

		if (proc_mount_parse(lines[i], &mount))
			proc_mount_done(&mount);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *base = proc_base_name(text);
	struct proc_stat stat;
	int64_t number = 0;
	int64_t other = 0;
	uint64_t field = 0;
	size_t total = strlen(base);

	if (proc_stat_parse(text, &stat))
		total += strlen(stat.comm);
	(void)proc_boot_time(text, &number);
	(void)proc_status_number(text, "Uid", 3, 10, &field);
	(void)proc_limit(text, "Max open files", &number, &other);
	(void)proc_link_inode(text, "pid");
	(void)proc_map_inside(text, 1000, &number);
	(void)proc_unix_listener(text, "/run/docker.sock");
	(void)proc_cgroup_has_component(text, "docker.service");
	proc_cgroup_ids(text, use_id, &total);
	proc_net_each(text, false, use_socket, &total);
	proc_net_each(text, true, use_socket, &total);
	parse_mounts(text);
	return 0;
}
