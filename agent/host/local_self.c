/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow: who looks. Verdicts need it to tell "not there" from "not allowed to see". */
#include "agent/host/local_self.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/host/batch_private.h"
#include "agent/proc_text.h"

static int64_t own_namespace(const char *kind)
{
	g_autofree char *path = g_build_filename("/proc/self/ns", kind, NULL);
	char target[PATH_MAX];
	ssize_t length = readlink(path, target, sizeof(target) - 1);

	if (length < 0)
		return -1;
	target[length] = '\0';
	return proc_link_inode(target, kind);
}

/* A kernel that can tell (5.8) spares reading the whole table of mounts. */
static bool may_be_mount_point(const char *path)
{
	struct statx info = {0};

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &info) < 0)
		return true;
	return (info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0 ||
	       (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* gives: g_free(); NULL: none. */
static char *own_container(void)
{
	g_autofree char *text = NULL;

	if (!may_be_mount_point("/etc/hostname") ||
	    !g_file_get_contents("/proc/self/mountinfo", &text, NULL, NULL))
		return NULL;
	return proc_mounts_container(text);
}

void local_self(struct arena *arena, bool is_tree, struct host_self *ret_self)
{
	g_autofree char *status = NULL;
	g_autofree char *container = own_container();
	struct utsname names;
	uint64_t caps = 0;
	int64_t userns = own_namespace("user");

	ret_self->state = host_state_from_errno(0);
	ret_self->uid = (int64_t)geteuid();
	if (g_file_get_contents("/proc/self/status", &status, NULL, NULL) &&
	    proc_status_number(status, "CapEff", 0, 16, &caps))
		ret_self->caps = (int64_t)caps;
	ret_self->has_userns = userns >= 0;
	ret_self->in_userns = userns != PROC_FIRST_USERNS;
	ret_self->pidns = own_namespace("pid");
	ret_self->container_id = arena_strdup(arena, container);
	if (uname(&names) == 0) {
		ret_self->kernel = arena_strdup(arena, names.release);
		ret_self->hostname = is_tree ? NULL : arena_strdup(arena, names.nodename);
	}
}
